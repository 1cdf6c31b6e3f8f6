"""What makes a bar, a quote or a trade unusable, and the error that lists what was found.

The rule: bad data are refused at the edge with a reason, and nothing is repaired. An error names
each bad place and what to do about it, a line for each, so that a file is mended in one go.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from robotrader.domain import Bar

MOST_PROBLEMS: Final = 100
"""Listed in one error of a file; whoever has more has the wrong columns, not so many bad lines."""


class DataError(ValueError):
    """Market data that cannot be used; ``problems`` are its lines, each with its place."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Problems:
    """Collects what is wrong with one source, as ``place:line: what; remedy``."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._found: list[str] = []

    def add(self, line: int, what: str) -> None:
        """Note a bad line.

        Raises:
            DataError: there are as many as one error lists.
        """
        self._found.append(f"{self._place}:{line}: {what}")
        if len(self._found) == MOST_PROBLEMS:
            self._found.append(f"{self._place}: not read further: are these the right columns?")
            self.check()

    def check(self) -> None:
        """Do nothing if nothing was found.

        Raises:
            DataError: something was.
        """
        if self._found:
            raise DataError(*self._found)


def fault(opened: float, high: float, low: float, close: float, volume: float) -> str | None:
    """Return what is wrong with a bar and the remedy; None if nothing is."""
    if 0 < low <= opened <= high < inf and low <= close <= high and 0 <= volume < inf:
        return None
    prices = (opened, high, low, close)
    if not all(-inf < number < inf for number in (*prices, volume)):
        return "a price or the volume is no finite number; remove the line or fill it in"
    if min(prices) <= 0:
        return f"price {min(prices)} is not above zero; remove the line or correct it"
    if volume < 0:
        return f"volume {volume} is negative; remove the line or correct it"
    if high < low:
        return f"high {high} is below low {low}; are the columns swapped?"
    name, price = ("close", close) if low <= opened <= high else ("open", opened)
    return f"{name} {price} lies outside {low} to {high}; remove the line or correct it"


def bar_fault(bar: Bar) -> str | None:
    """Return what is wrong with a bar, its times included; None if nothing is."""
    if bar.start_ns >= bar.end_ns:
        return f"it ends at {bar.end_ns}, not after its start {bar.start_ns}"
    return fault(bar.open, bar.high, bar.low, bar.close, bar.volume)


def quote_fault(bid: float, ask: float, bid_size: float, ask_size: float) -> str | None:
    """Return what is wrong with a quote; a side without a price is 0 with size 0."""
    for name, price, size in (("bid", bid, bid_size), ("ask", ask, ask_size)):
        if not (0 <= price < inf and 0 <= size < inf):
            return f"{name} {price} of {size} is negative or no finite number; remove it"
        if not price and size:
            return f"{name} has size {size} and no price; remove it or give the price"
    if 0 < ask < bid:
        return f"crossed: bid {bid} is above ask {ask}; remove it"
    return None


def trade_fault(price: float, size: float) -> str | None:
    """Return what is wrong with a trade; None if nothing is."""
    if 0 < price < inf and 0 <= size < inf:
        return None
    return f"price {price} or size {size} is not possible; remove it"
