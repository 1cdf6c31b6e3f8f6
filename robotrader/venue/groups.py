"""Orders that depend on each other: brackets (a parent and its children) and OCA groups.

A child sleeps until its parent has filled, and never fills more than its parent has. A parent that
ends unfilled takes its children with it; children of one parent are an OCA group, as at IBKR. An
OCA fill cancels the others (type 1), reduces them in proportion (type 2), or reduces them only once
the present movement of the market is over (type 3, "without block": both may fill in it).
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final, Protocol

from robotrader.domain import OrderKey
from robotrader.venue.events import Status
from robotrader.venue.working import ZERO, Working

if TYPE_CHECKING:
    from decimal import Decimal

    from robotrader.domain import Instrument

CANCEL_OTHERS: Final = 1
REDUCE: Final = 2
REDUCE_LATER: Final = 3


class Host(Protocol):
    """What groups need from the venue."""

    live: dict[OrderKey, Working]
    done: dict[OrderKey, Working]
    instruments: dict[int, Instrument]

    def finish(self, order: Working, status: Status, why: str) -> None:
        """End an order, and what depends on it."""
        ...

    def show(self, order: Working) -> None:
        """Announce how an order stands."""
        ...


class Groups:
    """Who depends on whom, of the live orders."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._children: defaultdict[OrderKey, list[Working]] = defaultdict(list)
        self._oca: defaultdict[str, list[Working]] = defaultdict(list)
        self._later: list[tuple[Working, Decimal]] = []

    def join(self, order: Working) -> bool:
        """Add an order to its groups; return whether the parent that it names is there."""
        wanted = order.order
        if wanted.parent_id:
            key = OrderKey(order.key.client_id, wanted.parent_id)
            parent = self._host.live.get(key) or self._host.done.get(key)
            if parent is None or (parent.status.over and not parent.filled):
                return False
            order.parent = parent
            self._children[key].append(order)
        if wanted.oca_group:
            order.oca = f"{wanted.account}/{wanted.oca_group}"
        elif order.parent is not None:
            order.oca = f"{wanted.account}/parent {order.parent.perm_id}"
        if order.oca:
            self._oca[order.oca].append(order)
        return True

    def released_by(self, order: Working) -> list[Working]:
        """Release the family of an order that says ``transmit``; return who may begin now."""
        if not order.released:
            order.status = Status.HELD
            return []
        parent = order.parent or order
        family = [parent, *self._children.get(parent.key, ())]
        begun = [each for each in family if not each.status.over and self._release(each)]
        return begun if order in begun else [*begun, order]

    @staticmethod
    def _release(order: Working) -> bool:
        if order.released:
            return False
        order.released = True
        order.status = Status.PRE_SUBMITTED
        return True

    def after_fill(self, order: Working, qty: Decimal) -> list[Working]:
        """Do what a fill changes; return the children that may trade now."""
        if order.oca:
            if self._kind(order) == REDUCE_LATER:
                self._later.append((order, qty))
            else:
                self._share(order, qty)
        return [child for child in self._children.get(order.key, ()) if not child.status.over]

    def settle(self) -> None:
        """Do what had to wait for the end of a movement."""
        while self._later:
            self._share(*self._later.pop(0))

    @staticmethod
    def _kind(order: Working) -> int:
        if not order.order.oca_group:
            return REDUCE  # children of one parent
        return order.order.oca_type or CANCEL_OTHERS

    def _share(self, order: Working, qty: Decimal) -> None:
        others = [each for each in self._oca[order.oca] if each is not order]
        for other in others:
            if other.status.over:
                continue
            if self._kind(order) == CANCEL_OTHERS:
                self._host.finish(other, Status.CANCELLED, "OCA order filled")
            else:
                self._reduce(other, qty / order.order.qty)

    def _reduce(self, other: Working, part: Decimal) -> None:
        step = self._host.instruments[other.order.con_id].size_step
        less = min(other.remaining, (other.order.qty * part // step) * step)
        other.remaining -= less
        if other.remaining <= ZERO:
            self._host.finish(other, Status.CANCELLED, "OCA order filled")
        elif less:
            self._host.show(other)

    def _forget_family(self, parent: Working) -> None:
        family = self._children.get(parent.key)
        if family and parent.status.over and all(child.status.over for child in family):
            del self._children[parent.key]

    def adopt(self, orders: list[Working]) -> None:
        """Take in the orders of a restored venue; their parents are known already."""
        for order in orders:
            if order.parent is not None:
                self._children[order.parent.key].append(order)
            if order.oca:
                self._oca[order.oca].append(order)

    def after_end(self, order: Working) -> None:
        """Forget an order that has ended; an unfilled parent takes its children with it."""
        if order.oca:
            members = self._oca[order.oca]
            members.remove(order)
            if not members:
                del self._oca[order.oca]
        self._forget_family(order.parent or order)
        if order.status is Status.FILLED:
            return
        for child in list(self._children.get(order.key, ())):
            if not child.status.over and child.filled >= order.filled:
                self._host.finish(child, Status.CANCELLED, "Parent order cancelled")
