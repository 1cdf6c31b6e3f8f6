"""Regulatory fees on sales of US stocks, by the day of the trade.

SEC section 31 fee: dollars for a million dollars of sales, from the SEC's fee-rate advisories.
FINRA trading activity fee (TAF): dollars for a share sold with a maximum for a trade, from FINRA's
section 1 of schedule A. A rate holds until the next one; before the first one there is none, and
asking for it is an error rather than a guess.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Final

MILLION: Final = Decimal(1_000_000)

SEC_RATES: Final = (
    (date(2022, 5, 14), Decimal("22.90")),
    (date(2023, 2, 27), Decimal("8.00")),
    (date(2024, 5, 22), Decimal("27.80")),
    (date(2025, 5, 14), Decimal("0.00")),
)
TAF_RATES: Final = (
    (date(2012, 7, 1), Decimal("0.000119"), Decimal("5.95")),
    (date(2022, 1, 1), Decimal("0.000130"), Decimal("6.49")),
    (date(2023, 1, 1), Decimal("0.000145"), Decimal("7.27")),
    (date(2024, 1, 1), Decimal("0.000166"), Decimal("8.30")),
)
_SEC_DAYS: Final = [row[0] for row in SEC_RATES]
_TAF_DAYS: Final = [row[0] for row in TAF_RATES]


class NoRate(LookupError):
    """A day before the first known rate."""


def _row(days: list[date], day: date, what: str) -> int:
    index = bisect_right(days, day) - 1
    if index < 0:
        msg = f"no {what} rate is known for {day}, the first is of {days[0]}: use rates='latest'"
        raise NoRate(msg)
    return index


@lru_cache(64)
def _rates(day: date) -> tuple[Decimal, Decimal, Decimal]:
    """Return the SEC's rate, and FINRA's with its maximum; a day's trades ask for the same."""
    sec = SEC_RATES[_row(_SEC_DAYS, day, "SEC fee")][1]
    _, rate, most = TAF_RATES[_row(_TAF_DAYS, day, "TAF")]
    return sec, rate, most


def sec_fee(day: date, proceeds: Decimal) -> Decimal:
    """Return the section 31 fee on a sale for ``proceeds`` dollars.

    Raises:
        NoRate: the day is before the table.
    """
    return proceeds * _rates(day)[0] / MILLION


def taf(day: date, qty: Decimal) -> Decimal:
    """Return the trading activity fee on a sale of ``qty`` shares.

    Raises:
        NoRate: the day is before the table.
    """
    _, rate, most = _rates(day)
    return min(qty * rate, most)


@lru_cache(64)
def known_day(day: date) -> date:
    """Return ``day``, or the first one for which every rate is known: for older history."""
    return max(day, _SEC_DAYS[0], _TAF_DAYS[0])
