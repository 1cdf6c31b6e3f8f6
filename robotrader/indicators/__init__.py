"""Indicators that take one value at a time: the same numbers as over the whole series at once.

A window's indicators (``Sma``, ``RollingStd``) sum exactly: their value depends on the values in
the window and on nothing before, to the last bit. A strategy that was restarted and warmed up
therefore computes what it would have computed without the restart. ``Ema`` and ``Atr`` remember
everything.
"""

from robotrader.indicators.averages import Ema, Sma
from robotrader.indicators.exact import NotFiniteError
from robotrader.indicators.spread import Atr, RollingStd

__all__ = ["Atr", "Ema", "NotFiniteError", "RollingStd", "Sma"]
