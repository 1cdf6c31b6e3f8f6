"""A callback that is followed is told, fills and ends as in the engine, or it is said why not."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from robotrader.backtest import Setup
from robotrader.research import Callbacks, Unfit, columns_of, loop
from robotrader.research.paid import DIGITS
from robotrader.strategies import (
    Breakout,
    BreakoutParams,
    Frame,
    MeanReversion,
    MeanReversionParams,
    Momentum,
    MomentumParams,
    Params,
    SmaCross,
    SmaParams,
    Strategy,
    StrategyHost,
)
from tests.robotrader.research.moody import case, same
from tests.robotrader.research.runs import (
    CASH,
    OPEN,
    STOCK,
    TABLE,
    walk,
)

if TYPE_CHECKING:
    pass

SHIPPED = (
    (SmaCross, SmaParams), (Momentum, MomentumParams), (MeanReversion, MeanReversionParams),
    (Breakout, BreakoutParams),
)  # fmt: skip


def differs(seeds: range, count: int) -> tuple[int, set[str], Counter[str]]:
    """Compare cases; return how many fills there were, what refused, and what was left."""
    fills, refused, left = 0, set[str](), Counter[str]()
    for seed in seeds:
        try:
            found, refusals = same(*case(seed, count))
        except Unfit as unfit:
            left[str(unfit)] += 1
        except BaseException as error:
            error.add_note(f"seed {seed}, {count} bars: same(*case(seed, count)) replays it")
            raise
        else:
            fills += found
            refused |= refusals.keys()
    return fills, refused, left


def test_callbacks_see_fill_and_end_as_in_the_engine() -> None:
    fills, refused, left = differs(range(25), 250)
    assert fills > 300
    assert len(refused) > 3
    assert set(left) <= set(loop.STOPPED.values()), "the engine runs those"
    assert left.total() < 8


@pytest.mark.deep
@pytest.mark.timeout(1200)
def test_hundreds_of_callbacks_see_fill_and_end_as_in_the_engine() -> None:
    """Random strategies, prices, sizes, costs, hours and limits."""
    fills, refused, left = differs(range(1_000, 1_500), 700)
    assert fills > 5_000
    assert refused >= {"session", "order_usd", "drawdown", "daily_loss", "losses", "rate_day",
                       "short", "cooldown", "position_weight", "strategy"}  # fmt: skip
    assert set(left) <= set(loop.STOPPED.values())
    assert left.total() < 100


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("kind", "params"), SHIPPED)
def test_the_shipped_strategies_are_followed(
    kind: type[Strategy[Any, Any]], params: type[Params], seed: int
) -> None:
    """By their ``on_bar``, long and short, with lengths that trade in a few hundred bars."""
    lengths = {
        SmaParams: {"fast": 3, "slow": 9}, MomentumParams: {"lookback": 9},
        MeanReversionParams: {"length": 8, "entry": 1.0},
        BreakoutParams: {"channel": "bollinger", "entry": 6, "width": 0.5},
    }[params]  # fmt: skip
    given = params(**lengths, qty=10, short=seed % 2 == 1)  # type: ignore[arg-type]
    bars = walk(Random(seed), 400, TABLE, ticks=2)
    setup = Setup(instruments=(STOCK,), cash=CASH, limits=OPEN, sessions=TABLE)
    one, other = (StrategyHost(kind(given), name="f/ABC", instrument=STOCK) for _ in range(2))
    fills, _ = same(setup, bars, bars[60].start_ns, one, other)
    assert fills > 3


def test_a_run_is_the_same_each_time() -> None:
    setup, bars, begin_ns, one, other = case(3, 300)
    made = Callbacks(setup, bars, begin_ns=begin_ns, name="f/ABC")
    first = made.figures(one), made.fills
    assert first == (made.figures(other), made.fills)
    assert first[1]


@pytest.mark.parametrize("seed", range(8))
def test_hours_and_prices_are_those_of_the_columns(seed: int) -> None:
    """What is asked bar by bar is what columns have for all of them at once."""
    setup, bars, begin_ns, _, _ = case(100 + seed, 300)
    made = Callbacks(setup, bars, begin_ns=begin_ns, name="f/ABC")
    theirs = columns_of(setup, bars, Frame.of(7, bars), begin_ns, "f/ABC")
    rows, more = theirs.market.bars.tolist(), 10 ** (DIGITS - theirs.digits)
    assert theirs.days == tuple(each.day for each in made.days)
    for today, day in enumerate(made.days):
        assert tuple(theirs.market.days[today].tolist()) == (day.end - 1, *day.fees)
        for at in range(day.begin, day.end):
            row, bar, before = rows[at], bars[at], bars[at - 1]
            assert row[loop.DAY] == today
            assert made.is_open(day, bar.end_ns) == row[loop.OPEN]
            if at > made.first:
                meets = made.meets(day, before.end_ns, bar.start_ns)
                assert meets == rows[at - 1][loop.FILLS]
            assert made.prices.units(bar.close) == row[loop.CLOSE] * more
            assert made.prices.paid(1, bar) == row[loop.BUYS] * more
            assert made.prices.paid(-1, bar) == row[loop.SELLS] * more
