"""Orders that depend on each other: brackets (a parent and its children) and OCA groups.

A child sleeps until its parent has filled; all children together never close more than it has. Once
a parent is over, its children are no larger than what is left to close, and end when nothing is;
children of one parent are an OCA group, as at IBKR. An OCA fill cancels the others (type 1),
reduces them in proportion (type 2), or reduces them only once the present movement of the market is
over (type 3, "without block": both may fill in it).
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Final, Protocol

from robotrader.domain import OrderKey
from robotrader.venue.events import Status
from robotrader.venue.working import ZERO, Working

if TYPE_CHECKING:
    from robotrader.domain import Instrument

CANCEL_OTHERS: Final = 1
REDUCE: Final = 2
REDUCE_LATER: Final = 3
_ONE: Final = Decimal(1)
_ROUNDING: Final = Decimal("1e-9")
"""Added before rounding down, so that thirds of a share add up to one."""


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
        self._oca: defaultdict[str, list[Working]] = defaultdict(list)
        self._later: list[tuple[Working, Decimal]] = []

    def find_parent(self, order: Working) -> bool:
        """Tie a child to its parent; return False if it names one that is not there."""
        wanted = order.order.parent_id
        if not wanted:
            return True
        key = OrderKey(order.key.client_id, wanted)
        parent = self._host.live.get(key) or self._host.done.get(key)
        if parent is None or (parent.status.over and not parent.filled):
            return False
        order.parent = parent
        return True

    def join(self, order: Working) -> None:
        """Add an order, whose parent was found, to its groups."""
        wanted, parent = order.order, order.parent
        if wanted.oca_group:
            order.oca = f"{wanted.account}/{wanted.oca_group}"
        elif parent is not None:
            order.oca = f"{wanted.account}/parent {parent.perm_id}"
        self.adopt(order)

    def adopt(self, order: Working) -> None:
        """Add an order whose groups are known."""
        if order.parent is not None:
            order.parent.children += (order,)
        if order.oca:
            self._oca[order.oca].append(order)

    @staticmethod
    def released_by(order: Working) -> list[Working]:
        """Release the family of an order that says ``transmit``; return who may begin now."""
        if not order.released:
            order.status = Status.HELD
            return []
        parent = order.parent or order
        if not parent.children:
            return [order]
        begun = []
        for each in (parent, *parent.children):
            if not each.status.over and not each.released:
                each.released = True
                each.status = Status.PRE_SUBMITTED
                begun.append(each)
        return begun if order in begun else [*begun, order]

    # -- fills --

    def after_fill(self, order: Working, qty: Decimal) -> tuple[Working, ...]:
        """Do what a fill changes; return the children that may trade now."""
        if order.oca:
            part = _ONE if order.remaining <= ZERO else qty / (order.exact + qty)
            if self._kind(order) == REDUCE_LATER:
                self._later.append((order, part))
            else:
                self._share(order, part)
        if order.parent is not None:
            self.trim(order.parent)
        return order.children

    def settle(self) -> None:
        """Do what had to wait for the end of a movement."""
        while self._later:
            self._share(*self._later.pop(0))

    @staticmethod
    def _kind(order: Working) -> int:
        if not order.order.oca_group:
            return REDUCE  # children of one parent
        return order.order.oca_type or CANCEL_OTHERS

    def _share(self, order: Working, part: Decimal) -> None:
        """Let the others of a group know that ``part`` of an order has filled."""
        for other in [each for each in self._oca.get(order.oca, ()) if each is not order]:
            if other.status.over:
                continue
            if self._kind(order) == CANCEL_OTHERS:
                self._host.finish(other, Status.CANCELLED, "OCA order filled")
            else:
                other.exact *= _ONE - part
                step = self._host.instruments[other.order.con_id].size_step
                self._shrink(other, (other.exact + _ROUNDING) // step * step, "OCA order filled")

    def trim(self, parent: Working) -> None:
        """Once a parent is over, make its children no larger than what is left to close."""
        if not parent.status.over:
            return
        why = "Nothing is left to close" if parent.filled else "Parent order cancelled"
        for child in parent.children:
            room = child.room(parent)
            if not child.status.over and child.remaining > room:
                child.exact = room
                self._shrink(child, room, why)

    def _shrink(self, order: Working, remaining: Decimal, why: str) -> None:
        if remaining <= ZERO:
            self._host.finish(order, Status.CANCELLED, why)
        elif remaining < order.remaining:
            order.resize(remaining)
            self._host.show(order)

    # -- ends --

    def leave(self, order: Working) -> None:
        """Take an order out of its OCA group."""
        if order.oca:
            members = self._oca[order.oca]
            members.remove(order)
            if not members:
                del self._oca[order.oca]

    def after_end(self, order: Working) -> None:
        """Forget an order that has ended; it takes along what its children cannot close."""
        self.leave(order)
        self.trim(order)
