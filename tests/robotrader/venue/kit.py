"""A venue with one or two stocks and one rich account, and short ways to use it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from robotrader.domain import (
    Bar,
    Instrument,
    Order,
    OrderKey,
    OrderType,
    Quote,
    Side,
    TimeInForce,
    Trade,
)
from robotrader.venue import (
    AccountSetup,
    AlwaysOpen,
    Books,
    Executed,
    OrderUpdated,
    Refused,
    Sessions,
    Venue,
    VenueEvent,
    VenueRules,
    Warned,
)

START_NS = 1_700_000_000_000_000_000
MINUTE_NS = 60_000_000_000
ACCOUNT = "DU1"
AAPL = Instrument(con_id=265598, symbol="AAPL", primary_exchange="NASDAQ")
KO = Instrument(con_id=8894, symbol="KO", primary_exchange="NYSE")


class Market:
    """A venue, its time, and everything that it has said."""

    def __init__(
        self,
        *,
        rules: VenueRules | None = None,
        sessions: Sessions | None = None,
        cash: int = 1_000_000,
        now_ns: int = START_NS,
        **books: Any,
    ) -> None:
        self.books = Books({ACCOUNT: AccountSetup(Decimal(cash))}, [AAPL, KO], **books)
        self.venue = Venue([AAPL, KO], self.books, sessions or AlwaysOpen(), rules, now_ns=now_ns)
        self.now_ns = now_ns
        self.events: list[VenueEvent] = []
        self._ids = 0

    def order(
        self,
        side: str,
        qty: int,
        kind: str = "MKT",
        *,
        key: int | None = None,
        con_id: int = AAPL.con_id,
        **fields: Any,
    ) -> int:
        """Place an order (or modify the one called ``key``); return its id."""
        if key is None:
            self._ids += 1
        order_id = self._ids if key is None else key
        for name, value in fields.items():
            if isinstance(value, (float, str)) and name.endswith(("price", "percent", "offset")):
                fields[name] = Decimal(str(value))
        if "tif" in fields:
            fields["tif"] = TimeInForce(fields["tif"])
        order = Order(
            con_id=con_id,
            side=Side(side),
            order_type=OrderType(kind),
            qty=Decimal(qty),
            account=ACCOUNT,
            **{name: _exact(value) for name, value in fields.items()},
        )
        self.events += self.venue.place(OrderKey(1, order_id), order, self.now_ns)
        return order_id

    def cancel(self, order_id: int) -> Sequence[VenueEvent]:
        events = self.venue.cancel(OrderKey(1, order_id), self.now_ns)
        self.events += events
        return events

    def bar(
        self, open_: float, high: float, low: float, close: float, volume: float = 10_000
    ) -> None:
        """A minute of AAPL happens."""
        end_ns = self.now_ns + MINUTE_NS
        bar = Bar(AAPL.con_id, self.now_ns, end_ns, open_, high, low, close, volume)
        self.events += self.venue.on_bar(bar)
        self.now_ns = end_ns
        self.events += self.venue.advance(end_ns)

    def quote(self, bid: float, ask: float, bid_size: int = 500, ask_size: int = 500) -> None:
        self.now_ns += 1_000_000
        quote = Quote(AAPL.con_id, self.now_ns, bid, ask, bid_size, ask_size)
        self.events += self.venue.on_quote(quote)

    def trade(self, price: float, size: int = 100) -> None:
        self.now_ns += 1_000_000
        self.events += self.venue.on_trade(Trade(AAPL.con_id, self.now_ns, price, size))

    def advance(self, to_ns: int) -> None:
        self.now_ns = to_ns
        self.events += self.venue.advance(to_ns)

    def fills(self, order_id: int | None = None) -> list[tuple[int, float]]:
        """Quantity and price of the executions so far."""
        return [
            (int(event.execution.qty), float(event.execution.price))
            for event in self.events
            if isinstance(event, Executed) and order_id in (None, event.execution.key.order_id)
        ]

    def status(self, order_id: int) -> str:
        """The last status that was announced."""
        shown = [
            event.state.status.value
            for event in self.events
            if isinstance(event, OrderUpdated) and event.state.key.order_id == order_id
        ]
        return shown[-1] if shown else "none"

    def codes(self) -> list[int]:
        return [event.code for event in self.events if isinstance(event, (Refused, Warned))]

    @property
    def position(self) -> int:
        held = self.books.positions(ACCOUNT).get(AAPL.con_id)
        return 0 if held is None else int(held.qty)


def _exact(value: Any) -> Any:
    return Decimal(repr(value)) if isinstance(value, float) else value
