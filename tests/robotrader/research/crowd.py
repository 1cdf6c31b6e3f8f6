"""Strategies that do anything by chance, one for each of some contracts on one account."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Any, Final

import msgspec

from robotrader.backtest import Engine, Setup, batches
from robotrader.domain import Bar, Instrument, Side
from robotrader.research import Lanes
from robotrader.research.paid import DIGITS
from robotrader.risk import Ratio, Usd
from robotrader.strategies import StrategyHost
from robotrader.venue import AlwaysOpen
from tests.robotrader.research.moody import Mood, Moody
from tests.robotrader.research.runs import MINUTE_NS, TABLE, figures_of_run, setup_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from robotrader.backtest import Result
    from robotrader.risk import Limits

    Bars = Mapping[int, Sequence[Bar]]
    Filled = tuple[int, int, int, Decimal, Decimal | None]

LARGE: Final = Usd(Decimal(10**9))
ALL: Final = Ratio(Decimal(20))


class Case(msgspec.Struct, frozen=True):
    """A run: its setup, its bars, when it begins, and its hosts, twice."""

    setup: Setup
    bars: dict[int, list[Bar]]
    begin_ns: int
    ours: list[StrategyHost]
    engines: list[StrategyHost]


def contracts(count: int) -> tuple[Instrument, ...]:
    """Return so many stocks."""
    return tuple(Instrument(con_id=each, symbol=f"S{each}") for each in range(1, count + 1))


def crowd(
    dice: Random, count: int, batches_: int, sessions: Any, misses: float
) -> dict[int, list[Bar]]:
    """Return bars inside of sessions, with gaps of all; ``misses`` is the part of each that is not.

    If any is not there, some contracts begin late, and some end early.
    """
    step_ns = dice.choice((1, 5, 30)) * MINUTE_NS
    jumpy, ticks = dice.choice((0.0005, 0.004, 0.02)), dice.choice((2, 2, 3))
    late = [dice.choice((0, 0, 30)) if misses else 0 for _ in range(count)]
    ends = [dice.choice((1, 1, 2)) if misses else 1 for _ in range(count)]
    prices = [dice.choice((8.0, 55.0, 240.0)) for _ in range(count)]
    found: dict[int, list[Bar]] = {each: [] for each in range(1, count + 1)}
    at_ns, batch = 1_646_058_600_000_000_000, 0  # 2022-02-28 14:30 UTC, before the open
    while batch < batches_:
        at_ns += step_ns * (dice.choice((1, 40)) if dice.random() < 0.01 else 1)
        if not sessions.is_open(at_ns, outside_rth=False):
            continue
        batch += 1
        for place, own in enumerate(found.values()):
            here = late[place] <= batch <= batches_ // ends[place] and dice.random() >= misses
            if here or (place == 0 and batch == batches_):
                own.append(_bar(dice, place + 1, at_ns, step_ns, prices, jumpy, ticks))
    return found


def _bar(  # noqa: PLR0917 - a bar of a walk
    dice: Random, con_id: int, at_ns: int, step_ns: int, prices: list[float], jumpy: float,
    ticks: int,
) -> Bar:  # fmt: skip
    opened = round(prices[con_id - 1] * (1 + dice.gauss(0, jumpy / 3)), ticks)
    close = round(opened * (1 + dice.gauss(0, jumpy)), ticks)
    prices[con_id - 1] = min(max(close, 2.0), 900.0)
    low, high = min(opened, close), max(opened, close)
    return Bar(con_id, at_ns, at_ns + step_ns, opened, high, low, close, 1_000.0)


def loose(limits: Limits, *, short: bool = True) -> Limits:
    """Return limits of an account that nothing is near to, and those of a contract as they are."""
    return msgspec.structs.replace(
        limits, max_losses_row=0, max_gross=ALL, max_net=ALL, max_gross_usd=LARGE,
        max_open_positions=100, max_open_orders=100, max_orders_per_s=100, max_orders_per_min=1000,
        max_orders_per_day=10_000, max_strategy_weight={}, duplicate_window_ms=1_000,
        allow_short=short,
    )  # fmt: skip


def tight(dice: Random, limits: Limits) -> Limits:
    """Return limits of which some are near: of the account, too."""
    part = Ratio(Decimal(dice.choice(("0.05", "0.3", "1"))))
    return msgspec.structs.replace(
        limits,
        max_losses_row=dice.choice((0, 0, 2, 4)),
        max_gross=dice.choice((part, ALL)),
        max_net=dice.choice((part, ALL)),
        max_gross_usd=dice.choice((LARGE, Usd(Decimal(9_000)))),
        max_open_positions=dice.choice((20, 20, 2)),
        max_open_orders=dice.choice((100, 100, 1)),
        max_orders_per_s=dice.choice((10, 3, 1, 0)),
        max_orders_per_min=dice.choice((30, 4)),
        max_strategy_weight=dice.choice(({}, {"f": part, "g": ALL}, {"h": part})),
    )  # fmt: skip


def case(seed: int, *, most: int, batches_: int, misses: float | None = None) -> Case:
    """Return a run by chance; seeds that three divides have tight limits."""
    dice = Random(seed)
    count = dice.randint(2, most)
    sessions = TABLE if dice.random() < 0.6 else AlwaysOpen()
    setup, own = setup_of(dice, sessions), contracts(count)
    limits = tight(dice, setup.limits) if seed % 3 == 0 else loose(setup.limits)
    limits = msgspec.structs.replace(limits, allowed_symbols=frozenset(e.symbol for e in own))
    setup = msgspec.structs.replace(setup, instruments=own, limits=limits)
    some = dice.choice((0.0, 0.0, 0.02, 0.4)) if misses is None else misses
    bars = crowd(dice, count, batches_, sessions, some)
    often, short = dice.choice((0.02, 0.1, 0.4, 1.0)), dice.random() < 0.5
    many = dice.choice(("f", "fgh"))
    names, dwell = [dice.choice(many) for _ in own], dice.choice((0, 1, 1, 5))
    moods = [
        Mood(seed=seed + 7 * at, qty=dice.choice((1, 10, 37, 150)), often=often, short=short)
        for at in range(count)
    ]
    order = dice.sample(range(count), count)

    def hosts() -> list[StrategyHost]:
        return [
            StrategyHost(
                Moody(moods[at]), name=f"{names[at]}/{own[at].symbol}", instrument=own[at],
                dwell_bars=dwell,
            )
            for at in order
        ]  # fmt: skip

    begin_ns = dice.choice((0, bars[1][len(bars[1]) // 3].start_ns))
    return Case(setup, bars, begin_ns, hosts(), hosts())


def fills_of(result: Result, bars: Bars) -> list[Filled]:
    """Return the engine's fills: contract, bar, shares, price, commission."""
    at = {each: {bar.end_ns: at for at, bar in enumerate(own)} for each, own in bars.items()}
    return [
        (each.fill.con_id, at[each.fill.con_id][each.fill.time_ns],
         int(each.fill.qty) * Side(each.fill.side).sign, each.fill.price, each.commission)
        for each in result.fills
    ]  # fmt: skip


def engines(given: Case) -> Result:
    """Return what the engine makes of a run."""
    names = {each.con_id: each.symbol for each in given.setup.instruments}
    prices = batches(given.bars, names)
    return Engine(given.setup, given.engines).run(prices, begin_ns=given.begin_ns)


def same(given: Case) -> tuple[int, dict[str, int]]:
    """Compare both ways; return how many fills were equal, and what was refused."""
    made = Lanes(given.setup, given.bars, begin_ns=given.begin_ns)
    figures = made.figures(given.ours)
    result = engines(given)
    unit = Decimal(10) ** -DIGITS
    ours = [
        (con_id, bar, shares, price * unit, Decimal(fee).scaleb(-6))
        for con_id, bar, shares, price, fee in made.fills
    ]
    theirs = fills_of(result, given.bars)
    assert ours == theirs
    assert msgspec.json.encode(figures) == msgspec.json.encode(figures_of_run(result))
    assert made.track == result.track
    for one, other in zip(given.ours, given.engines, strict=True):
        assert one.strategy.save() == other.strategy.save()
        if isinstance(one.strategy, Moody) and isinstance(other.strategy, Moody):
            assert one.strategy.seen == other.strategy.seen
    return len(theirs), result.refusals
