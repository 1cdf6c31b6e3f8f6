"""Orders and cancels: sent only when they may be, watched until the broker shows them.

An order leaves in the generation that it was decided in and in state READY, or not at all: then the
answer is an ``OrderFailed`` with code 504, which means "was never sent". A cancel is idempotent and
is kept until there is a connection. A cancel of an order that still waits in the queue takes it out
of the queue: if it overtook its order, the order would live.

"Written" is not "arrived": an order of which the broker shows nothing within ``ack_s`` makes the
connection suspect; if it is alive all the same, everything is asked for again (C5).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from robotrader.adapters.ib import translate
from robotrader.adapters.ib.wire import FIRST_REQUEST
from robotrader.domain import LinkState, OrderFailed
from robotrader.domain.errors import IBKRRateLimitError
from robotrader.gateway import Lane
from robotrader.gateway.codes import CANCELLED_UNSENT, NOT_SENT

if TYPE_CHECKING:
    from ib_async import Contract

    from robotrader.adapters.ib.client import SafeClient
    from robotrader.adapters.ib.wire import Wire
    from robotrader.domain import CancelOrder, Instrument, PlaceOrder
    from robotrader.gateway import Link

_REDUCE, _ORDER = Lane.REDUCE, Lane.ORDER
_READY: Final = LinkState.READY  # a member of an enum takes fifty times as long to look up
SECOND_NS: Final = 1_000_000_000
BAD_ID: Final = 320


class OrderDesk:
    """See the module's prose.

    Args:
        wire: how things are sent.
        link: the connection: nothing is sent but while it is READY.
        instruments: contracts that are known, by number.
    """

    def __init__(self, wire: Wire, link: Link, instruments: dict[int, Instrument]) -> None:
        self._wire, self._link = wire, link
        self._instruments = instruments
        self._contracts: dict[int, tuple[Instrument | None, Contract]] = {}
        """As they are sent, and what is known of each: as many as are ever traded."""

        self._unacked: dict[int, int] = {}
        self._sent: set[int] = set()
        self._cancels: dict[int, CancelOrder] = {}
        self.overdue: set[int] = set()

    # -- what the trader wants --

    def place(self, ask: PlaceOrder) -> None:
        """Send an order, or a change of one that has the same id."""
        number = ask.order_id
        if not 0 < number < FIRST_REQUEST:
            self._fail(number, BAD_ID, f"order id {number}: use 1 to {FIRST_REQUEST - 1}")
        elif not self._sendable(ask):
            self._not_sent(ask)
        else:
            try:
                self._wire.send(
                    _REDUCE if ask.reduces else _ORDER,
                    lambda client: self._write(client, ask),
                    key=("place", number),
                    dropped=lambda: self._not_sent(ask),
                )
            except IBKRRateLimitError as error:
                self._fail(number, NOT_SENT, f"not sent: {error}")

    def cancel(self, ask: CancelOrder) -> None:
        """Send a cancel as soon as there is a connection, before everything else."""
        number = ask.order_id
        if self._wire.discard(("place", number)) and number not in self._sent:
            text = "cancelled before it was sent"
            self._fail(number, CANCELLED_UNSENT, text)
        elif not self._wire.connected:
            self._cancels[number] = ask
        else:
            self._wire.discard(("cancel", number))  # one that waits already is as good
            self._wire.send(
                Lane.CANCEL,
                lambda client: client.cancelOrder(number),
                key=("cancel", number),
                dropped=lambda: self._cancels.__setitem__(number, ask),
            )

    def connected(self) -> None:
        """Send the cancels that had to wait."""
        waiting, self._cancels = self._cancels, {}
        for ask in waiting.values():
            self.cancel(ask)

    def lost(self) -> None:
        """The connection has ended: what was not acknowledged is the trader's to ask about."""
        self._unacked.clear()
        self.overdue.clear()
        self._sent.clear()

    # -- what the broker shows --

    def shown(self, order_id: int) -> None:
        """The broker has said something about an order."""
        self._unacked.pop(order_id, None)
        self.overdue.discard(order_id)

    def failed(self, order_id: int, code: int, text: str) -> None:
        """An error message about an order."""
        self.shown(order_id)
        self._fail(order_id, code, text)

    # -- time --

    def check(self, now_ns: int) -> bool:
        """Return whether an order was not shown in time that was not known to be late before."""
        late = {number for number, due_ns in self._unacked.items() if due_ns <= now_ns}
        for number in late:
            del self._unacked[number]
        self.overdue |= late
        return bool(late)

    def next_ns(self) -> int | None:
        """Return when ``check`` is due."""
        return next(iter(self._unacked.values()), None)  # all wait equally long: the first is due

    # -- inside --

    def _sendable(self, ask: PlaceOrder) -> bool:
        link = self._link
        return link.state is _READY and ask.generation == link.generation

    def _write(self, client: SafeClient, ask: PlaceOrder) -> None:
        if not self._sendable(ask):  # it may have changed while the order waited
            self._not_sent(ask)
            return
        client.place(ask.order_id, self._contract(ask.order.con_id), ask.order)
        self._sent.add(ask.order_id)
        self._unacked.pop(ask.order_id, None)
        due_ns = self._wire.now_ns() + round(self._wire.settings.ack_s * SECOND_NS)
        self._unacked[ask.order_id] = due_ns
        self._wire.changed()

    def _contract(self, con_id: int) -> Contract:
        known = self._instruments.get(con_id)
        made = self._contracts.get(con_id)
        if made is None or made[0] is not known:
            number_only = translate.contract_by_number(con_id)
            contract = number_only if known is None else translate.contract_of(known)
            made = self._contracts[con_id] = (known, contract)
        return made[1]

    def _not_sent(self, ask: PlaceOrder) -> None:
        text = f"not sent: generation {ask.generation}, the connection is not ready for it"
        self._fail(ask.order_id, NOT_SENT, text)

    def _fail(self, order_id: int, code: int, text: str) -> None:
        self._wire.sinks.broker(OrderFailed(order_id, code, text, self._wire.generation))
