"""The vocabulary: what the trading core, the venue and the actors say to each other.

Everything here is a frozen value. Market prices are floats, because indicators compute with
them; money and quantities are ``Decimal``, because accounts do; times are integer nanoseconds
since 1970 in UTC. Unknown fields are refused wherever a value is read from outside; only the
journal's ``records`` are lenient, so that a release can be rolled back. What is raised is in
``errors``.
"""

from robotrader.domain import errors, records
from robotrader.domain.broker import (
    AskLink,
    AskMargin,
    AskSnapshot,
    BrokerSnapshot,
    CancelOrder,
    CommissionReport,
    ExecutionReport,
    FromBroker,
    LinkChanged,
    LinkState,
    MarginSaid,
    OrderFailed,
    OrderReport,
    PlaceOrder,
    PositionReport,
    ReportedStatus,
    family_of,
)
from robotrader.domain.decisions import (
    Approved,
    CancelWish,
    Intent,
    Leg,
    Purpose,
    Refusal,
    StopWish,
)
from robotrader.domain.holdings import FLATTENER, NO_STRATEGIES, NOBODY, accepted, moved
from robotrader.domain.instruments import (
    Instrument,
    SecType,
)
from robotrader.domain.lifecycle import (
    OVER,
    TRANSITIONS,
    Happening,
    OrderState,
    after,
)
from robotrader.domain.market import (
    Bar,
    Borrow,
    Quote,
    Trade,
)
from robotrader.domain.orders import (
    PROTECTIVE,
    Order,
    OrderKey,
    OrderType,
    Side,
    TimeInForce,
)
from robotrader.domain.sizes import Funds, Sizing

__all__ = [
    "FLATTENER",
    "NOBODY",
    "NO_STRATEGIES",
    "OVER",
    "PROTECTIVE",
    "TRANSITIONS",
    "Approved",
    "AskLink",
    "AskMargin",
    "AskSnapshot",
    "Bar",
    "Borrow",
    "BrokerSnapshot",
    "CancelOrder",
    "CancelWish",
    "CommissionReport",
    "ExecutionReport",
    "FromBroker",
    "Funds",
    "Happening",
    "Instrument",
    "Intent",
    "Leg",
    "LinkChanged",
    "LinkState",
    "MarginSaid",
    "Order",
    "OrderFailed",
    "OrderKey",
    "OrderReport",
    "OrderState",
    "OrderType",
    "PlaceOrder",
    "PositionReport",
    "Purpose",
    "Quote",
    "Refusal",
    "ReportedStatus",
    "SecType",
    "Side",
    "Sizing",
    "StopWish",
    "TimeInForce",
    "Trade",
    "accepted",
    "after",
    "errors",
    "family_of",
    "moved",
    "records",
]
