"""A stop only ever ratchets: it comes nearer to the market and never goes back (F75)."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING, Final

from robotrader.domain import Side
from robotrader.domain.records import Ending

if TYPE_CHECKING:
    from robotrader.execution.tracked import Tracked

_CENT: Final = Decimal("0.01")


def ratchets(stop: Tracked, trigger: Decimal) -> bool:
    """Return whether a trigger is nearer to the market than a stop's: up for one that sells."""
    now = stop.aux_price
    return now is not None and (now - trigger) * Side(stop.intent.side).sign > 0


def begins(last: Tracked) -> Decimal | None:
    """Return where the successor of a trailing stop begins.

    In whole cents, rounded to the side of the market. If the broker refused a stop that begins
    there, the next one begins anew: protection matters more.
    """
    if last.trail_stop is None or last.ending is Ending.REJECTED:
        return None
    nearer = ROUND_CEILING if Side(last.intent.side) is not Side.BUY else ROUND_FLOOR
    return last.trail_stop.quantize(_CENT, rounding=nearer)
