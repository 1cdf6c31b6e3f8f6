"""From an approved intent to orders at the broker: submit, change, cancel.

An order is durable before its first byte leaves, a bracket in one commit. After the commit the
switch and the connection are looked at again: what they do not allow any more is abandoned, and
was never sent. A reference is sent once; nobody sends it again.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from robotrader.domain import (
    FLATTENER,
    CancelOrder,
    Happening,
    Order,
    OrderState,
    OrderType,
    PlaceOrder,
    Side,
    TimeInForce,
)
from robotrader.domain import records as r
from robotrader.execution.book import ENDING_LEVELS
from robotrader.execution.desk import Desk, Plan
from robotrader.execution.effects import Alert, Declined, Effect, Level, Send, Wake
from robotrader.execution.tracked import scopes_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from decimal import Decimal

    from robotrader.domain import Approved, Leg
    from robotrader.execution.tracked import Tracked

_SENT: Final = Happening.SENT
_REMEMBERED: Final = 10_000
"""Reservations that are remembered so that a repeated approval makes no second order."""

_REDUCES_REMAINING: Final = 2
"""OCA type: a fill of one leg reduces the others, one at a time (no overfill)."""

_CANCELLING_LEVELS: Final = frozenset({"reduce", "cancel", "flatten"})
"""The switch's levels at which nothing may work that could add to a position."""

_SIDES: Final = {each.value: each for each in Side}
_TYPES: Final = {each.value: each for each in OrderType}
_TIFS: Final = {each.value: each for each in TimeInForce}


