"""Regulatory fees on sales of US stocks, by the day of the trade.

SEC section 31 fee: dollars for a million dollars of sales, from the SEC's fee-rate advisories.
FINRA trading activity fee (TAF): dollars for a share sold with a maximum for a trade, from FINRA's
section 1 of schedule A. A rate holds until the next one; before the first one there is none, and
asking for it is an error rather than a guess.

What is confirmed. Rate and first day, by an SEC or FINRA notice or a report of one: section 31 of
2012-02-21, 2014-03-18, 2018 to 2021, 2023 to 2025, and the TAF of 2012-03-01. The rate only, by
notices that name it as the one in force or by brokers' price lists: section 31 of 22.40, 17.40,
21.80 and 22.90, the TAF of 0.000119, 0.000145 and 0.000166 with their maxima, and 0.000130 without
it. Second-hand only: section 31 of 2015, 2017 and 2026, the maximum of 6.49, the TAF of 2026, and
the first days not named above. FINRA has announced higher TAFs for 2027 to 2029: not in the table.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import date
from decimal import ROUND_CEILING, Decimal
from functools import lru_cache
from typing import Final

MILLION: Final = Decimal(1_000_000)
CENT: Final = Decimal("0.01")

SEC_RATES: Final = (
    (date(2012, 2, 21), Decimal("18.00")),
    (date(2012, 4, 1), Decimal("22.40")),
    (date(2013, 5, 25), Decimal("17.40")),
    (date(2014, 3, 18), Decimal("22.10")),
    (date(2015, 2, 14), Decimal("18.40")),
    (date(2016, 2, 16), Decimal("21.80")),
    (date(2017, 7, 4), Decimal("23.10")),
    (date(2018, 5, 22), Decimal("13.00")),
    (date(2019, 4, 16), Decimal("20.70")),
    (date(2020, 2, 18), Decimal("22.10")),
    (date(2021, 2, 25), Decimal("5.10")),
    (date(2022, 5, 14), Decimal("22.90")),
    (date(2023, 2, 27), Decimal("8.00")),
    (date(2024, 5, 22), Decimal("27.80")),
    (date(2025, 5, 14), Decimal("0.00")),
    (date(2026, 4, 4), Decimal("20.60")),
)
"""First day, and dollars for a million dollars of sales."""

TAF_RATES: Final = (
    (date(2012, 3, 1), Decimal("0.000095"), Decimal("4.75")),
    (date(2012, 7, 1), Decimal("0.000119"), Decimal("5.95")),
    (date(2022, 1, 1), Decimal("0.000130"), Decimal("6.49")),
    (date(2023, 1, 1), Decimal("0.000145"), Decimal("7.27")),
    (date(2024, 1, 1), Decimal("0.000166"), Decimal("8.30")),
    (date(2026, 1, 1), Decimal("0.000195"), Decimal("9.79")),
)
"""First day, dollars for a share sold, and the most for a trade in dollars."""

_SEC_DAYS: Final = [row[0] for row in SEC_RATES]
_TAF_DAYS: Final = [row[0] for row in TAF_RATES]


class NoRate(LookupError):
    """A day before the first known rate."""


def _row(days: list[date], day: date, what: str) -> int:
    index = bisect_right(days, day) - 1
    if index < 0:
        msg = (
            f"no {what} rate is known for {day}, the first is of {days[0]}: "
            "give the plan rates='nearest', or ask for known_day(day)"
        )
        raise NoRate(msg)
    return index


# The caches hold a few months of days: a run goes through its days in order.
@lru_cache(64)
def _sec_rate(day: date) -> Decimal:
    """Return dollars for a dollar of sales."""
    return SEC_RATES[_row(_SEC_DAYS, day, "SEC fee")][1] / MILLION


@lru_cache(64)
def _taf_rate(day: date) -> tuple[Decimal, Decimal]:
    _, rate, most = TAF_RATES[_row(_TAF_DAYS, day, "TAF")]
    return rate, most


def sec_fee(day: date, proceeds: Decimal, *, cents_up: bool = False) -> Decimal:
    """Return the section 31 fee, in dollars, on a sale for ``proceeds`` dollars.

    ``cents_up`` rounds up to a whole cent, as many brokers do.

    Raises:
        NoRate: the day is before the table.
    """
    fee = proceeds * _sec_rate(day)
    return fee.quantize(CENT, ROUND_CEILING) if cents_up else fee


def taf(day: date, qty: Decimal, *, cents_up: bool = False) -> Decimal:
    """Return the trading activity fee, in dollars, on a sale of ``qty`` shares.

    ``cents_up`` rounds up to a whole cent, as many brokers do.

    Raises:
        NoRate: the day is before the table.
    """
    rate, most = _taf_rate(day)
    fee = min(qty * rate, most)
    return fee.quantize(CENT, ROUND_CEILING) if cents_up else fee


def sale_fees(day: date, qty: Decimal, proceeds: Decimal, *, cents_up: bool = False) -> Decimal:
    """Return both fees, in dollars, on a sale of ``qty`` shares for ``proceeds`` dollars.

    Raises:
        NoRate: the day is before a table.
    """
    return sec_fee(day, proceeds, cents_up=cents_up) + taf(day, qty, cents_up=cents_up)


@lru_cache(64)
def known_day(day: date) -> date:
    """Return ``day``, or the first one for which every rate is known: for older history."""
    return max(day, _SEC_DAYS[0], _TAF_DAYS[0])
