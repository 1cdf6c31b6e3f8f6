"""Market time and market data, pure: daily series, paths inside a bar, intraday prices."""

from robotrader.market.series import SYNTHETIC, Daily, Provenance, Series
from robotrader.market.synthetic import SyntheticMarket

__all__ = ["SYNTHETIC", "Daily", "Provenance", "Series", "SyntheticMarket"]
