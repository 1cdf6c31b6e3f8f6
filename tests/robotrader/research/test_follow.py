"""What the loop of sweeps makes of a strategy is what the engine makes of it, trade by trade."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.adapters.compiled import compiled
from robotrader.backtest import Engine, Setup, batches
from robotrader.domain import Bar
from robotrader.research import Follower, Tables, Unfit, columns_of, loop
from robotrader.strategies import (
    Context,
    Frame,
    Params,
    SmaCross,
    SmaParams,
    State,
    Strategy,
    StrategyHost,
)
from robotrader.strategies.crossing import sides
from robotrader.strategies.signals import MOST_KEPT
from robotrader.venue import (
    AlwaysOpen,
    FixedPlan,
    OrderCharges,
    TieredPlan,
)
from tests.examples import times
from tests.robotrader.research.runs import (
    CASH,
    MINUTE_NS,
    NAMES,
    OPEN,
    STOCK,
    TABLE,
    UNKNOWN,
    figures_of_run,
    filled,
    fills_of,
    setup_of,
    walk,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from robotrader.backtest import Result
    from robotrader.research.follow import Loops
    from robotrader.strategies.signals import Floats


class Follows(Params, frozen=True):
    """What there is to choose: shares, and how it behaves."""

    qty: int = 10
    short: bool = False
    stubborn: bool = False
    patient: bool = False
    seed: int = 0


class Memory(State):
    """What it did last."""

    side: int = 0
    tries: int = 0


class Levels(Strategy[Follows, Memory]):
    """Follows levels from -2 to 2 in one of several ways."""

    @property
    def warmup_bars(self) -> int:
        """Some."""
        return self.params.seed % 40

    def signals(self, frame: Frame) -> Floats:
        """Return levels that stay for a while, and are not known now and then."""
        dice = np.random.default_rng(self.params.seed)
        size = len(frame.close)
        fresh = dice.integers(-2, 3, size).astype(np.float64)
        fresh[dice.random(size) < 0.05] = np.nan
        stays = dice.random(size) > dice.choice([0.02, 0.1, 0.5])
        stays[0] = False
        return fresh[np.maximum.accumulate(np.where(stays, 0, np.arange(size)))]

    def on_signal(self, ctx: Context, _bar: Bar, signal: float) -> None:
        """Enter above 0, leave at 0 and below, go short below -1 where that is allowed."""
        if np.isnan(signal):
            return
        state, it = self.state, self.params
        if ctx.position and (signal > 0) != (ctx.position > 0):
            ctx.close(f"{signal}")
        elif not ctx.position and not ctx.warming:
            if signal > 0 and (it.stubborn or state.side != int(signal)):
                if it.patient and state.tries < 2:
                    state.tries += 1
                    ctx.log("wait")
                    return
                ctx.buy(it.qty)
                state.tries = 0
            elif signal < -1 and it.short:
                ctx.target(-it.qty)
        state.side = int(signal)


def params_of(dice: Random, seed: int) -> Follows:
    return Follows(
        qty=dice.choice((1, 10, 37, 150)),
        short=dice.random() < 0.5,
        stubborn=dice.random() < 0.4,
        patient=dice.random() < 0.3,
        seed=seed,
    )


def case(seed: int, count: int = 700) -> tuple[Setup, list[Bar], Follows, int]:
    dice = Random(seed)
    sessions = TABLE if dice.random() < 0.6 else AlwaysOpen()
    setup = setup_of(dice, sessions)
    bars = walk(dice, count, sessions, ticks=dice.choice((2, 2, 3)))
    begin_ns = bars[dice.choice((0, 0, 100))].start_ns
    return setup, bars, params_of(dice, seed), begin_ns


def host_of(params: Follows) -> StrategyHost:
    return StrategyHost(Levels(params), name="f/ABC", instrument=STOCK)


def by_engine(setup: Setup, bars: list[Bar], params: Follows, begin_ns: int) -> Result:
    engine = Engine(setup, [host_of(params)])
    engine.compute_signals({7: bars})
    return engine.run(batches({7: bars}, NAMES), begin_ns=begin_ns)


def compare(seed: int, loops: Loops, count: int = 700) -> tuple[int, dict[str, int]]:
    """Compare one random case; return how many fills were equal, and what was refused."""
    setup, bars, params, begin_ns = case(seed, count)
    result = by_engine(setup, bars, params, begin_ns)
    made = Follower(setup, bars, begin_ns=begin_ns, name="f/ABC", loops=loops, rows=count)
    host = host_of(params)
    figures = made.figures(host, made.signals(host.strategy))
    theirs = fills_of(result, bars)
    ours = filled(made.fills[: len(theirs) + 1].tolist(), made.columns.digits)
    assert ours == theirs
    assert msgspec.json.encode(figures) == msgspec.json.encode(figures_of_run(result))
    return len(theirs), result.refusals


def differs(seeds: range, loops: Loops, count: int) -> tuple[int, set[str], list[str]]:
    """Compare cases; return how many fills there were, what refused, and what the loop left."""
    fills, refused, left = 0, set[str](), []
    for seed in seeds:
        try:
            found, refusals = compare(seed, loops, count)
        except Unfit as unfit:
            left.append(str(unfit))
        else:
            fills += found
            refused |= refusals.keys()
    return fills, refused, left


def test_the_loop_makes_the_engines_fills_and_figures() -> None:
    """The loop as it is written, without a compiler."""
    fills, refused, left = differs(range(12), loop, 250)
    assert fills > 30
    assert len(refused) > 3
    assert set(left) <= set(loop.STOPPED.values()), "the engine runs those"


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Loops:
    """The loop, compiled, with a cache of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        made = compiled()
    assert made is not None, "numba is in the development locks"
    return made


