"""Drives one spread: each leg is a host of its own, which knows what the leg has and has asked for.

The bars of the legs come one after the other, live in any order. They are put together by the time
at which they end: when every leg has one, they are a row, and the strategy is told. A bar whose
partner never comes is left out as soon as a later row is there. Rows of which any bar is history
lead to no intent.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final

import msgspec

from robotrader.domain.errors import StrategyError
from robotrader.strategies.base import Params, State, Strategy
from robotrader.strategies.events import NOTHING, Outcome, Standing, StrategyCrash, bar_key
from robotrader.strategies.host import StrategyHost
from robotrader.strategies.mistakes import read_saved
from robotrader.strategies.spread import AGAIN, Spread, SpreadContext, Wanted
from robotrader.strategies.stops import NO_STOP, StopRule

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from decimal import Decimal

    from robotrader.domain import Bar, Funds, Instrument, Quote
    from robotrader.sizing import Sizer
    from robotrader.strategies.events import Ended, Fill

_WAITING: Final = 10_000
"""Bars of a leg that wait for the others' at most: a warm-up of the longest kind, and as much."""


def _never(_bars: Sequence[Bar]) -> bool:
    return False


class _Leg(Strategy[Params, State]):
    """A leg decides nothing."""


class _Saved(msgspec.Struct):
    """What is kept of a spread."""

    legs: list[bytes]
    state: bytes
    wanted: Wanted
    row_ns: int = 0
    """Start of the last row that was told live."""


