"""Each wrong strategy is caught by its check, the sound ones pass all, also those of the box."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from statistics import correlation
from typing import Any

import pytest

from robotrader.checks import Desk, Verdict, verdicts, walk, walks
from robotrader.checks.compare import difference
from robotrader.checks.desk import Decision
from robotrader.domain import Bar, Instrument
from robotrader.strategies import (
    Breakout,
    BreakoutParams,
    Context,
    MeanReversion,
    MeanReversionParams,
    Momentum,
    MomentumParams,
    Pairs,
    PairsParams,
    Params,
    SmaCross,
    SmaParams,
    SpreadHost,
    StopKind,
    StopRule,
    StrategyCrash,
    StrategyHost,
)
from robotrader.strategies.stops import NO_STOP
from tests.robotrader.checks import wrong
from tests.robotrader.strategies.kit import Does, M, bars

X = Instrument(con_id=1, symbol="X")
BARS = walk(X, 400, 1, size_ns=M)


def maker(kind: Any, params: Any = None) -> Callable[[], StrategyHost]:
    return lambda: StrategyHost(kind(params or Params()), name="s", instrument=X)


def found(kind: Any, params: Any = None, told: list[Bar] = BARS) -> dict[str, Verdict]:
    return {each.check: each for each in verdicts(maker(kind, params), told)}


@pytest.mark.parametrize(
    ("kind", "check", "says"),
    [
        (wrong.SeesCaller, "look-ahead", "with nothing known after 2024-01-02 .*decides"),
        (wrong.Remembers, "look-ahead", "it decides .* and not"),
        (wrong.Peeks, "signals", "with nothing known after .*, the signal of the bar .* is "),
        (wrong.ShortWarmUp, "warm-up", "100 bars are too few: it decides"),
        (wrong.CountsHistory, "warm-up", "7 bars are too few: it decides BUY"),
        (wrong.Chance, "determinism", "told again, it decides"),
        (wrong.Clock, "determinism", "told again, it decides"),
        (wrong.Forgets, "restart", "restarted at 2024-01-02 .*decides BUY entry MKT DAY 1"),
        (wrong.KeepsHalf, "restart", "restarted at 2024-01-02"),
    ],
)
def test_a_wrong_strategy_is_caught_by_its_check_with_the_first_difference(
    kind: Any, check: str, says: str
) -> None:
    verdict = found(kind)[check]
    assert verdict.ok is False
    assert re.search(says, verdict.said), verdict.said


def test_what_is_wrong_in_one_way_passes_the_checks_of_the_others() -> None:
    assert [each.check for each in found(wrong.Forgets).values() if not each.ok] == ["restart"]
    caught = [each.check for each in found(wrong.ShortWarmUp).values() if not each.ok]
    assert "warm-up" in caught
    assert not {"determinism", "look-ahead"} & set(caught)


def test_a_sound_strategy_passes_and_the_number_of_its_decisions_is_said() -> None:
    told = found(wrong.Sound)
    assert list(told) == ["look-ahead", "warm-up", "determinism", "restart"]
    assert all(each.ok for each in told.values())
    count = len(Desk(maker(wrong.Sound)).play(BARS))
    assert count > 50
    assert told["determinism"].said == f"two runs: {count} decisions the same"


def test_signals_that_are_computed_at_once_are_tried_where_there_are_any() -> None:
    told = found(SmaCross, SmaParams(fast=3, slow=8))
    assert told["signals"].ok
    assert told["signals"].said == "12 cuts of 400 bars: the same signals"
    assert "signals" not in found(wrong.Sound)


def test_a_strategy_that_decides_nothing_has_proven_nothing() -> None:
    told = found(wrong.Silent).values()
    assert {each.ok for each in told} == {None}
    assert all("nothing is proven" in each.said for each in told)


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        (SmaCross, SmaParams(fast=3, slow=8, short=True)),
        (Momentum, MomentumParams(lookback=15, short=True)),
        (Momentum, MomentumParams(measure="macd", fast=3, slow=6, signal=3, short=True)),
        (Momentum, MomentumParams(lookback=15, least_adx=20.0, adx=5, stop_percent=3.0)),
        (MeanReversion, MeanReversionParams(measure="zscore", length=10, short=True)),
        (MeanReversion, MeanReversionParams(measure="bollinger", length=10, stop_percent=2.0)),
        (MeanReversion, MeanReversionParams(measure="rsi", length=5, short=True)),
        (MeanReversion, MeanReversionParams(measure="stochastic", length=10, trend=30)),
        (MeanReversion, MeanReversionParams(measure="cci", length=10, short=True)),
        (MeanReversion, MeanReversionParams(measure="williams", length=10, short=True)),
        (MeanReversion, MeanReversionParams(measure="mfi", length=7, short=True)),
        (Breakout, BreakoutParams(entry=10, leave=5, short=True)),
        (Breakout, BreakoutParams(channel="keltner", entry=5, atr=4, atr_stop=2.0, short=True)),
        (Breakout, BreakoutParams(channel="bollinger", entry=10, stop_percent=2.0)),
    ],
    ids=lambda each: each.__name__ if isinstance(each, type) else "",
)
@pytest.mark.parametrize("seed", [3, 4])
def test_every_strategy_of_the_box_passes_every_check(kind: Any, params: Any, seed: int) -> None:
    told = walk(X, 400, seed, size_ns=M)
    assert [each for each in found(kind, params, told).values() if not each.ok] == []


def test_too_few_bars_for_a_warm_up_are_refused_with_the_number_that_it_takes() -> None:
    with pytest.raises(ValueError, match="20 bars for a warm-up of 30: give at least 62"):
        verdicts(maker(SmaCross, SmaParams()), BARS[:20])


def test_a_strategy_that_raises_is_named_with_its_bar() -> None:
    def fails(ctx: Context, bar: Bar) -> None:
        raise ZeroDivisionError

    with pytest.raises(StrategyCrash, match="on_bar of X at"):
        verdicts(lambda: StrategyHost(Does(fails), name="s", instrument=X), BARS)


def test_numbers_may_differ_by_the_tolerance_and_words_never() -> None:
    one, near, far = (Decision(1, ("BUY",), (10.0, each)) for each in (5.0, 5.000001, 5.1))
    assert not difference([one], [near], 1e-6)
    assert "decides BUY 10 5 at 1970" in difference([one], [far], 1e-6)
    assert difference([one], [Decision(1, ("SELL",), (10.0, 5.0))], 1.0)
    assert "decides nothing and not BUY" in difference([], [one], 1.0)


# -- several legs --

LEGS = (X, Instrument(con_id=2, symbol="Y"))
ROWS = walks(LEGS, 900, 1, size_ns=M)
PAIR = PairsParams(lookback=30, entry=1.5, leave=0.3, stop=3.0, least_r2=0.2)


def legs(kind: type[Pairs], stop: StopRule = NO_STOP) -> dict[str, Verdict]:
    def make() -> SpreadHost:
        return SpreadHost(kind(PAIR), name="p", instruments=LEGS, stop=stop)

    return {each.check: each for each in verdicts(make, ROWS)}


def test_a_pair_passes_every_check_and_is_told_row_by_row() -> None:
    told = legs(Pairs)
    assert list(told) == ["look-ahead", "signals", "warm-up", "determinism", "restart"]
    assert [each for each in told.values() if not each.ok] == []
    guarded = legs(Pairs, StopRule(kind=StopKind.PERCENT, value=1.0))
    assert [each for each in guarded.values() if not each.ok] == []


@pytest.mark.parametrize(
    ("kind", "check", "says"),
    [
        (wrong.PairPeeks, "signals", "the signal of the bar .* is "),
        (wrong.PairForgets, "restart", "decides .* MKT DAY [XY] "),
        (wrong.PairShort, "warm-up", "20 bars are too few"),
    ],
)
def test_a_wrong_pair_is_caught_by_its_check(kind: Any, check: str, says: str) -> None:
    verdict = legs(kind)[check]
    assert verdict.ok is False
    assert re.search(says, verdict.said), verdict.said


def test_walks_go_together_and_each_row_ends_at_one_time() -> None:
    assert all(row[0].end_ns == row[1].end_ns for row in ROWS)
    moves = [[after[leg].close - before[leg].close for before, after in pairwise(ROWS)]
             for leg in (0, 1)]  # fmt: skip
    assert 0.3 < correlation(*moves) < 0.99
    assert walks(LEGS, 900, 1, size_ns=M) == ROWS
    assert [row[0] for row in ROWS] == walk(X, 900, 1, size_ns=M)


# -- the desk --


def played(
    script: dict[int, Callable[[Context], object]], told: list[Bar]
) -> list[tuple[Any, Any]]:
    """Return what a strategy with this script was told of its fills."""
    fills: list[tuple[Any, Any]] = []

    class Scripted(Does):
        def on_bar(self, ctx: Context, bar: Bar) -> None:
            at = told.index(bar)
            if at in script:
                script[at](ctx)

        def on_fill(self, ctx: Context, fill: Any) -> None:
            fills.append((int(fill.qty) * fill.side.sign, float(fill.price)))

    Desk(lambda: StrategyHost(Scripted(), name="s", instrument=X)).play(told)
    return fills


def shaped(*rows: tuple[float, float, float, float]) -> list[Bar]:
    made = bars([row[3] for row in rows])
    return [
        Bar(1, bar.start_ns, bar.end_ns, *row, 100.0) for bar, row in zip(made, rows, strict=True)
    ]


FLAT = (10.0, 10.0, 10.0, 10.0)


def test_the_desk_fills_at_the_next_open_and_stops_at_their_price_or_in_a_gap() -> None:
    told = shaped(FLAT, (11.0, 12.0, 11.0, 12.0), (12.0, 12.0, 8.0, 9.0), FLAT)
    buy = {0: lambda ctx: ctx.buy(5, stop=9.5)}
    assert played(buy, told) == [(5, 11.0), (-5, 9.5)]
    gap = shaped(FLAT, FLAT, (8.0, 8.0, 7.0, 7.0))
    assert played(buy, gap) == [(5, 10.0), (-5, 8.0)]


def test_the_desk_takes_profits_fills_limits_when_reached_and_forgets_what_is_cancelled() -> None:
    told = shaped(FLAT, FLAT, (10.0, 13.0, 10.0, 12.0), FLAT)
    assert played({0: lambda ctx: ctx.buy(5, take_profit=12.0)}, told) == [(5, 10.0), (-5, 12.0)]
    assert played({0: lambda ctx: ctx.buy(5, limit=12.5)}, told) == [(5, 12.5)]
    cancelled = {0: lambda ctx: ctx.buy(5, limit=12.5), 1: lambda ctx: ctx.cancel()}
    assert played(cancelled, told) == []


def test_the_desk_rings_timers_and_moves_stops() -> None:
    rung: list[str] = []
    told = bars([10.0] * 5)
    timed = Does(lambda ctx, bar: ctx.timer("t", 90.0), timer=lambda ctx, name: rung.append(name))
    decisions = Desk(lambda: StrategyHost(timed, name="s", instrument=X)).play(told)
    assert decisions == []
    assert rung == [], "each bar asks anew, 90 s ahead"
    moved = {0: lambda ctx: ctx.buy(5, stop=8.0), 1: lambda ctx: ctx.move_stop(9.5)}
    falls = shaped(FLAT, FLAT, (10.0, 10.0, 9.0, 9.0))
    assert played(moved, falls) == [(5, 10.0), (-5, 9.5)]


def test_no_bars_are_no_decisions() -> None:
    assert Desk(maker(wrong.Silent)).play([]) == []
