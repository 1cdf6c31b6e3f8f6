"""When a loss is at its limit: one rule for the gate, which blocks, and the switch, which trips.

Each has its own parts of equity: the gate blocks earlier and only until the loss is smaller or the
day is over, the switch trips later and until a person clears it. An amount of money is both's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from robotrader.ledger.money import EXACT, ZERO

if TYPE_CHECKING:
    from decimal import Decimal

    from robotrader.ledger import LedgerView, PositionView
    from robotrader.risk.limits import Limits
    from robotrader.risk.units import Ratio


def daily_loss(view: LedgerView, limits: Limits, *, trips: bool = False) -> str | None:
    """Return what is wrong with the day's loss, empty if nothing; None if it is not known.

    ``trips`` asks for the switch, not for the gate.
    """
    daily, begun = view.daily, view.day_equity
    if daily is None or begun is None or not (daily.is_finite() and begun.is_finite()):
        return None
    if daily >= ZERO < begun:
        return ""
    share = limits.switch_daily_loss if trips else limits.max_daily_loss
    loss, most = EXACT.minus(daily), EXACT.multiply(share, begun)
    if limits.max_daily_loss_usd is not None:
        most = min(most, limits.max_daily_loss_usd)
    if loss < most:
        return ""
    return f"{loss} {view.currency} were lost on {view.day}, {most} are the limit"


def drawdown(view: LedgerView, limits: Limits, *, trips: bool = False) -> str | None:
    """Return what is wrong with the drawdown, empty if nothing; None if it is not known.

    ``trips`` asks for the switch, not for the gate.
    """
    below, peak = view.drawdown, view.peak
    if below is None or peak is None or not (below.is_finite() and peak.is_finite()):
        return None
    if below <= ZERO < peak:
        return ""
    most = EXACT.multiply(limits.switch_drawdown if trips else limits.max_drawdown, peak)
    if below < most:
        return ""
    return f"{below} {view.currency} below the peak {peak}, {most} are the limit"


def lost_in_a_row(view: LedgerView, forgiven_ns: int) -> int:
    """Return how many trades lost one after another since such a row was forgiven."""
    return sum(at_ns > forgiven_ns for at_ns in view.losses_ns)


def streak(view: LedgerView, limits: Limits, forgiven_ns: int) -> str:
    """Return what is wrong with the trades that lost one after another, empty if nothing.

    A streak that a person cleared is forgiven: only losses after that count.
    """
    if not limits.max_losses_row or len(view.losses_ns) < limits.max_losses_row:
        return ""
    count = lost_in_a_row(view, forgiven_ns)
    if count < limits.max_losses_row:
        return ""
    return f"{count} trades lost one after another, {limits.max_losses_row} are the limit"


def position_loss(held: PositionView, equity: Decimal | None, most: Ratio | None) -> str:
    """Return what is wrong with what one position lost, empty if nothing or if not known."""
    if most is None or equity is None or held.unrealized is None or held.unrealized >= ZERO:
        return ""
    limit = EXACT.multiply(most, equity)
    if -held.unrealized < limit:
        return ""
    return f"{-held.unrealized} were lost on what is held, {limit} are the limit"
