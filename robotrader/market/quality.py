"""What makes a bar, a quote or a trade unusable, and the error that lists what was found.

The rule: bad data are refused at the edge with a reason, and nothing is repaired. An error names
each bad place and what to do about it, a line for each, so that a file is mended in one go.
"""

from __future__ import annotations

from enum import StrEnum
from math import inf
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from robotrader.domain import Bar, Quote, Trade

MOST_PROBLEMS: Final = 100
"""Listed in one error of a file; whoever has more has the wrong columns, not so many bad lines."""


class Reason(StrEnum):
    """Why a value is refused."""

    FOREIGN = "another contract"
    NO_TIME = "no time"
    OLD = "old"
    FUTURE = "from the future"
    NOT_FINITE = "no finite number"
    NOT_ABOVE_ZERO = "not above zero"
    NEGATIVE = "negative"
    NO_PRICE = "size and no price"
    SHAPE = "high, low, open and close disagree"
    CROSSED = "crossed"
    DUPLICATE = "duplicate"
    OUT_OF_ORDER = "out of order"
    JUMP = "jump, not confirmed"


class Refused(msgspec.Struct, frozen=True):
    """A value that stays outside: the reason, and a sentence with its numbers."""

    reason: Reason
    why: str

    @property
    def remedy(self) -> str:
        """The sentence, and what to do about it where the value stands in a file."""
        return f"{self.why}; {_REMEDIES.get(self.reason, 'remove the line or correct it')}"


_REMEDIES: Final = {
    Reason.NOT_FINITE: "remove the line or fill it in",
    Reason.NO_PRICE: "remove the size or give the price",
}


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


def fault(opened: float, high: float, low: float, close: float, volume: float) -> Refused | None:
    """Return what is wrong with a bar's figures; None if nothing is."""
    if 0 < low <= opened <= high < inf and low <= close <= high and 0 <= volume < inf:
        return None
    prices = (opened, high, low, close)
    unreal = _unreal("a price or the volume", *prices, volume)
    if unreal is not None:
        return unreal
    if min(prices) <= 0:
        return Refused(Reason.NOT_ABOVE_ZERO, f"price {min(prices)} is not above zero")
    if volume < 0:
        return Refused(Reason.NEGATIVE, f"volume {volume} is negative")
    if high < low:
        return Refused(Reason.SHAPE, f"high {high} is below low {low} (are the columns swapped?)")
    name, price = ("close", close) if low <= opened <= high else ("open", opened)
    return Refused(Reason.SHAPE, f"{name} {price} lies outside {low} to {high}")


def bar_fault(bar: Bar) -> Refused | None:
    """Return what is wrong with a bar, its times included; None if nothing is."""
    refused = fault(bar.open, bar.high, bar.low, bar.close, bar.volume)
    if refused is None and not 0 <= bar.wap < inf:
        refused = _unreal("wap", bar.wap)
        return refused or Refused(Reason.NEGATIVE, f"wap {bar.wap} is negative")
    if refused is None and bar.count < 0:
        return Refused(Reason.NEGATIVE, f"count {bar.count} is negative")
    if refused is None and bar.start_ns >= bar.end_ns:
        said = f"it ends at {bar.end_ns}, not after its start {bar.start_ns}"
        return Refused(Reason.SHAPE, said)
    return refused


def quote_fault(quote: Quote) -> Refused | None:
    """Return what is wrong with a quote; a side without a price is 0 with size 0."""
    if 0 < quote.bid <= quote.ask < inf and 0 <= quote.bid_size < inf and 0 <= quote.ask_size < inf:
        return None
    for name, price, size in (
        ("bid", quote.bid, quote.bid_size),
        ("ask", quote.ask, quote.ask_size),
    ):
        unreal = _unreal(name, price, size)
        if unreal is not None:
            return unreal
        if price < 0 or size < 0:
            return Refused(Reason.NEGATIVE, f"{name} {price} of {size} is negative")
        if not price and size:
            return Refused(Reason.NO_PRICE, f"{name} has size {size} and no price")
    if 0 < quote.ask < quote.bid:
        return Refused(Reason.CROSSED, f"crossed: bid {quote.bid} is above ask {quote.ask}")
    return None


def trade_fault(trade: Trade) -> Refused | None:
    """Return what is wrong with a trade; None if nothing is."""
    if 0 < trade.price < inf and 0 <= trade.size < inf:
        return None
    unreal = _unreal("price or size", trade.price, trade.size)
    if unreal is not None:
        return unreal
    if trade.price <= 0:
        return Refused(Reason.NOT_ABOVE_ZERO, f"price {trade.price} is not above zero")
    if trade.size < 0:
        return Refused(Reason.NEGATIVE, f"size {trade.size} is negative")
    return None


def _unreal(name: str, *numbers: float) -> Refused | None:
    if all(-inf < number < inf for number in numbers):
        return None
    return Refused(Reason.NOT_FINITE, f"{name} is no finite number")
