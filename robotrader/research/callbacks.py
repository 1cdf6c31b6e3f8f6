"""One strategy's ``on_bar`` after another on the same bars, by the steps of ``loop``.

The strategy's own object is called with each bar, as its host would call it: history first, then
``on_start``, then the bars that are traded on, after the fill of what it asked for at the one
before. What it wants is judged, filled and counted by ``loop``'s own steps, in plain Python. What
they do not know is ``Unfit``: then the engine has to run it, with a strategy that is new.

At a bar that leads to nothing nothing is done but to call it. Prices, hours and fees are asked for
where there is an order: of the venue, in its own words, or as ``columns`` asks.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import date
from decimal import Decimal
from itertools import islice
from operator import attrgetter, length_hint
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np

from robotrader.research import loop
from robotrader.research.accounted import figures_of_account, track_of
from robotrader.research.columns import (
    FAST,
    apart_ns,
    check_setup,
    fees_of,
    most_shares,
    rules_of,
    terms_of,
)
from robotrader.research.desk import Desk
from robotrader.research.hours import Hours
from robotrader.research.loop import ORDERS, POSITION, SIZE
from robotrader.research.moves import Unfit, shares_of, unfit_by
from robotrader.research.paid import DIGITS, Prices
from robotrader.risk import SessionState
from robotrader.strategies import Strategy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from robotrader.backtest import Setup
    from robotrader.domain import Bar
    from robotrader.performance import Track
    from robotrader.research.trial import Figures
    from robotrader.strategies import StrategyHost

_START: Final = attrgetter("start_ns")
_ZERO: Final = Decimal(0)
_NO_FEES: Final = (0, 0, 0)


class _Day(msgspec.Struct, frozen=True, gc=False):
    """An exchange day: its bars, when they may trade, and what sales cost."""

    day: date
    begin: int
    end: int
    open_ns: int
    close_ns: int
    fees: tuple[int, int, int]


class Callbacks:
    """See the module's prose.

    Args:
        setup: the runs'; of one contract.
        bars: all of them, as the engine has checked them.
        begin_ns: what is before is history.
        name: of the strategy, as limits know it.

    Attributes:
        track: what the last run's account was worth at the end of each day.
        fills: the last run's, a row each: bar, shares, price in units, commission in millionths.

    Raises:
        Unfit: it knows no run of that setup.
    """

    def __init__(self, setup: Setup, bars: Sequence[Bar], *, begin_ns: int, name: str) -> None:
        check_setup(setup)
        self.setup, self.bars = setup, bars
        self.first = bisect_left(bars, begin_ns, key=_START)
        if self.first == len(bars):
            msg = "no bar in the window"
            raise Unfit(msg)
        self.hours = Hours.of(setup.sessions, bars[self.first].start_ns, bars[-1].end_ns)
        self.days = self._days()
        terms = terms_of(setup, self.days[0].day)
        self.rules = rules_of(setup, name, self.first, DIGITS, terms)
        self.prices = Prices(setup)
        self.most, self.apart_ns = most_shares(setup), apart_ns(setup.limits)
        self.track: Track
        self.fills: list[tuple[int, int, int, int]] = []

    def _days(self) -> list[_Day]:
        bars, setup, hours = self.bars, self.setup, self.hours
        opens, closes, rolls = (each.tolist() for each in (hours.opens, hours.closes, hours.rolls))
        found, at = [], self.first
        while at < len(bars):
            begin, start_ns = at, bars[at].start_ns
            row = bisect_right(rolls, start_ns)
            at = bisect_left(bars, rolls[row], lo=at + 1, key=_START)
            day = setup.sessions.day_of(start_ns)
            fees = fees_of(terms_of(setup, day))
            found.append(_Day(day, begin, at, opens[row], closes[row], fees))
        return found

    def is_open(self, day: _Day, now_ns: int) -> bool:
        """Whether the gate takes the market for open at the end of one of a day's bars."""
        if self.setup.always_open or day.open_ns <= now_ns < day.close_ns:
            return True
        return self.setup.session(now_ns) is SessionState.OPEN

    def meets(self, day: _Day, asked_ns: int, begin_ns: int) -> bool:
        """Whether what was asked for then meets the beginning of a day's bar, the next one."""
        if day.open_ns <= asked_ns and begin_ns < day.close_ns:
            return True
        return bool(self.hours.fills(np.array([asked_ns]), np.array([begin_ns]))[0])

    def figures(self, host: StrategyHost) -> Figures:
        """Return what the engine would make of a host that has not begun.

        Raises:
            Unfit: only the engine can; the strategy may have been told of some bars.
        """
        run = _Run(self, host)
        values = run.whole()
        if min(values) <= 0:
            raise Unfit(loop.STOPPED[loop.LOST])
        days = tuple(each.day for each in self.days)
        self.track = track_of(self.setup.cash, days, values, DIGITS)
        self.fills = run.fills
        return figures_of_account(self.track, run.account, is_free=self.rules.is_free)


