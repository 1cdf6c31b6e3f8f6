"""Indicators that take one value at a time: the same numbers as over the whole series at once.

What looks at a window sums exactly: its value depends on the values in the window and on nothing
before, to the last bit. A strategy that was restarted and warmed up therefore computes what it
would have computed without the restart. ``Ema``, ``Rma``, ``Atr``, ``Rsi``, ``Macd``, ``Adx`` and
``Keltner`` remember everything: keep their state (``save``, ``load``), or warm them up for several
times their length. ``Obv`` and ``Vwap`` remember everything, and the session, exactly.

``warm_up`` is the number of values until the first result; before that it is None. Numbers that
are none are refused and change nothing. ``batch`` has the same over numpy's arrays.
"""

from robotrader.indicators import batch
from robotrader.indicators.averages import Ema, Rma, Sma, Wma
from robotrader.indicators.base import Indicator
from robotrader.indicators.exact import NotFiniteError
from robotrader.indicators.extremes import (
    KD,
    Donchian,
    FastStochastic,
    RollingExtremes,
    SlowStochastic,
    WilliamsR,
)
from robotrader.indicators.momentum import (
    Adx,
    Cci,
    Directions,
    Macd,
    MacdLines,
    Roc,
    Rsi,
    typical,
)
from robotrader.indicators.pairs import Line, RollingCorrelation, RollingRegression
from robotrader.indicators.spread import Atr, Bands, Bollinger, Keltner, RollingStd, ZScore
from robotrader.indicators.volume import Mfi, Obv, Vwap

__all__ = [
    "KD",
    "Adx",
    "Atr",
    "Bands",
    "Bollinger",
    "Cci",
    "Directions",
    "Donchian",
    "Ema",
    "FastStochastic",
    "Indicator",
    "Keltner",
    "Line",
    "Macd",
    "MacdLines",
    "Mfi",
    "NotFiniteError",
    "Obv",
    "Rma",
    "Roc",
    "RollingCorrelation",
    "RollingExtremes",
    "RollingRegression",
    "RollingStd",
    "Rsi",
    "SlowStochastic",
    "Sma",
    "Vwap",
    "WilliamsR",
    "Wma",
    "ZScore",
    "batch",
    "typical",
]
