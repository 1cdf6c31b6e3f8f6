"""What can be traded: a contract as the broker names it."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

import msgspec


class SecType(StrEnum):
    """The security types that robotrader trades or watches, with IBKR's names."""

    STOCK = "STK"
    INDEX = "IND"
    FUTURE = "FUT"
    OPTION = "OPT"
    FOREX = "CASH"


class Instrument(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One contract. ``con_id`` is IBKR's own number for it and never changes.

    ``tick_table`` gives the smallest price step from each lower price edge on, ascending, as
    IBKR's market rules do; ``size_step`` is the smallest order quantity and its step.
    """

    con_id: int
    symbol: str
    sec_type: SecType = SecType.STOCK
    exchange: str = "SMART"
    primary_exchange: str = ""
    currency: str = "USD"
    local_symbol: str = ""
    trading_class: str = ""
    name: str = ""
    isin: str = ""
    industry: str = ""
    category: str = ""
    subcategory: str = ""
    multiplier: int = 1
    time_zone: str = "US/Eastern"
    calendar: str = "XNYS"
    tick_table: tuple[tuple[Decimal, Decimal], ...] = (
        # Rule 612 of Regulation NMS: a cent from one dollar on, a hundredth of a cent below.
        (Decimal(0), Decimal("0.0001")),
        (Decimal(1), Decimal("0.01")),
    )
    size_step: Decimal = Decimal(1)

    @property
    def tradable(self) -> bool:
        """Whether an order for it can be accepted at all: an index is only watched."""
        return self.sec_type is not SecType.INDEX
