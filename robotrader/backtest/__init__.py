"""Strategies on history: the same hosts, gate, order manager, ledger and venue as live."""

from robotrader.backtest.engine import Engine
from robotrader.backtest.feed import Prices, batches, checked, held_equally, when, with_ticks
from robotrader.backtest.report import Part, Report, report_of_run
from robotrader.backtest.result import Result, Setup
from robotrader.backtest.tearsheet import tearsheet

__all__ = [
    "Engine",
    "Part",
    "Prices",
    "Report",
    "Result",
    "Setup",
    "batches",
    "checked",
    "held_equally",
    "report_of_run",
    "tearsheet",
    "when",
    "with_ticks",
]
