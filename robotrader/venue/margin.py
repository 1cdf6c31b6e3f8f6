"""Regulation T margin for stocks, and what is refused for want of it.

Initial margin is 50 % of the worth of a position, long or short (12 CFR 220.12); maintenance is 25
% of a long one (FINRA rule 4210(c)(1)), and of a short one 30 % at five dollars and more, at least
five dollars a share, and below five dollars 100 %, at least 2.50 a share (rule 4210(c)(2) and (3)).
IBKR may ask for more; the percentages are settings.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

ZERO: Final = Decimal(0)
_CHEAP: Final = Decimal(5)
_LEAST_CHEAP: Final = Decimal("2.5")


class MarginRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parts of a position's worth."""

    initial: Decimal = Decimal("0.5")
    maintenance_long: Decimal = Decimal("0.25")
    maintenance_short: Decimal = Decimal("0.30")


class Requirement(msgspec.Struct, frozen=True, gc=False):
    """Initial and maintenance margin in the account's currency."""

    initial: Decimal = ZERO
    maintenance: Decimal = ZERO


def requirement(rules: MarginRules, qty: Decimal, price: Decimal, multiplier: int) -> Requirement:
    """Return the margin of a position of ``qty`` at ``price``."""
    worth = abs(qty) * price * multiplier
    if qty >= ZERO:
        return Requirement(worth * rules.initial, worth * rules.maintenance_long)
    if price >= _CHEAP:
        least = max(worth * rules.maintenance_short, -qty * _CHEAP)
    else:
        least = max(worth, -qty * _LEAST_CHEAP)
    return Requirement(max(worth * rules.initial, least), least)


class Preview(msgspec.Struct, frozen=True):
    """What an order would do to its account (a what-if)."""

    before: Requirement
    after: Requirement
    equity_before: Decimal
    equity_after: Decimal
    commission: Decimal
    currency: str
    warning: str = ""
