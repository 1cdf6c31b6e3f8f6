"""What is newest of contracts, and what was new since when: nobody looks through all of them."""

from __future__ import annotations

from typing import TypeVar

from robotrader.ledger.log import Log, Mark

V = TypeVar("V")


class Newest(dict[int, V]):
    """A dictionary whose values are replaced by assignment, and in no other way."""

    def __init__(self) -> None:
        super().__init__()
        self._log: Log[int] = Log()
        self._note = self._log.add

    def __setitem__(self, con_id: int, value: V) -> None:
        """Take a newer value."""
        super().__setitem__(con_id, value)
        self._note(con_id)

    def mark(self) -> Mark[int]:
        """Return where the log of contracts with newer values ends."""
        return self._log.mark()


class Marks(Newest[float]):
    """Prices at which positions are worth what they are."""
