"""What single trades have realized, for who asks: nobody keeps it, as a correction changes it.

Only trades that can still be corrected are told apart; those before are settled into sums.
"""

from __future__ import annotations

from decimal import localcontext
from typing import TYPE_CHECKING

from robotrader.ledger.lots import book, match
from robotrader.ledger.money import EXACT, ZERO

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

    from robotrader.ledger.history import HistoryState
    from robotrader.ledger.lots import Trade
    from robotrader.ledger.state import LedgerState


def gains(history: HistoryState) -> list[tuple[Trade, Decimal]]:
    """Return every trade that closed something, and what that realized, net of commissions.

    One that the broker took back has realized what it cost.
    """
    held, made = history.base, []
    with localcontext(EXACT):
        for trade in history.trades:
            found = match(held.lots, trade)
            if not trade.adopts and (found.closed or found.unspent):
                made.append((trade, sum((each.gain for each in found.closed), -found.unspent)))
            held = book(held, trade)
    return made


def gains_of(state: LedgerState, con_ids: Iterable[int]) -> dict[str, Decimal]:
    """Return what the trades of these contracts realized, by family."""
    histories = [state.histories[con_id] for con_id in con_ids if con_id in state.histories]
    return {trade.family: gain for history in histories for trade, gain in gains(history)}


def realized_today(state: LedgerState, con_id: int) -> Decimal:
    """Return what a contract has realized since the exchange day began."""
    history = state.histories.get(con_id)
    if history is None or not history.trades or history.trades[-1].rolled != state.rolled:
        return ZERO
    with localcontext(EXACT):
        today = (gain for trade, gain in gains(history) if trade.rolled == state.rolled)
        return sum(today, ZERO)
