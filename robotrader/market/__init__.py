"""Market time and market data, pure.

Daily series, paths inside a bar and intraday prices; and what stands between a source and a
decision: the edge that refuses, bars and their cells, freshness, history and live bars in one.
"""

from robotrader.market.backfill import Backfill
from robotrader.market.bars import BarBuilder, Skipped
from robotrader.market.cells import Cell, Cells, Phase
from robotrader.market.edge import Edge, EdgeLimits
from robotrader.market.line import LineRules, SymbolLine, Taken
from robotrader.market.quality import DataError, Reason, Refused
from robotrader.market.recording import Recording
from robotrader.market.replay import ReplayMarket
from robotrader.market.series import SYNTHETIC, Daily, Provenance, Series
from robotrader.market.staleness import Freshness, LineAge
from robotrader.market.synthetic import SyntheticMarket

__all__ = [
    "SYNTHETIC",
    "Backfill",
    "BarBuilder",
    "Cell",
    "Cells",
    "Daily",
    "DataError",
    "Edge",
    "EdgeLimits",
    "Freshness",
    "LineAge",
    "LineRules",
    "Phase",
    "Provenance",
    "Reason",
    "Recording",
    "Refused",
    "ReplayMarket",
    "Series",
    "Skipped",
    "SymbolLine",
    "SyntheticMarket",
    "Taken",
]
