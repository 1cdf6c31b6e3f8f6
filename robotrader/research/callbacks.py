"""One strategy's ``on_bar`` after another on the same bars, by the steps of ``loop``.

The strategy's own object is called with each bar, as its host would call it: history first, then
``on_start``, then the bars that are traded on, after the fill of what it asked for at the one
before. What it wants is judged, filled and counted by ``loop``'s own steps, in plain Python. What
they do not know is ``Unfit``: then the engine has to run it, with a strategy that is new.

At a bar that leads to nothing nothing is done but to call it. Prices, hours and fees are asked for
where there is an order: of the venue, in its own words, or as ``columns`` asks.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from robotrader.research import loop
from robotrader.research.accounted import figures_of_account
from robotrader.research.columns import apart_ns, check_setup, most_shares, rules_of, terms_of
from robotrader.research.lane import ZERO, Contract, Lane
from robotrader.research.loop import CASH, ORDERS, POSITION, SIZE
from robotrader.research.moves import Unfit, unfit_by
from robotrader.research.paid import DIGITS, Prices
from robotrader.research.window import Window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from robotrader.backtest import Setup
    from robotrader.domain import Bar
    from robotrader.performance import Track
    from robotrader.research.lane import Row
    from robotrader.research.trial import Figures
    from robotrader.research.window import Day
    from robotrader.strategies import StrategyHost


class Callbacks(Window):
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
        super().__init__(setup, bars, begin_ns)
        self.bars, self.prices = bars, Prices(setup)
        self.rules = rules_of(setup, name, self.first, DIGITS, terms_of(setup, self.days[0].day))
        self.contract = Contract(
            bars, self.first, self.rules, self.prices, most_shares(setup), apart_ns(setup.limits)
        )
        self.track: Track
        self.fills: list[Row] = []

    def figures(self, host: StrategyHost) -> Figures:
        """Return what the engine would make of a host that has not begun.

        Raises:
            Unfit: only the engine can; the strategy may have been told of some bars.
        """
        run = _Run(self, host)
        self.track = self.tracked(run.whole())
        self.fills = run.fills
        return figures_of_account(self.track, run.account, is_free=self.rules.is_free)


class _Run:
    """One strategy's way through the bars."""

    def __init__(self, given: Callbacks, host: StrategyHost) -> None:
        self._given, self._lane = given, Lane(host, given.contract, given)
        self.account: list[int] = [0] * SIZE
        loop.begin(self.account, given.rules)
        self.fills: list[Row] = []

    def whole(self) -> list[int]:
        """Run; return what the account is worth at the end of each day, in units."""
        given, lane, values = self._given, self._lane, []
        for bar in islice(given.bars, given.first):
            lane.tell(bar, warming=True)
        lane.start(given.bars[given.first].start_ns)
        for day in given.days:
            lane.following, lane.end = iter(given.bars[day.begin : day.end]), day.end
            self._warm(day)
            self._trade(day)
            close = given.prices.units(given.bars[day.end - 1].close)
            values.append(loop.end_day(close, self.account, given.rules))
        return values

    def _warm(self, day: Day) -> None:
        """Tell of the bars up to the first one that it may act at."""
        lane = self._lane
        while not lane.ready:
            bar = next(lane.following, None)
            if bar is None:
                return
            lane.look()
            lane.tell(bar, warming=not lane.ready)
            if lane.desk.touched:
                self._answer(bar, day)

    def _trade(self, day: Day) -> None:
        """Tell of the other bars of a day: of each as little is done as can be."""
        lane, desk, strategy, zero = self._lane, self._lane.desk, self._lane.strategy, ZERO
        wanted, position = lane.wanted, lane.position
        for bar in lane.following:
            if wanted:
                self.fills.append(lane.fill(bar, day, self.account))
                position, wanted = lane.position, 0
            desk.what, desk.now_ns, desk.position = bar, bar.end_ns, position
            desk.bought = desk.sold = zero  # what it asked for is filled, or was refused
            desk.warming = desk.blocked = False
            try:
                strategy.on_bar(desk, bar)
            except Exception as error:  # the engine, which runs it then, says where
                raise unfit_by(error) from error
            if desk.touched:
                wanted = self._answer(bar, day)

    def _answer(self, bar: Bar, day: Day) -> int:
        """Return the shares that are to be filled as the next bar begins."""
        given, account, lane, now_ns = self._given, self.account, self._lane, bar.end_ns
        shares = lane.wants(now_ns)
        if not shares:
            return 0
        if not account[POSITION]:
            close, is_open = given.prices.units(bar.close), given.is_open(day, now_ns)
            equity = float(account[CASH])
            verdict = loop.judge(shares, close, now_ns, is_open, equity, account, given.rules)
            if verdict < 0:
                raise Unfit(loop.STOPPED[-verdict])
            if verdict != loop.PASSES:
                return 0
        account[ORDERS] += 1
        lane.wanted = shares
        return shares
