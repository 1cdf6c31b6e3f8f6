"""What may be closed of a contract whose position is not the broker's.

Others have traded it, or a fill was lost; until a person says whose books are right, neither side
is believed further than both agree. Exits and stops close no more than both have: what the broker
has less could only be sold short, what it has more is not ours to sell.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from robotrader.domain import BrokerSnapshot
    from robotrader.execution.book import Book

ZERO: Final = Decimal(0)


def on_both(ours: Decimal, theirs: Decimal) -> Decimal:
    """Return the position that both sides have, 0 where one is long and the other short."""
    return ZERO if ours * theirs <= 0 else min(ours, theirs, key=abs)


class Theirs:
    """How far the broker's positions are from ours, of contracts that are halted.

    Our own fills move both sides, so a distance holds until the next comparison. A position of the
    broker's follows its fills by seconds: one that would allow more than was allowed before is not
    believed.
    """

    def __init__(self) -> None:
        self._off: dict[int, Decimal] = {}

    def saw(self, con_id: int, ours: Decimal, theirs: Decimal) -> None:
        """Take in what a whole answer of the broker's has."""
        seen = theirs - ours
        known = self._off.get(con_id, seen)
        self._off[con_id] = min(known, seen, key=lambda off: abs(on_both(ours, ours + off)))

    def compare(self, book: Book, snapshot: BrokerSnapshot) -> None:
        """Take in a whole answer; what is resumed is compared anew if it is halted again."""
        self._off = {con_id: off for con_id, off in self._off.items() if con_id in book.halted}
        there = {
            each.con_id: each.qty for each in snapshot.positions if each.account == book.account
        }
        for con_id in book.halted:
            ours = book.positions.get((book.account, con_id), ZERO)
            self.saw(con_id, ours, there.get(con_id, ZERO))

    def position(self, con_id: int, ours: Decimal) -> Decimal:
        """Return what may be closed; ours where the broker's was not seen."""
        return on_both(ours, ours + self._off.get(con_id, ZERO))
