"""What a report of the broker means for the book: from reports to records, nothing else.

Statuses are hints about life and death; only executions move a position, and an execution is
never refused. An end is kept unless fills grow. Every function is given the book and returns the
records that would make it true; what is known already gives none.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import msgspec

from robotrader.domain import OrderState, ReportedStatus, family_of
from robotrader.domain import records as r
from robotrader.execution import identity
from robotrader.execution.effects import Alert, Level
from robotrader.execution.tracked import is_price, is_taken

if TYPE_CHECKING:
    from robotrader.domain import CommissionReport, ExecutionReport, OrderReport
    from robotrader.execution.book import Book
    from robotrader.execution.tracked import Tracked

_S = ReportedStatus
_FILLED, _INACTIVE = _S.FILLED, _S.INACTIVE  # a member takes fifty times as long to look up
_CANCELLED: Final = (_S.CANCELLED, _S.API_CANCELLED)
_ALIVE: Final = frozenset(
    {_S.PENDING_SUBMIT, _S.PENDING_CANCEL, _S.PRE_SUBMITTED, _S.SUBMITTED, _S.API_PENDING}
)
"""PendingCancel can still fill; ApiPending is held at the broker until its last leg comes."""


class Life(StrEnum):
    """What a status says of an order."""

    __hash__ = str.__hash__  # an enum's own hash is a Python function: these are looked up a lot

    ALIVE = "alive"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    UNSAID = "unsaid"


_L_ALIVE, _L_FILLED, _L_UNSAID = Life.ALIVE, Life.FILLED, Life.UNSAID
_ENDINGS: Final = {life: r.Ending(life.value) for life in Life if life.value in set(r.Ending)}
_IS_FILLED: Final = OrderState.FILLED


def read(report: OrderReport, *, refused: bool = False) -> Life:
    """Return what a report says; ``refused``: a rejection (201) came for this order.

    Inactive is a rejected order, or one that waits for shares to borrow: only a rejection's code
    or its place among the completed ones ends it (O13).
    """
    status = report.status
    if status is _FILLED:
        return _L_FILLED
    if status in _CANCELLED:
        return Life.CANCELLED
    if status is _INACTIVE and not report.why_held and (refused or report.completed):
        return Life.REJECTED
    if report.completed:
        return Life.CANCELLED
    return _L_ALIVE if status in _ALIVE or status is _INACTIVE else _L_UNSAID


def ended(order: Tracked, report: OrderReport, now_ns: int) -> r.OrderDone | None:
    """Return the record of an order's end by a report, None if it is none or known.

    A status that comes after the end is old news, unless it tells of more fills.
    """
    life = read(report, refused=order.refused != 0)
    if life is _L_ALIVE or life is _L_UNSAID:
        return None
    filled = report.filled
    if life is _L_FILLED and filled <= 0 and not report.completed:
        filled = order.qty
    wins = life is _L_FILLED and order.state is not _IS_FILLED
    if order.over and filled <= max(order.said, order.seen) and not wins:
        return None
    return r.OrderDone(
        ref=order.ref,
        ending=_ENDINGS[life],
        cum_filled=max(filled, order.seen),
        code=order.refused,
        why=f"the broker says {report.status._value_ or 'completed'}",
        wall_ns=now_ns,
    )


def acked(order: Tracked, report: OrderReport, now_ns: int, *, settle: bool) -> r.OrderAcked | None:
    """Return the acknowledgement that a live report is, None if it says nothing new.

    ``settle``: the report was asked for after the newest change was sent, so what it says of the
    quantity is what the change came to. A report that shows the new quantity settles it anyway.
    """
    changed = report.qty > 0 and _differs(order, report)
    if order.modify is not None:
        taken = changed and is_taken(order.modify, report)
        changed = report.qty > 0 and (settle or taken)
    new_perm = report.perm_id not in order.perm_ids and report.perm_id != 0
    nearer = report.trail_stop_price is not None and order.nearer(report.trail_stop_price)
    if order.acked and not new_perm and not changed and not nearer:
        return None
    return r.OrderAcked(
        ref=order.ref,
        perm_id=report.perm_id,
        status=report.status._value_,
        wall_ns=now_ns,
        qty=report.qty if changed else r.ZERO,
        limit_price=report.limit_price if changed else None,
        aux_price=report.aux_price if changed else None,
        trail_stop_price=report.trail_stop_price if nearer else None,
    )


def _differs(order: Tracked, report: OrderReport) -> bool:
    """Return whether a report shows another quantity or other prices than we believe."""
    return (
        report.qty != order.qty
        or not is_price(report.limit_price, order.limit_price)
        or not is_price(report.aux_price, order.aux_price)
    )


def external(book: Book, report: OrderReport, now_ns: int) -> r.ExternalOrderSeen | None:
    """Return the record of an order that is not ours, None if it is as it was."""
    if book.externals.get(report.perm_id) == (report.status.value, report.qty):
        return None
    return r.ExternalOrderSeen(
        perm_id=report.perm_id,
        client_id=report.client_id,
        con_id=report.con_id,
        side=report.side or "",
        qty=report.qty,
        status=report.status.value,
        wall_ns=now_ns,
    )


def _sane(report: ExecutionReport) -> tuple[ExecutionReport, str]:
    """Return the report with what cannot be replaced by what can, and what was wrong (F35)."""
    wrong = []
    qty, price = report.qty, report.price
    if not qty.is_finite() or qty < 0:
        wrong.append(f"quantity {qty}")
        qty = Decimal(0)
    if not price.is_finite():
        wrong.append(f"price {price}")
        price = Decimal(0)
    if not wrong:
        return report, ""
    return msgspec.structs.replace(report, qty=qty, price=price), ", ".join(wrong)


def _quarantined(report: ExecutionReport, wrong: str, now_ns: int) -> list[r.Record]:
    text = f"{report!r}"[:2000]
    kept = r.MessageQuarantined(
        actor="orders", message=text, crashes=0, error=f"fill with {wrong}", wall_ns=now_ns
    )
    why = f"the broker reported fill {report.exec_id} with {wrong}: look it up and adopt"
    return [kept, r.SymbolHalted(con_id=report.con_id, why=why, wall_ns=now_ns)]


def _booked(book: Book, report: ExecutionReport, family: str, now_ns: int) -> r.FillBooked:
    order = book.order_of(report)
    ref = order.ref if order else report.ref if identity.is_ours(report.ref) else ""
    return r.FillBooked(
        family=family,
        exec_id=report.exec_id,
        ref=ref,
        order_id=report.order_id,
        perm_id=report.perm_id,
        con_id=report.con_id,
        account=report.account,
        side=report.side._value_,
        qty=report.qty,
        price=report.price,
        time_ns=report.time_ns,
        strategy=order.intent.strategy if order else "",
        wall_ns=now_ns,
    )


def executed(book: Book, report: ExecutionReport, now_ns: int) -> list[r.Record]:
    """Return the records of a fill or of its correction; none for one that is booked.

    Fills alone do not end an order, though their sum reaches its quantity: a correction that was
    overtaken by the next fill may still take some of them back.
    """
    clean, wrong = _sane(report)
    extra = _quarantined(report, wrong, now_ns) if wrong else []
    family = family_of(report.exec_id)
    known = book.fills.get(family)
    if known is None:
        return [_booked(book, clean, family, now_ns), *extra]
    if identity.revision(report.exec_id) <= identity.revision(known.exec_id):
        return []
    corrected = r.FillCorrected(
        family=family,
        exec_id=report.exec_id,
        qty=clean.qty,
        price=clean.price,
        wall_ns=now_ns,
    )
    return [corrected, *extra]


def set_aside(records: list[r.Record]) -> list[Alert]:
    """Return an alert for every fill among the records that had impossible fields."""
    return [
        Alert(Level.CRITICAL, "fill_quarantined", f"{each.error}: {each.message}")
        for each in records
        if isinstance(each, r.MessageQuarantined)
    ]


def charged(book: Book, report: CommissionReport, now_ns: int) -> r.CommissionBooked | None:
    """Return the record of a commission, before or after its fill; None if it is known."""
    family = family_of(report.exec_id)
    known = book.commissions.get(family)
    if known and identity.revision(known[0]) > identity.revision(report.exec_id):
        return None
    if known == (report.exec_id, report.commission) or not report.commission.is_finite():
        return None
    return r.CommissionBooked(
        family=family,
        exec_id=report.exec_id,
        commission=report.commission,
        currency=report.currency,
        wall_ns=now_ns,
    )
