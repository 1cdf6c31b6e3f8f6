"""What an order would need in margin: a what-if order, which the broker answers and never places.

Its number is one of the account's order ids, so that no later order can have it, too. The answer is
one ``openOrder`` with the figures after the order; TWS may first send one in which they are unset,
which is waited over (O23). Who waits too long asks nobody here: it has its own deadline.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from robotrader.adapters.ib import translate
from robotrader.domain import MarginSaid
from robotrader.gateway import Lane

if TYPE_CHECKING:
    from robotrader.adapters.ib.client import SafeClient
    from robotrader.adapters.ib.wire import Wire
    from robotrader.domain import AskMargin, Instrument

WAITING_MOST: Final = 100
"""Questions without an answer that are remembered; the oldest is forgotten first."""

_NOTICES: Final = range(2100, 2200)
_ORDER_WARNING: Final = 399


class MarginDesk:
    """See the module's prose.

    Args:
        wire: how things are sent.
        instruments: contracts that are known, by number.
    """

    def __init__(self, wire: Wire, instruments: dict[int, Instrument]) -> None:
        self._wire, self._instruments = wire, instruments
        self._waiting: dict[int, int] = {}

    def ask(self, ask: AskMargin) -> None:
        """Ask the broker, if it can be asked now."""
        if not self._wire.connected:
            self._say(ask.request, "there is no connection")
            return
        self._waiting[ask.order_id] = ask.request
        while len(self._waiting) > WAITING_MOST:
            del self._waiting[next(iter(self._waiting))]
        self._wire.send(Lane.ORDER, lambda client: self._write(client, ask))

    def _write(self, client: SafeClient, ask: AskMargin) -> None:
        known = self._instruments.get(ask.order.con_id)
        contract = (
            translate.contract_by_number(ask.order.con_id)
            if known is None
            else translate.contract_of(known)
        )
        order = translate.order_of(ask.order)
        order.whatIf = True
        client.placeOrder(ask.order_id, contract, order)

    def told(self, order_id: int, state: Any) -> None:
        """The broker answers; figures that are not set yet are no answer."""
        names = ("initMarginAfter", "maintMarginAfter", "equityWithLoanAfter")
        figures = [_figure(getattr(state, name)) for name in names]
        initial, maintenance, equity = figures
        request = self._waiting.get(order_id)
        if request is None or initial is None or maintenance is None or equity is None:
            return
        del self._waiting[order_id]
        self._wire.sinks.margin(MarginSaid(request, initial, maintenance, equity))

    def failed(self, order_id: int, code: int, text: str) -> bool:
        """An error message; return whether it was about a question of ours."""
        request = self._waiting.get(order_id)
        if request is None:
            return False
        if code not in _NOTICES and code != _ORDER_WARNING:
            del self._waiting[order_id]
            self._say(request, f"{code}: {text}")
        return True

    def lost(self) -> None:
        """The connection has ended: nothing will be answered any more."""
        waiting, self._waiting = self._waiting, {}
        for request in waiting.values():
            self._say(request, "the connection ended")

    def _say(self, request: int, why: str) -> None:
        zero = Decimal(0)
        self._wire.sinks.margin(MarginSaid(request, zero, zero, zero, why))


def _figure(text: Any) -> Decimal | None:
    """Read a figure; None if it is not set, which IBKR writes as nothing or as 1.79E308."""
    try:
        number = float(text)
    except ValueError:
        return None
    return translate.decimal(number) if abs(number) < translate.UNSET else None
