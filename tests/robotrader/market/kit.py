"""A small exchange for these tests: two days, the second with an early close, and its data."""

from __future__ import annotations

from datetime import date
from typing import Final

from robotrader.domain import Bar, Quote, Trade
from robotrader.venue import Session, SessionTable

S: Final = 1_000_000_000
M: Final = 60 * S
H: Final = 60 * M
AAPL: Final = 265598
DAY: Final = 1_763_942_400 * S
"""Midnight, 2025-11-24, in UTC: New York is five hours behind."""


def session(number: int, close_ns: int) -> Session:
    """A day that opens at 9:30 (extended: 4:00) and closes at ``close_ns`` after midnight UTC."""
    midnight_ns = DAY + number * 24 * H
    return Session(
        date(2025, 11, 24 + number),
        midnight_ns + 14 * H + 30 * M,
        midnight_ns + close_ns,
        midnight_ns + 9 * H,
        midnight_ns + close_ns + 4 * H,
    )


TABLE: Final = SessionTable((session(0, 21 * H), session(1, 18 * H), session(2, 21 * H)))
OPEN: Final = DAY + 14 * H + 30 * M
CLOSE: Final = DAY + 21 * H


def trade(time_ns: int, price: float, size: float = 100.0) -> Trade:
    return Trade(AAPL, time_ns, price, size)


def quote(time_ns: int, bid: float, ask: float) -> Quote:
    return Quote(AAPL, time_ns, bid, ask, 100.0 if bid else 0.0, 100.0 if ask else 0.0)


def bar(start_ns: int, size_ns: int, close: float = 100.0) -> Bar:
    return Bar(AAPL, start_ns, start_ns + size_ns, close, close, close, close, 10.0, close, 1)
