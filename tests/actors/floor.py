"""A trading floor: the product's own venue, its prices and the wire to it. It outlives the trader.

``FloorActor`` plays the gateway's part in a simulated tree: what it is asked reaches the venue
after the wire's delay, and so does what the venue says come back. A connection that breaks takes
with it what is on its way back; what is on its way to the venue may still arrive.
"""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any, Final, Protocol

from actors import Trader
from actors.messages import Priced
from actors.say import Heard
from robotrader.domain import (
    AskLink,
    AskSnapshot,
    Bar,
    BrokerSnapshot,
    CancelOrder,
    Instrument,
    LinkChanged,
    LinkState,
    OrderKey,
    PlaceOrder,
    PositionReport,
    Quote,
)
from robotrader.venue import (
    AccountSetup,
    AlwaysOpen,
    Books,
    Executed,
    Venue,
    execution_report,
    order_report,
    report_of,
)
from supervision import Actor

ACCOUNT: Final = "DU1"
CLIENT: Final = 7
CASH: Final = Decimal(100_000)
BAR_S: Final = 5
S: Final = 1_000_000_000
ZERO: Final = Decimal(0)
CONTRACTS: Final = {
    con_id: Instrument(con_id=con_id, symbol=symbol)
    for con_id, symbol in ((1, "AAPL"), (2, "KO"), (3, "MSFT"))
}
PRICES: Final = {1: 200.0, 2: 50.0, 3: 10.0}


class Listener(Protocol):
    """Whoever measures at the venue."""

    def priced(self, now_ns: int, quote: Quote) -> None: ...
    def handed(self, now_ns: int, command: PlaceOrder) -> None: ...
    def arrives(self, now_ns: int, command: PlaceOrder) -> None: ...
    def filled(self, now_ns: int, done: Any) -> None: ...
    def look(self, now_ns: int) -> None: ...


class Floor:
    """The venue and what it shows; ``delay_s`` is how long a message takes, either way."""

    def __init__(self, start_ns: int, delay_s: float) -> None:
        self.books = Books({ACCOUNT: AccountSetup(CASH)}, CONTRACTS.values())
        self.venue = Venue(CONTRACTS.values(), self.books, AlwaysOpen(), now_ns=start_ns)
        self.delay_s = delay_s
        self.prices = dict(PRICES)
        self.sizes = dict.fromkeys(CONTRACTS, 1_000)
        self.generation = 0
        self.up = False
        self.listener: Listener | None = None
        self.highest = 0

    def position(self, con_id: int) -> Decimal:
        held = self.books.positions(ACCOUNT).get(con_id)
        return ZERO if held is None else held.qty

    def quote(self, con_id: int, now_ns: int) -> Quote:
        bid, size = self.prices[con_id], float(self.sizes[con_id])
        return Quote(con_id, now_ns, bid, round(bid + 0.01, 2), size, size)

    def marked(self) -> Decimal:
        """Equity at the middle of the quotes, as the ledger marks it."""
        worth = (
            self.position(con_id) * (Decimal(str(bid)) + Decimal("0.005"))
            for con_id, bid in self.prices.items()
        )
        return self.books.accounts[ACCOUNT].cash + sum(worth, ZERO)

    # -- what the venue says, in the gateway's words --

    def snapshot(self, request: int, now_ns: int) -> BrokerSnapshot:
        venue = self.venue
        return BrokerSnapshot(
            request=request,
            generation=self.generation,
            at_ns=now_ns,
            open_orders=tuple(
                order_report(each.state(), self.generation) for each in venue.live.values()
            ),
            completed=tuple(
                order_report(each.state(), self.generation, completed=True)
                for each in venue.done.values()
            ),
            executions=tuple(execution_report(each, self.generation) for each in venue.executions),
            commissions=(),
            positions=tuple(
                PositionReport(ACCOUNT, con_id, self.position(con_id), ZERO) for con_id in CONTRACTS
            ),
            values={"TotalCashValue": self.books.accounts[ACCOUNT].cash},
        )


