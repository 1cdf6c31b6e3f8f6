"""What is looked at once more when an intent is durable, and what must not be open before it.

A commit takes time, and what an order rests on may change meanwhile. I5d: an intent that is written
while the order manager knows of a trip or of the end of its connection is abandoned, and never
leaves us, by any way. I8d: none is made while of another order it is not known whether it lives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from robotrader.domain import LinkState
from robotrader.domain import records as rec
from tests.simulation.outcome import Breach
from tests.simulation.watch import SENT, of

if TYPE_CHECKING:
    from tests.simulation.core import CoreWorld
    from tests.simulation.world import World

IN_DOUBT: Final = frozenset({"unknown", "fenced"})


class LookedAtAgain:
    """See the module's prose."""

    name = "I5d looked at again, I8d nothing in doubt"
    reads = SENT | of(rec.OrderIntended, rec.OrderDone)

    def __init__(self) -> None:
        self._log = self._sent = 0
        self._stopped: dict[str, str] = {}

    def check(self, world: World) -> list[Breach]:
        """Look at the intents that became durable since, and at what became of those before."""
        found: list[Breach] = []
        for _, record in world.log[self._log :]:
            if isinstance(record, rec.OrderIntended):
                found += self._intended(cast("CoreWorld", world), record)
            elif isinstance(record, rec.OrderDone) and self._wrong(record):
                text = f"{record.ref} ended as {record.ending} though {{}}"
                found.append(self._breach(world.now_ns, record.ref, text))
        self._log = len(world.log)
        for sent in world.sent[self._sent :]:
            if sent.order is not None and sent.order.order_ref in self._stopped:
                ref = sent.order.order_ref
                found.append(self._breach(sent.at_ns, ref, f"{ref} was sent though {{}}"))
        self._sent = len(world.sent)
        return found

    def _wrong(self, record: rec.OrderDone) -> bool:
        return record.ref in self._stopped and record.ending is not rec.Ending.ABANDONED

    def _breach(self, at_ns: int, ref: str, text: str) -> Breach:
        return Breach(self.name, at_ns, text.format(self._stopped.pop(ref)))

    def _intended(self, world: CoreWorld, record: rec.OrderIntended) -> list[Breach]:
        orders = None if world.process is None else world.process.actor("orders")
        manager: Any = None if orders is None else orders.manager
        flight = None if manager is None else manager._flight
        if flight is None or record not in flight[1].records:
            return []  # whoever made it is dead, or has acted on it already
        why = _against(orders, record)
        if why:
            self._stopped[record.ref] = why
        open_ = [each.ref for each in manager.orders() if each.state.value in IN_DOUBT]
        text = f"{record.ref} is written while {', '.join(open_)} is in doubt"
        return [Breach(self.name, world.now_ns, text)] if open_ else []


def _against(orders: Any, record: rec.OrderIntended) -> str:
    """Return what the order manager was told by now that is against an intent of its own."""
    desk, link = orders.manager._desk, orders._link
    if link.generation != record.generation or link.state is not LinkState.READY:
        return f"connection {record.generation} had ended"
    scopes = {"all", f"account:{record.account}", f"symbol:{record.symbol}",
              f"strategy:{record.strategy}"}  # fmt: skip
    on = scopes & set(desk.book.blocked)
    return f"the switch was on in {min(on)}" if on and not record.reduces else ""
