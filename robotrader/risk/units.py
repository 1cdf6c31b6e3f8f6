"""Money and fractions are different types: 2 percent are never read as 2 dollars (F60)."""

from __future__ import annotations

from decimal import Decimal
from typing import NewType

from robotrader.domain.errors import ConfigurationError

Usd = NewType("Usd", Decimal)
Ratio = NewType("Ratio", Decimal)


def usd(amount: Decimal | int | str) -> Usd:
    """Return an amount of money; floats are refused, because they are not exact.

    Raises:
        ConfigurationError: it is no amount.
    """
    return Usd(_positive(amount, "an amount of money like 2500 or '2500.50'"))


def pct(percent: Decimal | int | str) -> Ratio:
    """Return a percentage as the fraction that it is: ``pct(2)`` is 0.02.

    Raises:
        ConfigurationError: it is no percentage.
    """
    return Ratio(_positive(percent, "a percentage like 2 or '0.5'") / 100)


def ratio(fraction: Decimal | int | str) -> Ratio:
    """Return a fraction: ``ratio("0.02")`` is 2 percent.

    Raises:
        ConfigurationError: it is no fraction.
    """
    return Ratio(_positive(fraction, "a fraction like '0.02'"))


def _positive(number: Decimal | int | str, wanted: str) -> Decimal:
    given: object = number
    if isinstance(given, bool | float):
        msg = f"{given!r} is a {type(given).__name__}: write {wanted}"
        raise ConfigurationError(msg)
    try:
        made = Decimal(number)
    except (ArithmeticError, TypeError, ValueError):
        made = Decimal("nan")
    if not made.is_finite() or made < 0:
        msg = f"{given!r} is not usable: write {wanted}"
        raise ConfigurationError(msg)
    return made
