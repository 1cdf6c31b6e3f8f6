"""How large an entry is, pure: fixed fraction, volatility target, ATR and Kelly."""

from robotrader.domain.size_rules import SizeKind, SizeRule
from robotrader.sizing.funds import funds_of
from robotrader.sizing.kelly import Odds, continuous, discrete, odds_of
from robotrader.sizing.sizer import Sizer

__all__ = ["Odds", "SizeKind", "SizeRule", "Sizer", "continuous", "discrete", "funds_of", "odds_of"]
