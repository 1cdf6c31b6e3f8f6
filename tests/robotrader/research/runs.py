"""Random prices and setups of one contract, and what the engine makes of them, to compare with."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from robotrader.adapters.calendar import US_STOCKS
from robotrader.adapters.calendar import sessions as calendar_sessions
from robotrader.backtest import Setup, report_of_run
from robotrader.domain import Bar, Instrument, Side
from robotrader.research import figures_of
from robotrader.risk import Limits, Ratio, Usd
from robotrader.venue import (
    FixedPlan,
    NoCommission,
    SessionTable,
    Slippage,
    TieredPlan,
    VenueRules,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from robotrader.backtest import Result
    from robotrader.research import Figures

STOCK = Instrument(con_id=7, symbol="ABC")
NAMES = {7: "ABC"}
MINUTE_NS = 60_000_000_000
CASH: Final = Decimal(100_000)
OPEN: Final = Limits(allowed_symbols=frozenset({"ABC"}), allow_short=True)
TABLE = SessionTable(calendar_sessions(US_STOCKS, date(2022, 2, 1), date(2024, 2, 1)))

UNKNOWN: Final[list[tuple[dict[str, Any], str]]] = [
    ({"fill": "close"}, "fills at the close"),
    ({"rules": VenueRules(participation=0.1)}, "a part of a bar"),
    ({"rules": VenueRules(slippage=Slippage("volume", 1.0))}, "slippage by volume"),
    ({"limits": msgspec.structs.replace(OPEN, max_heat=Ratio(Decimal(1)))}, "heat"),
    ({"limits": msgspec.structs.replace(OPEN, allowed_symbols=frozenset())}, "may not be"),
    ({"plan": FixedPlan(cents_up=True)}, "a plan of commissions"),
]
"""Setups that are left to the engine, and the word that says why."""


def walk(dice: Random, count: int, sessions: Any, *, ticks: int) -> list[Bar]:
    """Return bars inside of sessions, with gaps; prices of ``ticks`` decimals."""
    found: list[Bar] = []
    price = dice.choice((8.0, 55.0, 240.0))
    step_ns = dice.choice((1, 5, 30)) * MINUTE_NS
    at_ns = 1_646_058_600_000_000_000  # 2022-02-28 14:30 UTC, half an hour before the open
    jumpy = dice.choice((0.0005, 0.004, 0.02))
    while len(found) < count:
        at_ns += step_ns
        if not sessions.is_open(at_ns, outside_rth=False) or dice.random() < 0.01:
            continue
        opened = round(price * (1 + dice.gauss(0, jumpy / 3)), ticks)
        close = round(opened * (1 + dice.gauss(0, jumpy)), ticks)
        low, high = min(opened, close), max(opened, close)
        low, high = round(low * 0.999, ticks), round(high * 1.001, ticks)
        low, high = min(low, opened, close), max(high, opened, close)
        found.append(Bar(7, at_ns, at_ns + step_ns, opened, high, low, close, 1_000.0))
        price = min(max(close, 2.0), 900.0)
    return found


def setup_of(dice: Random, sessions: Any) -> Setup:
    limits = Limits(
        allowed_symbols=frozenset({"ABC"}),
        allow_short=dice.random() < 0.7,
        max_losses_row=dice.choice((0, 0, 3, 6)),
        max_daily_loss=Ratio(Decimal(dice.choice(("0.02", "0.001", "1")))),
        max_daily_loss_usd=dice.choice((None, None, Usd(Decimal(40)))),
        max_drawdown=Ratio(Decimal(dice.choice(("0.1", "0.004", "1")))),
        max_symbol_weight=Ratio(Decimal(dice.choice(("0.2", "1", "0.05")))),
        max_order_usd=Usd(Decimal(dice.choice((25_000, 2_400)))),
        max_orders_per_day=dice.choice((1_000, 3)),
        cooldown_ms=dice.choice((0, 0, 600_000)),
        max_strategy_weight={"f": Ratio(Decimal("0.5"))} if dice.random() < 0.5 else {},
        duplicate_window_ms=dice.choice((0, 1_000)),
    )
    model: Literal["none", "ticks", "bps"] = dice.choice(("none", "none", "ticks", "bps"))
    return Setup(
        instruments=(STOCK,),
        cash=Decimal(dice.choice(("50000", "12345.67", "1000000"))),
        limits=limits,
        sessions=sessions,
        plan=dice.choice((FixedPlan(), TieredPlan(), NoCommission())),
        rules=VenueRules(slippage=Slippage(model, 2.5)),
        always_open=dice.random() < 0.3,
    )


Filled = tuple[int, int, Decimal, Decimal | None]
"""Bar, shares, price and commission."""


def fills_of(result: Result, bars: Sequence[Bar]) -> list[Filled]:
    """Return the engine's fills."""
    bar_of = {bar.end_ns: at for at, bar in enumerate(bars)}
    return [
        (bar_of[each.fill.time_ns], int(each.fill.qty) * Side(each.fill.side).sign,
         each.fill.price, each.commission)
        for each in result.fills
    ]  # fmt: skip


def filled(rows: Iterable[Sequence[int]], digits: int) -> list[Filled]:
    """Return the rows of a loop as fills, money being in units of so many digits."""
    unit = Decimal(10) ** -digits
    return [
        (bar, shares, price * unit, Decimal(fee).scaleb(-6))
        for bar, shares, price, fee in rows
        if shares
    ]


def figures_of_run(result: Result) -> Figures:
    """Return what a sweep keeps of the engine's run."""
    return figures_of(
        report_of_run(result, name="", config_hash="", provenance=(), seconds=(0.0, 0.0))
    )
