"""The market-data actor of one source: prices from its provider to the symbols, wishes back to it.

One contract's prices go to its symbol's actor, to the risk gate and to the account; each gets the
newest and no more than it can take. It lives on the broker's loop and computes nothing.

It is the port behind which a source sits: whoever understands ``Subscribe``, ``Unsubscribe`` and
``AskHistory`` and answers with ``robotrader.gateway.ToData`` can be its provider. What it asks of
the provider passes a circuit breaker, one for streams and one for history (``breaker``).
"""

from __future__ import annotations

import time
from collections import Counter
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from actors import messages as own
from actors.guarded import Guarded, Word
from actors.say import AskDaily, AskFeeds, AskMeters, Borrows, Daily, Heard, Raised, tell, unknown
from robotrader.domain import Bar, Borrow, Quote, Trade
from robotrader.gateway import (
    AskHistory,
    DataClass,
    History,
    HistoryStatus,
    LineChanged,
    Resolved,
    StreamKind,
    Subscribe,
    Unsubscribe,
)
from robotrader.market.durations import BAR_SECONDS
from robotrader.meters import Histogram, Sample
from robotrader.tws.errors import explain
from supervision import Actor, MailboxSpec
from supervision.breaker import FAILURE, IGNORED, SUCCESS
from supervision.breaker.verdict import Outcome, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from actors.say import Address
    from robotrader.domain import Instrument
    from supervision import NamedRef, Registry

SOURCE: Final = "ibkr"
_NS: Final = 1_000_000_000
_DAY_S: Final = 86_400
_SIZES: Final = {seconds: name for name, seconds in reversed(BAR_SECONDS.items())}
_LOOK: Final = "look"
_STREAMS: Final = "streams"
_HISTORY: Final = "history"
_KINDS: Final = (StreamKind.QUOTES, StreamKind.BARS)
_NO_BREAKER: Final = "breaker"
"""How a request for history ended that the breaker refused; the others are the provider's words."""

LOOK_S: Final = 1.0
PACING_NS: Final = 60 * _NS
"""IBKR's penalty: who asks again before it is over makes it longer."""

_VERDICTS: Final = {
    HistoryStatus.OK: SUCCESS,
    HistoryStatus.NO_DATA: SUCCESS,
    HistoryStatus.PACING: Verdict(Outcome.FAILURE, open_for_ns=PACING_NS),
    HistoryStatus.TIMEOUT: FAILURE,
    # The source is not ill: we may not have it, asked nonsense, or the link is down, which the
    # gateway itself mends.
    HistoryStatus.PERMISSION: IGNORED,
    HistoryStatus.REFUSED: IGNORED,
    HistoryStatus.DISCONNECTED: IGNORED,
}
DAILY_NS: Final = 6 * 3_600 * _NS
"""How often daily bars are asked for anew."""

DAILY_WAIT_NS: Final = 60 * _NS
"""How long one request may take before the next: one at a time, behind what symbols ask for."""


