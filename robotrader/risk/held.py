"""What the gate holds for approved orders, by number and by contract.

An intent looks at the reservations of the contracts in which something is new, whatever the number
of all others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterable

    from robotrader.risk.exposure import Reservation


class Held:
    """Reservations; those of a contract, and all of them, are in the order in which they came."""

    __slots__ = ("_all", "_of")

    def __init__(self) -> None:
        self._all: dict[int, Reservation] = {}
        self._of: dict[int, dict[int, Reservation]] = {}

    @classmethod
    def these(cls, reservations: Iterable[Reservation]) -> Self:
        """Return a list to be read only, whatever its numbers are."""
        made = cls()
        for place, each in enumerate(reservations):
            made._all[place] = each
            made._of.setdefault(each.con_id, {})[place] = each
        return made

    def put(self, reservation: Reservation) -> None:
        """Hold what is new, or what a reservation is now, in its place."""
        number, con_id = reservation.number, reservation.con_id
        before = self._all.get(number)
        if before is not None and before.con_id != con_id:
            self.drop(number)
        self._all[number] = reservation
        own = self._of.get(con_id)
        if own is None:
            self._of[con_id] = {number: reservation}
        else:
            own[number] = reservation

    def drop(self, number: int) -> None:
        """Hold it no more, if it was held."""
        before = self._all.pop(number, None)
        if before is None:
            return
        own = self._of[before.con_id]
        del own[number]
        if not own:
            del self._of[before.con_id]

    def get(self, number: int) -> Reservation | None:
        """Return what is held under a number."""
        return self._all.get(number)

    def of(self, con_id: int) -> tuple[Reservation, ...]:
        """Return what is held of a contract."""
        own = self._of.get(con_id)
        return () if own is None else tuple(own.values())

    def all(self) -> tuple[Reservation, ...]:
        """Return all that is held."""
        return tuple(self._all.values())
