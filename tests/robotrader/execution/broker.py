"""A model of a broker: the truth that the order manager never sees as a whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from robotrader.domain import (
    CommissionReport,
    ExecutionReport,
    Order,
    OrderFailed,
    OrderReport,
    OrderType,
    PlaceOrder,
    PositionReport,
    ReportedStatus,
    Side,
)

ACCOUNT = "DU1"
CLIENT = 7
ZERO = Decimal(0)
LIVE = frozenset(
    {ReportedStatus.PRE_SUBMITTED, ReportedStatus.SUBMITTED, ReportedStatus.PENDING_SUBMIT}
)


@dataclass
class Held:
    """An order at the broker."""

    order_id: int
    client_id: int
    perm_id: int
    order: Order
    status: ReportedStatus
    filled: Decimal = ZERO

    @property
    def live(self) -> bool:
        return self.status in LIVE

    @property
    def remaining(self) -> Decimal:
        return self.order.qty - self.filled if self.live else ZERO


@dataclass
class Broker:
    """Answers are tuples without generation 0: the link stamps the connection's generation."""

    orders: list[Held] = field(default_factory=list)
    executions: list[ExecutionReport] = field(default_factory=list)
    commissions: list[CommissionReport] = field(default_factory=list)
    positions: dict[int, Decimal] = field(default_factory=dict)
    cancels: list[int] = field(default_factory=list)
    next_perm: int = 1000
    next_exec: int = 1
    now_ns: int = 0
    said: list[object] = field(default_factory=list)
    """What is to be told to the client, drained by the link."""

    def by_id(self, order_id: int) -> Held | None:
        mine = (each for each in self.orders if each.client_id == CLIENT)
        return next((each for each in mine if each.order_id == order_id), None)

    def by_ref(self, ref: str) -> list[Held]:
        return [each for each in self.orders if each.order.order_ref == ref]

    @property
    def highest_id(self) -> int:
        return max((each.order_id for each in self.orders if each.client_id == CLIENT), default=0)

    def report(self, held: Held, *, completed: bool = False) -> OrderReport:
        return OrderReport(
            order_id=0 if completed else held.order_id,
            client_id=0 if completed else held.client_id,
            perm_id=held.perm_id,
            ref=held.order.order_ref,
            status=held.status,
            generation=0,
            con_id=held.order.con_id,
            account=held.order.account,
            side=held.order.side,
            qty=ZERO if completed else held.order.qty,
            filled=held.filled,
            remaining=held.remaining,
            completed=completed,
            limit_price=held.order.limit_price,
            aux_price=held.order.aux_price,
        )

    def tell(self, held: Held) -> None:
        self.said.append(self.report(held))

    def fail(self, order_id: int, code: int, text: str = "") -> None:
        self.said.append(OrderFailed(order_id, code, text, 0))

    # -- requests --

    def place(self, command: PlaceOrder, *, reject: int = 0) -> None:
        known = self.by_id(command.order_id)
        if known is not None:
            self._change(known, command)
        elif reject:
            self.fail(command.order_id, reject, "rejected")
        else:
            self.next_perm += 1
            waits = not command.order.transmit or bool(command.order.parent_id)
            status = ReportedStatus.PRE_SUBMITTED if waits else ReportedStatus.SUBMITTED
            held = Held(command.order_id, CLIENT, self.next_perm, command.order, status)
            self.orders.append(held)
            self.tell(held)

    def _change(self, known: Held, command: PlaceOrder) -> None:
        if known.order.order_ref != command.order.order_ref or not known.live:
            self.fail(command.order_id, 104 if not known.live else 103)
            return
        if command.order.qty <= known.filled:
            self.fail(command.order_id, 201, "change below the filled quantity")
            return
        known.order = command.order
        self.tell(known)

    def cancel(self, order_id: int) -> None:
        self.cancels.append(order_id)
        known = self.by_id(order_id)
        if known is None:
            self.fail(
                order_id, 10147, f"OrderId {order_id} that needs to be cancelled is not found."
            )
        elif not known.live:
            self.fail(order_id, 10148, f"cannot be cancelled, state: {known.status}.")
        else:
            self.end(known)
            self.fail(order_id, 202, "Order Canceled - reason:")

    def end(self, held: Held, status: ReportedStatus = ReportedStatus.CANCELLED) -> None:
        held.status = status
        self.tell(held)
        if not held.filled:
            for child in self._children(held):
                self.end(child)

    def _children(self, held: Held) -> list[Held]:
        mine = (each for each in self.orders if each.client_id == held.client_id and each.live)
        return [each for each in mine if each.order.parent_id == held.order_id]

    # -- the market --

    def _released(self, held: Held) -> bool:
        """Whether the family was transmitted and the parent has filled."""
        if held.order.parent_id:
            parent = self.by_id(held.order.parent_id)
            return parent is not None and parent.status is ReportedStatus.FILLED
        if held.order.transmit:
            return True
        return any(child.order.transmit for child in self._children(held))

    def fillable(self) -> list[Held]:
        return [each for each in self.orders if each.live and self._released(each)]

    def fill(self, held: Held, qty: Decimal, price: Decimal = Decimal(10)) -> ExecutionReport:
        held.filled += qty
        self.move(held.order.con_id, held.order.side.sign * qty)
        exec_id = f"0000e0d5.{self.next_exec:08x}.01"
        self.next_exec += 1
        report = ExecutionReport(
            exec_id=exec_id + ".01",
            order_id=held.order_id,
            client_id=held.client_id,
            perm_id=held.perm_id,
            ref=held.order.order_ref,
            con_id=held.order.con_id,
            account=held.order.account,
            side=held.order.side,
            qty=qty,
            price=price,
            time_ns=self.now_ns,
            cum_qty=held.filled,
            generation=0,
        )
        charge = CommissionReport(report.exec_id, Decimal("1.00"), "USD", None, 0)
        self.executions.append(report)
        self.commissions.append(charge)
        self.said += [report, charge]
        if held.filled >= held.order.qty:
            held.status = ReportedStatus.FILLED
            group = held.order.oca_group
            for other in self.orders:
                if group and other is not held and other.live and other.order.oca_group == group:
                    self.end(other)
        self.tell(held)
        return report

    def correct(self, report: ExecutionReport, qty: Decimal) -> None:
        """Replace a fill by another quantity: the order's total and the position follow."""
        family, _, revision = report.exec_id.rpartition(".")
        new_id = f"{family}.{int(revision) + 1:02d}"
        change = qty - report.qty
        for held in self.orders:
            if held.perm_id == report.perm_id:
                held.filled += change
        self.move(report.con_id, report.side.sign * change)
        fields = {name: getattr(report, name) for name in report.__struct_fields__}
        newer = ExecutionReport(**{**fields, "exec_id": new_id, "qty": qty})
        self.executions.append(newer)
        self.said.append(newer)

    def move(self, con_id: int, change: Decimal) -> None:
        self.positions[con_id] = self.positions.get(con_id, ZERO) + change

    def manual(self, con_id: int, qty: Decimal) -> Held:
        """Somebody else's order in the same account."""
        self.next_perm += 1
        order = Order(
            con_id=con_id, side=Side.BUY, order_type=OrderType.MARKET, qty=qty, account=ACCOUNT
        )
        held = Held(0, 0, self.next_perm, order, ReportedStatus.SUBMITTED)
        self.orders.append(held)
        self.tell(held)
        return held

    # -- what it knows --

    def open_reports(self) -> tuple[OrderReport, ...]:
        return tuple(self.report(each) for each in self.orders if each.live)

    def completed_reports(self) -> tuple[OrderReport, ...]:
        return tuple(self.report(each, completed=True) for each in self.orders if not each.live)

    def position_reports(self) -> tuple[PositionReport, ...]:
        held = self.positions.items()
        return tuple(PositionReport(ACCOUNT, con_id, qty, ZERO) for con_id, qty in held)

    def newest_fills(self) -> dict[str, ExecutionReport]:
        newest: dict[str, ExecutionReport] = {}
        for each in self.executions:
            if each.family not in newest or newest[each.family].revision < each.revision:
                newest[each.family] = each
        return newest
