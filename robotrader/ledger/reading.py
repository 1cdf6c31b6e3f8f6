"""Reads the parts of a record that could be wrong: numbers, sides, days, execution ids."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

from robotrader.domain import Side
from robotrader.domain.errors import DataValidationError
from robotrader.ledger.money import ZERO, exact

if TYPE_CHECKING:
    from decimal import Decimal


_SIGNS: Final = {side.value: side.sign for side in Side}


def numbers(exec_id: str, qty: Decimal, price: Decimal) -> tuple[Decimal, Decimal]:
    """Return an execution's quantity and price, if they are such.

    Raises:
        DataValidationError: one is not usable, or the quantity is negative.
    """
    exact(price, "price of execution", exec_id)
    if exact(qty, "quantity of execution", exec_id) < ZERO:
        msg = f"execution {exec_id} has quantity {qty}: its side says the sign, mend the sender"
        raise DataValidationError(msg)
    return qty, price


def sign_of(side: str, exec_id: str) -> int:
    """Return 1 for a buy and -1 for a sale.

    Raises:
        DataValidationError: the side is none.
    """
    try:
        return _SIGNS[side]
    except KeyError:
        known = ", ".join(Side)
        msg = f"execution {exec_id} has side {side!r}, none of {known}: mend the sender"
        raise DataValidationError(msg) from None


def day_of(day: str) -> str:
    """Return a day as it is written everywhere.

    Raises:
        DataValidationError: it is no day.
    """
    try:
        return date.fromisoformat(day).isoformat()
    except ValueError:
        msg = f"a day began that is called {day!r}: write it as 2026-11-23"
        raise DataValidationError(msg) from None


def revision_of(exec_id: str) -> int:
    """Return which correction of its fill an execution is: the number after the last dot."""
    last = exec_id.rpartition(".")[2]
    return int(last) if last.isascii() and last.isdigit() else 0
