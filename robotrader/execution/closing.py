"""What the book has of a contract that may close its position: orders, legs, exits, stops."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from robotrader.domain import OrderState
from robotrader.domain.records import ZERO
from robotrader.execution.cover import Closer
from robotrader.execution.tracked import SIGNS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from decimal import Decimal

    from robotrader.execution.desk import Desk
    from robotrader.execution.tracked import Tracked

_WORKING: Final = OrderState.WORKING  # a member of an enum takes fifty times as long to look up


class Closing:
    """See the module's prose. Quantities are shares."""

    def __init__(self, desk: Desk) -> None:
        self._book = desk.book
        self.position = desk.position
        """Shares that may be closed, signed, by contract."""

    def orders(self, con_id: int) -> Iterator[Tracked]:
        """Yield what may still close shares of a contract."""
        book = self._book
        for orders in (book.open.of(con_id), book.awaited.of(con_id)):
            for order in orders.values():
                if order.intent.reduces:
                    yield order

    def closers(self, con_id: int) -> list[Closer]:
        """Return what gives way to an exit, oldest first."""
        return [self._closer(each) for each in self.orders(con_id) if each.yields]

    def _closer(self, order: Tracked) -> Closer:
        told = order.intent
        most = sure = order.reserved
        parent = self._book.orders.get(told.parent_ref)
        if parent is not None:
            closed = sum((each.seen for each in self.legs(parent.ref)), ZERO)
            sure = min(most, max(parent.seen - closed, ZERO))
            most = most if parent.over else sure
        return Closer(
            ref=told.ref,
            group=told.parent_ref or told.oca_group or told.ref,
            strategy=told.strategy,
            sign=SIGNS[told.side],
            protects=order.protective,
            most=most,
            sure=sure,
            fixed=order.cancel or order.modify is not None or order.state is not _WORKING,
        )

    def legs(self, parent_ref: str) -> Iterator[Tracked]:
        """Return the legs of a bracket."""
        orders = self._book.orders
        return (orders[ref] for ref in self._book.legs.get(parent_ref, ()))

    def exiting(self, con_id: int) -> dict[str, Decimal]:
        """Return what works to close the position, by strategy."""
        side = side_of(self.position(con_id))
        found: dict[str, Decimal] = {}
        for order in self.orders(con_id):
            told = order.intent
            if not order.yields and SIGNS[told.side] == -side:
                found[told.strategy] = found.get(told.strategy, ZERO) + order.reserved
        return found

    def is_plain(self, con_id: int, asked: Callable[[int], bool]) -> bool:
        """Whether nothing protects a contract's position, and nothing should: exits at most.

        ``asked``: whether a stop of a contract was missing; where orders close something it is
        looked at again.
        """
        book, exits, brackets = self._book, False, False
        if con_id in book.stops.by_contract:
            return False
        for table in (book.open, book.awaited):
            own = table.by_contract.get(con_id)
            if own is None:
                continue
            for order in own.values():
                told = order.intent
                if order.yields:
                    return False
                exits, brackets = exits or told.reduces, brackets or told.ref in book.legs
        return not exits or not (brackets or asked(con_id))


def side_of(position: Decimal) -> int:
    """Return 1 for a long position, -1 for a short one, 0 for none."""
    return (position > 0) - (position < 0)
