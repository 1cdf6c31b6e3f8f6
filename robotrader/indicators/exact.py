"""Sums of floats without rounding, so that what leaves a window leaves nothing behind.

A float is a whole number times a power of two. In small enough units every float of a series is an
integer, and Python's integers are exact: adding and taking away again gives back what was, and a
quotient is rounded once, correctly. The units begin at 2**-52 and get smaller when a value needs
it, down to 2**-1074; no sum depends on how small they are.
"""

from __future__ import annotations

from collections import deque
from math import inf, isfinite, isqrt, sqrt
from typing import TYPE_CHECKING, Final

from robotrader.domain.errors import DataValidationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_FIRST_BITS: Final = 52
_MOST_BITS: Final = 1_000
"""Above, the factor is near the end of floats: values are taken apart instead."""

_ROOT_BITS: Final = 66
"""A root of whole numbers is taken to as many bits: more than a float keeps."""

_SAFE: Final = 1e-280
"""A ratio between this and its inverse has a root that is no less exact than itself."""


class NotFiniteError(DataValidationError):
    """An indicator was given NaN or infinity: the edge should have refused it."""


class Scale:
    """Turns floats into whole numbers of one unit, which gets smaller when it has to.

    ``bits`` says that the unit is ``2**-bits``, and ``factor`` is what a value is multiplied by.
    Who keeps sums in it shifts them by what ``bits`` has grown.
    """

    __slots__ = ("bits", "factor")

    def __init__(self) -> None:
        self.bits = _FIRST_BITS
        self.factor = 2.0**_FIRST_BITS

    def units(self, value: float) -> int:
        """Return ``value`` in units.

        Raises:
            NotFiniteError: it is NaN or infinite; nothing has changed.
        """
        scaled = value * self.factor
        if scaled.is_integer():
            return int(scaled)
        numerator, denominator = float(check(value)).as_integer_ratio()
        needed = denominator.bit_length() - 1
        if needed > self.bits:
            self.bits = needed
            self.factor = 2.0**needed if needed <= _MOST_BITS else inf
        return numerator << (self.bits - needed)


class Total:
    """A sum that only grows or begins anew."""

    __slots__ = ("_scale", "_sum")

    def __init__(self) -> None:
        self._scale = Scale()
        self._sum = 0

    def add(self, value: float) -> None:
        """Add a value. Raises NotFiniteError; nothing has changed then."""
        before = self._scale.bits
        added = self._scale.units(value)
        self._sum = (self._sum << (self._scale.bits - before)) + added

    def clear(self) -> None:
        """Begin anew."""
        self._sum = 0

    @property
    def value(self) -> float:
        """The sum, rounded once."""
        return self._sum / (1 << self._scale.bits)

    def over(self, other: Total) -> float | None:
        """Return the ratio of two sums, rounded once; None if the other is 0."""
        if not other._sum:
            return None
        return (self._sum << other._scale.bits) / (other._sum << self._scale.bits)

    def state(self) -> list[object]:
        """Return what ``restore`` takes."""
        return [str(self._sum), self._scale.bits]

    def restore(self, state: list[object]) -> None:
        """Take back a state."""
        number, bits = state
        self._scale.units(2.0 ** -int(str(bits)))
        self._sum = int(str(number)) << (self._scale.bits - int(str(bits)))


class Window:
    """The last ``length`` values with their exact sum, in units of ``2**-bits``.

    Attributes:
        total: the sum of what is in it.
        added: what came last.
        gone: what left for it, 0 if nothing did.
    """

    __slots__ = ("_scale", "_values", "added", "bits", "gone", "length", "total")

    def __init__(self, length: int) -> None:
        self.length = length
        self.bits = _FIRST_BITS
        self.total = self.added = self.gone = 0
        self._scale = Scale()
        self._values: deque[int] = deque()

    def push(self, value: float) -> bool:
        """Take the next value; return whether the window is full.

        Raises:
            NotFiniteError: it is NaN or infinite; nothing has changed.
        """
        scale = self._scale
        scaled = value * scale.factor
        added = int(scaled) if scaled.is_integer() else scale.units(value)
        if scale.bits > self.bits:
            self._refine(scale.bits - self.bits)
        values = self._values
        values.append(added)
        if len(values) > self.length:
            self.gone = gone = values.popleft()
            self.total += added - gone
        else:
            self.total += added
        self.added = added
        return len(values) == self.length

    def extend(self, values: Sequence[float]) -> bool:
        """Take the next values, as ``push`` one after another; raises as it does."""
        factor, own = self._scale.factor, self._values
        scaled = [value * factor for value in values]
        if not all(map(float.is_integer, scaled)):
            for value in values:
                self.push(value)
            own = self._values  # of a finer unit they are others
        elif scaled:
            added = list(map(int, scaled))
            own.extend(added)
            gone = [own.popleft() for _ in range(len(own) - self.length)]
            self.total += sum(added) - sum(gone)
            self.added, self.gone = added[-1], gone[-1] if gone else self.gone
        return len(own) == self.length

    def _refine(self, by: int) -> None:
        self.bits += by
        self.total <<= by
        self._values = deque(value << by for value in self._values)

    @property
    def mean(self) -> float:
        """The mean, rounded once; there has to be a value."""
        return self.total / (len(self._values) << self.bits)

    @property
    def sum(self) -> float:
        """The sum, rounded once."""
        return self.total / (1 << self.bits)

    @property
    def oldest(self) -> float:
        """What came first of what is in it; there has to be a value."""
        return self._values[0] / (1 << self.bits)

    def __len__(self) -> int:
        return len(self._values)

    def whole(self) -> list[int]:
        """Return what is in it in its units, oldest first."""
        return list(self._values)

    def values(self) -> list[float]:
        """Return what is in it, oldest first."""
        unit = 1 << self.bits
        return [value / unit for value in self._values]

    def state(self) -> list[float]:
        """Return what ``restore`` takes."""
        return self.values()

    def restore(self, values: Iterable[float]) -> None:
        """Take back a state."""
        self._values.clear()
        self.total = self.gone = 0
        for value in values:
            self.push(value)


def root(numerator: int, denominator: int) -> float:
    """Return the square root of a ratio of whole numbers, the denominator above 0.

    It neither overflows nor vanishes, however large or small the numbers are.
    """
    try:
        ratio = numerator / denominator
    except OverflowError:
        ratio = 0.0
    if _SAFE < ratio < 1 / _SAFE:
        return sqrt(ratio)
    missing = denominator.bit_length() - numerator.bit_length()
    shift = max(0, missing // 2 + _ROOT_BITS)
    return isqrt((numerator << 2 * shift) // denominator) / (1 << shift)


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


def check_bar(high: float, low: float, close: float) -> None:
    """Check the prices of a bar.

    Raises:
        NotFiniteError: a price is NaN or infinite.
        ValueError: the high is below the low.
    """
    check(high)
    check(low)
    check(close)
    if high < low:
        msg = f"high {high} is below low {low}: are they swapped?"
        raise ValueError(msg)
