"""What of callbacks is left to the engine, and that it is said why."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from robotrader.backtest import Setup
from robotrader.domain import Bar, TimeInForce
from robotrader.research import Callbacks, Unfit
from robotrader.research.paid import Prices
from robotrader.risk import Limits, Ratio, Usd
from robotrader.strategies import Context, Strategy, StrategyHost
from robotrader.strategies.stops import StopKind, StopRule
from robotrader.venue import AlwaysOpen
from tests.robotrader.research.moody import Memory, Mood, Moody, same
from tests.robotrader.research.planned import flat
from tests.robotrader.research.runs import CASH, MINUTE_NS, OPEN, STOCK, UNKNOWN, walk

if TYPE_CHECKING:
    from collections.abc import Callable

    from robotrader.strategies import Fill


class Glances(Strategy[Mood, Memory]):
    """Does what its seed says as soon as it can, and then the opposite."""

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        ways: dict[str, Callable[[], object]] = {
            "limit": lambda: ctx.buy(1, limit=bar.close),
            "stop": lambda: ctx.buy(1, stop=1.5),
            "profit": lambda: ctx.buy(1, take_profit=1e4),
            "trail": lambda: ctx.buy(1, trail_percent=2.0),
            "till": lambda: ctx.buy(1, tif=TimeInForce.GTC),
            "timer": lambda: ctx.timer("later", 5.0),
            "adds": lambda: ctx.buy(1),
            "part": lambda: ctx.sell(1) if ctx.position else ctx.buy(2),
            "two": lambda: (ctx.buy(1), ctx.close()) if ctx.position else ctx.buy(1),
            "move": lambda: ctx.move_stop(bar.close / 2) if ctx.position else ctx.buy(1),
            "much": lambda: ctx.buy(10**7),
            "half": lambda: ctx.buy(0.5),
            "none": ctx.buy,
            "fails": lambda: 1 / 0,
        }
        ways[list(ways)[self.params.seed]]()


WHY = (
    "it wants more than market orders", "it wants more than market orders",
    "it wants more than market orders", "it wants more than market orders",
    "it wants more than market orders", "more than one order", "it adds to a position",
    "it adds to a position, or leaves a part", "more than one order", "more than one order",
    "more shares than pass", "ValueError: a quantity of 0.5", "ValueError: no size",
    "ZeroDivisionError",
)  # fmt: skip


@pytest.mark.parametrize(("seed", "why"), list(enumerate(WHY)))
def test_what_is_not_an_order_in_or_out_is_left_to_the_engine(seed: int, why: str) -> None:
    setup = Setup(instruments=(STOCK,), cash=CASH, limits=OPEN, sessions=AlwaysOpen())
    bars = walk(Random(1), 50, AlwaysOpen(), ticks=2)
    made = Callbacks(setup, bars, begin_ns=0, name="f")
    with pytest.raises(Unfit, match=why):
        made.figures(StrategyHost(Glances(Mood(seed=seed)), name="f", instrument=STOCK))


class Listens(Strategy[Mood, Memory]):
    """Wants to hear of its fills."""

    def on_fill(self, ctx: Context, fill: Fill) -> None:
        """Listen."""


class Cheats(Strategy[Mood, Memory]):
    """Writes into what it is told."""

    def on_bar(self, ctx: Context, _bar: Bar) -> None:
        """Say what it has; it is told anew at the next bar."""
        if not ctx.position:
            ctx.buy(10)
        ctx.position, ctx.bought, ctx.warming = Decimal(5), Decimal(7), True


def simple() -> tuple[Setup, list[Bar]]:
    setup = Setup(instruments=(STOCK,), cash=CASH, limits=OPEN, sessions=AlwaysOpen())
    return setup, walk(Random(1), 50, AlwaysOpen(), ticks=2)


def test_who_listens_to_fills_is_left_to_the_engine() -> None:
    setup, bars = simple()
    made = Callbacks(setup, bars, begin_ns=0, name="f")
    for host in (
        StrategyHost(Listens(Mood()), name="f", instrument=STOCK),
        StrategyHost(Moody(Mood()), name="f", instrument=STOCK),
    ):
        if isinstance(host.strategy, Moody):
            setattr(host.strategy, "on_fill", print)  # noqa: B010 - an object's own
        with pytest.raises(Unfit, match="method of its own: on_fill"):
            made.figures(host)


def test_what_a_strategy_writes_into_its_context_is_forgotten_as_by_its_host() -> None:
    setup, bars = simple()
    one, other = (StrategyHost(Cheats(Mood()), name="f/ABC", instrument=STOCK) for _ in range(2))
    assert same(setup, bars, 0, one, other)[0] == 1


def test_a_host_with_sizes_or_stops_or_a_past_is_left_to_the_engine() -> None:
    setup, bars = simple()
    made = Callbacks(setup, bars, begin_ns=0, name="f")
    for rule in (StopRule(kind=StopKind.PERCENT, value=2.0), StopRule(hold_s=60.0),
                 StopRule(take_profit=3.0)):  # fmt: skip
        host = StrategyHost(Moody(Mood()), name="f", instrument=STOCK, stop=rule)
        with pytest.raises(Unfit, match="sizes or stops"):
            made.figures(host)
    host = StrategyHost(Moody(Mood()), name="f", instrument=STOCK)
    host.bar(bars[0])
    with pytest.raises(Unfit, match="has begun"):
        made.figures(host)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        *UNKNOWN,
        ({"cash": Decimal(10) ** 12}, "amounts of more digits"),
    ],
)
def test_a_setup_that_the_steps_do_not_know_is_said(changes: dict[str, Any], why: str) -> None:
    setup, bars = simple()
    with pytest.raises(Unfit, match=why):
        Callbacks(msgspec.structs.replace(setup, **changes), bars, begin_ns=0, name="f")


def test_a_window_without_bars_is_said() -> None:
    setup, bars = simple()
    with pytest.raises(Unfit, match="no bar in the window"):
        Callbacks(setup, bars, begin_ns=bars[-1].end_ns, name="f")
    with pytest.raises(Unfit, match="no bar in the window"):
        Callbacks(setup, [], begin_ns=0, name="f")


def test_orders_that_follow_each_other_too_fast_are_left_to_the_engine() -> None:
    """Of bars that are as far apart as that only those count at which something is asked for."""
    setup, bars = simple()
    limits: Limits = msgspec.structs.replace(OPEN, duplicate_window_ms=100 * MINUTE_NS // 10**6)
    made = Callbacks(msgspec.structs.replace(setup, limits=limits), bars, begin_ns=0, name="f")
    made.figures(StrategyHost(Moody(Mood(often=0.0)), name="f", instrument=STOCK))
    with pytest.raises(Unfit, match="so fast"):
        made.figures(StrategyHost(Moody(Mood(often=1.0)), name="f", instrument=STOCK))


@pytest.mark.parametrize("limit", ["max_orders_per_s", "max_orders_per_min"])
def test_limits_in_time_that_pass_no_order_are_left_to_the_engine(limit: str) -> None:
    """Also the first order."""
    setup, bars = simple()
    limits: Limits = msgspec.structs.replace(OPEN, **{limit: 0})
    made = Callbacks(msgspec.structs.replace(setup, limits=limits), bars, begin_ns=0, name="f")
    with pytest.raises(Unfit, match="so fast"):
        made.figures(StrategyHost(Moody(Mood(often=1.0)), name="f", instrument=STOCK))


def test_a_cheap_contract_that_is_sold_short_binds_all_that_it_is_worth() -> None:
    """By its price for a share; one of ten shares is worth more than the least that is bound."""
    ten = msgspec.structs.replace(STOCK, multiplier=10)
    limits = msgspec.structs.replace(OPEN, max_symbol_weight=Ratio(Decimal(5)),
                                     max_gross=Ratio(Decimal(5)), max_net=Ratio(Decimal(5)),
                                     max_order_usd=Usd(Decimal(10**6)),
                                     max_symbol_usd=Usd(Decimal(10**6)))  # fmt: skip
    setup = Setup(instruments=(ten,), cash=Decimal(70_000), limits=limits, sessions=AlwaysOpen())
    made = Callbacks(setup, flat(7, [2.0] * 5), begin_ns=0, name="f")

    class Sells(Strategy[Mood, Memory]):
        def on_bar(self, ctx: Context, _bar: Bar) -> None:
            ctx.target(-4_500)

    with pytest.raises(Unfit, match="margin may refuse"):
        made.figures(StrategyHost(Sells(Mood()), name="f", instrument=ten))


def test_a_limit_that_is_met_to_the_last_digit_is_left_to_the_engine() -> None:
    setup, bars = simple()
    worth = Usd(Decimal(repr(bars[4].close)) * 10)
    limits: Limits = msgspec.structs.replace(OPEN, max_order_usd=worth)
    made = Callbacks(msgspec.structs.replace(setup, limits=limits), bars, begin_ns=0, name="f")

    class Fifth(Strategy[Mood, Memory]):
        def on_bar(self, ctx: Context, bar: Bar) -> None:
            if bar is bars[4]:
                ctx.buy(10)

    with pytest.raises(Unfit, match="to the last digits"):
        made.figures(StrategyHost(Fifth(Mood()), name="f", instrument=STOCK))


def test_prices_are_whole_numbers_of_units_or_unfit() -> None:
    setup, _ = simple()
    assert Prices.units(100.03) == 100_030_000_000
    assert Prices.units(0.123456789) == 123_456_789
    for price in (0.1234567891, 1 / 3, 1e9):
        with pytest.raises(Unfit, match="decimals"):
            Prices.units(price)
    odd = Bar(7, 0, 1, 10.005, 10.01, 10.0, 10.0, 1.0)
    assert Prices(setup).paid(1, odd) == 10_010_000_000, "the venue's steps are cents"
    assert Prices(setup).paid(-1, odd) == 10_000_000_000