class SpreadHost:
    """See the module's prose; it is driven as ``StrategyHost`` is.

    Args:
        strategy: what is driven.
        name: its name in intents, journal and errors.
        instruments: its legs, at least two.
        sizers: how large each leg may be, in their order; empty: entries say units.
        stop: how each leg's entries are protected.

    Attributes:
        settled: whether at the last row nothing was wished, and nothing has happened since, is
            held or works.
        skips: says of each row whether the strategy need not be told of it while that is so.
            Whoever knows the rows before they come sets it; until then all are told.
    """

    def __init__(
        self,
        strategy: Spread[Any, Any],
        *,
        name: str,
        instruments: Sequence[Instrument],
        sizers: Sequence[Sizer] = (),
        stop: StopRule = NO_STOP,
    ) -> None:
        if len(instruments) < 2 or len({each.con_id for each in instruments}) < len(instruments):
            symbols = ", ".join(each.symbol for each in instruments) or "none"
            msg = f"strategy {name}: a spread has two instruments or more, each once: {symbols}"
            raise StrategyError(msg)
        self.strategy, self.name, self.instruments = strategy, name, tuple(instruments)
        given: list[Sizer | None] = [*sizers] or [None] * len(instruments)
        self._legs = [
            StrategyHost(_Leg(Params()), name=name, instrument=each, sizer=sizer, stop=stop)
            for each, sizer in zip(instruments, given, strict=True)
        ]
        self._by_contract = {each.instrument.con_id: each for each in self._legs}
        self._waiting: dict[int, deque[tuple[Bar, bool]]] = {
            con_id: deque(maxlen=_WAITING) for con_id in self._by_contract
        }
        self._ctx = SpreadContext(name, self._legs)
        self.rows_seen = self._row_ns = self._acts = 0
        self._saved: _Saved | None = None
        self._kept = b""
        self._broken = ""
        self.settled = False
        self.skips: Callable[[Sequence[Bar]], bool] = _never

    # -- what it is --

    @property
    def funds(self) -> Callable[[], Funds]:
        """Says what the account has, when a size is asked for; whoever drives the host sets it."""
        return self._legs[0].funds

    @funds.setter
    def funds(self, funds: Callable[[], Funds]) -> None:
        for each in self._legs:
            each.funds = funds

    @property
    def warmup_bars(self) -> int:
        """How many bars of each leg it has to see before it may act."""
        return max(self.strategy.warmup_bars, *(each.warmup_bars for each in self._legs))

    @property
    def ready(self) -> bool:
        """Whether it has seen as many rows as it wants."""
        return self.rows_seen >= self.warmup_bars

    @property
    def positions(self) -> dict[int, Decimal]:
        """What each leg holds, signed, by its contract."""
        return {con_id: each.position for con_id, each in self._by_contract.items()}

    def last_told_ns(self, con_id: int) -> int:
        """Return the start of the last bar of a leg that was told live, also before a restart."""
        return self._by_contract[con_id].last_bar_ns

    def saved(self) -> bytes | None:
        """Return what has to be kept, None if that is what was returned last."""
        state = self._saved.state if self._saved is not None else self.strategy.save()
        legs = [each.whole() for each in self._legs]
        row_ns = self._saved.row_ns if self._saved is not None else self._row_ns
        encoded = msgspec.msgpack.encode(_Saved(legs, state, self._ctx.wanted, row_ns))
        if encoded == self._kept:
            return None
        self._kept = encoded
        return encoded

    # -- events --

    def start(self, now_ns: int) -> Outcome:
        """Begin for the first time, with nothing."""
        return self.begin(now_ns)

    def begin(
        self, now_ns: int, *, saved: bytes = b"", standings: Mapping[int, Standing] | None = None
    ) -> Outcome:
        """Begin, before any other event; what is held and not wanted is given up.

        Args:
            now_ns: the time.
            saved: what ``saved`` returned last, empty at the first start.
            standings: position and working orders of each leg as their owner has them.

        Raises:
            StrategyError: ``saved`` is not of this strategy.
        """
        kept = self._read(saved) if saved else None
        for at, leg in enumerate(self._legs):
            standing = (standings or {}).get(leg.instrument.con_id)
            leg.start(now_ns, saved=kept.legs[at] if kept is not None else b"", standing=standing)
        if kept is not None:
            self._saved, self._kept, self._ctx.wanted = kept, saved, kept.wanted
        return self._rule(now_ns)

    def bar(self, bar: Bar, *, live: bool = True) -> Outcome:
        """Take the next finished bar of a leg; the strategy is told when it makes a row.

        Raises:
            StrategyCrash: the strategy raised.
        """
        self._waiting[bar.con_id].append((bar, live))
        return self._row(bar)

    @property
    def hears_quotes(self) -> bool:
        """Whether a quote may lead to anything."""
        return any(each.hears_quotes for each in self._legs)

    @property
    def needs_quotes(self) -> bool:
        """Whether it is another for having been told quotes."""
        return any(each.needs_quotes for each in self._legs)

    def quote(self, quote: Quote) -> Outcome:
        """Take a leg's newest quote, at which it is sized."""
        return self._by_contract[quote.con_id].quote(quote)

    def fill(self, fill: Fill) -> Outcome:
        """Take a fill of a leg; one that was told before is ignored."""
        self._by_contract[fill.con_id].fill(fill)
        return self._rule(fill.time_ns)

    def stand(self, standing: Standing, now_ns: int, con_id: int) -> Outcome:
        """Take what the owner of a leg's orders says in place of what was heard."""
        self._by_contract[con_id].stand(standing, now_ns)
        return self._rule(now_ns)

    def ended(self, ended: Ended) -> Outcome:
        """Take it that an order of a leg is over; if the leg came to nothing, so do the others."""
        self._by_contract[ended.con_id].ended(ended)
        return self._rule(self._ctx.now_ns)

    def timer(self, name: str, at_ns: int) -> Outcome:
        """Take a timer that an outcome asked for: an exit that was in vain is asked for again."""
        if name == AGAIN:
            for each in self._legs:
                each.discipline.memory.directions = []
        return self._rule(at_ns)

    # -- how --

    def _row(self, bar: Bar) -> Outcome:
        """Tell the strategy of the bars that end when ``bar`` does, if every leg has one."""
        end_ns, waiting = bar.end_ns, self._waiting
        others = [each for con_id, each in waiting.items() if con_id != bar.con_id]
        if any(not each or each[-1][0].end_ns < end_ns for each in others):
            return NOTHING
        if not all(any(one.end_ns == end_ns for one, _ in each) for each in others):
            return NOTHING
        found: list[tuple[Bar, bool]] = []
        for each in waiting.values():
            while each[0][0].end_ns != end_ns:
                each.popleft()
            found.append(each.popleft())
        return self._told(tuple(one for one, _ in found), all(live for _, live in found))

    def _told(self, bars: tuple[Bar, ...], live: bool) -> Outcome:
        if self._broken:
            msg = f"{self.name} was told a bar after it failed at {self._broken}: make a new one"
            raise StrategyError(msg)
        start_ns, now_ns = bars[-1].start_ns, bars[-1].end_ns
        if self._saved is not None:
            live = live and start_ns > self._saved.row_ns
            if start_ns > self._saved.row_ns:
                self._take_back()
        passed = [leg.passes(one, live=live) for leg, one in zip(self._legs, bars, strict=True)]
        if None in passed:  # an older one, told again
            return NOTHING
        self.rows_seen += 1
        if live:
            self._row_ns = start_ns
        warming = not (live and self.ready)
        if self.skips(bars) and self.settled and not warming:
            return NOTHING
        ctx = self._ctx
        ctx.prepare(bars[-1], now_ns, warming=warming)
        try:
            self.strategy.on_bars(ctx, bars)
        except Exception as error:
            self._broken = key = bar_key(bars[-1])
            story = self._legs[0].story(key, now_ns, self.strategy.on_bars, error)
            raise StrategyCrash(key, story) from error
        if live:
            ctx.balance()
        outcome = ctx.outcome()
        self.settled = outcome is NOTHING and not warming and ctx.flat
        return outcome

    def _rule(self, now_ns: int) -> Outcome:
        """Keep the legs in balance after something else than a row."""
        self._acts += 1
        self.settled = False
        ctx = self._ctx
        ctx.prepare(f"legs:{now_ns}:{self._acts}", max(now_ns, ctx.now_ns), warming=False)
        ctx.balance()
        return ctx.outcome()

    def _read(self, saved: bytes) -> _Saved:
        kept = read_saved(self.name, saved, _Saved)
        if not len(kept.legs) == len(kept.wanted.qty) == len(self._legs):
            msg = f"strategy {self.name}: it was saved with other legs: give it another name"
            raise StrategyError(msg)
        return kept

    def _take_back(self) -> None:
        """Load the saved state: everything that it had seen was told again."""
        saved = self._saved
        assert saved is not None, "there is something to take back"
        self._saved = None
        self.strategy.load(saved.state)
        self._row_ns = max(self._row_ns, saved.row_ns)
