"""The venue's rules that a user may choose: how orders fill, and what is refused."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING, Final, Literal

import msgspec

if TYPE_CHECKING:
    from robotrader.domain import Instrument


class Slippage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much worse than the market an order fills that takes liquidity.

    ``ticks``: so many price steps. ``bps``: hundredths of a percent of the price. ``volume``: the
    price moves by ``amount`` percent for an order as large as the whole volume.
    """

    model: Literal["none", "ticks", "bps", "volume"] = "none"
    amount: float = 0.0

    def worse_by(self, price: float, tick: float, share: float) -> float:
        """Return the difference in price; ``share`` is the order's part of the volume."""
        if self.model == "ticks":
            return self.amount * tick
        if self.model == "bps":
            return price * self.amount / 10_000
        if self.model == "volume":
            return price * self.amount / 100 * share
        return 0.0


class VenueRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """See the fields.

    ``participation``: the largest part of a bar's volume that all orders together may take (None:
    any). ``quote_size``: whether a quote fills no more than its size. ``collar_pct``: how far
    beyond the last price a limit may lie (None: any). ``max_qty``: the largest order.
    """

    participation: float | None = None
    quote_size: bool = True
    slippage: Slippage = Slippage()
    collar_pct: float | None = None
    max_qty: Decimal = Decimal(500_000)


_DECIMAL_STEPS: Final = frozenset(Decimal(1).scaleb(-places) for places in range(7))
"""Steps that are a whole number of decimal places: rounding to one is a single operation."""


_NOISY: Final = 12
"""Characters of a float that arithmetic has left far from the decimal that is meant."""


def tick_at(instrument: Instrument, price: Decimal) -> Decimal:
    """Return the price step of the band that ``price`` lies in."""
    size = abs(price)
    step = instrument.tick_table[0][1]
    for edge, increment in instrument.tick_table:
        if size < edge:
            break
        step = increment
    return step


def on_tick(instrument: Instrument, price: Decimal) -> bool:
    """Say whether a price is one that the market rule allows."""
    return price % tick_at(instrument, price) == 0


def to_tick(instrument: Instrument, price: float, *, up: bool) -> Decimal:
    """Round a computed price to one that the market rule allows."""
    shown = repr(price)
    if len(shown) > _NOISY:
        shown = repr(round(price, 8))
    exact = Decimal(shown)
    step = tick_at(instrument, exact)
    rounding = ROUND_CEILING if up else ROUND_FLOOR
    if step in _DECIMAL_STEPS:
        return exact.quantize(step, rounding)
    return (exact / step).to_integral_value(rounding) * step
