"""The checks of size: what an order and all that it leads to may be worth (F62, F64).

Compared is the worst case after the trade, what is pending included. Nothing is rounded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from robotrader.ledger.money import ZERO

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from robotrader.risk.case import Case


def order_qty(case: Case) -> str:
    """One order is not for too many shares."""
    qty, most = case.intent.qty, case.limits.max_order_qty
    return "" if qty <= most else _above("an order of", qty, most, "shares")


def order_usd(case: Case) -> str:
    """One order is not worth too much, at the worst price that it could have."""
    instrument = case.instrument
    if case.price is None or instrument is None:
        return f"there is no price of {case.intent.symbol}"
    worth, most = case.intent.qty * case.price * instrument.multiplier, case.limits.max_order_usd
    return "" if worth <= most else _above("an order worth", worth, most)


def equity(case: Case) -> str:
    """Equity is known, and there is some."""
    if case.equity is None:
        return "equity is not known"
    return "" if case.equity > ZERO else f"equity is {case.equity}"


def short(case: Case) -> str:
    """A sale leaves nothing less than nothing, unless that is allowed."""
    if case.limits.allow_short or case.sign > 0 or case.mine.low >= 0:
        return ""
    return f"{case.mine.low} of {case.intent.symbol} would be held, and shorts are not allowed"


def position_qty(case: Case) -> str:
    """Not too many shares of the symbol would be held."""
    qty, most = case.after.each.qty, case.limits.max_symbol_qty
    if qty <= most:
        return ""
    return _above(f"a position in {case.intent.symbol} of", qty, most, "shares")


def position_usd(case: Case) -> str:
    """The symbol's position would not be worth too much."""
    worth, most = case.after.mine, case.limits.max_symbol_usd
    return "" if worth is not None and worth <= most else _worth(case, worth, most)


def position_weight(case: Case) -> str:
    """The symbol's position would not be too large a part of equity."""
    most = case.limits.max_symbol_weight * (case.equity or ZERO)
    worth = case.after.mine
    return "" if worth is not None and worth <= most else _worth(case, worth, most)


def sector(case: Case) -> str:
    """The positions of one sector would not be too large a part of equity."""
    if case.limits.max_sector_weight is None:
        return ""
    names = case.view.sectors
    mine = names.get(case.intent.con_id)
    if not mine:
        return f"the sector of {case.intent.symbol} is not known"
    most = case.limits.max_sector_weight * (case.equity or ZERO)
    added = case.after.of_sector(mine)
    if added is not None and added <= most:
        return ""
    return _sum(f"positions in {mine} worth", added, most)


def gross(case: Case) -> str:
    """All positions together would not be too large a multiple of equity."""
    most = case.limits.max_gross * (case.equity or ZERO)
    added = case.after.gross
    return "" if added is not None and added <= most else _sum("a gross exposure of", added, most)


def gross_usd(case: Case) -> str:
    """All positions together would not be worth too much."""
    added, most = case.after.gross, case.limits.max_gross_usd
    return "" if added is not None and added <= most else _sum("a gross exposure of", added, most)


def net(case: Case) -> str:
    """Long and short positions would not be too far from each other."""
    high, low = case.after.high, case.after.low
    if high is None or low is None:
        return "a price of what is held or on its way is not known"
    most = case.limits.max_net * (case.equity or ZERO)
    value = max(high, -low)
    return "" if value <= most else _above("a net exposure of", value, most)


def open_positions(case: Case) -> str:
    """Not too many contracts would be held."""
    count = len(case.after.held)
    most = case.limits.max_open_positions
    return "" if count <= most else f"{count} open positions are more than {most}"


def _above(what: str, value: Decimal, most: Decimal, unit: str = "USD") -> str:
    return f"{what} {value} {unit} is above the limit of {most}"


def _worth(case: Case, worth: Decimal | None, most: Decimal) -> str:
    if worth is None:
        return "its price is not known"
    return _above(f"a position in {case.intent.symbol} worth", worth, most)


def _sum(what: str, added: Decimal | None, most: Decimal) -> str:
    if added is None:
        return "a price of what is held or on its way is not known"
    return _above(what, added, most)


CHECKS: Final[tuple[tuple[str, Callable[[Case], str]], ...]] = (
    ("order_qty", order_qty),
    ("order_usd", order_usd),
    ("equity", equity),
    ("short", short),
    ("position_qty", position_qty),
    ("position_usd", position_usd),
    ("position_weight", position_weight),
    ("sector", sector),
    ("gross", gross),
    ("gross_usd", gross_usd),
    ("net", net),
    ("open_positions", open_positions),
)
