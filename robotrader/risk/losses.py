"""When a loss is at its limit: one rule for the gate, which blocks, and the switch, which trips."""

from __future__ import annotations

from decimal import localcontext
from typing import TYPE_CHECKING

from robotrader.ledger.money import EXACT, ZERO

if TYPE_CHECKING:
    from robotrader.ledger import LedgerView
    from robotrader.risk.limits import Limits


def daily_loss(view: LedgerView, limits: Limits) -> str | None:
    """Return what is wrong with the day's loss, empty if nothing; None if it is not known."""
    if view.daily is None or view.day_equity is None:
        return None
    with localcontext(EXACT):
        loss, most = -view.daily, limits.max_daily_loss * view.day_equity
    if limits.max_daily_loss_usd is not None:
        most = min(most, limits.max_daily_loss_usd)
    if loss < most or loss <= ZERO < view.day_equity:
        return ""
    return f"{loss} {view.currency} were lost on {view.day}, {most} are the limit"


def drawdown(view: LedgerView, limits: Limits) -> str | None:
    """Return what is wrong with the drawdown, empty if nothing; None if it is not known."""
    if view.drawdown is None or view.peak is None:
        return None
    with localcontext(EXACT):
        most = limits.max_drawdown * view.peak
    if view.drawdown < most or view.drawdown <= ZERO < view.peak:
        return ""
    return f"{view.drawdown} {view.currency} below the peak {view.peak}, {most} are the limit"
