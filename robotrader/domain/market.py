"""What a market says: quotes, trades and bars. Prices are floats in the instrument's currency."""

from __future__ import annotations

from decimal import Decimal

import msgspec


class Quote(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """The best bid and ask. A side without a price has size 0 and price 0."""

    con_id: int
    time_ns: int
    bid: float
    ask: float
    bid_size: float
    ask_size: float


class Trade(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """One trade that the venue printed."""

    con_id: int
    time_ns: int
    price: float
    size: float
    exchange: str = ""


class Bar(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """Prices and volume of the time from ``start_ns`` (included) to ``end_ns`` (excluded)."""

    con_id: int
    start_ns: int
    end_ns: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    wap: float = 0.0
    count: int = 0


class Borrow(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """What the broker says of borrowing a contract's shares, which a short sale needs."""

    con_id: int
    shares: Decimal | None
    """How many there are at least; None: not said."""

    to_locate: bool = False
    """Whether they have to be found first: until then an order is held."""
