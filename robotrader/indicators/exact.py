"""Sums of floats without rounding, so that what leaves a window leaves nothing behind.

A float is a whole number times a power of two. In units of the smallest one, 2**-1074, every float
is an integer, and Python's integers are exact: adding and taking away again gives back what was.
A quotient of two integers is rounded once, correctly.
"""

from __future__ import annotations

from math import isfinite, isqrt
from typing import Final

from robotrader.domain.errors import DataValidationError

_UNIT_BITS: Final = 1074
_ROOT_BITS: Final = 64
"""A root is taken with as many more bits: more than a float keeps."""


class NotFiniteError(DataValidationError):
    """An indicator was given NaN or infinity: the edge should have refused it."""


def units(value: float) -> int:
    """Return ``value`` in units of 2**-1074.

    Raises:
        NotFiniteError: it is NaN or infinite.
    """
    check(value)
    numerator, denominator = value.as_integer_ratio()
    return numerator << (_UNIT_BITS + 1 - denominator.bit_length())


def from_units(total: int, count: int) -> float:
    """Return ``total / count`` in ordinary numbers, rounded once."""
    return total / (count << _UNIT_BITS)


def root_from_units(total: int, count: int) -> float:
    """Return the square root of ``total / count``, the total being one of squares of units.

    Taken of whole numbers, it neither overflows nor vanishes, however large or small the values.
    """
    root = isqrt((total << 2 * _ROOT_BITS) // count)
    return root / (1 << _UNIT_BITS + _ROOT_BITS)


def check(value: float) -> float:
    """Return ``value``.

    Raises:
        NotFiniteError: it is NaN or infinite.
    """
    if not isfinite(value):
        msg = f"{value} cannot be averaged: refuse it at the edge, before an indicator sees it"
        raise NotFiniteError(msg)
    return value


def check_length(name: str, length: int, least: int = 1) -> int:
    """Return ``length``.

    Raises:
        ValueError: it is less than ``least``.
    """
    if length < least:
        msg = f"{name} over {length} values: give at least {least}"
        raise ValueError(msg)
    return length
