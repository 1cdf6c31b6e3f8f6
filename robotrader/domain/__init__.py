"""The vocabulary: what the trading core, the venue and the actors say to each other.

Everything here is a frozen value. Market prices are floats, because indicators compute with
them; money and quantities are ``Decimal``, because accounts do; times are integer nanoseconds
since 1970 in UTC. Unknown fields are refused wherever a value is read from outside.
"""

from robotrader.domain.instruments import Instrument, SecType
from robotrader.domain.market import Bar, Quote, Trade
from robotrader.domain.orders import (
    Order,
    OrderKey,
    OrderType,
    Side,
    TimeInForce,
)

__all__ = [
    "Bar",
    "Instrument",
    "Order",
    "OrderKey",
    "OrderType",
    "Quote",
    "SecType",
    "Side",
    "TimeInForce",
    "Trade",
]
