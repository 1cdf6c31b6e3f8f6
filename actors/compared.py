"""Both sides of a comparison with the broker: ours, the broker's, and what follows."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from robotrader.domain import control_answers as answers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from actors.say import Sides
    from actors.tables import Known
    from robotrader.domain import BrokerSnapshot
    from robotrader.ledger import LedgerView

_ZERO: Final = Decimal(0)
_CASH: Final = "TotalCashValue"
_MISSING: Final = "unknown"
_AGREE, _DIFFER, _HALTED = "agree", "differ", "halted"
_ADVICE: Final = {
    "position": "look at the account; `reconcile --fix SYMBOL` accepts what the broker has",
    "order": "it is looked for again; if it stays so, look at the broker's order list",
}


def sides(
    known: Known, found: Sides, broker: BrokerSnapshot, ledger: LedgerView | None
) -> tuple[answers.SideRow, ...]:
    """Return every symbol's position, every open order of ours, and the cash, from both sides."""
    return (*_positions(known, found, broker), *_orders(found, broker), _cash(ledger, broker))


def of_symbol(
    known: Known, con_id: int, found: Sides, ledger: LedgerView | None
) -> answers.AdoptAnswer:
    """Return what both sides have of one contract; ``found`` has the broker's answer."""
    broker = found.broker
    assert broker is not None, "nothing can be compared before the broker has answered"
    symbol = known.symbols[con_id]
    mine = [each.ref for each in found.orders if each.con_id == con_id]
    theirs = [each.ref for each in broker.open_orders if each.con_id == con_id]
    rows = [
        *(row for row in _positions(known, found, broker) if row.key == symbol),
        _cost(known, con_id, ledger, broker),
        *(row for row in _orders(found, broker) if row.key in {*mine, *theirs}),
    ]
    return answers.AdoptAnswer(
        symbol=symbol,
        at_ns=broker.at_ns,
        ours=found.positions.get(con_id, _ZERO),
        broker=_theirs(known, broker).get(con_id, _ZERO),
        sides=tuple(rows),
    )


def _theirs(known: Known, broker: BrokerSnapshot) -> dict[int, Decimal]:
    return {each.con_id: each.qty for each in broker.positions if each.account == known.account}


def _cost(
    known: Known, con_id: int, ledger: LedgerView | None, broker: BrokerSnapshot
) -> answers.SideRow:
    """Return the average cost of one share, commissions included; none where nothing is held."""
    held = None if ledger is None else ledger.positions.get(con_id)
    said = (
        each for each in broker.positions if (each.account, each.con_id) == (known.account, con_id)
    )
    theirs = next((each.avg_cost for each in said if each.qty), None)
    ours = _MISSING if ledger is None else "none"
    if held is not None and held.qty:
        ours = f"{held.avg_cost:.4f}"
    other = "none" if theirs is None else f"{theirs:.4f}"
    return answers.SideRow(
        kind="average cost",
        key=known.symbols[con_id],
        ours=ours,
        broker=other,
        verdict=_AGREE if ours == other else _DIFFER,
    )


def breaks(rows: tuple[answers.SideRow, ...]) -> tuple[answers.BreakRow, ...]:
    """Return what differs; cash is not judged: interest and dividends come without a record."""
    return tuple(
        answers.BreakRow(
            kind=row.kind,
            key=row.key,
            ours=row.ours,
            broker=row.broker,
            since_ns=None,
            advice=_ADVICE[row.kind],
        )
        for row in rows
        if row.kind in _ADVICE and row.verdict != _AGREE
    )


def _positions(known: Known, found: Sides, broker: BrokerSnapshot) -> Iterator[answers.SideRow]:
    theirs = _theirs(known, broker)
    for con_id in sorted({*known.symbols, *found.positions, *theirs}):
        ours, other = found.positions.get(con_id, _ZERO), theirs.get(con_id, _ZERO)
        verdict = _AGREE if ours == other else _DIFFER
        yield answers.SideRow(
            kind="position",
            key=known.symbols.get(con_id, str(con_id)),
            ours=f"{ours.normalize():f}",
            broker=f"{other.normalize():f}",
            verdict=_HALTED if con_id in found.halted else verdict,
        )


def _orders(found: Sides, broker: BrokerSnapshot) -> Iterator[answers.SideRow]:
    ours = {each.ref: each.state.value for each in found.orders}
    theirs = {each.ref: each.status.value for each in broker.open_orders if each.ref}
    for ref in sorted({*ours, *theirs}):
        both = ref in ours and ref in theirs
        yield answers.SideRow(
            kind="order",
            key=ref,
            ours=ours.get(ref, "none"),
            broker=theirs.get(ref, "none"),
            verdict=_AGREE if both else _DIFFER,
        )


def _cash(ledger: LedgerView | None, broker: BrokerSnapshot) -> answers.SideRow:
    ours = None if ledger is None else ledger.cash
    theirs = broker.values.get(_CASH)
    return answers.SideRow(
        kind="cash",
        key=_CASH,
        ours=_MISSING if ours is None else f"{ours:.2f}",
        broker=_MISSING if theirs is None else f"{theirs:.2f}",
        verdict=_AGREE if ours is not None and ours == theirs else _DIFFER,
    )
