"""How two series go together: correlation and least-squares regression of a window, exactly."""

from __future__ import annotations

from typing import Any, NamedTuple

from robotrader.indicators.base import Indicator
from robotrader.indicators.exact import Window, check, check_length, root


class Line(NamedTuple):
    """``y = intercept + slope * x``, and the part of y's variance that it explains."""

    slope: float
    intercept: float
    r2: float


class _Moments(Indicator):
    """Sums of two series, of their squares and of their products over one window."""

    _keeps = ("_x", "_y")

    def __init__(self, name: str, length: int) -> None:
        self.length = self.warm_up = check_length(name, length, 2)
        self._x, self._y = Window(length), Window(length)
        self._xx = self._yy = self._xy = 0

    def _take(self, x: float, y: float) -> bool:
        """Take the next pair; return whether the window is full."""
        check(x)
        check(y)
        first, second = self._x, self._y
        x_bits, y_bits = first.bits, second.bits
        first.push(x)
        full = second.push(y)
        x_more, y_more = first.bits - x_bits, second.bits - y_bits
        if x_more or y_more:
            self._xx <<= 2 * x_more
            self._yy <<= 2 * y_more
            self._xy <<= x_more + y_more
        x_in, x_out, y_in, y_out = first.added, first.gone, second.added, second.gone
        self._xx += x_in * x_in - x_out * x_out
        self._yy += y_in * y_in - y_out * y_out
        self._xy += x_in * y_in - x_out * y_out
        return full

    def _centred(self) -> tuple[int, int, int]:
        """Return x's and y's sums of squared distances and that of products, times the length."""
        count, x, y = self.length, self._x.total, self._y.total
        return count * self._xx - x * x, count * self._yy - y * y, count * self._xy - x * y

    def _restore(self, state: list[Any]) -> None:
        super()._restore(state)
        x, y = self._x.whole(), self._y.whole()
        self._xx, self._yy = sum(each * each for each in x), sum(each * each for each in y)
        self._xy = sum(one * other for one, other in zip(x, y, strict=True))


class RollingCorrelation(_Moments):
    """Pearson's correlation of the last ``length`` pairs, -1 to 1.

    It is None also where a series does not move: then there is none.
    """

    def __init__(self, length: int) -> None:
        super().__init__("a correlation", length)
        self.value: float | None = None

    def update(self, x: float, y: float) -> float | None:
        """Take the next pair in constant time; return None until there are ``length``.

        Raises:
            NotFiniteError: a number is NaN or infinite; nothing has changed.
        """
        if self._take(x, y):
            xx, yy, xy = self._centred()
            self.value = None
            if xx and yy:
                size = root(xy * xy, xx * yy)
                self.value = size if xy > 0 else -size
        return self.value


class RollingRegression(_Moments):
    """The least-squares line of y on x over the last ``length`` pairs.

    It is None also where x does not move: then there is none. Where y does not move, the line
    explains all there is: r2 is 1.
    """

    def __init__(self, length: int) -> None:
        super().__init__("a regression", length)
        self.value: Line | None = None

    def update(self, x: float, y: float) -> Line | None:
        """Take the next pair in constant time; return None until there are ``length``.

        Raises:
            NotFiniteError: a number is NaN or infinite; nothing has changed.
        """
        if self._take(x, y):
            self.value = self._line()
        return self.value

    def _line(self) -> Line | None:
        xx, yy, xy = self._centred()
        if not xx:
            return None
        x_bits, y_bits = self._x.bits, self._y.bits
        slope = (xy << x_bits) / (xx << y_bits)
        # The mean of y less slope times the mean of x, with the slope as a ratio: rounded once.
        above = self._y.total * xx - xy * self._x.total
        intercept = above / (self.length * xx << y_bits)
        r2 = xy * xy / (xx * yy) if yy else 1.0
        return Line(slope, intercept, r2)

    def _result(self, plain: Any) -> Any:
        return None if plain is None else Line(*plain)
