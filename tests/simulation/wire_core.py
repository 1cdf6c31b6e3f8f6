"""What the trading process says of itself, for the checkers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actors.say import AskLedger, AskTrading
from robotrader.gateway import Phase
from tests.simulation.lively import believed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from decimal import Decimal

    from actors.say import Trading
    from robotrader.adapters.ib import IbPort
    from robotrader.ledger import LedgerView
    from robotrader.risk import Switch
    from tests.simulation.wire_tree import Life


class WireCore:
    """Looks into one life of the process; see ``world.Core``."""

    def __init__(self, life: Life) -> None:
        self.life = life

    def _ask(self, role: str, question: Any) -> Any:
        actor = self.life.actor(role)
        return None if actor is None else actor.on_receive(question)

    def trading(self) -> Trading | None:
        """Return how the order manager stands."""
        found: Trading | None = self._ask("orders", AskTrading())
        return found

    def positions(self) -> Mapping[int, Decimal] | None:
        """Return the order manager's positions by contract."""
        actor = self.life.actor("orders")
        if actor is None:
            return None
        return {con_id: actor.manager.position(con_id) for con_id in self.life.trader.instruments}

    def ledger(self) -> LedgerView | None:
        """Return the account's view."""
        found: LedgerView | None = self._ask("account", AskLedger())
        return found

    def switch(self) -> Switch | None:
        """Return the kill switch."""
        actor = self.life.actor("kill-switch")
        return None if actor is None else actor.switch

    def believed(self) -> Mapping[str, tuple[Decimal, Decimal]]:
        """Return what strategies believe to have, and what the gate says that they have."""
        return believed(self.life.actor("risk"), self.life.cells())

    def durable(self) -> object | None:
        """Return what a replay of the journal must give back."""
        actor = self.life.actor("orders")
        return None if actor is None else actor.manager.durable()

    def waiting(self) -> Sequence[str]:
        """Return what the port still owes or is owed."""
        port = self.life.port()
        return [] if port is None else list(_waiting(port))


def _waiting(port: IbPort) -> Iterator[str]:
    """Name every request of the port that has not ended (W6)."""
    now_ns = port.now_ns()
    for number, due_ns in port.orders._unacked.items():
        if due_ns < now_ns:
            yield f"order {number} was never shown"
    for number in port.orders._cancels:
        yield f"the cancel of order {number}"
    if port.sync._serving or port.sync._waiting or port.sync._now is not None:
        yield "a snapshot"
    for number, running in port.history._running.items():
        if running.deadline_ns < now_ns:
            yield f"history {number} is past its deadline"
    if port.link.phase is Phase.UP and port._limiter.next_ns(now_ns) is not None:
        yield "requests in the queue"
