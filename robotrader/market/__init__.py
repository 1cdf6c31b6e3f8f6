"""Market time and market data, pure: hours, daily series, drawn and recorded prices, quality."""

from robotrader.market.quality import DataError
from robotrader.market.recording import Recording
from robotrader.market.replay import ReplayMarket
from robotrader.market.series import SYNTHETIC, Daily, Provenance, Series
from robotrader.market.synthetic import SyntheticMarket

__all__ = [
    "SYNTHETIC",
    "Daily",
    "DataError",
    "Provenance",
    "Recording",
    "ReplayMarket",
    "Series",
    "SyntheticMarket",
]
