"""Callbacks of several contracts on one account, each with a strategy of its own, by ``loop``.

As ``callbacks`` does it for one, and with the result of the engine, or ``Unfit``. Of bars that end
together first all orders fill, then all strategies are told, in the order of contracts, then all
that they want is judged, in that order (``shared``).
"""

from __future__ import annotations

from itertools import islice
from math import inf
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from robotrader.research.accounted import figures_of_account
from robotrader.research.batches import Stretch, cut, together
from robotrader.research.columns import check_setup, most_shares, rules_of, terms_of
from robotrader.research.lane import ZERO, Contract, Lane
from robotrader.research.moves import Unfit, unfit_by
from robotrader.research.paid import DIGITS, Prices
from robotrader.research.shared import Shared
from robotrader.research.window import Window
from robotrader.risk import budget_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from robotrader.backtest import Setup
    from robotrader.domain import Bar, Instrument
    from robotrader.performance import Track
    from robotrader.research.trial import Figures
    from robotrader.research.window import Day
    from robotrader.strategies import StrategyHost

_Row: TypeAlias = "tuple[Bar, ...]"


class Lanes(Window):
    """See the module's prose.

    Args:
        setup: the runs'.
        bars: of each of its contracts, as the engine has checked them; contracts are told in this
            order where their bars end together.
        begin_ns: what is before is history.

    Attributes:
        track: what the last run's account was worth at the end of each day.
        fills: the last run's, a row each: contract, bar, shares, price in units, commission in
            millionths.

    Raises:
        Unfit: it knows no run of that setup.
    """

    def __init__(self, setup: Setup, bars: Mapping[int, Sequence[Bar]], *, begin_ns: int) -> None:
        self._instruments = {each.con_id: each for each in setup.instruments}
        self._alone = {each: _alone(setup, one) for each, one in self._instruments.items()}
        if self._instruments.keys() != bars.keys():
            msg = "contracts without bars, or bars without a contract"
            raise Unfit(msg)
        _check(setup)
        self.bars = bars
        firsts, stretches = together(tuple(bars.values()))
        super().__init__(setup, firsts, begin_ns)
        batches = (self.first, *(day.end - day.begin for day in self.days))
        self.before, *self.plan = cut(stretches, batches)
        self.begins_ns = firsts[self.first].start_ns
        self._contracts: dict[tuple[int, str], Contract] = {}
        self.track: Track
        self.fills: list[tuple[int, int, int, int, int]] = []

    def figures(self, hosts: Sequence[StrategyHost]) -> Figures:
        """Return what the engine would make of hosts that have not begun, one for each contract.

        Raises:
            Unfit: only the engine can; strategies may have been told of some bars.
        """
        run = _Run(self, hosts)
        self.track = self.tracked(run.whole())
        self.fills = run.shared.fills
        return figures_of_account(self.track, run.shared.account, is_free=run.is_free)

    def contract(self, host: StrategyHost) -> Contract:
        """Return what a host's contract is to its strategy, by whose name some limits are."""
        key = host.instrument.con_id, host.name
        if key not in self._contracts:
            self._contracts[key] = self._made(*key)
        return self._contracts[key]

    def _made(self, con_id: int, name: str) -> Contract:
        setup, bars, limits = self._alone[con_id], self.bars[con_id], self.setup.limits
        place = list(self.bars).index(con_id)
        first = sum(count for places, count in self.before if place in places)
        rules = rules_of(setup, name, first, DIGITS, terms_of(setup, self.days[0].day))
        budget = budget_of(name)
        own = float(limits.max_strategy_weight.get(budget, inf))
        return Contract(
            bars=bars,
            first=first,
            # long and short positions may be nearer to each other than one of them to nothing
            rules=rules._replace(
                weight=min(own, *map(float, (limits.max_gross, limits.max_symbol_weight)))
            ),
            prices=Prices(setup),
            most=most_shares(setup),
            apart_ns=limits.duplicate_window_ms * 1_000_000,
            budget=budget,
            share=own,
            unit=float(rules.multiplier * 10**DIGITS),
        )