class _Run:
    """One strategy's way through the bars."""

    def __init__(self, given: Callbacks, host: StrategyHost) -> None:
        if not host.bare or host.bars_seen:
            msg = "its host has begun" if host.bare else "sizes or stops of the strategy's section"
            raise Unfit(msg)
        self._given, self._host = given, host
        self._strategy: Strategy[Any, Any] = host.strategy
        if getattr(self._strategy.on_fill, "__func__", None) is not Strategy.on_fill:
            msg = "it has a method of its own: on_fill"
            raise Unfit(msg)
        self._following: Iterator[Bar] = iter(())
        self._end = given.first
        self._desk = Desk(host, self._live)
        self._ready = False
        self._wanted, self._asked_ns = 0, -given.apart_ns
        self._qty = self._position = _ZERO
        self.account: list[int] = [0] * SIZE
        loop.begin(self.account, given.rules)
        self.fills: list[tuple[int, int, int, int]] = []

    def _live(self) -> int:
        """Return how many bars were told live, with the one of now."""
        return self._end - length_hint(self._following) - self._given.first

    def whole(self) -> list[int]:
        """Run; return what the account is worth at the end of each day, in units."""
        given, values = self._given, []
        for bar in islice(given.bars, given.first):
            self._tell(bar, warming=True)
        self._start(given.bars[given.first].start_ns)
        for day in given.days:
            self._following, self._end = iter(given.bars[day.begin : day.end]), day.end
            self._warm(day)
            self._trade(day)
            close = given.prices.units(given.bars[day.end - 1].close)
            values.append(loop.end_day(close, self.account, given.rules))
        return values

    # -- what the strategy is told, as its host does --

    def _start(self, now_ns: int) -> None:
        desk = self._desk
        desk.what, desk.now_ns, desk.warming, desk.blocked = "start", now_ns, True, False
        try:
            self._strategy.on_start(desk)
        except Exception as error:  # the engine, which runs it then, says where
            raise unfit_by(error) from error
        desk.taken()

    def _tell(self, bar: Bar, *, warming: bool) -> None:
        desk = self._desk
        desk.what, desk.now_ns, desk.warming, desk.blocked = bar, bar.end_ns, warming, False
        desk.position = desk.bought = desk.sold = _ZERO
        try:
            self._strategy.on_bar(desk, bar)
        except Exception as error:  # the engine, which runs it then, says where
            raise unfit_by(error) from error
        if warming and desk.touched:
            desk.taken()

    def _warm(self, day: _Day) -> None:
        """Tell of the bars up to the first one that it may act at."""
        while not self._ready:
            bar = next(self._following, None)
            if bar is None:
                return
            try:
                self._ready = self._given.first + self._live() >= self._host.warmup_bars
            except Exception as error:  # the engine, which runs it then, says where
                raise unfit_by(error) from error
            self._tell(bar, warming=not self._ready)
            if self._desk.touched:
                self._wanted = self._asked(bar, day)

    def _trade(self, day: _Day) -> None:
        """Tell of the other bars of a day: of each as little is done as can be."""
        desk, strategy, wanted, zero = self._desk, self._strategy, self._wanted, _ZERO
        position = self._position
        for bar in self._following:
            if wanted:
                self._fill(wanted, bar, day)
                position, wanted = self._position, 0
            desk.what, desk.now_ns, desk.position = bar, bar.end_ns, position
            desk.bought = desk.sold = zero  # what it asked for is filled, or was refused
            desk.warming = desk.blocked = False
            try:
                strategy.on_bar(desk, bar)
            except Exception as error:  # the engine, which runs it then, says where
                raise unfit_by(error) from error
            if desk.touched:
                wanted = self._asked(bar, day)
        self._wanted = wanted

    # -- what comes of it, as the engine does --

    def _asked(self, bar: Bar, day: _Day) -> int:
        """Return the shares that are to be filled as the next bar begins."""
        wish = self._desk.taken()
        if wish is None:
            return 0
        given, account, now_ns = self._given, self.account, bar.end_ns
        shares = shares_of(wish, account[POSITION])
        if abs(shares) > given.most:
            msg = "an order of more shares than pass"
            raise Unfit(msg)
        if now_ns - self._asked_ns < given.apart_ns:
            raise Unfit(FAST)
        self._asked_ns = now_ns
        if not account[POSITION]:
            close, is_open = given.prices.units(bar.close), given.is_open(day, now_ns)
            verdict = loop.judge(shares, close, now_ns, is_open, account, given.rules)
            if verdict < 0:
                raise Unfit(loop.STOPPED[-verdict])
            if verdict != loop.PASSES:
                return 0
        account[ORDERS] += 1
        self._qty = wish.qty
        return shares

    def _fill(self, shares: int, bar: Bar, day: _Day) -> None:
        given, account = self._given, self.account
        if not given.meets(day, self._asked_ns, bar.start_ns):
            raise Unfit(loop.STOPPED[loop.WAITS])
        self._position += self._qty if shares > 0 else -self._qty  # with its decimals, as told
        price = given.prices.paid(shares, bar)
        sec, taf, most = day.fees if shares < 0 else _NO_FEES
        fee = loop.fill(shares, price, bar.end_ns, sec, taf, most, account, given.rules)
        at = self._end - length_hint(self._following) - 1
        self.fills.append((at, shares, price, fee))