class Data(Actor):
    """See the module's prose.

    Args:
        instruments: what is watched, by contract.
        registry: where symbols' actors are found, as ``("symbol", con_id)``.
        gateway: where the prices come from.
        streams, history: the addresses of the source's breakers.
        readers: who gets every quote besides the symbol.
        sleepers: who gets it too, and is not woken by it: it looks by itself.
        watch: who is told, every second, when each contract was last heard of.
        source: the source's name.
        gate: who is told what can be borrowed; None: nobody wants to know.
        daily: who gets daily bars; None: nobody wants them, and none are asked for.
        now_ns: the time of day.
    """

    runtime = "broker"
    mailbox = MailboxSpec(capacity=100_000, overflow="conflate", key=own.of_quotes)

    def __init__(
        self,
        *,
        instruments: Mapping[int, Instrument],
        registry: Registry,
        gateway: Address,
        streams: NamedRef,
        history: NamedRef,
        readers: Sequence[Address],
        sleepers: Sequence[Address] = (),
        watch: Address,
        source: str = SOURCE,
        daily: Address | None = None,
        gate: Address | None = None,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        super().__init__()
        self._instruments = dict(instruments)
        self._symbols = {con_id: registry.ref(("symbol", con_id)) for con_id in instruments}
        self._gateway, self._watch = gateway, watch
        self._readers, self._sleepers = tuple(readers), tuple(sleepers)
        self._source, self._now_ns = source, now_ns
        self._daily, self._gate = daily, gate
        self._borrows: dict[int, Borrow] = {}
        self._alerts = registry.ref("alerts")
        self._numbers = count(1)
        self._asked: dict[int, own.AskHistory] = {}
        self._heard: dict[int, int] = {}
        self._stale: set[tuple[int, StreamKind]] = set()
        self._wanted: dict[int, tuple[Subscribe | Unsubscribe, ...]] = {
            con_id: (Subscribe(each, _KINDS),) for con_id, each in self._instruments.items()
        }
        """What the breaker has not let through yet."""

        self._guards: dict[str, Guarded[Any]] = {
            name: Guarded(name, breaker, self.actor_ref, now_ns)
            for name, breaker in ((_STREAMS, streams), (_HISTORY, history))
        }
        self._streams, self._history = self._guards[_STREAMS], self._guards[_HISTORY]
        self._bar_delay = Histogram()
        self._came = {"quote": 0, "trade": 0, "bar": 0}
        self._ended: Counter[str] = Counter(dict.fromkeys((*HistoryStatus, _NO_BREAKER), 0))
        self._daily_ns: dict[int, int] = {}
        self._daily_asked: tuple[int, int] | None = None

    def on_start(self) -> None:
        """Ask for everything that is watched."""
        self._want()
        self.send_after(LOOK_S, _LOOK)

    def on_receive(self, message: Any) -> Any:
        """Hand prices on; ask for what symbols want."""
        kind = type(message)
        if kind is Quote:
            self._came["quote"] += 1
            self._heard[message.con_id] = self._now_ns()
            self._price(message)
            for reader in self._readers:
                tell(reader, message)
            for sleeper in self._sleepers:
                tell(sleeper, message, wakes=False)
        elif kind is Trade:
            self._came["trade"] += 1
            self._price(message)
        elif kind is Bar:
            self._came["bar"] += 1
            self._bar_delay.add(self._now_ns() - message.end_ns)
            self._price(message)
        elif isinstance(message, AskFeeds):
            since_ns = self._now_ns() - round(message.within_s * _NS)
            return sum(at_ns >= since_ns for at_ns in self._heard.values())
        elif isinstance(message, AskMeters):
            return tuple(self._samples())
        elif message == _LOOK:
            self._look()
        else:
            self._serve(message)
        return None

    def _price(self, datum: Quote | Trade | Bar) -> None:
        if datum.con_id in self._streams.open:
            self._streams.settle(datum.con_id, SUCCESS)
        symbol = self._symbols.get(datum.con_id)
        if symbol is not None:
            tell(symbol, own.Priced(self._source, datum))

    def _look(self) -> None:
        self.send_after(LOOK_S, _LOOK)
        tell(self._watch, Heard(dict(self._heard)))
        self._say_borrows()
        for guard in self._guards.values():
            for word in guard.silent():
                self._told(word)
        self._want()
        self._look_daily()

    def _look_daily(self) -> None:
        """Ask for the daily bars that are the oldest, if none are on their way."""
        now_ns = self._now_ns()
        if self._daily is None:
            return
        if self._daily_asked is not None and now_ns - self._daily_asked[1] < DAILY_WAIT_NS:
            return
        due = min(self._instruments, key=lambda each: self._daily_ns.get(each, 0), default=None)
        if due is None or now_ns - self._daily_ns.get(due, 0) < DAILY_NS:
            return
        number = next(self._numbers)
        self._daily_asked, self._daily_ns[due] = (number, now_ns), now_ns
        wish = AskHistory(number, self._instruments[due], duration="1 Y", bar_size="1 day")
        self._history.ask(number, (wish,))

    def _is_daily(self, number: int) -> bool:
        return self._daily_asked is not None and self._daily_asked[0] == number

    def _answer_daily(self, history: History) -> None:
        """Hand daily bars on; what did not come is asked for again after the others."""
        if self._daily is not None and history.status is HistoryStatus.OK:
            tell(self._daily, Daily(history.con_id, history.bars))
        elif history.status is not HistoryStatus.NO_DATA:
            self._daily_ns[history.con_id] = self._now_ns() - DAILY_NS + DAILY_WAIT_NS
        self._daily_asked = None
        self._look_daily()

    def _serve(self, message: Any) -> None:
        match message:
            case Word():
                self._told(message)
            case LineChanged():
                self._changed(message)
            case own.AskHistory():
                self._ask(message)
            case History():
                self._answer(message)
            case own.AskAgain():
                self._again(message)
            case AskDaily():
                self._daily_ns.clear()
            case Borrow():
                self._borrows[message.con_id] = message
                self._say_borrows()
            case Resolved():
                pass  # contracts are known before the tree is made
            case _:
                raise unknown(self, message)

    def _samples(self) -> Iterator[Sample]:
        source, now_ns = self._source, self._now_ns()
        for kind, came in self._came.items():
            yield Sample("prices", came, (source, kind))
        yield Sample("bar_delay_seconds", self._bar_delay.shot(), (source,))
        for con_id, at_ns in self._heard.items():
            instrument = self._instruments.get(con_id)
            if instrument is not None:
                age_s = (now_ns - at_ns) / _NS
                yield Sample("price_age_seconds", age_s, (instrument.symbol,))
        for status, many in self._ended.items():
            yield Sample("history_requests", many, (source, str(status)))
        yield Sample("history_open", len(self._asked), (source,))
        yield Sample("streams_stale", len(self._stale), (source,))
        yield Sample("streams_waiting", len(self._wanted), (source,))

    def _say_borrows(self) -> None:
        """Said every second, too: a gate that was restarted knows it soon."""
        if self._gate is not None:
            tell(self._gate, Borrows(dict(self._borrows)))

    # -- breakers --

    def _told(self, word: Word) -> None:
        """A breaker has answered: make the call, or leave it."""
        guard = self._guards[word.guard]
        heard = guard.heard(word)
        if heard is None:
            return
        key, calls, may = heard
        if may:
            for call in calls:
                tell(self._gateway, call)
        if guard is self._streams and may:
            self._wanted.pop(key, None)
        elif guard is self._history and not may:
            if self._is_daily(key):  # after the wait it is asked for again
                self._daily_ns[calls[0].instrument.con_id] = 0
            else:
                self._finish(key, (), _NO_BREAKER)

    def _want(self) -> None:
        """Ask for the streams that are wanted and not asked for, once the breaker lets them."""
        if self._now_ns() < self._streams.closed_until_ns:
            return
        for con_id, calls in self._wanted.items():
            if not self._streams.asked(con_id):
                self._streams.ask(con_id, calls)

    def _changed(self, message: LineChanged) -> None:
        """A line that was away and is back has a hole: the bar in the making is not whole."""
        key = (message.con_id, message.kind)
        if key[1] is StreamKind.QUOTES and message.data_class is DataClass.NONE:
            self._borrows.pop(message.con_id, None)  # it is said again with the next line
        if message.stale:
            self._stale.add(key)
            # The link, or what we may have: the gateway asks again by itself.
            self._streams.settle(message.con_id, IGNORED)
            self._say_refused(message)
        elif key in self._stale:
            self._stale.discard(key)
            symbol = self._symbols.get(message.con_id)
            if symbol is not None:
                tell(symbol, own.Interrupted(self._source))

    def _say_refused(self, message: LineChanged) -> None:
        """Tell a person of a stream that the broker refuses: nothing is entered without prices."""
        code, colon, _ = message.why.partition(":")
        instrument = self._instruments.get(message.con_id)
        if not colon or not code.isdigit() or instrument is None:
            return
        meaning = explain(int(code))
        remedy = "see the broker's message" if meaning is None else meaning.remedy
        text = f"{instrument.symbol} {message.kind} are refused, {message.why} ({remedy})"
        tell(self._alerts, Raised("warning", f"data of {instrument.symbol}", text))

    # -- what symbols want --

    def _ask(self, ask: own.AskHistory) -> None:
        seconds = ask.size_ns // _NS
        name = _SIZES.get(seconds)
        instrument = self._instruments.get(ask.con_id)
        if name is None or instrument is None:
            tell(self._symbols[ask.con_id], own.History(ask.span, ()))
            return
        number = next(self._numbers)
        self._asked[number] = ask
        length_s = max((ask.span[1] - ask.span[0]) // _NS, seconds)
        days = -(-length_s // _DAY_S)
        wish = AskHistory(
            request=number,
            instrument=instrument,
            duration=f"{length_s} S" if length_s <= _DAY_S else f"{days} D",
            bar_size=name,
            end_ns=0 if ask.span[1] >= self._now_ns() else ask.span[1],
            regular_hours=not ask.outside_rth,
        )
        self._history.ask(number, (wish,))

    def _answer(self, history: History) -> None:
        if self._is_daily(history.request):
            self._history.settle(history.request, _VERDICTS[history.status])
            self._answer_daily(history)
        elif history.request in self._asked:
            self._history.settle(history.request, _VERDICTS[history.status])
            self._finish(history.request, history.bars, history.status)

    def _finish(self, number: int, bars: Sequence[Bar], status: str) -> None:
        """A request is over; whoever asked gets what there is."""
        ask = self._asked.pop(number)
        self._ended[status] += 1
        begin_ns, end_ns = ask.span
        found = tuple(bar for bar in bars if begin_ns <= bar.start_ns < end_ns)
        tell(self._symbols[ask.con_id], own.History(ask.span, found))

    def _again(self, message: own.AskAgain) -> None:
        """A line is silent although its market is open: subscribe to it anew.

        The source has failed if the line never spoke and no other one did meanwhile; a contract
        that is seldom traded says nothing about the source.
        """
        instrument = self._instruments.get(message.con_id)
        if instrument is not None:
            began_ns = self._streams.began_ns(message.con_id)
            spoke = any(at_ns > began_ns for at_ns in self._heard.values())
            self._streams.settle(message.con_id, IGNORED if spoke else FAILURE)
            anew = (Unsubscribe(message.con_id), Subscribe(instrument, _KINDS))
            self._wanted[message.con_id] = anew
            self._want()
