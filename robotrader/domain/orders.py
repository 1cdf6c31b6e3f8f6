"""An order as it is sent to a venue, with the meaning that IBKR gives to each field."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Final, Self

import msgspec


class Side(StrEnum):
    """What an order does. ``SELL_SHORT`` says that the shares are borrowed (IBKR's SSHORT)."""

    __hash__ = str.__hash__  # an enum's own hash is a Python function: these are looked up a lot

    sign: int
    """1 where the position grows, -1 where it shrinks."""

    def __new__(cls, word: str, sign: int = 0) -> Self:
        """Make a member: a plain attribute is three times as fast as a property."""
        member = str.__new__(cls, word)
        member._value_ = word
        member.sign = sign
        return member

    BUY = "BUY", 1
    SELL = "SELL", -1
    SELL_SHORT = "SSHORT", -1


class OrderType(StrEnum):
    """The order types that the simulated venue executes, with IBKR's names."""

    __hash__ = str.__hash__  # an enum's own hash is a Python function: these are looked up a lot

    MARKET = "MKT"
    LIMIT = "LMT"
    STOP = "STP"
    STOP_LIMIT = "STP LMT"
    TRAIL = "TRAIL"
    TRAIL_LIMIT = "TRAIL LIMIT"
    MARKET_IF_TOUCHED = "MIT"
    LIMIT_IF_TOUCHED = "LIT"
    MARKET_ON_CLOSE = "MOC"
    LIMIT_ON_CLOSE = "LOC"
    MARKET_ON_OPEN = "MOO"
    RELATIVE = "REL"


PROTECTIVE: Final = frozenset(
    {OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAIL, OrderType.TRAIL_LIMIT}
)
"""The types of a stop: one that only reduces protects a position."""


class TimeInForce(StrEnum):
    """How long an order works, with IBKR's names."""

    __hash__ = str.__hash__  # an enum's own hash is a Python function: these are looked up a lot

    DAY = "DAY"
    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"
    GTD = "GTD"
    OPG = "OPG"


class OrderKey(msgspec.Struct, frozen=True, gc=False, order=True):
    """Who an order belongs to at a broker: the client's number and that client's own id for it."""

    client_id: int
    order_id: int


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is wanted. Prices and quantities are decimals; ``None`` means "not given".

    - ``aux_price``: the trigger of STP, STP LMT, MIT and LIT; the distance of TRAIL and
      TRAIL LIMIT; the offset of REL.
    - ``trail_percent``: a TRAIL's distance in percent of the price, instead of ``aux_price``.
    - ``trail_stop_price``: where a trailing stop begins; computed from the market if not given.
    - ``limit_offset``: how far a TRAIL LIMIT's limit lies from its stop.
    - ``oca_type``: 1 cancels the rest of the group at a fill, 2 reduces them and blocks
      overfills, 3 reduces them without blocking.
    - ``parent_id``: the order of the same client that has to fill first (0 for none).
    - ``transmit``: whether it may work at once; a bracket is held until its last leg says so.
    - ``good_till_ns`` is required by GTD; ``good_after_ns`` delays the start.
    """

    con_id: int
    side: Side
    order_type: OrderType
    qty: Decimal
    account: str
    limit_price: Decimal | None = None
    aux_price: Decimal | None = None
    trail_percent: Decimal | None = None
    trail_stop_price: Decimal | None = None
    limit_offset: Decimal | None = None
    tif: TimeInForce = TimeInForce.DAY
    outside_rth: bool = False
    good_after_ns: int | None = None
    good_till_ns: int | None = None
    oca_group: str = ""
    oca_type: int = 0
    parent_id: int = 0
    transmit: bool = True
    all_or_none: bool = False
    min_qty: Decimal | None = None
    order_ref: str = ""
