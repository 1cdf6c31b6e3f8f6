"""What the broker says while we listen: one plan for each report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from robotrader.domain import (
    CommissionReport,
    ExecutionReport,
    Happening,
    LinkChanged,
    LinkState,
    OrderFailed,
    OrderReport,
    OrderState,
    ReportedStatus,
)
from robotrader.domain import records as r
from robotrader.execution import codes, hearing, identity, reconcile
from robotrader.execution.codes import Verdict
from robotrader.execution.desk import Plan
from robotrader.execution.effects import Alert, Effect, Level, Told, Wake
from robotrader.execution.hearing import Life

if TYPE_CHECKING:
    from collections.abc import Callable

    from robotrader.execution.desk import Desk
    from robotrader.execution.placing import Placing
    from robotrader.execution.rounds import Rounds
    from robotrader.execution.tracked import Tracked


# A member of an enum takes fifty times as long to look up as a name.
_ALIVE, _INACTIVE, _FENCED = Life.ALIVE, ReportedStatus.INACTIVE, OrderState.FENCED


class Ears:
    """See the module's prose."""

    def __init__(self, desk: Desk, placing: Placing, rounds: Rounds) -> None:
        self._desk, self._placing, self._rounds = desk, placing, rounds
        self._heard = 0
        self.dropped = 0
        """Reports of an ended connection about requests: dropped."""

        self.repeated = 0
        """Fills and charges that were booked already."""

    def by_kind(self) -> dict[type, Callable[[Any, int], Plan]]:
        """Return what hears each kind of event."""
        return {
            LinkChanged: self.link,
            OrderReport: self.reported,
            OrderFailed: self.failed,
            ExecutionReport: self.executed,
            CommissionReport: self.charged,
        }

    # -- the link --

    def link(self, change: LinkChanged, now_ns: int) -> Plan:
        """Doubt every order when a connection ends; compare when there is one again."""
        desk = self._desk
        desk.book.identities.saw_next(change.next_order_id)
        told: list[Effect] = []
        if change.state is not LinkState.READY or change.generation != self._heard:
            told = [Told(each.view()) for each in desk.book.open.values() if self._doubt(each)]
        self._heard = change.generation
        self._rounds.restart()
        return Plan(effects=[*told, *self._rounds.want(now_ns)])

    def _doubt(self, order: Tracked) -> bool:
        """Put an order in doubt if its connection ended; return whether that changed it."""
        before = order.state
        order.move(Happening.LINK_LOST)
        return order.state is not before

    # -- executions and charges: facts, whatever connection says them --

    def executed(self, report: ExecutionReport, now_ns: int) -> Plan:
        """Book a fill or its correction; never refuse one."""
        ours = report.client_id == self._desk.book.client_id
        self._desk.book.identities.saw(report.ref, report.order_id if ours else 0)
        records = hearing.executed(self._desk.book, report, now_ns)
        if not records:
            self.repeated += 1
            return Plan()
        order = self._desk.book.order_of(report)
        effects = hearing.set_aside(records)
        if isinstance(records[0], r.FillBooked) and order is not None:
            effects += self._strange(report, order)
        unknown = order is None and identity.is_ours(report.ref)
        ask = self._rounds.want(now_ns) if unknown else []
        return Plan(records=records, effects=[*effects, *ask])

    def _strange(self, report: ExecutionReport, order: Tracked) -> list[Alert]:
        """Say what a booked fill has that the order has not; it is booked all the same."""
        told = order.intent
        strange = []
        if (report.con_id, report.side.sign) != (told.con_id, _sign(told)):
            strange.append(f"{report.side.value} of contract {report.con_id}")
        if report.qty.is_finite() and order.seen + report.qty > order.qty:
            strange.append(f"{order.seen + report.qty} of {order.qty} shares")
        if not strange:
            return []
        text = f"fill {report.exec_id} of {order.ref} has {', '.join(strange)}: booked as it is"
        return [Alert(Level.CRITICAL, "fill_strange", text)]

    def charged(self, report: CommissionReport, now_ns: int) -> Plan:
        """Book what a fill cost."""
        if not report.commission.is_finite():
            text = f"commission {report.commission} of {report.exec_id} is no amount: set aside"
            return Plan(effects=[Alert(Level.WARNING, "commission_strange", text)])
        record = hearing.charged(self._desk.book, report, now_ns)
        self.repeated += record is None
        return Plan(records=[record] if record else [])

    # -- orders --

    def reported(self, report: OrderReport, now_ns: int) -> Plan:
        """Take the status of an order in."""
        desk = self._desk
        ours = report.client_id == desk.book.client_id
        desk.book.identities.saw(report.ref, report.order_id if ours else 0)
        if report.generation != desk.generation:
            self.dropped += 1
            return Plan()
        order = desk.book.order_of(report)
        if order is None:
            return self._foreign(report, now_ns)
        done = hearing.ended(order, report, now_ns)
        if done is not None:
            return Plan(records=[done], effects=self._unseen(order, done, now_ns))
        plan = Plan()
        if hearing.read(report, refused=order.refused != 0) is _ALIVE:
            plan = self._alive(order, report, now_ns)
        if report.status is _INACTIVE and not report.why_held and not order.over:
            plan.effects += self._rounds.want(now_ns)
        return plan

    def _unseen(self, order: Tracked, done: r.OrderDone, now_ns: int) -> list[Effect]:
        """Have an end looked at again if it counts shares of which no execution has come (O8)."""
        if done.cum_filled <= order.seen:
            return []
        return [Wake(f"fills:{order.ref}", now_ns + self._desk.times.ack_ns)]

    def _foreign(self, report: OrderReport, now_ns: int) -> Plan:
        if identity.is_ours(report.ref):
            return Plan(effects=self._rounds.want(now_ns))
        record = hearing.external(self._desk.book, report, now_ns) if report.perm_id else None
        return Plan(records=[record] if record else [])

    def _alive(self, order: Tracked, report: OrderReport, now_ns: int) -> Plan:
        if order.over:
            unsaid = order.state in {OrderState.ABANDONED, OrderState.LOST}
            return self._rise(order, report, now_ns) if unsaid else Plan()
        if order.perm_ids and report.perm_id not in {0, *order.perm_ids}:
            return self._twice(order, report, now_ns)
        ack = hearing.acked(order, report, now_ns, settle=False)
        if ack is None:
            found = self._desk.found(order)
            return Plan(effects=[Told(order.view())] if found else [])
        records: list[r.Record] = [ack]
        if order.state is _FENCED and not order.cancel:
            why = "found behind its fence"
            records.append(r.CancelIntended(ref=order.ref, reason=why, wall_ns=now_ns))
        resend = order.cancel or order.state is _FENCED
        return Plan(records=records, then=self._resend(order) if resend else None)

    def _rise(self, order: Tracked, report: OrderReport, now_ns: int) -> Plan:
        text = f"order {order.ref} lives after it was {order.state.value}: it is being cancelled"
        return Plan(
            records=reconcile.rise(order, report, now_ns),
            effects=[Alert(Level.CRITICAL, "order_rose", text)],
            then=self._resend(order),
        )

    def _twice(self, order: Tracked, report: OrderReport, now_ns: int) -> Plan:
        """Another permId under one reference: both may be live (O15)."""
        ack = r.OrderAcked(
            ref=order.ref, perm_id=report.perm_id, status=report.status.value, wall_ns=now_ns
        )
        cancel = r.CancelIntended(ref=order.ref, reason="live twice", wall_ns=now_ns)
        why = f"order {order.ref} has permIds {order.perm_ids} and {report.perm_id}"
        halt = r.SymbolHalted(con_id=order.intent.con_id, why=why, wall_ns=now_ns)
        alert = Alert(Level.CRITICAL, "order_twice", f"{why}: cancelled, its symbol is halted")
        return Plan(records=[ack, cancel, halt], effects=[alert], then=self._resend(order))

    def _resend(self, order: Tracked) -> Callable[[int], Plan]:
        return lambda now_ns: self._placing.send_cancels([order], now_ns)

    # -- errors --

    def failed(self, failure: OrderFailed, now_ns: int) -> Plan:
        """Classify an error about an order; only what was never acknowledged can end by one."""
        book = self._desk.book
        ref = book.by_id.get(failure.order_id)
        if failure.generation != self._desk.generation or ref is None:
            self.dropped += 1
            return Plan()
        order = book.orders[ref]
        verdict = codes.classify(failure.code)
        text = f"order {ref}: {failure.code} {failure.text}"
        wanted = verdict is Verdict.CANCELLED and order.cancel
        fenced = verdict is Verdict.GONE and order.state is OrderState.FENCED
        if verdict is Verdict.REMARK or wanted or fenced or order.over:
            return Plan(effects=[Alert(Level.INFO, "order_remark", text)])
        if verdict is Verdict.REJECT and order.state is OrderState.SENT and not order.acked:
            return Plan(records=[self._rejected(order, failure, now_ns)])
        self._note(order, failure.code, verdict)
        alert = Alert(Level.WARNING, "order_doubt", f"{text}: asking the broker")
        return Plan(effects=[alert, *self._rounds.want(now_ns)])

    def _note(self, order: Tracked, code: int, verdict: Verdict) -> None:
        """Keep what an error means for later answers."""
        if verdict is Verdict.REJECT:
            order.refused = code
        if verdict is Verdict.DUPLICATE and not order.acked:
            order.duplicate = True
            order.move(Happening.LINK_LOST)

    def _rejected(self, order: Tracked, failure: OrderFailed, now_ns: int) -> r.OrderDone:
        return r.OrderDone(
            ref=order.ref,
            ending=r.Ending.REJECTED,
            cum_filled=order.seen,
            code=failure.code,
            why=failure.text,
            wall_ns=now_ns,
        )


def _sign(told: r.OrderIntended) -> int:
    return 1 if told.side == "BUY" else -1
