"""A pair through the engine: money to the cent by the closed form, and nothing is foreseen."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robotrader.backtest import Engine, Setup, batches
from robotrader.domain.errors import StrategyError
from robotrader.domain.records import OrderIntended
from robotrader.performance import flat_trades
from robotrader.risk import Ratio, Usd
from robotrader.sizing import SizeKind, Sizer, SizeRule
from robotrader.strategies import (
    Pairs,
    PairsParams,
    Params,
    Spread,
    SpreadContext,
    SpreadHost,
    State,
    StopKind,
    StopRule,
)
from robotrader.venue import AlwaysOpen
from tests.robotrader.backtest.test_engine import CASH, KO, LIMITS, NAMES, bars, run
from tests.robotrader.strategies.kit import AAPL
from tests.robotrader.strategies.pairs_oracle import Oracle, series

if TYPE_CHECKING:
    from robotrader.backtest import Result
    from robotrader.domain import Bar

LEGS = (AAPL, KO)
PARAMS = PairsParams(lookback=30, entry=1.5, leave=0.3, stop=3.0, least_r2=0.2, qty=100)
COUNT = 240
WIDE = msgspec.structs.replace(
    LIMITS, short_needs_borrow=False, max_gross=Ratio(Decimal(5)), max_net=Ratio(Decimal(5)),
    max_order_usd=Usd(Decimal(10**9)),
)  # fmt: skip


def prices(closes: list[float], con_id: int) -> list[Bar]:
    """Each bar opens where the one before has closed."""
    opens = [closes[0], *closes[:-1]]
    rows = [(o, max(o, c), min(o, c), c) for o, c in zip(opens, closes, strict=True)]
    return bars(rows, con_id)


def known(seed: int, count: int = COUNT) -> dict[int, list[Bar]]:
    first, second = series(seed, COUNT)
    return {
        AAPL.con_id: prices(first[:count], AAPL.con_id),
        KO.con_id: prices(second[:count], KO.con_id),
    }


def pair(**more: object) -> SpreadHost:
    stop = more.pop("stop", StopRule())
    sizers = more.pop("sizers", ())
    assert isinstance(stop, StopRule)
    assert isinstance(sizers, tuple)
    params = msgspec.structs.replace(PARAMS, **more)
    return SpreadHost(
        Pairs(params), name="pairs/AAPL-KO", instruments=LEGS, sizers=sizers, stop=stop
    )


def ran(seed: int, count: int = COUNT, **more: object) -> Result:
    return run(known(seed, count), pair(**more), limits=WIDE)[0]


@settings(max_examples=8)
@given(st.integers(0, 2**32 - 1))
def test_a_pair_earns_what_the_closed_form_says(seed: int) -> None:
    """Wanted by polyfit, filled at the next open, which is this close: the sum of its moves."""
    result = ran(seed)
    first, second = series(seed, COUNT)
    wants = Oracle(PARAMS).wants(first, second)
    earned = Decimal(0)
    for at in range(COUNT - 2):  # what is wanted at the end is held one bar later
        for leg, closes in enumerate((first, second)):
            move = Decimal(str(closes[at + 1])) - Decimal(str(closes[at]))
            earned += wants[at][leg] * move
    held = wants[-2]
    earned += sum(
        (held[leg] * (Decimal(str(c[-1])) - Decimal(str(c[-2]))) for leg, c in
         enumerate((first, second))), Decimal(0),
    )  # fmt: skip
    equity = result.final.equity
    assert equity is not None
    assert equity - CASH == earned
    assert result.refusals == {}


@settings(max_examples=5)
@given(st.integers(0, 2**32 - 1), st.integers(40, COUNT - 1))
def test_what_comes_later_changes_nothing_before(seed: int, count: int) -> None:
    whole, cut = ran(seed), ran(seed, count)
    end_ns = known(seed)[AAPL.con_id][count - 1].end_ns

    def asked(result: Result) -> list[tuple[int, str, Decimal]]:
        return [
            (each.wall_ns, each.side, each.qty)
            for each in result.records
            if isinstance(each, OrderIntended) and each.wall_ns <= end_ns
        ]

    assert asked(whole) == asked(cut)


@settings(max_examples=5)
@given(st.integers(0, 2**32 - 1))
def test_a_leg_that_is_stopped_out_takes_the_other_with_it(seed: int) -> None:
    """Stops fire within a bar; the other leg is closed at the next open."""
    result = ran(seed, stop=StopRule(kind=StopKind.PERCENT, value=0.5))
    held: defaultdict[int, Decimal] = defaultdict(Decimal)
    alone = 0
    fills = [each.fill for each in result.fills]
    for one, other in pairwise(fills):
        held[one.con_id] += one.qty * (1 if one.side == "BUY" else -1)
        if one.time_ns != other.time_ns:
            alone = alone + 1 if sum(map(bool, held.values())) == 1 else 0
            assert alone <= 1, "no leg is alone at the ends of two fills' bars"
    last = sum(bool(each.qty) for each in result.final.positions.values())
    bar_ns = known(seed)[AAPL.con_id][-1].start_ns
    assert last != 1 or fills[-1].time_ns >= bar_ns
    trades = flat_trades(result.fills)
    by_leg = [sum(each.con_id == leg.con_id for each in trades) for leg in LEGS]
    assert abs(by_leg[0] - by_leg[1]) <= 1


@pytest.mark.parametrize("seed", range(2))
def test_both_legs_are_sized_together_and_neither_is_worth_more_than_its_share(seed: int) -> None:
    rule = SizeRule(kind=SizeKind.FIXED, fraction=1.0)
    share = 0.2
    sizers = tuple(Sizer(rule, share=share, instrument=each) for each in LEGS)
    result = ran(seed, qty=0, sizers=sizers)
    entries: defaultdict[int, list[OrderIntended]] = defaultdict(list)
    for each in result.records:
        if isinstance(each, OrderIntended) and not each.reduces:
            entries[each.wall_ns].append(each)
    assert entries, "it trades"
    closes = {con_id: {each.end_ns: each.close for each in own}
              for con_id, own in known(seed).items()}  # fmt: skip
    for at_ns, both in entries.items():
        assert sorted(each.con_id for each in both) == sorted(each.con_id for each in LEGS)
        worths = [float(each.qty) * closes[each.con_id][at_ns] for each in both]
        assert max(worths) <= share * 110_000
        assert max(worths) > share * 80_000, "the larger leg uses its share"


def test_a_leg_that_the_gate_refuses_leaves_none_alone() -> None:
    """The second leg is restricted: each entry ends with the first one's cancel."""
    refusing = msgspec.structs.replace(WIDE, restricted_symbols=frozenset({"KO"}))
    result, _ = run(known(3), pair(), limits=refusing)
    assert result.refusals
    positions = [each.qty for each in result.final.positions.values() if each.qty]
    assert positions == []
    orders = [each for each in result.records if isinstance(each, OrderIntended)]
    assert {each.con_id for each in orders} == {AAPL.con_id}
    assert result.fills == (), "the other leg's order is cancelled before the next bar"