def _alone(setup: Setup, instrument: Instrument) -> Setup:
    """Return the setup of one of the contracts; raises ``Unfit`` if it is not known."""
    alone = msgspec.structs.replace(setup, instruments=(instrument,))
    check_setup(alone)
    return alone


def _check(setup: Setup) -> None:
    """Refuse limits of what contracts do together that are not added up; raises ``Unfit``."""
    limits = setup.limits
    unknown = {
        "a limit of cancelled orders": limits.max_cancel_ratio is not None,
        "a limit of correlations": limits.max_pair_correlation is not None,
    }
    for what, is_so in unknown.items():
        if is_so:
            raise Unfit(what)


class _Run:
    """The strategies' way through the bars."""

    def __init__(self, given: Lanes, hosts: Sequence[StrategyHost]) -> None:
        self._given = given
        own = {host.instrument.con_id: host for host in hosts}
        if (
            len({host.name for host in hosts}) != len(hosts)
            or len(own) != len(hosts)
            or own.keys() != given.bars.keys()
        ):
            msg = "other than one strategy for each contract"
            raise Unfit(msg)
        self._lanes = [Lane(own[each], given.contract(own[each]), given) for each in given.bars]
        for place, lane in enumerate(self._lanes):
            lane.place = place
        by_contract = dict(zip(given.bars, self._lanes, strict=True))
        self._starting = [by_contract[host.instrument.con_id] for host in hosts]
        self.is_free = self._lanes[0].contract.rules.is_free
        self.shared = Shared(given, self._lanes)

    def whole(self) -> list[int]:
        """Run; return what the account is worth at the end of each day, in units."""
        given, values = self._given, []
        for lanes, rows in self._passing(given.before):
            for row in rows:
                for lane, bar in zip(lanes, row, strict=True):
                    lane.tell(bar, warming=True)
        for lane in self._starting:
            lane.start(given.begins_ns)
        for day, stretches in zip(given.days, given.plan, strict=True):
            for lanes, rows in self._passing(stretches):
                self._trade(lanes, rows, day)
            values.append(self.shared.end_day())
        return values

    def _passing(self, stretches: Sequence[Stretch]) -> Iterator[tuple[list[Lane], Iterator[_Row]]]:
        """Yield the lanes of each stretch, and their bars, a batch each."""
        for places, count in stretches:
            lanes = [self._lanes[place] for place in places]
            yield lanes, zip(*(islice(each.following, count) for each in lanes), strict=True)

    def _trade(self, lanes: Sequence[Lane], rows: Iterator[_Row], day: Day) -> None:
        """Tell of the bars of a stretch: of each as little is done as can be."""
        asked: list[tuple[Lane, Bar]] = []
        desks, own, zero = [each.desk for each in lanes], [each.strategy for each in lanes], ZERO
        for row in rows:
            now_ns = row[0].end_ns
            for lane, desk, strategy, bar in zip(lanes, desks, own, row):  # noqa: B905 - true
                if not lane.rests and self._before(lane, bar, day):
                    continue
                desk.warming = desk.blocked = False
                desk.what, desk.now_ns, desk.position = bar, now_ns, lane.position
                desk.bought = desk.sold = zero  # what it asked for is filled, or was refused
                try:
                    strategy.on_bar(desk, bar)
                except Exception as error:  # the engine, which runs it then, says where
                    raise unfit_by(error) from error
                if desk.touched:
                    asked.append((lane, bar))
            if asked:
                self.shared.answer(asked, row, day)
                asked.clear()

    def _before(self, lane: Lane, bar: Bar, day: Day) -> bool:
        """Do what has to be done before a lane is told of a bar; return whether it was told."""
        if lane.wanted:
            self.shared.fill(lane, bar, day)
        if not lane.ready:
            lane.look()
            if not lane.ready:
                lane.tell(bar, warming=True)
        lane.rests = lane.ready
        return not lane.ready
