"""What the gate would say of an order: every check, not only the first that refuses.

It is the same case and the same checks as an order's own; nothing is held, counted or changed.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

import msgspec

from robotrader.risk.checks import FOR_ALL, FOR_ENTRIES

if TYPE_CHECKING:
    from robotrader.risk.case import Case

LIMITS_OF: Final[dict[str, tuple[str, ...]]] = {
    "symbol": ("allowed_symbols",),
    "restricted": ("restricted_symbols",),
    "restart": ("restart_quiet_ms",),
    "session": ("allow_extended",),
    "quote": ("max_quote_age_ms", "max_quote_lead_ms"),
    "collar": ("price_collar",),
    "duplicate": ("duplicate_window_ms",),
    "entry_pending": ("max_entries_pending",),
    "open_orders": ("max_open_orders",),
    "rate_second": ("max_orders_per_s",),
    "rate_minute": ("max_orders_per_min",),
    "rate_day": ("max_orders_per_day",),
    "daily_loss": ("max_daily_loss", "max_daily_loss_usd"),
    "drawdown": ("max_drawdown",),
    "losses": ("max_losses_row",),
    "cancel_ratio": ("max_cancel_ratio", "cancel_ratio_orders"),
    "cooldown": ("cooldown_ms",),
    "order_qty": ("max_order_qty",),
    "order_usd": ("max_order_usd",),
    "short": ("allow_short",),
    "position_qty": ("max_symbol_qty",),
    "position_usd": ("max_symbol_usd",),
    "position_weight": ("max_symbol_weight",),
    "sector": ("max_sector_weight",),
    "gross": ("max_gross",),
    "gross_usd": ("max_gross_usd",),
    "net": ("max_net",),
    "open_positions": ("max_open_positions",),
    "volume": ("max_volume_share",),
    "volatility": ("max_volatility",),
    "strategy": ("max_strategy_weight",),
    "correlation": ("max_pair_correlation",),
    "cluster": ("max_cluster_weight", "cluster_correlation"),
    "clock": ("max_clock_skew_ms",),
    "heat": ("max_heat", "heat_without_stop"),
    "borrow": ("short_needs_borrow",),
    "margin": ("max_margin", "margin_age_ms"),
}
"""The limits that each check compares with; the others compare with none."""


class Checked(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One check. ``why`` is empty where it passes; a check that does not apply is not ``asked``."""

    code: str
    rule: str
    limits: dict[str, str]
    asked: bool
    why: str


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """An order as the gate sees it: the worst case after it, and every check."""

    reduces: bool
    price: Decimal | None
    """The highest price that it could have."""

    position: Decimal
    low: Decimal
    high: Decimal
    """The bounds of the position after it and all that is on its way."""

    worth: Decimal | None
    checks: tuple[Checked, ...]
    most: Decimal
    """The largest quantity up to its own that would pass."""


def explained(case: Case, most: Decimal) -> Explained:
    """Return what every check says of a case."""
    case.weigh()
    entries = not case.reduces
    return Explained(
        reduces=case.reduces,
        price=case.price,
        position=case.position,
        low=case.mine.low,
        high=case.mine.high,
        worth=case.mine.value,
        checks=(
            *(_checked(case, code, check, asked=True) for code, check in FOR_ALL),
            *(_checked(case, code, check, asked=entries) for code, check in FOR_ENTRIES),
        ),
        most=most,
    )


def _checked(case: Case, code: str, check: object, *, asked: bool) -> Checked:
    names = LIMITS_OF.get(code, ())
    return Checked(
        code=code,
        rule=(check.__doc__ or "").partition("\n")[0],
        limits={name: _shown(getattr(case.limits, name)) for name in names},
        asked=asked,
        why=check(case) if asked and callable(check) else "",
    )


def _shown(value: object) -> str:
    """Return a limit for people to read; a list in the order of its names."""
    if value is None:
        return "not looked at"
    if isinstance(value, frozenset):
        return ", ".join(sorted(value)) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{name} {part}" for name, part in sorted(value.items())) or "none"
    return str(value)
