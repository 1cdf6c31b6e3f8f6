"""The checks of how a contract is traded: its volume of a day, and how far it moves in a year."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from robotrader.risk.case import Case


def volume(case: Case) -> str:
    """One order is no large part of what is traded on a day."""
    most = case.limits.max_volume_share
    if most is None:
        return ""
    known = case.view.days.get(case.intent.con_id)
    daily = None if known is None else known.volume
    if daily is None or not 0 <= daily < math.inf:
        return f"the daily volume of {case.intent.symbol} is not known"
    limit = most * Decimal(daily)
    if case.intent.qty <= limit:
        return ""
    return f"{case.intent.qty} are above the limit of {limit:.2f}: {most} of an average day"


def volatility(case: Case) -> str:
    """It does not move too far."""
    most = case.limits.max_volatility
    if most is None:
        return ""
    known = case.view.days.get(case.intent.con_id)
    if known is None or known.volatility is None or not 0 <= known.volatility < math.inf:
        return f"the volatility of {case.intent.symbol} is not known"
    if known.volatility <= float(most):
        return ""
    return f"the volatility of {case.intent.symbol} is {known.volatility:.3f}, {most} is the limit"


CHECKS: Final[tuple[tuple[str, Callable[[Case], str]], ...]] = (
    ("volume", volume),
    ("volatility", volatility),
)
