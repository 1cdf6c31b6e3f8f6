"""What follows from what: from a strategy's wish to the fill that it is told of.

The live system's own objects, in the order in which its actors talk: what one says to another
waits until all that was asked for before is done, as a message in a mailbox does. Nothing is
judged, sent, booked or sized by other code than live; what is missing are threads, sockets and the
disk. ``now_ns`` is set by whoever has the data.

Prices are taken (``saw``) at once and told when somebody looks: at a bar at which nothing happens
nobody does.
"""

from __future__ import annotations

from collections import Counter, deque
from functools import partial
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any, Final

import msgspec

from robotrader.backtest.answers import everything
from robotrader.backtest.standstill import Entries
from robotrader.domain import (
    Approved,
    AskSnapshot,
    Bar,
    CancelOrder,
    LinkChanged,
    LinkState,
    OrderKey,
    PlaceOrder,
    Purpose,
    Quote,
    Trade,
)
from robotrader.domain import records as rec
from robotrader.execution import effects as do
from robotrader.execution.manager import OrderManager
from robotrader.ledger import Ledger, Trades
from robotrader.risk import Gate, Keeper, Quotes, RiskView, Switch
from robotrader.strategies import Ended, Fill, Outcome, Standings
from robotrader.strategies.events import NOTHING
from robotrader.venue import AccountSetup, Books, Venue, report_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from robotrader.backtest.result import Setup
    from robotrader.domain import (
        BrokerSnapshot,
        CancelWish,
        FromBroker,
        Funds,
        Intent,
        Refusal,
        StopWish,
    )
    from robotrader.ledger import LedgerView
    from robotrader.strategies import Host, News, Timer
    from robotrader.venue import VenueEvent

_CLIENT: Final = 1
_GENERATION: Final = 1
_UNBOUNDED: Final = 1e9
"""Shares of a quote that is made of a close: how much trades is the bar's affair."""

NEVER_NS: Final = 2**63 - 1


