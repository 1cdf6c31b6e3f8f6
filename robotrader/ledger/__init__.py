"""The account's truth, pure: FIFO lots, positions, cash and profit as the fold of the journal."""

from robotrader.ledger.gains import gains, gains_of, realized_today
from robotrader.ledger.ledger import CORRECTABLE_DAYS, FOLDED, KEPT_DAYS, Ledger
from robotrader.ledger.log import Log, Mark
from robotrader.ledger.lots import Close, Holding, Lot, Matched, Trade, book, match
from robotrader.ledger.marks import Marks, Newest
from robotrader.ledger.money import market_price
from robotrader.ledger.reading import revision_of
from robotrader.ledger.state import LedgerState
from robotrader.ledger.trades import Traded, Trades, TradesState
from robotrader.ledger.trips import KEPT, Closed, Trips
from robotrader.ledger.view import DayMark, LedgerView, PositionView, StrategyView, profit

__all__ = [
    "CORRECTABLE_DAYS",
    "FOLDED",
    "KEPT",
    "KEPT_DAYS",
    "Close",
    "Closed",
    "DayMark",
    "Holding",
    "Ledger",
    "LedgerState",
    "LedgerView",
    "Log",
    "Lot",
    "Mark",
    "Marks",
    "Matched",
    "Newest",
    "PositionView",
    "StrategyView",
    "Trade",
    "Traded",
    "Trades",
    "TradesState",
    "Trips",
    "book",
    "gains",
    "gains_of",
    "market_price",
    "match",
    "profit",
    "realized_today",
    "revision_of",
]