class Placing:
    """See the module's prose. Every method returns a plan."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._taken: OrderedDict[int, None] = OrderedDict()
        self._unsaved: dict[str, str] = {}
        """Orders whose cancel was sent without being journaled, and why they were cancelled."""

    # -- submit --

    def submit(
        self,
        approved: Approved,
        now_ns: int,
        *,
        oca_group: str = "",
        most: Decimal | None = None,
    ) -> Plan:
        """Intend an order and the legs of its bracket; send them once they are durable.

        ``oca_group``: the group that it joins, empty for none. ``most``: how many shares at most;
        what was reserved beyond is given back with the commit.
        """
        if approved.reservation in self._taken:
            text = f"reservation {approved.reservation} was submitted twice: sent once"
            return Plan(effects=[Alert(Level.WARNING, "submitted_twice", text)])
        refusal = self._refusal(approved)
        if refusal:
            return Plan(effects=[Declined(approved, *refusal)])
        self._taken[approved.reservation] = None
        if len(self._taken) > _REMEMBERED:
            self._taken.popitem(last=False)
        intents = self._intents(approved, oca_group, now_ns, most)
        blocked = self._desk.blocks(intents[0])
        if blocked:
            return Plan(effects=[Declined(approved, "blocked", blocked)])
        asked_ns = approved.intent.decided_ns
        return Plan(
            records=list(intents),
            entering=True,
            then=self._placing(intents, approved, asked_ns),
            failed=lambda why: [Declined(approved, "journal", why)],
        )

    def _refusal(self, approved: Approved) -> tuple[str, str] | None:
        desk = self._desk
        if approved.account != desk.book.account:
            return (
                "account",
                f"account {approved.account} is not {desk.book.account}, our session's",
            )
        if not desk.ready:
            return "not_ready", f"the link is {desk.link.value} and not reconciled: wait for ready"
        if desk.book.identities.left() < 1 + len(approved.intent.legs):
            return "order_ids", "TWS can read no higher order id: reset its order ids"
        return None

    def _intents(
        self, approved: Approved, oca_group: str, now_ns: int, most: Decimal | None
    ) -> list[r.OrderIntended]:
        intent, legs = approved.intent, approved.intent.legs
        ref, order_id = self._desk.book.identities.next()
        parent = r.OrderIntended(
            ref=ref,
            order_id=order_id,
            generation=self._desk.generation,
            strategy=intent.strategy,
            con_id=intent.con_id,
            symbol=intent.symbol,
            account=approved.account,
            side=intent.side._value_,
            order_type=intent.order_type._value_,
            qty=intent.qty if most is None else min(intent.qty, most),
            limit_price=intent.limit_price,
            aux_price=intent.aux_price,
            trail_percent=intent.trail_percent,
            tif=intent.tif._value_,
            outside_rth=intent.outside_rth,
            oca_group=oca_group,
            oca_type=_REDUCES_REMAINING if oca_group else 0,
            transmit=not legs,
            reduces=approved.reduces,
            reason=intent.reason,
            cause=intent.cause,
            limits_hash=approved.limits_hash,
            wall_ns=now_ns,
            trail_stop_price=intent.trail_stop_price,
        )
        made = [parent]
        for number, leg in enumerate(legs, 1):
            made.append(self._leg(parent, leg, last=number == len(legs), alone=len(legs) == 1))
        return made

    def _leg(
        self, parent: r.OrderIntended, leg: Leg, *, last: bool, alone: bool
    ) -> r.OrderIntended:
        ref, order_id = self._desk.book.identities.next()
        return r.OrderIntended(
            ref=ref,
            order_id=order_id,
            generation=parent.generation,
            strategy=parent.strategy,
            con_id=parent.con_id,
            symbol=parent.symbol,
            account=parent.account,
            side=(Side.SELL if parent.side == Side.BUY else Side.BUY).value,
            order_type=leg.order_type._value_,
            qty=parent.qty,
            limit_price=leg.limit_price,
            aux_price=leg.aux_price,
            trail_percent=leg.trail_percent,
            tif=leg.tif._value_,
            outside_rth=parent.outside_rth,
            parent_ref=parent.ref,
            oca_group="" if alone else parent.ref,
            oca_type=0 if alone else _REDUCES_REMAINING,
            transmit=last,
            reduces=True,
            reason=parent.reason,
            cause=parent.cause,
            limits_hash=parent.limits_hash,
            wall_ns=parent.wall_ns,
        )

    def _placing(
        self, intents: Sequence[r.OrderIntended], approved: Approved, asked_ns: int
    ) -> Callable[[int], Plan]:
        def place(now_ns: int) -> Plan:
            desk = self._desk
            first = intents[0]
            desk.held[first.ref] = (approved.reservation, approved.intent.qty)
            why = desk.blocks(first) or self._gone(first.generation)
            if why:
                return self._abandon([desk.book.orders[each.ref] for each in intents], why, now_ns)
            effects: list[Effect] = []
            for each in intents:
                effects += self._send(desk.book.orders[each.ref], asked_ns, now_ns)
            return Plan(effects=effects)

        return place

    def _gone(self, generation: int) -> str:
        """Return why an order may not be sent any more, empty if it may."""
        desk = self._desk
        if generation != desk.generation:
            return f"connection {generation} ended before it was sent"
        return "" if desk.ready else f"the link became {desk.link.value} before it was sent"

    def _abandon(self, orders: list[Tracked], why: str, now_ns: int) -> Plan:
        records: list[r.Record] = [
            r.OrderDone(ref=each.ref, ending=r.Ending.ABANDONED, why=why, wall_ns=now_ns)
            for each in orders
        ]
        return Plan(records=records)

    def _send(self, order: Tracked, asked_ns: int, now_ns: int) -> list[Effect]:
        order.move(_SENT)
        self._desk.sent(order)
        told = order.intent
        command = PlaceOrder(
            order_id=told.order_id,
            order=self._order(
                told, told.qty, told.limit_price, told.aux_price, transmit=told.transmit
            ),
            generation=told.generation,
            reduces=told.reduces,
            asked_ns=asked_ns,
        )
        return [Send(command), Wake(f"ack:{told.ref}", now_ns + self._desk.times.ack_ns)]

    def _order(
        self,
        told: r.OrderIntended,
        qty: Decimal,
        limit: Decimal | None,
        aux: Decimal | None,
        *,
        transmit: bool,
    ) -> Order:
        parent = self._desk.book.orders.get(told.parent_ref) if told.parent_ref else None
        return Order(  # more than fifteen names would be passed as a dictionary
            told.con_id,
            _SIDES[told.side],
            _TYPES[told.order_type],
            qty,
            told.account,
            limit_price=limit,
            aux_price=aux,
            trail_percent=told.trail_percent,
            trail_stop_price=told.trail_stop_price,
            tif=_TIFS[told.tif],
            outside_rth=told.outside_rth,
            oca_group=told.oca_group,
            oca_type=told.oca_type,
            parent_id=parent.intent.order_id if parent else 0,
            transmit=transmit,
            order_ref=told.ref,
        )

    # -- change --

    def modify(
        self,
        ref: str,
        qty: Decimal,
        limit_price: Decimal | None,
        aux_price: Decimal | None,
        now_ns: int,
    ) -> Plan:
        """Change a working order; never to more shares, which would be a new intent.

        A price that is not given stays as it is.
        """
        order = self._desk.book.orders.get(ref)
        why = self._unchangeable(order, ref, qty)
        if why or order is None:
            return Plan(effects=[Alert(Level.WARNING, "not_modified", why)])
        record = r.ModifyIntended(
            ref=ref,
            qty=qty,
            limit_price=order.limit_price if limit_price is None else limit_price,
            aux_price=order.aux_price if aux_price is None else aux_price,
            generation=self._desk.generation,
            wall_ns=now_ns,
        )
        return Plan(
            records=[record],
            entering=True,
            then=lambda later_ns: self._resend(order, record, later_ns),
            failed=lambda why: [Alert(Level.WARNING, "not_modified", f"{ref}: {why}")],
        )

    def _unchangeable(self, order: Tracked | None, ref: str, qty: Decimal) -> str:
        if order is None or order.state is not OrderState.WORKING:
            return f"order {ref} is {order.state.value if order else 'unknown'}: not changed"
        if order.modify is not None:
            return f"order {ref} has a change of which the outcome is not known: wait for it"
        if not order.seen < qty <= order.qty:
            return f"order {ref} is for {order.qty}, filled {order.seen}: not changed to {qty}"
        blocked = self._desk.blocks(order.intent)
        return blocked or ("" if self._desk.ready else f"order {ref}: not ready, not changed")

    def _resend(self, order: Tracked, record: r.ModifyIntended, now_ns: int) -> Plan:
        """Send the change, unless the world changed meanwhile: then it is decided anew."""
        desk = self._desk
        stopped = desk.blocks(order.intent) or self._gone(record.generation)
        if stopped or order.state is not OrderState.WORKING:
            return Plan(effects=[Wake("ask", now_ns)])
        order.modified_as_of = desk.request
        told = order.intent
        command = PlaceOrder(
            order_id=told.order_id,
            order=self._order(
                told, record.qty, record.limit_price, record.aux_price, transmit=True
            ),
            generation=record.generation,
            reduces=told.reduces,
        )
        wake = Wake(f"modify:{order.ref}", now_ns + desk.times.ack_ns)
        return Plan(effects=[Send(command), wake])

    # -- cancel --

    def cancel(self, ref: str, reason: str, now_ns: int) -> Plan:
        """Cancel an order; it is live until the broker says that it is not."""
        order = self._desk.book.open.get(ref)
        return self._cancels([order] if order else [], reason, now_ns)

    def cancel_all(self, scope: str, now_ns: int) -> Plan:
        """Cancel what is open in a scope of the kill switch, but for stops (F70) and its own."""
        inside = (o for o in self._desk.book.open.values() if scope in scopes_of(o.intent))
        chosen = [o for o in inside if not (o.protective or self._flattens(o.intent))]
        return self._cancels(chosen, f"cancel {scope}", now_ns)

    def _flattens(self, told: r.OrderIntended) -> bool:
        """Whether the switch closes with it now: each further trip would begin that anew."""
        return told.strategy == FLATTENER and "flatten" in self._desk.levels(told)

    def _cancels(self, orders: list[Tracked], reason: str, now_ns: int) -> Plan:
        reasons = {each.ref: self._unsaved.pop(each.ref, reason) for each in orders}
        records: list[r.Record] = [
            r.CancelIntended(ref=each.ref, reason=reasons[each.ref], wall_ns=now_ns)
            for each in orders
            if not each.cancel
        ]
        return Plan(
            records=records,
            then=lambda later_ns: self.send_cancels(orders, later_ns),
            failed=lambda why: self._not_kept(orders, reasons, why, now_ns),
        )

    def resume_cancels(self, now_ns: int, reason: str = "resumed") -> Plan:
        """Cancel what a trip, a restart or a full disk left: by the switch's level, by promise."""
        left = [
            order
            for order in self._desk.book.open.values()
            if order.ref in self._unsaved or self._ends_with_trips(order)
        ]
        plan = self._cancels([each for each in left if not each.cancel], reason, now_ns)
        self._unsaved = {}  # the others are over
        return plan

    def _ends_with_trips(self, order: Tracked) -> bool:
        """Whether an order may not work at the levels that are in force."""
        told = order.intent
        if told.reduces and (order.protective or self._flattens(told)):
            return False
        if told.reduces and not (told.parent_ref or order.tripped):
            return False  # an exit that was asked for after the trip
        ending = ENDING_LEVELS if told.reduces else _CANCELLING_LEVELS
        return not ending.isdisjoint(self._desk.levels(told))

    def cancel_again(self, order: Tracked, due: str, now_ns: int) -> Plan:
        """A timer rang: send a cancel once more; ring again if the clock was set back since."""
        if now_ns >= order.cancel_due_ns:
            return self.send_cancels([order], now_ns)
        early = due == str(order.cancel_due_ns)  # not of one that was sent again meanwhile
        wake = Wake(f"cancel:{order.ref}:{due}", order.cancel_due_ns)
        return Plan(effects=[wake] if early else [])

    def send_cancels(self, orders: Sequence[Tracked], now_ns: int) -> Plan:
        """Send cancels, and again until the broker says how the orders ended."""
        due_ns = now_ns + self._desk.times.cancel_ns
        effects: list[Effect] = []
        for order in orders:
            if order.over or order.duplicate or not order.intent.order_id:
                continue
            effects.append(Send(CancelOrder(order.intent.order_id)))
            order.cancel_due_ns = due_ns
            if order.cancel:
                effects.append(Wake(f"cancel:{order.ref}:{due_ns}", due_ns))
        return Plan(effects=effects)

    @staticmethod
    def fences(order_ids: Sequence[int]) -> list[Effect]:
        """Cancel orders that were given up, once: nobody waits for an answer."""
        return [Send(CancelOrder(each)) for each in order_ids if each]

    def _not_kept(
        self, orders: list[Tracked], reasons: dict[str, str], why: str, now_ns: int
    ) -> list[Effect]:
        """A cancel that cannot be kept is sent all the same: it can only lower the risk."""
        self._unsaved.update(reasons)
        text = f"{len(orders)} cancels were sent without being journaled: {why}"
        sends = self.send_cancels(orders, now_ns).effects
        return [*sends, Alert(Level.CRITICAL, "journal", text)]
