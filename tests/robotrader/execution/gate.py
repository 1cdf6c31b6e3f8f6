"""The risk gate's part in the small world, and how often what goes wrong there."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from robotrader.execution import Declined, Effect, Released, Told

if TYPE_CHECKING:
    from tests.robotrader.execution.world import World

LIMIT = Decimal(300)


@dataclass
class Faults:
    """How often what goes wrong, from 0 to 1."""

    crash: float = 0.0
    lose: float = 0.0
    repeat: float = 0.0
    reject: float = 0.0
    incomplete: float = 0.0
    refuse: float = 0.0
    late: float = 0.0
    slow: float = 0.0


class Gate:
    """The risk gate's part: what is held, so that the worst case stays within the limit."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.next = 1
        self.held: dict[int, tuple[int, Decimal]] = {}
        self.open: dict[str, tuple[int, Decimal]] = {}

    def rebuild(self) -> None:
        """Begin anew with what the order manager says that its orders may still do."""
        self.held = {}
        views = self._world.manager.orders()
        self.open = {v.ref: (v.con_id, v.reserved) for v in views if v.side == "BUY"}

    def worst(self, con_id: int) -> Decimal:
        held = sum(qty for con, qty in (*self.held.values(), *self.open.values()) if con == con_id)
        return self._world.manager.position(con_id) + held

    def take(self, con_id: int, qty: Decimal) -> int:
        number, self.next = self.next, self.next + 1
        self.held[number] = (con_id, qty)
        return number

    def told(self, effect: Effect) -> None:
        if isinstance(effect, Released) and effect.reservation in self.held:
            con_id, held = self.held[effect.reservation]
            assert effect.qty != 0
            assert held - effect.qty == effect.left >= 0
            self.held[effect.reservation] = (con_id, effect.left)
        elif isinstance(effect, Declined):
            self.held.pop(effect.approved.reservation, None)
        elif isinstance(effect, Told) and effect.update.ref in self.open:
            self.open[effect.update.ref] = (effect.update.con_id, effect.update.reserved)
