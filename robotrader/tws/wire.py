"""How single values look on the wire, both ways.

Unset is None here; on the wire it is an empty field or the largest value of its type, and both are
read. Integers are exact to 64 bits. Doubles never have an exponent, but for the unset value. What
is not a number is neither written nor read; infinity is, as it stands for "up to the mid" in an
order's offset to the best price.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

UNSET_DOUBLE: Final = "1.7976931348623157E308"
UNSET_INTEGER: Final = "2147483647"
_LARGEST: Final = float(UNSET_DOUBLE)
_LARGEST_INTEGER: Final = int(UNSET_INTEGER)
INFINITY: Final = float("inf")
_INFINITE: Final = {"inf": "Infinity", "-inf": "-Infinity"}
_MISSPELT: Final = "Infinite"
"""How ib_async 2.1.0 writes infinity; it reads the right word."""
LARGEST_EXPONENT: Final = 38
"""Of a quantity: clients' own unset one, 2**127 - 1, has 39 digits. A larger one would be as long
as its exponent says, once it is written out."""
BOOL: Final = {"0": False, "1": True, "": False, "false": False, "true": True}
"""What stands for a truth value; clients leave one empty that they do not set."""

__all__ = [
    "BOOL",
    "INFINITY",
    "count",
    "double",
    "double_or_empty",
    "flag",
    "integer",
    "integer_or_empty",
    "number",
    "quantity",
    "size",
    "text",
    "trimmed",
    "whole",
    "whole_number",
]


def text(value: Any) -> str:
    """Text as it is; the codec looks for NULs in the whole message."""
    return str(value)


def flag(value: Any) -> str:
    """Write 0 or 1."""
    return "1" if value else "0"


def integer(value: Any) -> str:
    """Write an integer; None is the unset value."""
    return UNSET_INTEGER if value is None else int.__repr__(value)


def integer_or_empty(value: Any) -> str:
    """Write an integer; None is an empty field."""
    return "" if value is None else int.__repr__(value)


def double(value: Any) -> str:
    """Write ``196.52``, ``0.0``, ``0.00001``; None is the unset value.

    Raises:
        ValueError: it is not a number.
    """
    if value is None:
        return UNSET_DOUBLE
    shown = repr(float(value))
    return shown if "e" not in shown and "n" not in shown else _plain(shown)


def double_or_empty(value: Any) -> str:
    """Write a double; None is an empty field."""
    return "" if value is None else double(value)


def trimmed(value: Any) -> str:
    """Write ``196.52`` and ``0``."""
    shown = double(value)
    return shown.removesuffix(".0")


def _plain(shown: str) -> str:
    """Write an exponent out, and infinity as the gateway's language spells it."""
    if shown == "nan":
        msg = "not a number"
        raise ValueError(msg)
    return _INFINITE.get(shown) or format(Decimal(shown), "f")


def quantity(value: Any) -> str:
    """Write a quantity with as many decimals as it has; None is an empty field.

    Raises:
        ValueError: it is not finite.
    """
    if value is None:
        return ""
    if value.__class__ is Decimal:
        if not value.is_finite():
            msg = "not finite"
            raise ValueError(msg)
        shown = format(value, "f")
        return shown.rstrip("0").rstrip(".") if "." in shown else shown
    if value.__class__ is int:  # by way of a float it would lose its last digits
        return str(value)
    return trimmed(value)


def whole(value: Any) -> str:
    """Write a quantity for clients that only know whole ones; None is an empty field."""
    return "" if value is None else str(int(value))


def number(shown: str) -> float | None:
    """Read a double; the unset value is None.

    Raises:
        ValueError: it is none, or not a number.
    """
    value = INFINITY if shown == _MISSPELT else float(shown)
    if value == _LARGEST:
        return None
    if value != value:  # noqa: PLR0124 - the one test that NaN fails
        msg = "not a number"
        raise ValueError(msg)
    return value


def whole_number(shown: str) -> int | None:
    """Read an integer; the unset value is None.

    Raises:
        ValueError: it is none.
    """
    value = int(shown)
    return None if value == _LARGEST_INTEGER else value


def size(shown: str) -> Decimal | None:
    """Read a quantity; an empty one is None.

    Raises:
        ArithmeticError: it is none.
        ValueError: it is not finite, or of a magnitude that no quantity has.
    """
    if not shown:
        return None
    value = Decimal(shown)
    if not value.is_finite():
        msg = "not finite"
        raise ValueError(msg)
    if abs(value.adjusted()) > LARGEST_EXPONENT:
        msg = "no quantity is so large or so small"
        raise ValueError(msg)
    return value


def count(shown: str, left: int) -> int:
    """Read how many groups follow; ``left`` is the number of fields from here on.

    Raises:
        ValueError: it is none, negative, or more than there can be.
    """
    value = int(shown) if shown else 0
    if not 0 <= value <= left:
        msg = f"{value} groups in {left} fields"
        raise ValueError(msg)
    return value
