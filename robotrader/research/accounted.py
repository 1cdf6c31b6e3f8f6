"""From the numbers that a run of ``loop`` ends with to its figures."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from robotrader.performance import Track
from robotrader.research import loop
from robotrader.research.trial import Figures, figures_of_track

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date


def track_of(cash: Decimal, days: tuple[date, ...], values: Sequence[int], digits: int) -> Track:
    """Return what an account was worth at the end of each day; money has so many decimals."""
    scale = 10**digits
    return Track(float(cash), days, tuple(each / scale for each in values))


def figures_of_account(track: Track, account: Sequence[int], *, is_free: bool) -> Figures:
    """Return the figures of a run.

    Args:
        track: the account's days.
        account: what the run ended with; see ``loop.CASH`` and the places after it.
        is_free: whether orders cost nothing.
    """
    won, lost = Decimal(account[loop.WON]), Decimal(account[loop.LOST_MONEY])
    trades, free = account[loop.TRADES], is_free or not account[loop.SEEN]
    return figures_of_track(
        track,
        trades=trades,
        hit_rate=account[loop.WINS] / trades if trades else None,
        profit_factor=float(won / lost) if account[loop.LOSSES] else None,
        commissions=Decimal(0) if free else Decimal(account[loop.PAID]).scaleb(-6),
    )
