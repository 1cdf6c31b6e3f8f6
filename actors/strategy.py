"""The strategy actor: owns one ``StrategyHost``, restarts alone.

Order matters in its one rule: what it has decided is told to the journal before the intents leave.
If it dies in between, an intent is lost and none is doubled. It is fed one event at a time by its
symbol and says when it has handled it.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pykka

from actors.messages import AskFunds, AskStanding, Begins, GoOn, Handled, Recall, Subscribe, Unmade
from robotrader.domain import Bar, Funds, Quote
from robotrader.domain.errors import StrategyError
from robotrader.domain.records import StrategySaved, SuspensionChanged
from robotrader.strategies import NOTHING, UNMADE, AskAnew, Ended, Feed, Fill, Timer
from supervision import Actor, Down, MailboxFull, MailboxSpec, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from actors.messages import Port, Recalled
    from robotrader.domain import CancelWish, Intent, StopWish
    from robotrader.strategies import Host, Outcome, Standing
    from supervision import Registry

_NS: Final = 1_000_000_000
FUNDS_S: Final = 1.0
"""The longest wait for what the account has; an entry that waited longer would be stale."""

STANDING_S: Final = 1.0
"""The longest wait for what it has, and how long it waits to ask again. Until it is answered it
counts as working what it has asked for."""

_BEGIN: Final = object()
"""To itself, before anything else."""


class _Again(NamedTuple):
    """To itself: the question was not answered."""

    event: AskAnew
    con_id: int


_log: Final = logging.getLogger("robotrader.strategy")


class StrategyActor(Actor):
    """See the module's prose.

    Args:
        name: what it is called.
        make_host: makes the host, anew at each start.
        wall_ns: the time, nanoseconds since 1970 in UTC.
        pace: how many seconds of it a second takes; only simulated days have another than 1.
        symbols: who feeds it, by the contracts that it trades.
        registry: where symbols are found that may restart without it; None: it restarts with its
            one symbol.
        risk: gets its intents, and answers ``AskStanding`` after all that were sent before.
        journal: keeps its state, and answers ``Recall``.
    """

    runtime = "pool"
    resumable = True
    """Whoever restarts it by hand says ``GoOn`` first."""

    # One event at a time comes in, besides its own timers.
    mailbox = MailboxSpec(capacity=1_000)

    def __init__(
        self,
        *,
        name: str,
        make_host: Callable[[], Host],
        wall_ns: Callable[[], int],
        symbols: Mapping[int, Port],
        risk: Port,
        journal: Port,
        pace: float = 1.0,
        registry: Registry | None = None,
    ) -> None:
        super().__init__()
        self.name, self._make_host = name, make_host
        self._host: Host | None = None
        self._wall_ns, self._pace = wall_ns, pace
        self._symbols, self._risk, self._journal = dict(symbols), risk, journal
        self._registry = registry
        self._timers: dict[str, Timer] = {}
        self._suspended = ""

    @property
    def host(self) -> Host:
        """What drives the strategy; one that is suspended has none, and nothing is told to it."""
        assert self._host is not None, "it begins with making it, and handles nothing before"
        return self._host

    def on_start(self) -> None:
        """Begin with the first message: a strategy that cannot start must not stop a tree's."""
        self.actor_ref.tell_urgent(_BEGIN)

    def _begin(self) -> None:
        """Take back what was saved, learn what it has, and ask to be fed; unless suspended.

        Raises:
            StrategyError: the strategy cannot start, or what was saved is not its own.
            pykka.Timeout: journal or risk gate did not answer.
        """
        recalled: Recalled = self._journal.ask(Recall(self.name))
        self._suspended = recalled.suspended
        if not self._watch():
            self.stop_with()  # a symbol restarts right now: it is tried again
            return
        self._tell_symbols(Begins(self.name, self.actor_ref, bool(self._suspended)))
        if not self._goes_on():
            _log.critical("%s is suspended: %s", self.name, self._suspended)
            return
        host = self.host
        standings: dict[int, Standing] = {
            con_id: self._risk.ask(AskStanding(self.name, con_id)) for con_id in self._symbols
        }
        outcome = host.begin(self._wall_ns(), saved=recalled.state, standings=standings)
        last = {con_id: host.last_told_ns(con_id) for con_id in self._symbols}
        self._act(outcome)
        for con_id, symbol in self._symbols.items():
            symbol.tell(
                Subscribe(
                    host.name,
                    self.actor_ref,
                    host.warmup_bars,
                    last[con_id],
                    recalled.quarantined,
                    standings[con_id].gate,
                    host.needs_quotes,
                )
            )

    def _watch(self) -> bool:
        """Watch symbols that may restart alone: from then on another one feeds. False: one of
        them is not there.
        """
        if self._registry is None:
            return True
        found = [self._registry.whereis(("symbol", con_id)) for con_id in self._symbols]
        for each in found:
            if each is not None:
                self.monitor(each)
        return None not in found

    def _tell_symbols(self, message: object) -> None:
        for symbol in self._symbols.values():
            symbol.tell(message)

    def on_receive(self, message: Any) -> Any:
        """Handle an event, or a timer of its own.

        Raises:
            StrategyCrash: the strategy raised; it says at which event.
        """
        if isinstance(message, Feed):
            self._handle(message)
            self._symbols[message.con_id].tell(Handled(self.name, message.number))
            return None
        if isinstance(message, Timer):
            return self._due(message)
        if message is _BEGIN:
            return self._begin()
        if isinstance(message, _Again):
            return self._ask_anew(message.event, message.con_id)
        if isinstance(message, Down):
            return self.stop_with()  # its supervisor starts it anew, and it is fed by the new one
        if isinstance(message, GoOn):
            return self._go_on(message)
        return super().on_receive(message)

    def _handle(self, feed: Feed) -> None:
        host, event = self._host, feed.event
        assert host is not None, "only who began is fed"
        if isinstance(event, Bar):
            self._act(host.bar(event, live=feed.live))
        elif isinstance(event, Quote):
            outcome = host.quote(event)
            if outcome is not NOTHING or host.hears_quotes:  # else nothing is another
                self._act(outcome)
        elif isinstance(event, Fill):
            self._act(host.fill(event))
        elif isinstance(event, AskAnew):
            self._ask_anew(event, feed.con_id)
        else:
            self._act(host.ended(event))

    def _go_on(self, message: GoOn) -> bool:
        """Have the journal forget the suspension; the next start goes on."""
        if self._suspended:
            self._lifted(message.reason, message.who)
        return bool(self._suspended)

    def _lifted(self, why: str, who: str = "") -> None:
        record = SuspensionChanged(
            strategy=self.name, suspended=False, why=why, who=who, wall_ns=self._wall_ns()
        )
        self._journal.tell(record)

    def _make(self) -> bool:
        """Make the host, or say why it cannot be: its file, its constructor or its parameters.

        The strategy's own code runs here, on the pool, where it is watched.
        """
        try:
            self._host = self._make_host()
        except (Exception, SystemExit) as error:  # noqa: BLE001 - somebody else's code
            why = str(error) if isinstance(error, StrategyError) else repr(error)
            self._suspended = f"{UNMADE}{why}"
            return False
        self._host.funds = self._funds
        return True

    def _goes_on(self) -> bool:
        """Return whether it may start; what could not be made is tried again at every start."""
        before = self._suspended
        if before and not before.startswith(UNMADE):
            return False
        if not self._make():
            if not before:
                self._tell_symbols(Unmade(self.name, self._suspended))
            return False
        if before:
            self._suspended = ""
            self._lifted("it can be made again")
            self._tell_symbols(Begins(self.name, self.actor_ref, suspended=False))
        return True

    def _ask_anew(self, event: AskAnew, con_id: int) -> None:
        """Learn what works, now that another gate judges; later if it does not answer.

        The question follows the intents that were sent to the same gate, so the answer counts them.
        """
        name = self.name
        try:
            standing = self._risk.ask(AskStanding(name, con_id), timeout=STANDING_S)
        except (pykka.ActorDeadError, pykka.Timeout, MailboxFull) as error:
            _log.warning("%s: what works is not known yet: %s", name, error)
            self.send_after(STANDING_S, _Again(event, con_id))
        else:
            self._act(self.host.stand(standing, self._wall_ns(), con_id))

    def _due(self, timer: Timer) -> None:
        if self._timers.get(timer.name) == timer:  # not replaced since
            del self._timers[timer.name]
            self._act(self.host.timer(timer.name, timer.at_ns))

    def _act(self, outcome: Outcome) -> None:
        """Save, then let the intents go, then the rest.

        What is saved is with the journal before the first intent leaves; it is woken after the
        last: it would only wait there for the orders that follow, and hold up the gate. So would
        whatever this thread does next.
        """
        host = self._host
        state = None if host is None else host.saved()
        if state is not None:
            record = StrategySaved(strategy=self.name, state=state, wall_ns=self._wall_ns())
            self._journal.leave(record)
        try:
            if outcome.cancels or outcome.stops:
                self._wishes(outcome)
            for intent in outcome.intents:
                try:
                    self._risk.tell(intent)
                except (pykka.ActorDeadError, MailboxFull) as error:
                    self._not_judged(intent, error)
        finally:
            if state is not None and outcome.intents:
                self._risk.afterwards(self._journal.wake)
            elif state is not None:
                self._journal.wake()
            if outcome.intents:
                self._risk.let_pass()
        for timer in outcome.timers:
            self._timers[timer.name] = timer
            self.send_after(max(0, timer.at_ns - self._wall_ns()) / _NS / self._pace, timer)
        for text in (*outcome.notes, *outcome.blocked):
            _log.info("%s: %s", self.name, text)

    def _wishes(self, outcome: Outcome) -> None:
        for cancel in outcome.cancels:
            self._wish(cancel)
        for move in outcome.stops:
            self._wish(move)

    def _funds(self) -> Funds:
        """Ask the risk gate; while nobody answers, nothing is known and nothing is entered."""
        try:
            answer: Funds = self._risk.ask(AskFunds(self.name), timeout=FUNDS_S)
        except (pykka.ActorDeadError, pykka.Timeout, Unavailable) as error:
            _log.warning("%s: no size: the risk gate does not answer: %s", self.name, error)
            return Funds()
        return answer

    def _wish(self, wish: CancelWish | StopWish) -> None:
        """Send a wish about an order; one that nobody hears is made again by who still has it."""
        try:
            self._risk.tell(wish)
        except (pykka.ActorDeadError, MailboxFull) as error:
            _log.warning("%s: %s is not heard: %s", self.name, wish, error)

    def _not_judged(self, intent: Intent, error: Exception) -> None:
        """While nobody judges an intent, it is refused: it would be stale later."""
        _log.warning("%s: intent %s is not judged: %s", self.name, intent.cause, error)
        ended = Ended(con_id=intent.con_id, cause=intent.cause, why=str(error))
        self._act(self.host.ended(ended))
