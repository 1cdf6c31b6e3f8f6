"""Drives one strategy on one instrument: events go in, an ``Outcome`` comes out.

The host warms the strategy up, knows what it holds and has asked for, keeps it to its discipline,
and puts its state into one piece of bytes. Bars that are told again (after a restart) are known by
their time and fills by their place in the journal, so each is handled once. History never leads to
an intent: it is the past. The host has no clock, no I/O and no threads.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import msgspec

from robotrader.domain import Bar, Funds
from robotrader.domain.errors import StrategyError
from robotrader.strategies.base import Strategy
from robotrader.strategies.context import Context
from robotrader.strategies.discipline import Discipline, Memory
from robotrader.strategies.events import NOTHING, Outcome, Standing, StrategyCrash, key_of
from robotrader.strategies.mistakes import read_saved, story
from robotrader.strategies.stops import HELD_TOO_LONG, NO_STOP, StopRule, Stops

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from robotrader.domain import Instrument, Quote, Sizing
    from robotrader.sizing import Sizer
    from robotrader.strategies.events import Ended, Fill

_ZERO: Final = Decimal(0)


class _Saved(msgspec.Struct):
    """What is kept of a host."""

    memory: Memory
    state: bytes
    bar_ns: int = 0
    """Start of the last bar that was told live."""

    fill_seq: int = 0
    held_since_ns: int = 0


class StrategyHost:
    """See the module's prose.

    Args:
        strategy: what is driven.
        name: its name in intents, journal and errors.
        instrument: what it trades.
        dwell_bars: see ``discipline``.
        sizer: how large an entry without a quantity is; None: it has to have one.
        stop: how its entries are protected where it says nothing itself.

    Attributes:
        funds: says what the account has, when a size is asked for. Whoever drives the host sets
            it; until then nothing is known, and no size is given.
        hears_quotes: whether a quote may lead to anything: it has a method, or a stop of time.
        bare: whether sizes and stops are the strategy's own affair.
        needs_quotes: whether it is another for having been told quotes.
        settled: whether at the last event nothing was wished, and nothing is known since that
            would let the same event be answered otherwise.
    """

    def __init__(
        self,
        strategy: Strategy[Any, Any],
        *,
        name: str,
        instrument: Instrument,
        dwell_bars: int = 1,
        sizer: Sizer | None = None,
        stop: StopRule = NO_STOP,
    ) -> None:
        self.strategy, self.name, self.instrument = strategy, name, instrument
        self.funds: Callable[[], Funds] = Funds
        self._sizer = sizer
        self._price: float | None = None
        self.position = self._bought = self._sold = Decimal(0)
        self._ready = self.settled = False
        self._working: dict[str, Decimal] = {}
        self.discipline, self._stops = Discipline(dwell_bars), Stops(stop)
        self._watched, self._timed = not self._stops.idle, bool(stop.hold_s)
        self.bare = sizer is None and not self._watched and not self._timed
        told = getattr(strategy.on_quote, "__func__", None)
        self.hears_quotes = self._timed or told is not Strategy.on_quote
        self.needs_quotes = self.hears_quotes or not self.bare
        self._saved: _Saved | None = None
        self._kept, self._broken = b"", ""
        self.bars_seen = self._bar_ns = self._bar_end_ns = 0
        self._fill_seq = self._standing_seq = self._held_since_ns = 0
        self._ctx = Context(
            name,
            instrument,
            discipline=self.discipline,
            stops=self._stops,
            causes=self._working.keys(),
            size=None if sizer is None else self._size,
        )

    # -- what it is --

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """Its one instrument."""
        return (self.instrument,)

    @property
    def positions(self) -> dict[int, Decimal]:
        """What it holds, signed, by contract."""
        return {self.instrument.con_id: self.position}

    @property
    def ready(self) -> bool:
        """Whether the strategy has seen as many bars as it wants."""
        if not self._ready:  # bars are never unseen
            self._ready = self.bars_seen >= self.warmup_bars
        return self._ready

    @property
    def warmup_bars(self) -> int:
        """How many bars it has to see before it may act: what strategy, size and stops need."""
        size = 0 if self._sizer is None else self._sizer.warmup_bars
        return max(self.strategy.warmup_bars, size, self._stops.warmup_bars)

    @property
    def working(self) -> Decimal:
        """What it has asked for and has not been filled, signed."""
        return sum(self._working.values(), Decimal(0))

    def _add_up(self) -> None:
        """Note what works to buy and to sell: something of it is new."""
        bought = sold = _ZERO
        for qty in self._working.values():
            if qty > 0:
                bought += qty
            else:
                sold -= qty
        self._bought, self._sold = bought, sold

    @property
    def last_bar_ns(self) -> int:
        """The start of the last bar that it was told live, also before a restart; 0 for none."""
        return self._saved.bar_ns if self._saved is not None else self._bar_ns

    def saved(self) -> bytes | None:
        """Return what has to be kept, None if that is what was returned last."""
        if self._saved is not None:  # it would be lost: the strategy has not taken it back yet
            return None
        encoded = self.whole()
        if encoded == self._kept:
            return None
        self._kept = encoded
        return encoded

    def whole(self) -> bytes:
        """Return all that has to be kept, also what was kept before."""
        if self._saved is not None:
            return self._kept
        kept = _Saved(
            self.discipline.memory,
            self.strategy.save(),
            self._bar_ns,
            self._fill_seq,
            self._held_since_ns,
        )
        return msgspec.msgpack.encode(kept)

    def last_told_ns(self, _con_id: int) -> int:
        """Return ``last_bar_ns`` of a contract: of its one."""
        return self.last_bar_ns

    # -- events --

    def start(
        self, now_ns: int, *, saved: bytes = b"", standing: Standing | None = None
    ) -> Outcome:
        """Begin, before any other event.

        Args:
            now_ns: the time.
            saved: what ``saved`` returned last, empty at the first start. It is taken back after
                the bars that it had seen, so that telling them again does not change it.
            standing: position and working orders as their owner has them.

        Raises:
            StrategyError: ``saved`` is not of this strategy, or it raised.
        """
        self._has(standing or Standing())
        if saved:
            self._saved, self._kept = read_saved(self.name, saved, _Saved), saved
            self._fill_seq = self._saved.fill_seq
            self._held_since_ns = self._saved.held_since_ns
        self._hold(now_ns)
        outcome = self._tell("start", now_ns, self.strategy.on_start, True)
        if self._saved is not None and not self._saved.bar_ns:
            self._take_back()
        return outcome

    def begin(
        self, now_ns: int, *, saved: bytes = b"", standings: Mapping[int, Standing] | None = None
    ) -> Outcome:
        """Begin as ``start`` says, with what it has by contract: of its one."""
        standing = (standings or {}).get(self.instrument.con_id)
        return self.start(now_ns, saved=saved, standing=standing)

    def bar(self, bar: Bar, *, live: bool = True) -> Outcome:
        """Take the next finished bar; one that is not after the last is ignored.

        ``live`` is False for history, which leads to no intent.

        Raises:
            StrategyCrash: the strategy raised.
        """
        warming = self.passes(bar, live=live)
        if warming is None:
            return NOTHING
        return self._tell(bar, bar.end_ns, self.strategy.on_bar, warming, bar)

    def passes(self, bar: Bar, *, live: bool = True) -> bool | None:
        """Count a bar without telling the strategy of it; what follows from it is kept up to date.

        Returns:
            Whether the strategy warms up at this bar; None: it is not after the last one.
        """
        start_ns = bar.start_ns
        if start_ns < self._bar_end_ns:
            return None
        if self._saved is not None:
            live = live and start_ns > self._saved.bar_ns
            if start_ns > self._saved.bar_ns:
                self._take_back()
        self._bar_end_ns = bar.end_ns
        self.bars_seen += 1
        self._price = bar.close
        if self._sizer is not None:
            self._sizer.update(bar)
        if self._watched:
            self._stops.bar(bar)
        if live:
            self._bar_ns = start_ns
            self.discipline.next_bar()
        return not (live and (self._ready or self.ready))

    def skip(self, bars: Sequence[Bar]) -> None:
        """Count live bars, in order and at least one, without telling the strategy of them."""
        told = self._sizer is not None or self._watched or self._saved is not None
        if not told:
            self.bars_seen += len(bars) - 1
            self.discipline.pass_bars(len(bars) - 1)
        for bar in bars if told else bars[-1:]:
            self.passes(bar)

    def overdue(self, now_ns: int) -> bool:
        """Whether its position is held for longer than its stop rule lets it."""
        return self._timed and self._stops.overdue(self._held_since_ns, now_ns)

    def quote(self, quote: Quote) -> Outcome:
        """Take the newest quote; nothing happens before the strategy is warmed up.

        Raises:
            StrategyCrash: the strategy raised.
        """
        if not self._ready and not self.ready:
            return NOTHING
        if self._saved is not None:
            self._take_back()
        self._price = price = (quote.bid + quote.ask) / 2
        if self._watched:
            self._stops.price(price)
        if not self.hears_quotes:
            self.settled = False
            return NOTHING
        return self._tell(quote, quote.time_ns, self.strategy.on_quote, False, quote)

    def fill(self, fill: Fill) -> Outcome:
        """Take a fill; one that was told before is ignored.

        Raises:
            StrategyCrash: the strategy raised.
        """
        if fill.seq <= self._fill_seq:
            return NOTHING
        self._take_back()
        self._fill_seq = fill.seq
        if fill.seq > self._standing_seq:
            self._book(fill)
            self._hold(fill.time_ns)
        warming = not self.ready
        key = f"fill:{fill.seq}"
        return self._tell(key, fill.time_ns, self.strategy.on_fill, warming, fill)

    def _book(self, fill: Fill) -> None:
        signed = fill.qty * fill.side.sign
        self.position += signed
        left = self._working.pop(fill.cause, Decimal(0)) - signed
        if fill.cause and left * signed > 0:
            self._working[fill.cause] = left
        self._add_up()

    def _hold(self, now_ns: int) -> None:
        """Note since when there is a position."""
        self._held_since_ns = (self._held_since_ns or now_ns) if self.position else 0

    def _has(self, standing: Standing) -> None:
        self.position, self._standing_seq = standing.position, standing.seq
        self._working.clear()  # its context looks at it
        self._working.update(standing.working)
        self._add_up()

    def stand(self, standing: Standing, now_ns: int, _con_id: int = 0) -> Outcome:
        """Take what the owner of its orders says in place of what was heard: some was lost."""
        self._has(standing)
        self._hold(now_ns)
        self.settled = False
        return NOTHING

    def ended(self, ended: Ended) -> Outcome:
        """Take it that an intent's order is over: nothing of it works any more."""
        self.settled = False
        if self._working.pop(ended.cause, None) is not None:
            self._add_up()
        return NOTHING

    def timer(self, name: str, at_ns: int) -> Outcome:
        """Take a timer that an outcome asked for, due at ``at_ns``.

        Raises:
            StrategyCrash: the strategy raised.
        """
        self._take_back()
        key, warming = f"timer:{name}:{at_ns}", not self.ready
        return self._tell(key, at_ns, self.strategy.on_timer, warming, name)

    # -- how --

    def _tell(
        self,
        event: str | Bar | Quote,
        now_ns: int,
        method: Callable[..., None],
        warming: bool,
        *what: Any,
    ) -> Outcome:
        if self._broken:
            found = f"{key_of(event)} after it failed at {self._broken}"
            raise StrategyError(f"{self.name} was told {found}: make a new one")
        ctx = self.context(event, now_ns, warming)
        try:
            method(ctx, *what)
        except Exception as error:
            self._broken = key = key_of(event)
            raise StrategyCrash(key, self.story(key, now_ns, method, error)) from error
        if self._timed and self.overdue(now_ns) and not ctx.wished:
            ctx.close(HELD_TOO_LONG)
        if not ctx.touched:  # nearly always
            self.settled = not ctx.blocked and not self._timed and type(event) is Bar
            return NOTHING
        self.settled = False
        return self.outcome()

    def context(self, event: str | Bar | Quote, now_ns: int, warming: bool) -> Context:
        """Return the context, ready for an event."""
        ctx = self._ctx
        ctx.what, ctx.now_ns, ctx.warming = event, now_ns, warming
        ctx.position, ctx.bought, ctx.sold = self.position, self._bought, self._sold
        ctx.blocked = False
        return ctx

    def outcome(self) -> Outcome:
        """Return what was wished since ``context``; its intents work from now on."""
        outcome = self._ctx.outcome()
        if outcome.intents:
            for intent in outcome.intents:
                self._working[intent.cause] = intent.qty * intent.side.sign
            self._add_up()
        return outcome

    def _size(self) -> Sizing:
        assert self._sizer is not None, "a context without a sizer asks for no size"
        return self._sizer.size(self._price, self.funds())

    def story(self, event: str, now_ns: int, method: Callable[..., None], error: Exception) -> str:
        """Return which event failed, when and where."""
        about = f"{method.__name__} of {self.instrument.symbol}"
        return story(self.name, about, event, now_ns, error)

    def _take_back(self) -> None:
        """Load the saved state: everything that it had seen was told again."""
        saved = self._saved
        if saved is None:
            return
        self._saved = None
        self.strategy.load(saved.state)
        self.discipline.memory = saved.memory
        self._bar_ns, self._bar_end_ns = saved.bar_ns, max(self._bar_end_ns, saved.bar_ns + 1)
