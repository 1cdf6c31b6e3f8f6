"""A ledger as a value: what a snapshot keeps, and what a new ledger can begin with."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from robotrader.ledger.history import HistoryState
from robotrader.ledger.money import ZERO
from robotrader.ledger.view import DayMark


class Early(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What was said about a fill that has not been booked yet."""

    rolled: int
    revision: int = -1
    size: Decimal = ZERO
    price: Decimal = ZERO
    commission: Decimal = ZERO
    commission_revision: int = -1


class LedgerState(msgspec.Struct, frozen=True, kw_only=True):
    """A ledger as it is kept in a snapshot; any format that knows Decimals will do."""

    account: str
    granted: Decimal | None = None
    """Adopted cash, had nothing been traded before."""

    histories: dict[int, HistoryState] = {}
    outlay: Decimal = ZERO
    """What all trades cost, commissions included."""

    commissions: dict[str, Decimal] = {}
    early: dict[str, Early] = {}
    elsewhere: dict[str, int] = {}
    """Families of other accounts, with the day on which they came."""

    days: tuple[DayMark, ...] = ()
    best: Decimal | None = None
    """The highest profit at a day's start."""

    rolled: int = 0
    adoptions: int = 0
    ignored: int = 0
    forgotten: int = 0
    doubts: tuple[str, ...] = ()
