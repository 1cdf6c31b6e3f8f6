"""What leaves the process and what reaches the venue, as it passes; nothing is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actors.say import Committed
from robotrader.domain import CancelOrder, LinkState, OrderKey, PlaceOrder
from robotrader.emulator import translate
from robotrader.journal import MemoryStore
from robotrader.recovery import CATALOGUE
from robotrader.tws import Framer
from robotrader.tws.codec import codec
from robotrader.venue import Executed
from supervision.faults import pause
from tests.simulation.wire_tree import ACCOUNT
from tests.simulation.world import Asked, Sent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from robotrader.domain import Order
    from robotrader.journal import Entry, MemoryDisk, Receipt
    from robotrader.journal.log import Written
    from robotrader.venue import VenueEvent
    from supervision.cell import Cell
    from tests.simulation.wire_net import Connection
    from tests.simulation.wire_world import WireWorld

PLACE, CANCEL, START = b"3\0", b"4\0", b"71\0"


class TappedStore(MemoryStore):
    """The journal, with what it has written for the checkers."""

    def __init__(self, world: WireWorld, disk: MemoryDisk) -> None:
        self._world = world
        super().__init__(disk)
        self._tell()

    def append(self, batch: Sequence[Entry]) -> tuple[Receipt, ...]:
        """Write a batch; others go on meanwhile.

        Raises:
            JournalError: as the disk says.
        """
        first = self._world.dice.random() < 0.5
        if first:
            self._wait()
        receipts = super().append(batch)
        if not first:
            self._wait()
        return receipts

    def _wait(self) -> None:
        """Let a commit's time pass, before or after it is durable: each wait costs threads."""
        pause(self._world.system, self.latency_ns / 1e9 + self._world.slow_s)

    def _wrote(self, written: Written) -> None:
        super()._wrote(written)
        self._tell()

    def _tell(self) -> None:
        """Tell what is new on the disk: also what a failed commit has left there."""
        world = self._world
        frames, world.logged = self.page(world.logged, self.tip.seq - world.logged.seq)
        world.committed([(each.seq, CATALOGUE.decode(each)) for each in frames])


class Ear:
    """Reads what one connection of ours writes."""

    def __init__(self, world: WireWorld, connection: Connection) -> None:
        self._world, self._number = world, connection.number
        self._framer = Framer()
        self._greeted = False
        connection.client.on_write = self.heard

    def heard(self, data: bytes) -> None:
        """Look at what goes out."""
        if not self._greeted:
            self._greeted = True  # the hello is no frame of the protocol's
            data = data[4:]
        for payload in self._framer.payloads(data):
            self._world.messages.append((self._number, self._world.now_ns))
            if payload.startswith(PLACE):
                self._placed(payload)
            elif payload.startswith(CANCEL):
                number = int(payload.split(b"\0")[2 if self._version() < 192 else 1])
                self._sent(number, None)
            elif payload.startswith(START):
                self._world.started(int(payload.split(b"\0")[2]))

    def _version(self) -> int:
        port = self._world.life.port() if self._world.life else None
        client = port._client if port else None
        return client.serverVersion() if client else 0

    def _placed(self, payload: bytes) -> None:
        fields = codec(self._version()).decode_request(payload).fields
        self._sent(fields["orderId"], translate.order(fields, fields["conId"], ACCOUNT))

    def _sent(self, number: int, order: Order | None) -> None:
        world = self._world
        port = world.life.port() if world.life else None
        world.sent.append(
            Sent(
                at_ns=world.now_ns,
                key=OrderKey(world.client_id, number),
                order=order,
                generation=port.generation if port else 0,
                ready=port is not None and port.link.state is LinkState.READY,
                log=len(world.log),
                reduces=world.reduces.get(number, False),
            )
        )


_HEARD = (PlaceOrder, CancelOrder, Committed)


class Recorder:
    """Hears every turn of an actor: what the order manager said, and a timeline if wanted."""

    def __init__(self, world: WireWorld, *, record: bool) -> None:
        self._world, self._record = world, record

    def step(self, now_ns: int, cell: Cell, message: object) -> None:
        """Note a turn."""
        if isinstance(message, _HEARD):
            self._heard(cell, message)
        if self._record and type(message).__name__ in SHOWN:
            text = f"{type(cell.actor).__name__} gets {message}"
            self._world.say(text[:300])

    def _heard(self, cell: Cell, message: PlaceOrder | CancelOrder | Committed) -> None:
        if isinstance(message, PlaceOrder):
            self._world.reduces[message.order_id] = message.reduces
        elif isinstance(message, CancelOrder):
            self._world.cancelled(message.order_id)
        elif self._world.cuts:
            self._world.cut_now(cell.actor)


SHOWN = frozenset(
    {
        "LinkChanged", "PlaceOrder", "CancelOrder", "OrderReport", "ExecutionReport",
        "CommissionReport", "OrderFailed", "BrokerSnapshot", "Intent", "Answer", "ChildExit",
    }
)  # fmt: skip


def tap_venue(world: WireWorld) -> None:
    """Note every order and cancel that reaches the venue, and all that is executed there."""
    gateway: Any = world.gateway
    publish: Callable[..., Any] = gateway.publish

    def published(events: Iterable[VenueEvent]) -> None:
        known = list(events)
        world.executions += [each.execution for each in known if isinstance(each, Executed)]
        publish(known)

    gateway.publish = published
    venue: Any = world.venue
    place: Callable[..., Any] = venue.place
    cancel: Callable[..., Any] = venue.cancel

    def placed(key: OrderKey, order: Order, now_ns: int) -> Any:
        world.asked.append(Asked(now_ns, key, order, len(world.log)))
        world.say(f"venue gets {key} {order.order_ref} {order.side} {order.qty}")
        return place(key, order, now_ns)

    def cancelled(key: OrderKey, now_ns: int) -> Any:
        world.asked.append(Asked(now_ns, key, None, len(world.log)))
        world.say(f"venue gets the cancel of {key}")
        return cancel(key, now_ns)

    venue.place, venue.cancel = placed, cancelled
