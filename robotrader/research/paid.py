"""Prices of single bars as whole numbers of ``10 ** -DIGITS`` dollars, or ``Unfit``.

A float with at most fifteen digits is the nearest one to exactly one decimal number of as many, and
that is the one that the engine reads in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from robotrader.research.columns import EXACT_MOST, steps_of
from robotrader.research.moves import Unfit
from robotrader.venue import opening_price

if TYPE_CHECKING:
    from robotrader.backtest import Setup
    from robotrader.domain import Bar

DIGITS: Final = 9
"""As many as a price may have; whole numbers of Python's have no end."""

_MILLIONTHS: Final = 10 ** (DIGITS - 6)
_UNITS: Final = 10**DIGITS


class Prices:
    """See the module's prose.

    Args:
        setup: the run's; of one contract.
    """

    def __init__(self, setup: Setup) -> None:
        (self._instrument,), self._slippage = setup.instruments, setup.rules.slippage
        many = int(steps_of(self._instrument)) if self._slippage.model == "none" else 0
        exact = many and not _UNITS % many
        self._many, self._step = (float(many), _UNITS // many) if exact else (0.0, 0)

    @staticmethod
    def units(price: float) -> int:
        """Return a price; raises ``Unfit`` if it has more decimals, or digits, than are exact."""
        whole = round(price * 1e6)
        if whole / 1e6 == price and whole < EXACT_MOST:  # nearly always
            return whole * _MILLIONTHS
        whole = round(price * _UNITS)
        if whole / _UNITS == price and whole < EXACT_MOST:
            return whole
        msg = f"prices of more than {DIGITS} decimals"
        raise Unfit(msg)

    def paid(self, sign: int, bar: Bar) -> int:
        """Return what a market order pays, or gets, that waits for a bar; raises ``Unfit``."""
        many = self._many
        if many:  # an open that is on the grid is what is paid
            steps = round(bar.open * many)
            if steps / many == bar.open and steps < EXACT_MOST:
                return steps * self._step
        way = 1 if sign > 0 else -1
        return self.units(float(opening_price(self._instrument, self._slippage, way, bar)))
