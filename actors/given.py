"""What a gate has given out: reservations as they were, so that one can be held again.

An order whose fill is taken back may trade those shares again; then its reservation counts again,
although it was released.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from robotrader.execution.effects import Released
    from robotrader.risk import Gate, Reservation

ZERO: Final = Decimal(0)
_REMEMBERED: Final = 1_000


class Given:
    """See the module's prose; it remembers the last thousand of a gate."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._given: dict[int, Reservation] = {}

    def remember(self, number: int) -> None:
        """Keep what was reserved last."""
        self._given[number] = self._gate.reserved[-1]
        if len(self._given) > _REMEMBERED:
            del self._given[next(iter(self._given))]

    def released(self, message: Released) -> None:
        """Hold less; or hold again, where a fill was taken back and the order may go on."""
        if message.qty >= 0:
            self.release(message.reservation, message.qty)
        elif message.reservation in self._given:
            given = self._given[message.reservation]
            held = {each.number: each.qty for each in self._gate.reserved}
            qty = held.get(given.number, ZERO) - message.qty
            self._gate.hold(msgspec.structs.replace(given, qty=qty))

    def release(self, number: int, qty: Decimal) -> None:
        """Release what is held; a number of an earlier incarnation's is not."""
        held = {each.number: each.qty for each in self._gate.reserved}
        if number in held and qty > 0:
            self._gate.release(number, min(qty, held[number]))
