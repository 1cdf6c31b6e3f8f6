"""The symbol actor: owns one symbol's market, and feeds its strategies.

Quotes conflate in its mailbox. A strategy is fed one event at a time (``Outbox``), so the actor
never waits for one; when one dies, what it died of is told to its successor, and after repeated
crashes set aside.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Any, Final

import pykka

from actors.messages import (
    AskAgain,
    AskHistory,
    Begins,
    GateChanged,
    Handled,
    History,
    Interrupted,
    LineFreshness,
    Priced,
    Subscribe,
    Told,
    Unmade,
)
from actors.say import Raised
from robotrader.domain import Quote
from robotrader.domain.records import SuspensionChanged
from robotrader.market import Freshness, SymbolLine
from robotrader.strategies import AskAnew, Outbox, Quarantine, StrategyCrash, Suspension
from supervision import Actor, Crash, Down, MailboxFull, MailboxSpec
from supervision.reasons import Hung, Lost

if TYPE_CHECKING:
    from collections.abc import Callable

    from actors.messages import Port
    from robotrader.domain import Bar, Instrument
    from robotrader.market import LineRules
    from robotrader.market.cells import Span
    from robotrader.strategies import Event
    from robotrader.venue import Sessions
    from supervision import ActorRef, ExitReason, Monitor, Registry

_NS = 1_000_000_000


class _Tick:
    """To itself: the clock has finished a bar; look how fresh the lines are; history is late."""


_BAR_DUE, _LOOK, _WAITED = _Tick(), _Tick(), _Tick()

HISTORY_WAIT_S: Final = 30.0
"""A strategy is fed without its warm-up if history has not answered by then: it then sees live
bars until it is warm. IBKR answers within seconds, but for pacing (50 requests in ten minutes)."""


def _quotes(message: Any) -> object | None:
    """Return the key under which a message conflates: a source's quotes do."""
    if isinstance(message, Priced) and isinstance(message.datum, Quote):
        return message.source
    return None


class _Fed:
    """One strategy, as its symbol sees it."""

    def __init__(self, outbox: Outbox) -> None:
        self.outbox = outbox
        self.suspension = Suspension()
        self.begun: ActorRef[Any] | None = None
        self.suspended = self.doubtful = False
        self.quotes = True
        self.ref: ActorRef[Any] | None = None
        self.monitor: Monitor | None = None


