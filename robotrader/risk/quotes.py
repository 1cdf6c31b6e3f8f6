"""The newest quotes by contract, which remember what was new, so that nobody has to look for it.

Whoever looks from time to time keeps where the log was: what came since then is behind that place.
Who was away for more changes than are remembered looks at all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from robotrader.domain import Quote
from robotrader.risk.past import REMEMBERED

if TYPE_CHECKING:
    from collections.abc import Collection


class Quotes(dict[int, Quote]):
    """A dictionary whose values are replaced by assignment, and in no other way."""

    def __init__(self) -> None:
        super().__init__()
        self._log: list[int] = []
        self._begin = 0

    def __setitem__(self, con_id: int, quote: Quote) -> None:
        """Take a newer quote."""
        super().__setitem__(con_id, quote)
        self._log.append(con_id)
        if len(self._log) >= 2 * REMEMBERED:
            del self._log[:REMEMBERED]
            self._begin += REMEMBERED

    @property
    def place(self) -> int:
        """Where the log ends."""
        return self._begin + len(self._log)

    def since(self, place: int) -> Collection[int] | None:
        """Return the contracts with newer quotes than there were at a place; None: forgotten."""
        if place < self._begin:
            return None
        return self._log[place - self._begin :]
