"""What the order manager's actor counts: orders, fills, endings, and how long a decision takes.

Times are of one clock (nanoseconds UTC). An order's way is followed by its cause until its
reference is known, by that until the broker speaks of it. What never arrives is forgotten after
``MOST`` others.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, TypeVar

from robotrader.domain.records import Ending, FillBooked, OrderDone, OrderIntended
from robotrader.meters.catalogue import Sample
from robotrader.meters.histogram import Histogram

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from robotrader.domain import Approved, PlaceOrder
    from robotrader.domain.records import Record

MOST: Final = 1_000
EVENTS: Final = ("quote", "bar", "fill", "timer", "other")
"""What a strategy answers; a bar's time is its end, so its way begins before it has come."""

K = TypeVar("K")
V = TypeVar("V")


class OrderMeters:
    """See the module's prose."""

    def __init__(self) -> None:
        self.sent: Counter[tuple[str, str]] = Counter()
        self.cancels = 0
        self.ended: Counter[Ending] = Counter(dict.fromkeys(Ending, 0))
        self.rejects: Counter[int] = Counter()
        self.fills: Counter[tuple[str, str]] = Counter()
        self.from_event = {event: Histogram() for event in EVENTS}
        self.from_approval = Histogram()
        self.to_ack = Histogram()
        self._approved: dict[str, tuple[int, int, str]] = {}
        self._intended: dict[str, tuple[int, int, str]] = {}
        self._unacked: dict[int, int] = {}

    # -- the way of an order --

    def approved(self, message: Approved, now_ns: int) -> None:
        """The risk gate has let an intent pass."""
        intent = message.intent
        _keep(self._approved, intent.cause, (intent.decided_ns, now_ns, intent.cause))

    def intended(self, records: Iterable[Record]) -> None:
        """Records are about to be written: an intended order has its reference now."""
        for record in records:
            if isinstance(record, OrderIntended):
                began = self._approved.pop(record.cause, None)
                if began is not None:
                    _keep(self._intended, record.ref, began)

    def placed(self, command: PlaceOrder, symbol: str, now_ns: int) -> None:
        """An order goes to the gateway."""
        order = command.order
        self.sent[symbol, order.side.value] += 1
        self.expected(command.order_id, now_ns)
        began = self._intended.pop(order.order_ref, None)
        if began is not None:
            decided_ns, approved_ns, cause = began
            self.from_approval.add(now_ns - approved_ns)
            if decided_ns:
                self.from_event[event_of(cause)].add(now_ns - decided_ns)

    def expected(self, order_id: int, now_ns: int) -> None:
        """The broker should speak of an order from now on."""
        _keep(self._unacked, order_id, now_ns)

    def shown(self, order_id: int, now_ns: int) -> None:
        """The broker speaks of an order."""
        sent_ns = self._unacked.pop(order_id, None)
        if sent_ns is not None:
            self.to_ack.add(now_ns - sent_ns)

    def recorded(self, record: Record, symbol_of: Callable[[str], str]) -> None:
        """A record has become durable; ``symbol_of`` an order's reference."""
        if isinstance(record, FillBooked):
            self.fills[symbol_of(record.ref), record.side] += 1
        elif isinstance(record, OrderDone):
            self.ended[record.ending] += 1
            if record.ending is Ending.REJECTED:
                self.rejects[record.code] += 1

    # -- for who looks --

    def samples(self) -> Iterator[Sample]:
        """Yield everything that was counted."""
        for labels, count in self.sent.items():
            yield Sample("orders_sent", count, labels)
        yield Sample("cancels_sent", self.cancels)
        for ending, count in self.ended.items():
            yield Sample("orders_ended", count, (ending.value,))
        for code, count in self.rejects.items():
            yield Sample("order_rejects", count, (str(code),))
        for labels, count in self.fills.items():
            yield Sample("fills", count, labels)
        for event, times in self.from_event.items():
            yield Sample("tick_to_order_seconds", times.shot(), (event,))
        yield Sample("approved_to_sent_seconds", self.from_approval.shot())
        yield Sample("order_ack_seconds", self.to_ack.shot())


def event_of(cause: str) -> str:
    """Return which kind of event a cause leads back to (``NAME/CONTRACT/EVENT:.../SIDE``)."""
    for part in cause.split("/"):
        kind = part.partition(":")[0]
        if kind in EVENTS and part != kind:
            return kind
    return "other"


def _keep(known: dict[K, V], key: K, value: V) -> None:
    known[key] = value
    if len(known) > MOST:
        del known[next(iter(known))]