class SymbolActor(Actor):
    """See the module's prose.

    Args:
        instrument: what it is about.
        sessions: when its exchange is open.
        rules: how its data are used.
        wall_ns: the time, nanoseconds since 1970 in UTC.
        pace: how many seconds of it a second takes; only simulated days have another than 1.
        registry: where it is found, as ``("symbol", con_id)``.
        journal: gets records of quarantine.
        risk: is told how fresh prices are.
        data: answers ``AskHistory`` and ``AskAgain``.
        crashes: how many crashes set a message aside.
    """

    runtime = "pool"
    mailbox = MailboxSpec(capacity=10_000, overflow="conflate", key=_quotes)

    def __init__(
        self,
        *,
        instrument: Instrument,
        sessions: Sessions,
        rules: LineRules,
        wall_ns: Callable[[], int],
        registry: Registry,
        journal: Port,
        risk: Port,
        data: Port,
        crashes: int = 3,
        pace: float = 1.0,
    ) -> None:
        super().__init__()
        self.instrument, self._wall_ns, self._registry = instrument, wall_ns, registry
        self._journal, self._risk, self._data = journal, risk, data
        self._crashes, self._pace = crashes, pace
        self.line = SymbolLine(instrument.con_id, sessions, rules, wall_ns())
        self._fed: dict[str, _Fed] = {}
        self._gate = 0
        self.undelivered = 0
        self._waiting: dict[str, Subscribe] = {}
        self._warm_span: Span | None = None
        self._due_ns: int | None = None
        self._asked: dict[Span, int] = {}
        self._serve: dict[type, Callable[[Any], None]] = {
            Priced: self._priced,
            History: self._history,
            Handled: self._handled,
            Told: self._told,
            GateChanged: self._gate_changed,
            Begins: self._begins,
            Unmade: self._unmade,
            Subscribe: self._subscribe,
            Interrupted: self._interrupted,
            Down: self._down,
        }

    def on_start(self) -> None:
        """Be found, and begin to look at the lines' age."""
        self._registry.register(("symbol", self.instrument.con_id), self.actor_ref)
        self._look()

    def on_receive(self, message: Any) -> Any:
        """Serve a message."""
        serve = self._serve.get(type(message))
        if serve is not None:
            return serve(message)
        if message is _BAR_DUE:
            return self._bar_due()
        if message is _LOOK:
            return self._look()
        if message is _WAITED:
            return self._feed_waiting()
        return super().on_receive(message)

    # -- market data --

    def _priced(self, message: Priced) -> None:
        taken = self.line.take(message.source, message.datum, self._wall_ns())
        if taken.quote is not None:
            for fed in self._fed.values():
                if fed.quotes and not fed.suspended:
                    fed.outbox.put(taken.quote)
                    self._push(fed)
        self._finished(taken.bars)

    def _bar_due(self) -> None:
        self._due_ns = None
        self._finished(self.line.advance(self._wall_ns()))

    def _finished(self, bars: tuple[Bar, ...]) -> None:
        for bar in bars:
            self._feed_all(bar)
        if bars and (self._asked or self.line.series.gaps()):  # nearly never
            self._fill_gaps()
        due_ns = self.line.due_ns()
        # One timer at a time: where it rings for an earlier bar, it is set for this one then.
        if due_ns is not None and (self._due_ns is None or due_ns < self._due_ns):
            self._due_ns = due_ns
            self.send_after(max(0, due_ns - self._wall_ns()) / _NS / self._pace, _BAR_DUE)

    def _fill_gaps(self) -> None:
        """Ask history for each gap; what it answers is for warm-ups, never for decisions."""
        gaps = self.line.series.gaps()
        late_ns = self._wall_ns() - round(HISTORY_WAIT_S * self._pace * _NS)
        self._asked = {span: at_ns for span, at_ns in self._asked.items() if at_ns > late_ns}
        for span in gaps:
            if span not in self._asked:
                self._ask_history(span)

    def _ask_history(self, span: Span) -> None:
        rules = self.line.rules
        self._asked[span] = self._wall_ns()
        message = AskHistory(self.instrument.con_id, rules.size_ns, span, rules.outside_rth)
        self._tell(self._data, message)

    def _history(self, message: History) -> None:
        self._asked.pop(message.span, None)
        self.line.history(message.span, message.bars)
        if message.span == self._warm_span:
            self._feed_waiting()

    def _interrupted(self, message: Interrupted) -> None:
        self.line.interrupted(message.source, self._wall_ns())

    def _look(self) -> None:
        """Say how fresh the lines are, and have silent ones asked for again."""
        now_ns = self._wall_ns()
        for source, fresh in self.line.freshness(now_ns).items():
            con_id = self.instrument.con_id
            self._tell(self._risk, LineFreshness(con_id, source, fresh, now_ns))
            if fresh is Freshness.STALE:
                self.line.asked(source, now_ns)
                self._tell(self._data, AskAgain(con_id, source))
        self.send_after(self.line.rules.silent_ns / 2 / _NS / self._pace, _LOOK)

    # -- strategies --

    def _subscribe(self, message: Subscribe) -> None:
        """Feed a strategy; if there is too little to warm it up, ask history first."""
        have = len(self.line.series.bars())
        if have < message.warmup_bars and (self._waiting or self._warm_span is None):
            self._waiting[message.strategy] = message
            if self._warm_span is None:
                self._warm_span = self.line.span_of(message.warmup_bars, self._wall_ns())
                self._ask_history(self._warm_span)
                self.send_after(HISTORY_WAIT_S, _WAITED)
            return
        self._feed(message)

    def _feed_waiting(self) -> None:
        """Begin with those who waited for history, whether it came or not."""
        waiting, self._waiting = self._waiting, {}
        for message in waiting.values():
            self._feed(message)

    def _feed(self, message: Subscribe) -> None:
        fed = self._fed_of(message.strategy)
        if fed.ref is not None:  # its end is not told yet
            assert fed.monitor is not None, "who is fed is watched"
            self.demonitor(fed.ref, fed.monitor)
            self._ended(fed, fed.ref.exit_reason)
        fed.outbox.quarantine.replay(message.quarantined)
        fed.outbox.begin(self._past(fed, message))
        fed.ref, fed.monitor = message.ref, self.monitor(message.ref)
        fed.quotes = message.quotes
        if message.gate < self._gate:  # it asked the gate before
            fed.outbox.put(AskAnew(self._gate))
        self._push(fed)

    def _past(self, fed: _Fed, message: Subscribe) -> list[Bar]:
        """Return the bars to warm up on, and all that it missed; what waits is told live."""
        waiting = {bar.start_ns for bar in fed.outbox.waiting_bars()}
        past = [bar for bar in self.line.series.bars() if bar.start_ns not in waiting]
        known = len(past)
        if message.last_bar_ns:
            known = bisect_right([bar.start_ns for bar in past], message.last_bar_ns)
        return past[max(0, known - message.warmup_bars) :]

    def _fed_of(self, strategy: str) -> _Fed:
        fed = self._fed.get(strategy)
        if fed is None:
            quarantine = Quarantine(strategy, self._crashes)
            fed = self._fed[strategy] = _Fed(Outbox(quarantine, con_id=self.instrument.con_id))
        return fed

    def _told(self, message: Told) -> None:
        """Pass a fill on, also to a strategy that is still starting: it knows what it counted."""
        fed = self._fed_of(message.strategy)
        fed.outbox.put(message.event)
        self._push(fed)

    def _gate_changed(self, message: GateChanged) -> None:
        """Have strategies ask what works; who subscribes later is asked which gate it has heard."""
        self._gate = message.gate
        self._feed_all(AskAnew(message.gate))

    def _feed_all(self, event: Event) -> None:
        for fed in self._fed.values():
            if not fed.suspended:  # it is told what it missed as history, not to act on it
                fed.outbox.put(event)
                self._push(fed)

    def _handled(self, message: Handled) -> None:
        fed = self._fed.get(message.strategy)
        if fed is not None and fed.outbox.handled(message.number):
            self._push(fed)

    def _push(self, fed: _Fed) -> None:
        feed = None if fed.ref is None else fed.outbox.take()
        if feed is not None and fed.ref is not None:
            self._tell(fed.ref, feed)

    def _begins(self, message: Begins) -> None:
        """Watch a strategy from before its start: it may fail there.

        One that asked the journal before its suspension was written there has to ask again.
        """
        fed = self._fed_of(message.strategy)
        early, fed.doubtful = fed.doubtful and not message.suspended, False
        if early:
            message.ref.kill()
            return
        if fed.begun is not message.ref:  # it begins twice if it could not be made and now can
            self.monitor(message.ref)
        fed.begun, fed.suspended = message.ref, message.suspended

    def _down(self, message: Down) -> None:
        for name, fed in self._fed.items():
            if fed.ref is message.ref:
                self._ended(fed, message.reason)
            if fed.begun is message.ref:
                fed.begun = None
                self._count(name, fed, message.reason)

    def _count(self, name: str, fed: _Fed, reason: ExitReason) -> None:
        """Suspend a strategy that fails so often that others would suffer."""
        hung = isinstance(reason, Hung | Lost)
        if not hung and not isinstance(reason, Crash):
            return
        now_ns = self._wall_ns()
        why = fed.suspension.failed(round(now_ns / self._pace), hung=hung)
        if why:
            fed.doubtful = True
            self._suspend(name, fed, f"{why}: {reason}")

    def _unmade(self, message: Unmade) -> None:
        """Suspend at once: the next try would end as this one."""
        self._suspend(message.strategy, self._fed_of(message.strategy), message.why)

    def _suspend(self, name: str, fed: _Fed, why: str) -> None:
        fed.suspended = True
        record = SuspensionChanged(strategy=name, suspended=True, why=why, wall_ns=self._wall_ns())
        self._tell(self._journal, record)
        text = f"strategy {name} is suspended: {why}; `robotrader actors restart {name}` lets it on"
        alerts = self._registry.whereis("alerts")
        if alerts is not None:
            self._tell(alerts, Raised("critical", "suspended", text))

    def _ended(self, fed: _Fed, reason: ExitReason | None) -> None:
        """Judge why a strategy ended; what it did not handle waits for who subscribes next."""
        fed.ref = fed.monitor = None
        now_ns = self._wall_ns()
        record = None
        if isinstance(reason, Crash) and isinstance(reason.cause, StrategyCrash):
            record = fed.outbox.crashed(str(reason.cause), now_ns, reason.cause.event)
        elif isinstance(reason, Hung | Lost):
            record = fed.outbox.crashed(str(reason), now_ns)
        if record is not None:
            self._tell(self._journal, record)

    def _tell(self, port: Port, message: object) -> None:
        """Send to whom it may concern; one that is restarting right now will ask anew."""
        try:
            port.tell(message)
        except (pykka.ActorDeadError, MailboxFull):
            self.undelivered += 1
