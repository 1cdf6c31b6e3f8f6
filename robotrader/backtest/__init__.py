"""Strategies on history: the same hosts, gate, order manager, ledger and venue as live."""

from robotrader.backtest.candles import Chart, Charts, charts_of
from robotrader.backtest.engine import Engine
from robotrader.backtest.feed import (
    Prices,
    Series,
    batches,
    checked,
    held_equally,
    when,
    with_ticks,
)
from robotrader.backtest.report import Part, Report, report_of_run
from robotrader.backtest.result import Result, Setup
from robotrader.backtest.rows import DayRow, FillRow, OrderRow, Tables, TradeRow, tables_of
from robotrader.backtest.standstill import Standstill
from robotrader.backtest.tearsheet import tearsheet

__all__ = [
    "Chart",
    "Charts",
    "DayRow",
    "Engine",
    "FillRow",
    "OrderRow",
    "Part",
    "Prices",
    "Report",
    "Result",
    "Series",
    "Setup",
    "Standstill",
    "Tables",
    "TradeRow",
    "batches",
    "charts_of",
    "checked",
    "held_equally",
    "report_of_run",
    "tables_of",
    "tearsheet",
    "when",
    "with_ticks",
]
