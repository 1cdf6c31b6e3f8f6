"""A contract in the worst case as a row of sums, and sums whose parts come and go.

Sums stay exact because nothing that is added is ever rounded. What moves several sums by the same
amount, as a price moves what a long position without orders is worth, is computed once for all.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from itertools import compress
from math import isqrt
from operator import is_not
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import msgspec

from robotrader.ledger.money import ZERO
from robotrader.risk.exposure import NOTHING, Exposure, OnWay

if TYPE_CHECKING:
    from collections.abc import Iterable


class Sum:
    """A sum of parts that come and go; unknown while one of them is."""

    __slots__ = ("known", "unknown")

    def __init__(self) -> None:
        self.known, self.unknown = ZERO, 0

    @property
    def total(self) -> Decimal | None:
        """The sum; None while a part is not known."""
        return None if self.unknown else self.known

    def swap(self, old: Decimal | None, new: Decimal | None) -> None:
        """Take ``new`` instead of ``old``, which is 0 if it was not there."""
        if old is None or new is None:
            self.unknown += (new is None) - (old is None)
            self.known += (new or ZERO) - (old or ZERO)
        elif old is not new:
            self.known += new - old

    def with_swap(self, old: Decimal | None, new: Decimal | None) -> Decimal | None:
        """Return the sum as ``swap`` would leave it."""
        if not self.unknown and old is not None and new is not None:
            return self.known if old is new else self.known + (new - old)
        if self.unknown + (new is None) - (old is None):
            return None
        return self.known + (new or ZERO) - (old or ZERO)


class Row(msgspec.Struct, frozen=True, gc=False):
    """A contract in the worst case, and what its parts of the sums are.

    Parts that are equal are one object where that costs nothing: ``value`` and ``high`` of what is
    long, ``high`` and ``low`` of what has no orders.
    """

    each: Exposure
    value: Decimal | None
    high: Decimal | None
    low: Decimal | None
    heat: Decimal | None
    wanted: Mapping[str, Decimal]
    """How many shares each strategy's entries are for."""

    way: OnWay = NOTHING
    """What is on its way, as it was counted."""

    @classmethod
    def of(
        cls,
        each: Exposure,
        heat: Decimal | None,
        wanted: Mapping[str, Decimal],
        way: OnWay = NOTHING,
    ) -> Row:
        """Return the row of a contract."""
        unit = each.unit
        if unit is None:
            return cls(each, None, None, None, heat, wanted, way)
        high = each.high * unit
        low = high if each.low is each.high else each.low * unit
        value = high
        if low < ZERO:
            value = max(high, -low)
        return cls(each, value, high, low, heat, wanted, way)


NOBODY: Final[Mapping[str, Decimal]] = MappingProxyType({})
NO_ROW: Final = Row(Exposure(ZERO, ZERO, ZERO), ZERO, ZERO, ZERO, ZERO, NOBODY)
"""A contract that is neither held nor on its way."""


class Sums:
    """What all contracts are worth together, in the worst case."""

    __slots__ = ("gross", "heat", "high", "low")

    def __init__(self) -> None:
        self.gross, self.high, self.low, self.heat = Sum(), Sum(), Sum(), Sum()

    def swap(self, old: Row, new: Row, sector: Sum) -> None:
        """Take one row instead of another, also in its sector's sum."""
        more = above_and_below(old, new)
        if more is None:
            sector.swap(old.value, new.value)
            self.gross.swap(old.value, new.value)
            self.high.swap(old.high, new.high)
            self.low.swap(old.low, new.low)
        else:
            worth, high, low = more
            sector.known += worth
            self.gross.known += worth
            self.high.known += high
            self.low.known += low
        before, now = old.heat, new.heat
        if before is now:
            return
        if before is None or now is None:
            self.heat.swap(before, now)
        else:
            self.heat.known += now - before


def above_and_below(old: Row, new: Row) -> tuple[Decimal, Decimal, Decimal] | None:
    """Return by how much the parts of two rows differ: ``value``, ``high`` and ``low``.

    None if they are not known. What is the same difference is computed once.
    """
    if old.value is None or new.value is None or old.high is None or new.high is None:
        return None
    value = high = ZERO if new.value is old.value else new.value - old.value
    if new.high is not new.value or old.high is not old.value:
        high = new.high - old.high
    if new.low is new.high and old.low is old.high:
        return value, high, high
    return None if new.low is None or old.low is None else (value, high, new.low - old.low)


class Seen:
    """What a mapping held when it was looked at last."""

    __slots__ = ("_keys", "_values")

    def __init__(self) -> None:
        self._keys: list[int] = []
        self._values: list[object] = []

    def changed(self, now: Mapping[int, object]) -> Iterable[int]:
        """Return the keys of what is another object now, or gone."""
        keys, values = list(now), list(now.values())
        before, self._values = self._values, values
        if keys != self._keys:
            left = dict(zip(self._keys, before, strict=True))
            self._keys = keys
            changed = [key for key in now if left.pop(key, _NOTHING) is not now[key]]
            return (*changed, *left)  # what is left of it is gone
        found: list[int] = []
        length = isqrt(len(keys)) + 1
        for at in range(0, len(keys), length):  # most stretches are the same, which is fast
            stretch = slice(at, at + length)
            if values[stretch] != before[stretch]:
                found += compress(keys[stretch], map(is_not, values[stretch], before[stretch]))
        return found


_NOTHING: Final = object()
