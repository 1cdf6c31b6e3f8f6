"""A ledger's state as rows, so that a day of ten thousand trades can be written in slices."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from robotrader.ledger.history import HistoryState
from robotrader.ledger.lots import Holding, Trade
from robotrader.ledger.state import Early, LedgerState
from robotrader.ledger.view import DayMark


class LedgerRows(msgspec.Struct, frozen=True, kw_only=True):
    """A ``LedgerState`` with its tables as rows; ``bases`` and ``trades`` are its histories."""

    account: str = ""
    granted: Decimal | None = None
    outlay: Decimal = Decimal(0)
    best: Decimal | None = None
    rolled: int = 0
    adoptions: int = 0
    ignored: int = 0
    forgotten: int = 0
    bases: tuple[tuple[int, Holding], ...] = ()
    trades: tuple[tuple[int, Trade], ...] = ()
    commissions: tuple[tuple[str, Decimal], ...] = ()
    early: tuple[tuple[str, Early], ...] = ()
    elsewhere: tuple[tuple[str, int], ...] = ()
    days: tuple[DayMark, ...] = ()
    doubts: tuple[str, ...] = ()


def to_rows(state: LedgerState) -> LedgerRows:
    """Return a ledger's state as rows."""
    histories = state.histories.items()
    return LedgerRows(
        account=state.account,
        granted=state.granted,
        outlay=state.outlay,
        best=state.best,
        rolled=state.rolled,
        adoptions=state.adoptions,
        ignored=state.ignored,
        forgotten=state.forgotten,
        bases=tuple((con_id, each.base) for con_id, each in histories),
        trades=tuple((con_id, trade) for con_id, each in histories for trade in each.trades),
        commissions=tuple(state.commissions.items()),
        early=tuple(state.early.items()),
        elsewhere=tuple(state.elsewhere.items()),
        days=state.days,
        doubts=state.doubts,
    )


def from_rows(rows: LedgerRows) -> LedgerState:
    """Return the state that the rows were made of."""
    trades: dict[int, list[Trade]] = {con_id: [] for con_id, _ in rows.bases}
    for con_id, trade in rows.trades:
        trades[con_id].append(trade)
    return LedgerState(
        account=rows.account,
        granted=rows.granted,
        outlay=rows.outlay,
        best=rows.best,
        rolled=rows.rolled,
        adoptions=rows.adoptions,
        ignored=rows.ignored,
        forgotten=rows.forgotten,
        histories={
            con_id: HistoryState(base, tuple(trades[con_id])) for con_id, base in rows.bases
        },
        commissions=dict(rows.commissions),
        early=dict(rows.early),
        elsewhere=dict(rows.elsewhere),
        days=rows.days,
        doubts=rows.doubts,
    )