class FloorActor(Actor):
    """See the module's prose. ``random`` decides what a broken connection still delivers."""

    runtime = "broker"

    def __init__(self, trader: Trader, floor: Floor, random: Random) -> None:
        super().__init__()
        self.trader, self.floor, self.random = trader, floor, random

    def on_start(self) -> None:
        self.connect()
        self.later()

    def later(self) -> None:
        """Ring at the next whole second."""
        self.send_after((S - self.trader.now_ns() % S) / S, "tick")

    def say(self, role: Any, message: Any) -> None:
        ref = self.trader.registry.whereis(role)
        if ref is not None and ref.is_alive():
            ref.tell(message)

    def tell_link(self, state: LinkState) -> None:
        now_ns = self.trader.now_ns()
        told = LinkChanged(
            state, self.floor.generation, now_ns, next_order_id=self.floor.highest + 1
        )
        self.say("orders", told)

    def connect(self) -> None:
        self.floor.generation += 1
        self.floor.up = True
        self.tell_link(LinkState.SYNCING)
        self.tell_link(LinkState.READY)

    def on_receive(self, message: Any) -> Any:
        floor, now_ns = self.floor, self.trader.now_ns()
        match message:
            case AskLink():
                self.tell_link(LinkState.READY if floor.up else LinkState.DOWN)
            case PlaceOrder() | CancelOrder() | AskSnapshot():
                self.write(message, now_ns)
            case ("arrive", generation, command):
                if generation == floor.generation or self.random.random() < 0.5:
                    self.arrive(command, now_ns, generation == floor.generation)
            case ("hear", generation, word):
                if generation == floor.generation and floor.up:
                    self.say("orders", word)
            case ("break", seconds):
                floor.up = False
                self.tell_link(LinkState.DOWN)
                self.send_after(seconds, "back")
            case "back":
                self.connect()
            case "tick":
                self.tick(now_ns)

    def write(self, command: Any, now_ns: int) -> None:
        """Put a command on the wire, unless it is of an older connection or there is none."""
        floor = self.floor
        if isinstance(command, PlaceOrder):
            if command.generation != floor.generation:
                return
            if floor.listener is not None:
                floor.listener.handed(now_ns, command)
        if floor.up:
            self.send_after(floor.delay_s, ("arrive", floor.generation, command))

    def arrive(self, command: Any, now_ns: int, answered: bool) -> None:
        floor = self.floor
        if isinstance(command, AskSnapshot):
            if answered:
                self.back(floor.snapshot(command.request, now_ns))
            return
        key = OrderKey(CLIENT, command.order_id)
        if isinstance(command, PlaceOrder):
            floor.highest = max(floor.highest, command.order_id)
            if floor.listener is not None:
                floor.listener.arrives(now_ns, command)
            self.happen(floor.venue.place(key, command.order, now_ns), now_ns)
        else:
            self.happen(floor.venue.cancel(key, now_ns), now_ns)

    def happen(self, events: Any, now_ns: int) -> None:
        """Tell what happened at the venue: the listener at once, the trader after the wire."""
        for event in events:
            if isinstance(event, Executed) and self.floor.listener is not None:
                self.floor.listener.filled(now_ns, event.execution)
            word = report_of(event, self.floor.generation)
            if word is not None:
                self.back(word)
        if self.floor.listener is not None:
            self.floor.listener.look(now_ns)

    def back(self, word: Any) -> None:
        self.send_after(self.floor.delay_s, ("hear", self.floor.generation, word))

    def tick(self, now_ns: int) -> None:
        """A quote of each contract for everybody, and now and then a bar."""
        floor = self.floor
        self.later()
        self.happen(floor.venue.advance(now_ns), now_ns)
        self.say("kill-switch", Heard(dict.fromkeys(CONTRACTS, now_ns)))
        for con_id in CONTRACTS:
            quote = floor.quote(con_id, now_ns)
            for role in ("risk", "account"):
                self.say(role, quote)
            if floor.listener is not None:
                floor.listener.priced(now_ns, quote)
            self.happen(floor.venue.on_quote(quote), now_ns)
            if now_ns % (BAR_S * S) == 0:
                start, price = now_ns - BAR_S * S, quote.bid
                bar = Bar(con_id, start, now_ns, price, price, price, price, 100.0, price, 5)
                self.say(("symbol", con_id), Priced("ibkr", bar))
