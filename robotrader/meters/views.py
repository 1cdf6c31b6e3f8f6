"""What the ledger and the kill switch are, as samples; what is unknown has none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from robotrader.meters.catalogue import Sample
from robotrader.risk import Level, Switch, Trigger

_RATIOS: Final = (
    "max_symbol_weight", "max_gross", "max_net", "max_daily_loss", "max_drawdown",
    "switch_daily_loss", "switch_drawdown",
)  # fmt: skip

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from decimal import Decimal

    from robotrader.ledger import LedgerView
    from robotrader.risk import Gate

_SCOPE_ALL: Final = "all"


def of_ledger(view: LedgerView, symbols: Mapping[int, str]) -> tuple[Sample, ...]:
    """Return an account's figures; a contract that was sold is shown at 0, an unknown one by id."""
    return (*_totals(view), *_positions(view, symbols))


def _totals(view: LedgerView) -> Iterator[Sample]:
    ratio = None
    if view.drawdown is not None and view.peak is not None and view.peak > 0:
        ratio = view.drawdown / view.peak
    figures: dict[str, Decimal | None] = {
        "equity_usd": view.equity,
        "cash_usd": view.cash,
        "pnl_day_usd": view.daily,
        "pnl_realized_usd": view.realized,
        "pnl_unrealized_usd": view.unrealized,
        "commissions_usd": view.commissions,
        "exposure_gross_usd": view.gross,
        "exposure_net_usd": view.value,
        "drawdown_usd": view.drawdown,
        "drawdown_ratio": ratio,
    }
    for name, figure in figures.items():
        if figure is not None:
            yield Sample(name, float(figure))


def _positions(view: LedgerView, symbols: Mapping[int, str]) -> Iterator[Sample]:
    for con_id, symbol in symbols.items():
        yield Sample("position_shares", float(view.position(con_id)), (symbol,))
        if con_id not in view.positions:
            yield Sample("position_value_usd", 0.0, (symbol,))
    for con_id, held in view.positions.items():
        labels = (symbols.get(con_id, str(con_id)),)
        if con_id not in symbols:
            yield Sample("position_shares", float(held.qty), labels)
        if held.value is not None:
            yield Sample("position_value_usd", float(held.value), labels)


def of_switch(switch: Switch | None) -> tuple[Sample, ...]:
    """Return the kill switch's level in every scope that has one, and what tripped it.

    None is a switch of which nobody knows how it is: an old level would not be true.
    """
    if switch is None:
        return (Sample("kill_switch_known", 0),)
    levels: dict[str, Level] = {_SCOPE_ALL: Level.OFF}
    for trip in switch.trips:
        levels[trip.scope] = max(trip.level, levels.get(trip.scope, Level.OFF))
    tripped = {trip.trigger for trip in switch.trips}
    return (
        Sample("kill_switch_known", 1),
        *(Sample("kill_switch_level", int(level), (scope,)) for scope, level in levels.items()),
        *(Sample("kill_switch_tripped", t.value in tripped, (t.value,)) for t in Trigger),
    )


def of_gate(gate: Gate, unknown: int) -> tuple[Sample, ...]:
    """Return what a gate decided, how many of its inputs are unknown, and its limits."""
    return (
        Sample("intents_approved", gate.approvals),
        *(Sample("intents_refused", many, (code,)) for code, many in gate.refusals.items()),
        Sample("gate_unknown_inputs", unknown),
        *(Sample("limit_ratio", float(getattr(gate.limits, name)), (name,)) for name in _RATIOS),
    )