# -- signals at once --


def at_once(seed: int, *, signals: bool, skip_quiet: bool = True) -> bytes:
    """Run a pair whose legs lack a bar now and then; return all that came of it."""
    dice = Random(seed)
    gone = {dice.randrange(COUNT): dice.choice(LEGS).con_id for _ in range(12)}
    told = {
        con_id: [bar for at, bar in enumerate(own) if gone.get(at) != con_id]
        for con_id, own in known(seed).items()
    }
    strict = msgspec.structs.replace(WIDE, max_orders_per_day=dice.choice((3, 10**6)))
    setup = Setup(instruments=LEGS, cash=CASH, limits=strict, sessions=AlwaysOpen())
    rule = dice.choice(
        (StopRule(), StopRule(kind=StopKind.PERCENT, value=0.5), StopRule(hold_s=3e5))
    )
    engine = Engine(setup, [pair(stop=rule)], skip_quiet=skip_quiet)
    if signals:
        engine.compute_signals(told)
    begin_ns = told[AAPL.con_id][dice.choice((0, 50))].start_ns
    whole = msgspec.structs.asdict(engine.run(batches(told, NAMES), begin_ns=begin_ns))
    del whole["setup"]
    return msgspec.json.encode(whole)


@pytest.mark.parametrize("seed", range(10))
def test_a_pair_that_is_told_its_signals_makes_the_same_run_to_the_byte(seed: int) -> None:
    plain = at_once(seed, signals=False)
    assert at_once(seed, signals=True) == plain
    assert at_once(seed, signals=True, skip_quiet=False) == plain
    assert b'"orders":0' not in plain


def test_rows_without_a_signal_are_passed_over_while_nothing_is_held() -> None:
    told: list[int] = []

    class Listens(Pairs):
        """Notes the rows that it decides on."""

        def on_signals(self, ctx: SpreadContext, bars: Any, signals: Any) -> None:
            told.append(bars[0].end_ns)
            super().on_signals(ctx, bars, signals)

    setup = Setup(instruments=LEGS, cash=CASH, limits=WIDE, sessions=AlwaysOpen())
    prices_of = known(1)

    def engine() -> Engine:
        return Engine(setup, [SpreadHost(Listens(PARAMS), name="p", instruments=LEGS)])

    engine().run(batches(prices_of, NAMES))
    every, told = told, []
    quick = engine()
    quick.compute_signals(prices_of)
    quick.run(batches(prices_of, NAMES))
    assert len(every) == COUNT
    assert len(told) < COUNT * 0.8
    assert set(told) < set(every)


def test_a_spread_without_signals_or_with_too_few_is_refused_with_what_to_do() -> None:
    class Plain(Spread[Params, State]):
        """Has no signals."""

    class Short(Pairs):
        """Has one row too few."""

        def signals(self, frames: Any) -> Any:
            return super().signals(frames)[1:]

    def compute(strategy: Spread[Any, Any]) -> Engine:
        setup = Setup(instruments=LEGS, cash=CASH, limits=WIDE, sessions=AlwaysOpen())
        engine = Engine(setup, [SpreadHost(strategy, name="p", instruments=LEGS)])
        engine.compute_signals(known(1, 50))
        return engine

    with pytest.raises(StrategyError, match=r"p has no signals\(frames\): run it without"):
        compute(Plain(Params()))
    with pytest.raises(StrategyError, match=r"Short made signals of shape \(49, 4\) of 50 rows"):
        compute(Short(PARAMS))
    with pytest.raises(StrategyError, match="row 51 is none that the signals were made of"):
        compute(Pairs(PARAMS)).run(batches(known(1), NAMES))