class Trading:
    """See the module's prose.

    Args:
        setup: account, contracts, limits, costs and rules.
        hosts: strategies, by name.
        now_ns: when it begins.
    """

    def __init__(self, setup: Setup, hosts: Mapping[str, Host], now_ns: int) -> None:
        self.setup, self.now_ns, self._hosts = setup, now_ns, hosts
        for host in hosts.values():
            host.funds = partial(self._funds, host.name)
        self.books = Books({setup.account: AccountSetup(setup.cash)}, setup.instruments, setup.plan)
        self.venue = Venue(
            setup.instruments, self.books, setup.sessions, setup.rules, now_ns=now_ns
        )
        # What the broker is asked about live, the venue judges itself.
        limits = msgspec.structs.replace(setup.limits, max_margin=None, short_needs_borrow=False)
        self.keeper = Keeper(Gate(limits), Ledger(setup.account, setup.instruments), Standings())
        self.manager = OrderManager()
        self.trades = Trades()
        self.records: list[rec.Record] = []
        self.refusals: Counter[str] = Counter()
        self.blocked: Counter[str] = Counter()
        self.alerts: Counter[str] = Counter()
        self.entries = Entries()
        self.due_ns = NEVER_NS
        """When the next timer rings."""

        self.todo: deque[tuple[Callable[[Any], object], Any]] = deque()
        """What was asked for and is not done yet: what to do, and with what."""

        self.seen: dict[int, Bar | Quote] = {}
        """The newest price of each contract that nobody was told of yet."""

        self.reaches: dict[int, tuple[float, float, int]] = {}
        """Which bars of a contract its orders can meet, where that is known (``Venue.reach``)."""

        self._instruments = {each.con_id: each for each in setup.instruments}
        self._sectors = {each.con_id: each.industry for each in setup.instruments if each.industry}
        self._quotes = Quotes()
        self._printed: set[int] = set()
        self.quoted: set[int] = set()
        """Contracts whose market is their quotes; their bars are only looked at."""

        self._timers: list[tuple[int, int, str, Timer | None]] = []
        """Of strategies, and (without a ``Timer``) of the order manager: when, which, whose."""

        self._armed: dict[tuple[str, str], Timer] = {}
        self._number = 0

    def begin(self) -> None:
        """Begin a session, take the account over and connect."""
        account, now_ns = self.setup.account, self.now_ns
        self._carry_out(self.manager.begin(1, account, _CLIENT, now_ns))
        self.drain()
        self.keep(rec.CashAdopted(account=account, cash=self.setup.cash, wall_ns=now_ns))
        self._hear(LinkChanged(LinkState.READY, _GENERATION, now_ns, next_order_id=1))
        self.drain()

    def start(self) -> None:
        """Start the strategies."""
        for host in self._hosts.values():
            self.act(host.name, host.start(self.now_ns))
        self.drain()

    # -- the market --

    def meet(self, bar: Bar) -> None:
        """Let the orders of a bar's contract meet it."""
        self.tell_prices()  # a day may end at the venue before this bar
        events = self.venue.on_bar(bar)
        if events:
            self._said(events)
        else:
            self.reaches[bar.con_id] = self.venue.reach(bar.con_id)

    def meets(self, bar: Bar) -> bool:
        """Whether a bar may mean something to the orders of its contract."""
        reach = self.reaches.get(bar.con_id)
        if reach is None:
            return True
        low, high, until_ns = reach
        return bar.low <= low or bar.high >= high or bar.start_ns >= until_ns

    def meet_quote(self, quote: Quote) -> None:
        """Let the orders of a quote's contract meet it; those that come meet it too."""
        self.tell_prices()
        self._stands(quote)

    def meet_trade(self, trade: Trade) -> None:
        """Let a trade print."""
        self.tell_prices()
        self._said(self.venue.on_trade(trade))
        self._printed.add(trade.con_id)

    def no_quote(self, quote: Quote) -> None:
        """Let a side of the market be empty: until the next quote nothing trades."""
        self.tell_prices()
        self._said(self.venue.on_quote(quote))

    def tell_prices(self) -> None:
        """Tell venue, gate and ledger the newest prices, which nobody has looked at until now."""
        if not self.seen:
            return
        prices, quotes, priced = self.books.prices, self._quotes, self.keeper.priced
        for con_id, last in self.seen.items():
            if isinstance(last, Quote):
                self._stands(last)
                continue
            prices[con_id] = close = last.close
            quotes[con_id] = quote = Quote(
                con_id, last.end_ns, close, close, _UNBOUNDED, _UNBOUNDED
            )
            priced(quote)
        self.seen.clear()

    def _stands(self, quote: Quote) -> None:
        """Let a quote be what orders meet; its middle is the price where no trades are printed."""
        con_id = quote.con_id
        if con_id not in self._printed:
            self.books.prices[con_id] = (quote.bid + quote.ask) / 2
        self._said(self.venue.on_quote(quote))
        self._quotes[con_id] = quote
        self.keeper.priced(quote)

    def ring(self, until_ns: int) -> None:
        """Let timers ring that are due up to a time: nothing of what comes then is known yet."""
        while self._timers and self._timers[0][0] <= until_ns:
            at_ns, _, name, timer = heappop(self._timers)
            if timer is None:
                if not self.manager.awaits(name):
                    continue
                self.now_ns = max(at_ns, self.now_ns)
                self._carry_out(self.manager.wake(name, self.now_ns))
            elif self._armed.get((name, timer.name)) == timer:
                del self._armed[name, timer.name]
                self.now_ns = max(at_ns, self.now_ns)
                host = self._hosts[name]
                self.act(name, host.timer(timer.name, timer.at_ns))
            self.drain()
        self.due_ns = self._timers[0][0] if self._timers else NEVER_NS

    def _set_timer(self, at_ns: int, name: str, timer: Timer | None = None) -> None:
        self._number += 1
        heappush(self._timers, (at_ns, self._number, name, timer))
        self.due_ns = min(self.due_ns, at_ns)

    # -- what follows from what --

    def drain(self) -> None:
        """Do what was asked for, and what follows from it."""
        if self.seen:
            self.tell_prices()
        todo = self.todo
        while todo:
            what, given = todo.popleft()
            what(given)

    def act(self, name: str, outcome: Outcome) -> None:
        """Take what the strategy of that name wants."""
        later = self.todo.append
        for said in outcome.blocked:  # the event and why: by why they can be counted
            self.blocked[said.partition(": ")[2]] += 1
        for wish in outcome.cancels:
            later((self._cancel, wish))
        for move in outcome.stops:
            later((self._move_stops, move))
        for intent in outcome.intents:
            later((self._judge, intent))
        for timer in outcome.timers:
            self._armed[name, timer.name] = timer
            self._set_timer(timer.at_ns, name, timer)

    def _cancel(self, wish: CancelWish) -> None:
        for each in self.keeper.cancels(wish):
            self._cancel_own(each)

    def _cancel_own(self, own: CancelWish) -> None:
        self._carry_out(self.manager.cancel(own.ref, own.cause, self.now_ns))

    def _move_stops(self, wish: StopWish) -> None:
        self._carry_out(self.manager.move_stops(wish, self.now_ns))

    def _judge(self, intent: Intent) -> None:
        verdict = self.keeper.judge(intent, self._view(intent.con_id), self.now_ns)
        if isinstance(verdict, Approved):
            self.entries.passed(intent)
            self.todo.append((self._submit, verdict))
            return
        refusal, news = verdict
        self.entries.refused(refusal, self.now_ns)
        self.refusals[refusal.code] += 1
        self.todo.append((self._news, news))
        if intent.purpose is Purpose.STOP:
            self.todo.append((self._refused_stop, refusal))

    def _refused_stop(self, refusal: Refusal) -> None:
        self._carry_out(self.manager.refused(refusal, self.now_ns))

    def _submit(self, approved: Approved) -> None:
        self._carry_out(self.manager.submit(approved, self.now_ns))

    def _carry_out(self, effects: Iterable[Any]) -> None:
        later = self.todo.append
        for effect in effects:
            kind = type(effect)  # by what is most frequent
            if kind is do.Commit:
                later((self._commit, effect))
            elif kind is do.Told:
                if early := self.keeper.told(effect.update):
                    later((self._cancel_own, early))
            elif kind is do.Send:
                later((self._send, effect.command))
            elif kind is do.Wake:
                # Rounds compare with the broker what could differ: here nothing can.
                if not effect.token.startswith("round"):
                    self._set_timer(effect.at_ns, effect.token)
            elif kind is do.Released:
                self.keeper.released(effect)
            elif kind is do.Wanted:
                later((self._judge, effect.intent))
            elif kind is do.Declined:
                self.refusals[effect.code] += 1
                why = f"{effect.code}: {effect.why}"
                later((self._news, self.keeper.give_back(effect.approved, why)))
            elif kind is do.Alert:
                self.alerts[effect.kind] += 1

    def _commit(self, effect: do.Commit) -> None:
        for record in effect.records:
            self._write(record)
        self._carry_out(self.manager.committed(effect.token, self.now_ns))

    def keep(self, record: rec.Record) -> None:
        """Write what is not the order manager's own."""
        self._write(record)
        self.manager.replay(record)

    def _write(self, record: rec.Record) -> None:
        self.records.append(record)
        self.trades.apply(record)
        keeper = self.keeper
        for news in keeper.fold(len(self.records), record):
            self.todo.append((self._news, news))
        keeper.gate.seen(record)

    def _news(self, news: News) -> None:
        host = self._hosts.get(news.strategy)
        if host is None:
            return
        event = news.event
        if isinstance(event, Fill):
            outcome = host.fill(event)
        elif isinstance(event, Ended):
            outcome = host.ended(event)
        else:
            standing = self.keeper.standings.standing(host.name, news.con_id)
            outcome = host.stand(standing, self.now_ns, news.con_id)
        if outcome is not NOTHING:
            self.act(host.name, outcome)

    # -- the broker --

    def _send(self, command: PlaceOrder | CancelOrder | AskSnapshot) -> None:
        now_ns = self.now_ns
        self.reaches.clear()
        if isinstance(command, PlaceOrder):
            key = OrderKey(_CLIENT, command.order_id)
            self._at_close(command.order.con_id)
            self._said(self.venue.place(key, command.order, now_ns))
        elif isinstance(command, CancelOrder):
            self._said(self.venue.cancel(OrderKey(_CLIENT, command.order_id), now_ns))
        else:
            self.todo.append((self._hear, self._snapshot(command.request)))

    def _at_close(self, con_id: int) -> None:
        """Let the order that comes trade at the last close, if that was chosen."""
        quote = self._quotes.get(con_id)
        if self.setup.fill == "close" and quote is not None and con_id not in self.quoted:
            self.venue.on_quote(quote)
            self.todo.append((self.venue.on_quote, Quote(con_id, self.now_ns, 0.0, 0.0, 0.0, 0.0)))

    def _said(self, events: Sequence[VenueEvent]) -> None:
        self.reaches.clear()
        for event in events:
            report = report_of(event, _GENERATION)
            if report is not None:
                self.todo.append((self._hear, report))

    def _hear(self, report: FromBroker) -> None:
        self._carry_out(self.manager.on_broker(report, self.now_ns))

    def _snapshot(self, request: int) -> BrokerSnapshot:
        return everything(self.venue, self.books, self.setup.account, request, _GENERATION)

    # -- the world as the gate sees it --

    def _view(self, con_id: int) -> RiskView:
        world = self.keeper.world()
        return RiskView(
            account=self.setup.account,
            ledger=world.ledger,
            others=world.others,
            moved=world.moved,
            switch=_OFF,
            link=LinkState.READY,
            stale=_NONE,
            halted=frozenset(self.keeper.halted) if self.keeper.halted else _NONE,
            instruments=self._instruments,
            quotes=self._quotes,
            sessions={con_id: self.setup.session(self.now_ns)},
            sectors=self._sectors,
            restart_at_ns=None,
            skew_ns=0,
        )

    def _funds(self, name: str) -> Funds:
        self.tell_prices()
        return self.keeper.funds(name)

    def account(self) -> LedgerView:
        """Return the account at the prices of now."""
        self.tell_prices()
        return self.keeper.account()


_OFF: Final = Switch()
_NONE: Final[frozenset[int]] = frozenset()