@pytest.mark.deep
def test_the_compiled_loop_makes_the_engines_fills_and_figures(machine: Loops) -> None:
    """Hundreds of random strategies, prices, sizes, costs, hours and limits."""
    fills, refused, left = differs(range(1_000, 1_600), machine, 700)
    assert fills > 5_000
    assert refused >= {"session", "order_usd", "drawdown", "daily_loss", "losses", "rate_day",
                       "short", "cooldown", "position_weight", "strategy"}  # fmt: skip
    assert len(left) < 30, "what is near a limit to the last digits is rare"


@pytest.mark.deep
def test_the_compiled_loop_is_the_loop_and_is_kept_in_the_users_cache(
    machine: Loops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same numbers, and files where the cache was said to be."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    again = compiled()
    assert again is not None
    assert list((tmp_path / "robotrader" / "numba").rglob("*.nbi"))
    for seed in range(20):
        setup, bars, params, begin_ns = case(seed, 200)
        made = []
        for loops in (loop, machine, again):
            one = Follower(setup, bars, begin_ns=begin_ns, name="f/ABC", loops=loops, rows=200)
            host = host_of(params)
            made.append((one.figures(host, one.signals(host.strategy)), one.fills.tolist()))
        assert made[0] == made[1] == made[2]


@times(2)
@given(
    qty=st.integers(1, 20_000),
    cents=st.integers(1, 90_000),
    sells=st.booleans(),
    day=st.dates(date(2005, 1, 1), date(2026, 6, 1)),
    plan=st.sampled_from((FixedPlan(), TieredPlan(), TieredPlan(Decimal(5_000_000)))),
)
def test_what_an_order_costs_is_what_the_plan_charges_to_the_last_digit(
    qty: int, cents: int, sells: bool, day: date, plan: FixedPlan | TieredPlan
) -> None:
    price = Decimal(cents).scaleb(-2)
    charged = plan.charge(qty=Decimal(qty), price=price, sell=sells, day=day, before=OrderCharges())
    setup = Setup(instruments=(STOCK,), cash=Decimal(1), limits=OPEN, sessions=AlwaysOpen(),
                  plan=plan)  # fmt: skip
    at_ns = int(datetime.combine(day, time(12), UTC).timestamp()) * 1_000_000_000
    bar = Bar(
        7, at_ns, at_ns + MINUTE_NS, float(price), float(price), float(price), float(price), 1
    )
    made = columns_of(setup, [bar], Frame.of(7, [bar]), begin_ns=0, name="f")
    value = qty * int(made.market.bars[0, loop.CLOSE])
    assert made.days == (day,)
    sec, taf, most = made.market.days[0, loop.SEC :].tolist() if sells else (0, 0, 0)
    found = loop.charge(qty, value, sec, taf, most, made.rules)
    assert Decimal(found).scaleb(-6) == charged


class Glances(Strategy[Follows, Memory]):
    """Does what its seed says, all of which a table cannot know."""

    def signals(self, frame: Frame) -> Floats:
        return np.sign(np.sin(np.arange(len(frame.close))))

    def on_signal(self, ctx: Context, bar: Bar, signal: float) -> None:
        ways: list[Callable[[], object]] = [
            lambda: bar.close > 3 and ctx.buy(1),
            lambda: ctx.buy(1, limit=bar.close),
            lambda: ctx.buy(1, stop=1.5),
            lambda: ctx.now_ns,
            lambda: ctx.timer("later", 5.0),
            lambda: (ctx.buy(1), ctx.close()),
            lambda: ctx.buy(1) if ctx.position >= 0 else None,
            lambda: ctx.sell(1) if ctx.position else ctx.buy(2),
            lambda: setattr(self, "hidden", 1),
            lambda: self.unknown,  # type: ignore[attr-defined]  # which is the point
            lambda: ctx.equity,  # type: ignore[attr-defined]  # as above
            lambda: setattr(self.state, "tries", self.state.tries + 1),
            lambda: math.log(bar.close),
            lambda: ctx.buy(0.5),
            ctx.buy,
        ]
        ways[self.params.seed]()


@pytest.mark.parametrize("seed", range(15))
def test_who_looks_at_more_than_signal_state_and_position_is_left_to_the_engine(seed: int) -> None:
    """Each way of knowing more is seen, and said."""
    setup = Setup(instruments=(STOCK,), cash=CASH, limits=OPEN, sessions=AlwaysOpen())
    bars = walk(Random(1), 50, AlwaysOpen(), ticks=2)
    made = Follower(setup, bars, begin_ns=0, name="f")
    host = StrategyHost(Glances(Follows(seed=seed)), name="f/ABC", instrument=STOCK)
    with pytest.raises(Unfit, match=r"\w"):
        made.figures(host, made.signals(host.strategy))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        *UNKNOWN,
        ({"limits": msgspec.structs.replace(OPEN, max_orders_per_min=0)}, "so fast"),
    ],
)
def test_a_setup_that_the_loop_does_not_know_is_said(changes: dict[str, Any], why: str) -> None:
    setup = Setup(instruments=(STOCK,), cash=CASH, limits=OPEN, sessions=AlwaysOpen())
    bars = walk(Random(1), 50, AlwaysOpen(), ticks=2)
    with pytest.raises(Unfit, match=why):
        Follower(msgspec.structs.replace(setup, **changes), bars, begin_ns=0, name="f")


