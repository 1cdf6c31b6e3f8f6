"""What a port asks at core level: snapshots in parts, and what-if questions of the venue."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import msgspec

from robotrader.domain import BrokerSnapshot, MarginSaid
from tests.simulation.exchange import STEPS

if TYPE_CHECKING:
    from robotrader.domain import AskMargin
    from tests.simulation.port import ModelPort

ZERO: Final = Decimal(0)


class Snapshot:
    """Answers that are being collected."""

    def __init__(self, number: int, requests: list[int], until_ns: int, *, for_link: bool) -> None:
        self.number, self.requests, self.until_ns = number, requests, until_ns
        self.for_link = for_link
        self.parts: dict[str, Any] = {}
        self.left = set(STEPS)

    def result(
        self, request: int, generation: int, at_ns: int, missing: tuple[str, ...]
    ) -> BrokerSnapshot:
        """Return what has come, as an answer on a connection."""
        stamped: dict[str, Any] = {
            name: tuple(
                msgspec.structs.replace(each, generation=generation)
                for each in self.parts.get(name, ())
            )
            for name in ("open_orders", "completed", "executions", "commissions")
        }
        return BrokerSnapshot(
            request=request, generation=generation, at_ns=at_ns, missing=missing,
            positions=self.parts.get("positions", ()), values=self.parts.get("values", {}),
            **stamped,
        )  # fmt: skip


class Margins:
    """What-if questions; they go over the session like all else."""

    def __init__(self, port: ModelPort) -> None:
        self._port = port

    def ask(self, ask: AskMargin) -> None:
        """Ask; without a connection nobody answers, and that is said."""
        session = self._port.session
        if session is None:
            self._port.sinks.margin(MarginSaid(ask.request, ZERO, ZERO, ZERO, "not connected"))
            return
        exchange = self._port.world.exchange

        def answer() -> None:
            what = exchange.books.preview(ask.order, exchange.venue.day.date)
            after = what.after
            said = MarginSaid(ask.request, after.initial, after.maintenance, what.equity_after)
            session.down(("margin", said))

        session.up("margin", answer)
