"""What a run comes to, as one value: shown in the terminal, kept as JSON, compared with others."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from robotrader.backtest.standstill import Standstill
from robotrader.ledger.money import ZERO
from robotrader.performance import (
    DAYS_A_YEAR,
    RoundTrip,
    Summary,
    Track,
    TradeStatistics,
    flat_trades,
    months,
    statistics,
    summarize,
    turnover,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from robotrader.backtest.result import Result


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One symbol's or one strategy's trades from flat to flat."""

    name: str
    trades: TradeStatistics
    open_qty: Decimal = ZERO
    """Shares that were still held at the end."""

    unrealized: Decimal | None = None


class Report(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """See the module's prose. Money in the account's currency."""

    name: str
    config_hash: str
    limits_hash: str
    provenance: tuple[str, ...]
    """Where each symbol's prices are from, with the word synthetic where it applies."""

    fill: str
    bars: int
    orders: int
    fills: int
    seconds_load: float
    seconds_run: float
    summary: Summary
    trades: TradeStatistics
    symbols: tuple[Part, ...]
    strategies: tuple[Part, ...]
    months: dict[int, dict[int, float]]
    turnover: float | None
    """Bought and sold in a year, for the account's mean value."""

    commissions: Decimal
    refusals: dict[str, int]
    blocked: dict[str, int]
    alerts: dict[str, int]
    track: Track
    benchmark: tuple[float, ...] = ()
    """A return for each of the track's days; empty: none was given."""

    benchmark_name: str = ""
    standstill: Standstill | None = None
    """Since when no entry has passed; None: the last one that was wanted did."""


def report_of_run(
    result: Result,
    *,
    name: str,
    config_hash: str,
    provenance: tuple[str, ...],
    seconds: tuple[float, float],
    benchmark: tuple[float, ...] = (),
    benchmark_name: str = "",
) -> Report:
    """Return the report of a run.

    Args:
        result: what happened.
        name: the run's.
        config_hash: of the configuration that it had.
        provenance: where each symbol's prices are from.
        seconds: what loading and running took.
        benchmark: its return on each day of the track.
        benchmark_name: what it is.

    Raises:
        ValueError: the benchmark's days are not the track's.
    """
    setup = result.setup
    multipliers = {each.con_id: each.multiplier for each in setup.instruments}
    symbols = {each.con_id: each.symbol for each in setup.instruments}
    trades = flat_trades(result.fills, multipliers)
    return Report(
        name=name,
        config_hash=config_hash,
        limits_hash=setup.limits.hash,
        provenance=provenance,
        fill=setup.fill,
        bars=result.bars,
        orders=result.orders,
        fills=len(result.fills),
        seconds_load=seconds[0],
        seconds_run=seconds[1],
        summary=summarize(result.track, benchmark=benchmark or None),
        trades=statistics(trades),
        symbols=_by_symbol(result, trades, symbols),
        strategies=tuple(
            Part(name=each, trades=statistics([t for t in trades if t.strategy == each]))
            for each in sorted({trade.strategy for trade in trades})
        ),
        months=months(result.track),
        turnover=turnover(result.fills, result.track.values, DAYS_A_YEAR),
        commissions=sum((each.commission or ZERO for each in result.fills), ZERO),
        refusals=result.refusals,
        blocked=result.blocked,
        alerts=result.alerts,
        standstill=result.standstill,
        track=result.track,
        benchmark=benchmark,
        benchmark_name=benchmark_name,
    )


def _by_symbol(
    result: Result, trades: Iterable[RoundTrip], symbols: dict[int, str]
) -> tuple[Part, ...]:
    own: dict[int, list[RoundTrip]] = {con_id: [] for con_id in symbols}
    for trade in trades:
        own[trade.con_id].append(trade)
    held = result.final.positions
    return tuple(
        Part(
            name=symbols[con_id],
            trades=statistics(each),
            open_qty=held[con_id].qty if con_id in held else ZERO,
            unrealized=held[con_id].unrealized if con_id in held else ZERO,
        )
        for con_id, each in own.items()
    )
