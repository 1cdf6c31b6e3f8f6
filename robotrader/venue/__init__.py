"""One simulated exchange, pure and deterministic: used by the emulated gateway and backtests."""

from robotrader.venue.account import Account, AccountSetup, Position
from robotrader.venue.books import Books, Locates, PnL
from robotrader.venue.commissions import (
    CommissionPlan,
    FixedPlan,
    NoCommission,
    OrderCharges,
    Terms,
    TieredPlan,
)
from robotrader.venue.events import (
    Charged,
    Executed,
    Execution,
    OrderState,
    OrderUpdated,
    PositionChanged,
    Refused,
    Status,
    VenueEvent,
    Warned,
)
from robotrader.venue.exchange import Venue
from robotrader.venue.margin import MarginRules, Preview
from robotrader.venue.matching import opening_price
from robotrader.venue.reports import (
    Report,
    commission_report,
    execution_report,
    order_report,
    position_reports,
    report_of,
)
from robotrader.venue.rules import Slippage, VenueRules
from robotrader.venue.sessions import AlwaysOpen, Session, Sessions, SessionTable
from robotrader.venue.snapshot import VenueState, restore, take

__all__ = [
    "Account",
    "AccountSetup",
    "AlwaysOpen",
    "Books",
    "Charged",
    "CommissionPlan",
    "Executed",
    "Execution",
    "FixedPlan",
    "Locates",
    "MarginRules",
    "NoCommission",
    "OrderCharges",
    "OrderState",
    "OrderUpdated",
    "PnL",
    "Position",
    "PositionChanged",
    "Preview",
    "Refused",
    "Report",
    "Session",
    "SessionTable",
    "Sessions",
    "Slippage",
    "Status",
    "Terms",
    "TieredPlan",
    "Venue",
    "VenueEvent",
    "VenueRules",
    "VenueState",
    "Warned",
    "commission_report",
    "execution_report",
    "opening_price",
    "order_report",
    "position_reports",
    "report_of",
    "restore",
    "take",
]
