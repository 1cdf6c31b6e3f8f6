"""Which finished orders a book still has: as many as anybody may ask for, and no more.

An order leaves when it is over, nothing of it is awaited, nothing has been heard of it for longer
than the broker tells of old executions, and enough newer ones have ended: a clock that jumps ahead
takes not everything along. A bracket leaves as a whole, and the newest stop of a position stays:
the next one is made like it. That no reference is used twice, and no fill booked twice, does not
depend on what is here: the highest numbers stay, and the journal's index has every execution.

Time is what the records say, so that a replay forgets what the process forgot.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

from robotrader.domain import OVER

if TYPE_CHECKING:
    from robotrader.execution.book import Book
    from robotrader.execution.tracked import Tracked

_DAY_NS: Final = 86_400_000_000_000
_AT_ONCE: Final = 2
"""Looked at with each new order: more than come, so that a backlog shrinks."""

EXTERNALS: Final = 10_000
"""Orders of others; one that is forgotten is only recorded again."""


class Keep(NamedTuple):
    """For how long finished orders and fills are kept, and how many of each at least."""

    ns: int = 15 * _DAY_NS
    """Brokers tell executions of seven days; the ledger takes corrections for ten exchange days."""

    fewest: int = 1_000


class Leaving:
    """The finished orders in the order in which they ended; see the module's prose."""

    def __init__(self, keep: Keep) -> None:
        self.keep = keep
        self.now_ns = 0
        self.refs: dict[str, None] = {}

    def heard(self, order: Tracked | None, at_ns: int) -> None:
        """Take the time of a record, and note that it was about an order."""
        self.now_ns = max(self.now_ns, at_ns)
        if order is not None:
            order.last_ns = self.now_ns
            ref = order.intent.ref
            self.refs.pop(ref, None)
            if order.state in OVER:
                self.refs[ref] = None

    def old(self, at_ns: int) -> bool:
        """Return whether a time is longer ago than anything is kept."""
        return self.now_ns - at_ns > self.keep.ns

    def orders(self, book: Book) -> None:
        """Let the oldest orders leave, where there are more than the fewest.

        Who has to stay is looked at again behind all others.
        """
        for ref in [*islice(self.refs, _AT_ONCE)]:
            if ref not in self.refs:
                continue  # it left with its bracket
            order = book.orders[ref]
            if not self.old(order.last_ns):
                return
            family = _family(book, order)
            if all(self._leaves(book, each) for each in family):
                for each in family:
                    self._forget(book, each)
            else:
                del self.refs[ref]
                self.refs[ref] = None

    def _leaves(self, book: Book, order: Tracked) -> bool:
        done = order.over and not order.reserved and self.old(order.last_ns)
        return done and order.ref not in book.stops.values()

    def _forget(self, book: Book, order: Tracked) -> None:
        del book.orders[order.ref]
        self.refs.pop(order.ref, None)
        book.legs.pop(order.ref, None)
        if book.by_id.get(order.intent.order_id) == order.ref:
            del book.by_id[order.intent.order_id]
        for perm_id in order.perm_ids:
            if book.by_perm.get(perm_id) == order.ref:
                del book.by_perm[perm_id]

    def fills(self, book: Book) -> None:
        """Let the oldest fills leave, with what they cost."""
        if len(book.fills) <= self.keep.fewest:
            return
        for family in [*islice(book.fills, _AT_ONCE)]:
            if not self.old(book.fills[family].booked_ns):
                return
            del book.fills[family]
            book.commissions.pop(family, None)


def _family(book: Book, order: Tracked) -> list[Tracked]:
    """Return an order with its parent and all of its legs."""
    parent = order.intent.parent_ref or order.ref
    refs = (parent, *book.legs.get(parent, ()))
    return [book.orders[ref] for ref in dict.fromkeys((order.ref, *refs)) if ref in book.orders]