def test_one_table_serves_all_that_are_alike_in_what_is_read() -> None:
    """Lengths of averages are not read by who follows a signal; whether it sells short is."""
    tables = Tables(STOCK)
    one = tables.of(SmaCross(SmaParams(fast=3, slow=9)))
    one.learn([1.0, 0.0, -1.0])
    assert tables.of(SmaCross(SmaParams(fast=5, slow=70))) is one
    assert tables.of(SmaCross(SmaParams(fast=3, slow=9, short=True))) is not one
    assert one.read == {"short": False, "stop_percent": None, "qty": 100}


def test_averages_that_are_shared_are_those_that_are_computed_alone() -> None:
    frame = Frame.of(7, walk(Random(5), 400, AlwaysOpen(), ticks=2))
    shared = [sides(frame.close, fast, 30, frame.once) for fast in (3, 7, 3)]
    alone = [sides(frame.close, fast, 30) for fast in (3, 7, 3)]
    assert np.array_equal(shared, alone, equal_nan=True)
    assert set(frame.kept) == {("closes",), ("sma", 3), ("sma", 7), ("sma", 30)}


def test_a_frame_forgets_what_it_kept_first() -> None:
    frame = Frame.of(7, walk(Random(5), 10, AlwaysOpen(), ticks=2))
    for each in range(MOST_KEPT + 1):
        assert frame.once(each, partial(str, each)) == str(each)
    assert len(frame.kept) == MOST_KEPT
    assert 0 not in frame.kept
