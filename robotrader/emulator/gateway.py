"""The emulated IB Gateway without any I/O: connections, requests, the venue behind them, time.

Everything happens when bytes come in or time is advanced, in one thread, in an order that follows
from the calls alone. ``server`` carries it over TCP with a real clock; simulations carry it in
memory with a virtual one.
"""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Any, Final

import msgspec

from robotrader.domain import OrderKey, family_of
from robotrader.emulator import accounts, contracts, history, orders, pacing, streams, system, ticks
from robotrader.emulator.eventlog import EventLog
from robotrader.emulator.injector import Injector
from robotrader.emulator.link import Link
from robotrader.emulator.market import LiveMarket
from robotrader.emulator.timeline import Timeline
from robotrader.emulator.times import connection_time
from robotrader.market.hours import RoundTheClock, TableHours, day_of
from robotrader.market.replay import ReplayMarket
from robotrader.market.synthetic import SyntheticMarket
from robotrader.tws import HIGHEST, ServerSession
from robotrader.venue import (
    AccountSetup,
    AlwaysOpen,
    Books,
    Charged,
    SessionTable,
    Venue,
    VenueEvent,
    VenueState,
    snapshot,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from robotrader.emulator.ticker import Ticker
    from robotrader.market.recording import Recording
    from robotrader.market.series import Series
    from robotrader.tws import Message
    from robotrader.venue import Session, VenueRules

    Handler = Callable[[Any, Link, dict[str, Any]], None]

HANDLERS: Final[dict[str, Handler]] = (
    system.HANDLERS
    | contracts.HANDLERS
    | streams.HANDLERS
    | history.HANDLERS
    | ticks.HANDLERS
    | orders.HANDLERS
    | accounts.HANDLERS
)
FARMS: Final = (
    (2104, "Market data farm connection is OK:usfarm"),
    (2106, "HMDS data farm connection is OK:ushmds"),
    (2158, "Sec-def data farm connection is OK:secdefnj"),
)


class Limits(msgspec.Struct, forbid_unknown_fields=True):
    """What a client may do: messages a second, market-data lines, connections."""

    messages: int = pacing.MESSAGES_A_SECOND
    lines: int = 100
    clients: int = 32


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a gateway begins.

    ``accounts`` by name; ``seed`` of prices; ``cap`` the newest server version;
    ``ticks_a_minute`` of each contract whose prices are drawn.
    """

    accounts: dict[str, AccountSetup] = msgspec.field(
        default_factory=lambda: {"DU1234567": AccountSetup(Decimal(1_000_000))}
    )
    seed: int = 1
    cap: int = HIGHEST
    ticks_a_minute: int = 60
    limits: Limits = msgspec.field(default_factory=Limits)


class GatewayState(msgspec.Struct, frozen=True, kw_only=True):
    """What of a gateway outlives its process."""

    venue: VenueState
    next_ids: dict[int, int]
    asked: list[tuple[OrderKey, dict[str, Any]]]
    charges: dict[str, Charged]


class Gateway:
    """See the module's prose.

    Args:
        series: daily prices by symbol: what can be traded.
        settings: how it begins.
        now_ns: the time now, UTC.
        log: where frames are written.
        calendar: the sessions in which trading is on, in order; empty: round the clock.
        recordings: what is known inside days, by contract number; given, even if there are none,
            the days of ``series`` are at their own dates.
        rules: how orders fill.
    """

    def __init__(
        self,
        series: Mapping[str, Series],
        settings: Settings | None = None,
        *,
        now_ns: int,
        log: EventLog | None = None,
        calendar: tuple[Session, ...] = (),
        recordings: Mapping[int, Recording] | None = None,
        rules: VenueRules | None = None,
    ) -> None:
        self.settings = settings or Settings()
        self.limits = msgspec.structs.replace(self.settings.limits)
        self.timeline = Timeline(now_ns)
        self.log = log or EventLog()
        hours = TableHours(calendar) if calendar else RoundTheClock()
        seed = self.settings.seed
        if recordings is None:
            source = SyntheticMarket(dict(series), day_of(now_ns), seed, hours)
        else:
            source = ReplayMarket(series, recordings, seed, hours)
        instruments = source.instruments()
        self.instruments = {each.con_id: each for each in instruments}
        self.books = Books(self.settings.accounts, instruments)
        sessions = SessionTable(calendar) if calendar else AlwaysOpen()
        self.venue = Venue(instruments, self.books, sessions, rules, now_ns=now_ns)
        self.market = LiveMarket(source, self.timeline, self.settings.ticks_a_minute, self._ticked)
        self.links: dict[int, Link] = {}
        self.clients: dict[int, Link] = {}
        self.next_ids: dict[int, int] = {}
        self.asked: dict[OrderKey, dict[str, Any]] = {}
        self.charges: dict[str, Charged] = {}
        """What each execution cost, by what all its corrections have in common."""

        self.pacing = pacing.HistoricalPacing()
        self.streams = streams.Streams(self)
        self.accounts = accounts.Reporter(self)
        self.rng = Random(self.settings.seed)
        self.accepted = 0
        self._end_ns = calendar[-1].extended_open_ns - 1 if calendar else None
        self.ibkr_connected = True
        self.faults = Injector(self)
        self._numbers = 0

    @property
    def account(self) -> str:
        """The first account."""
        return next(iter(self.settings.accounts))

    # -- connections --

    def connect(self) -> Link:
        """Accept a connection."""
        self._numbers += 1
        self.accepted += 1
        time = connection_time(self.timeline.now_ns)
        link = Link(self, self._numbers, ServerSession(time, cap=self.settings.cap))
        self.links[link.number] = link
        self.faults.accepted(link)
        if len(self.links) > self.limits.clients:
            link.end("fin", f"more than {self.limits.clients} clients")
        return link

    def start(self, link: Link, client_id: int, capabilities: str) -> None:
        """Greet a client that has sent START_API."""
        if client_id in self.clients or client_id in self.faults.held_clients:
            text = "Unable to connect as the client id is already in use. Retry with a unique id."
            link.error(-1, 326, text)
            link.end("fin", f"client id {client_id} is in use")
            return
        link.client_id = client_id
        self.clients[client_id] = link
        del capabilities  # "+PACEAPI" asks to be paced instead of refused: nothing to do here
        link.send("managedAccounts", accounts=",".join(self.settings.accounts))
        link.send("nextValidId", orderId=self.next_ids.setdefault(client_id, 1))
        for code, text in FARMS:
            link.error(-1, code, text)
        self.faults.happened("started", link, {})

    def ended(self, link: Link) -> None:
        """Forget a connection; its orders live on."""
        self.links.pop(link.number, None)
        if self.clients.get(link.client_id) is link:
            del self.clients[link.client_id]
        self.streams.drop(link)

    def serve(self, link: Link, message: Message) -> None:
        """Answer a request."""
        now_ns = self.timeline.now_ns
        many = link.rate.exceeded(now_ns)
        if many:
            text = f"Max rate of messages per second has been exceeded:max={link.rate.limit}"
            link.error(-1, 100, f"{text} rec={many}")
            if link.rate.incorrigible(now_ns):
                link.end("fin", "the rate of messages was exceeded again and again")
            return
        if self.faults.incoming(link, message.name, message.fields):
            HANDLERS[message.name](self, link, message.fields)

    # -- time and the market --

    def advance(self, to_ns: int) -> None:
        """Let time pass; it stands still before the calendar's last session: none follows."""
        to_ns = to_ns if self._end_ns is None else min(to_ns, self._end_ns)
        self.timeline.advance(to_ns)
        self.publish(self.venue.advance(to_ns))

    def _ticked(self, ticker: Ticker) -> None:
        self.publish(self.venue.advance(self.timeline.now_ns))
        self._tell_venue(ticker)
        self.streams.ticked(ticker)

    def _tell_venue(self, ticker: Ticker) -> None:
        """Let the venue know what is new; an index is only watched."""
        if self.market.is_index(ticker.con_id):
            if ticker.printed:
                self.books.prices[ticker.con_id] = ticker.trade.price
            return
        if ticker.printed:
            self.publish(self.venue.on_trade(ticker.trade))
        if ticker.quoted:
            self.publish(self.venue.on_quote(ticker.quote))

    def publish(self, events: Iterable[VenueEvent]) -> None:
        """Tell clients what happened at the venue."""
        for event in events:
            orders.tell(self, event)

    def listen_to(self, con_id: int) -> Ticker:
        """Let a contract tick, and let the venue know its market."""
        new = con_id not in self.market.tickers
        ticker = self.market.watch(con_id)
        if new:
            self._tell_venue(ticker)
        return ticker

    def serve_order(self, link: Link, fields: dict[str, Any]) -> None:
        """Serve an order that had to wait."""
        HANDLERS["placeOrder"](self, link, fields)

    def correct(self, qty: int, price: float | None) -> None:
        """Correct the last execution; quantity 0 is a bust."""
        if self.venue.executions:
            value = None if price is None else Decimal(repr(price))
            self.publish(self.venue.correct(self.venue.executions[-1].exec_id, Decimal(qty), value))

    # -- lives of the gateway --

    def restart(self, lose_orders: int = 0) -> None:
        """End every connection, as a gateway that restarts; forget the last orders and ids."""
        for link in list(self.links.values()):
            link.end("rst", "the gateway restarts")
        for order in list(self.venue.live.values())[-lose_orders:] if lose_orders else []:
            if order.key in self.venue.live:  # else it went with its parent
                self.venue.lose(order.key)
            self.asked.pop(order.key, None)
            number = min(self.next_ids[order.key.client_id], order.key.order_id)
            self.next_ids[order.key.client_id] = number

    def state(self) -> GatewayState:
        """Return what outlives the process: venue, accounts, order ids, what was asked."""
        return GatewayState(
            venue=snapshot.take(self.venue, self.books.accounts),
            next_ids=dict(self.next_ids),
            asked=[(key, msgspec.to_builtins(fields)) for key, fields in self.asked.items()],
            charges=dict(self.charges),
        )

    def restore(self, state: GatewayState) -> None:
        """Take over what an earlier life has left."""
        self.books.accounts = snapshot.restore(self.venue, state.venue)
        self.next_ids = dict(state.next_ids)
        self.asked = {key: dict(fields) for key, fields in state.asked}
        self.charges = {family_of(each.exec_id): each for each in state.charges.values()}
        for con_id in {order.order.con_id for order in self.venue.live.values()}:
            self.listen_to(con_id)
        self.advance(self.timeline.now_ns)

    def broadcast(self, code: int, text: str) -> None:
        """Send a notice to every client."""
        for link in list(self.clients.values()):
            link.error(-1, code, text)
