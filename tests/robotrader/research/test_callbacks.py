"""A callback that is followed is told, fills and ends as in the engine, or it is said why not."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from robotrader.backtest import Engine, Setup, batches
from robotrader.domain import Bar, TimeInForce
from robotrader.indicators import Roc, Sma
from robotrader.research import Callbacks, Unfit, columns_of, loop
from robotrader.research.paid import DIGITS, Prices
from robotrader.risk import Limits, Ratio, Usd
from robotrader.strategies import (
    Breakout,
    BreakoutParams,
    Context,
    Frame,
    MeanReversion,
    MeanReversionParams,
    Momentum,
    MomentumParams,
    Params,
    SmaCross,
    SmaParams,
    State,
    Strategy,
    StrategyHost,
)
from robotrader.strategies.stops import StopKind, StopRule
from robotrader.venue import AlwaysOpen, FixedPlan, Slippage, VenueRules
from tests.robotrader.research.runs import (
    CASH,
    MINUTE_NS,
    NAMES,
    OPEN,
    STOCK,
    TABLE,
    figures_of_run,
    filled,
    fills_of,
    setup_of,
    walk,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from robotrader.strategies import Fill

SHIPPED = (
    (SmaCross, SmaParams), (Momentum, MomentumParams), (MeanReversion, MeanReversionParams),
    (Breakout, BreakoutParams),
)  # fmt: skip


class Mood(Params, frozen=True):
    """How it trades."""

    seed: int = 0
    qty: int = 10
    often: float = 0.1
    short: bool = False


class Memory(State):
    """What it counts."""

    wishes: int = 0
    passed: int = 0


class Moody(Strategy[Mood, Memory]):
    """Wants what chance and its averages say, and writes down all that it can see."""

    def __init__(self, params: Mood) -> None:
        super().__init__(params)
        self.seen: list[tuple[object, ...]] = []
        self._dice = Random(params.seed)
        self._sma, self._roc = Sma(2 + params.seed % 9), Roc(3)
        self._closes: list[float] = []

    @property
    def warmup_bars(self) -> int:
        """Some; the more the more it has seen, for some."""
        return self.params.seed % 30 + (len(self._closes) // 4 if self.params.seed % 5 == 0 else 0)

    def on_start(self, ctx: Context) -> None:
        """See what there is then."""
        self._note(ctx, ctx.buy(1) if self.params.seed % 2 else None)

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        """Look, decide, write down."""
        average, change = self._sma.update(bar.close), self._roc.update(bar.close)
        self._closes.append(bar.close)
        done: object = None
        if average is not None and change is not None and self._dice.random() < self.params.often:
            done = self._act(ctx, bar.close > average, change > 0)
            self.state.wishes += 1
        self._note(ctx, done)
        if len(self._closes) == 50 and self.params.seed % 4 == 0:
            self.on_bar = self._later  # type: ignore[method-assign]  # as some people do

    def _later(self, ctx: Context, bar: Bar) -> None:
        self._note(ctx, "later")
        Moody.on_bar(self, ctx, bar)

    def _act(self, ctx: Context, above: bool, rises: bool) -> object:
        dice, qty = self._dice, self.params.qty
        if dice.random() < 0.3:
            ctx.log("here I am")
        if ctx.position:
            held = abs(ctx.position)
            ways: list[Callable[[], object]] = [
                lambda: ctx.close("enough"),
                lambda: ctx.target(0),
                lambda: ctx.target(-qty if ctx.position > 0 else qty),
                lambda: ctx.sell(held) if ctx.position > 0 else ctx.buy(),
                lambda: (ctx.close(), ctx.close(), ctx.cancel()),
                lambda: above and ctx.close(),
                lambda: ctx.position == qty or ctx.close(),
            ]
        else:
            side = ctx.sell if self.params.short and not rises else ctx.buy
            ways = [
                lambda: side(qty, reason=f"{above}"),
                lambda: side(float(qty)),
                lambda: ctx.target(Decimal(qty)),
                lambda: (side(qty), side(qty), ctx.close()),
                lambda: (ctx.buy(qty), ctx.sell(qty), ctx.target(qty)),
                lambda: ctx.target(-qty),
                lambda: (ctx.close(), ctx.cancel(), ctx.move_stop(1.0)),
                lambda: above and side(dice.choice((1, qty, 3 * qty))),
            ]
        found = dice.choice(ways)()
        self.state.passed += ctx.wished
        return found

    def _note(self, ctx: Context, done: object) -> None:
        self.seen.append(
            (ctx.event, ctx.now_ns, str(ctx.position), str(ctx.bought), str(ctx.sold), ctx.working,
             ctx.warming, ctx.blocked, ctx.wished, ctx.strategy, done)
        )  # fmt: skip


def case(seed: int, count: int) -> tuple[Setup, list[Bar], int, StrategyHost, StrategyHost]:
    """Return a setup, bars, when it begins, and the host of one strategy, twice."""
    dice = Random(seed)
    sessions = TABLE if dice.random() < 0.6 else AlwaysOpen()
    setup = setup_of(dice, sessions)
    bars = walk(dice, count, sessions, ticks=dice.choice((2, 2, 3)))
    begin_ns = bars[dice.choice((0, 0, 100))].start_ns
    mood = Mood(
        seed=seed,
        qty=dice.choice((1, 10, 37, 150)),
        often=dice.choice((0.02, 0.1, 0.4, 1.0)),
        short=dice.random() < 0.5,
    )
    dwell = dice.choice((0, 1, 1, 5))
    one, other = (
        StrategyHost(Moody(mood), name="f/ABC", instrument=STOCK, dwell_bars=dwell)
        for _ in range(2)
    )
    return setup, bars, begin_ns, one, other


def same(
    setup: Setup, bars: list[Bar], begin_ns: int, one: StrategyHost, other: StrategyHost
) -> tuple[int, dict[str, int]]:
    """Compare both ways; return how many fills were equal, and what was refused."""
    made = Callbacks(setup, bars, begin_ns=begin_ns, name="f/ABC")
    figures = made.figures(one)
    result = Engine(setup, [other]).run(batches({7: bars}, NAMES), begin_ns=begin_ns)
    theirs = fills_of(result, bars)
    assert filled(made.fills, DIGITS) == theirs
    assert msgspec.json.encode(figures) == msgspec.json.encode(figures_of_run(result))
    assert made.track == result.track
    assert one.strategy.save() == other.strategy.save()
    if isinstance(one.strategy, Moody) and isinstance(other.strategy, Moody):
        assert one.strategy.seen == other.strategy.seen
    return len(theirs), result.refusals


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
        ({"fill": "close"}, "fills at the close"),
        ({"rules": VenueRules(participation=0.1)}, "a part of a bar"),
        ({"rules": VenueRules(slippage=Slippage("volume", 1.0))}, "slippage by volume"),
        ({"limits": msgspec.structs.replace(OPEN, max_heat=Ratio(Decimal(1)))}, "heat"),
        ({"limits": msgspec.structs.replace(OPEN, allowed_symbols=frozenset())}, "may not be"),
        ({"plan": FixedPlan(cents_up=True)}, "a plan of commissions"),
        ({"cash": Decimal(10) ** 12}, "amounts of more digits"),
    ],
)  # fmt: skip
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
