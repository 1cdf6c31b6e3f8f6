"""The account's truth, pure: FIFO lots, positions, cash and profit as the fold of the journal."""

from robotrader.ledger.ledger import CORRECTABLE_DAYS, FOLDED, KEPT_DAYS, Ledger, LedgerState
from robotrader.ledger.lots import Holding, Lot, Trade, book
from robotrader.ledger.money import market_price
from robotrader.ledger.reading import revision_of
from robotrader.ledger.view import DayMark, LedgerView, PositionView, StrategyView, profit

__all__ = [
    "CORRECTABLE_DAYS",
    "FOLDED",
    "KEPT_DAYS",
    "DayMark",
    "Holding",
    "Ledger",
    "LedgerState",
    "LedgerView",
    "Lot",
    "PositionView",
    "StrategyView",
    "Trade",
    "book",
    "market_price",
    "profit",
    "revision_of",
]
