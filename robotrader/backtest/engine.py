"""Runs strategies on history: the live system's own objects, in the order in which its actors talk.

Nothing is judged, sent, booked or sized by other code than live: hosts, risk gate, order manager,
journal records, ledger and the venue that the emulated gateway has. What is missing are threads,
sockets and the disk. Time is the data's:

    bars end -> the venue lets them happen (orders that were there before they began may fill)
             -> fills are booked and told -> strategies see the bars -> intents, gate, orders

A strategy sees a bar when it has ended, and what it then asks for meets the bars after it, so it
cannot look ahead. ``fill = "close"`` lets orders trade at the close of the bar that they answer: a
choice, which flatters, and which the result names.
"""

from __future__ import annotations

from collections import Counter, deque
from decimal import Decimal
from functools import partial
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any, Final

import msgspec

from robotrader.backtest.result import Result, Setup
from robotrader.domain import (
    Approved,
    AskSnapshot,
    Bar,
    BrokerSnapshot,
    CancelOrder,
    LinkChanged,
    LinkState,
    OrderKey,
    PlaceOrder,
    Quote,
)
from robotrader.domain import records as rec
from robotrader.execution import effects as do
from robotrader.execution.manager import OrderManager
from robotrader.ledger import Ledger, Trades
from robotrader.performance import Track
from robotrader.risk import Gate, Keeper, Quotes, RiskView, SessionState, Switch, WorkingOrder
from robotrader.strategies import Fill, Outcome, Standings
from robotrader.venue import AccountSetup, Books, Venue, position_reports, report_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import date

    from robotrader.domain import Intent
    from robotrader.strategies import News, StrategyHost, Timer
    from robotrader.venue import VenueEvent

_CLIENT: Final = 1
_GENERATION: Final = 1
_CENTS: Final = Decimal("1e-8")
_UNBOUNDED: Final = 1e9
"""Shares of a quote that is made of a close: how much trades is the bar's affair."""


class Engine:
    """One run; see the module's prose.

    Args:
        setup: account, contracts, limits, costs and rules.
        hosts: strategies, with the contract that each is told of; names are unique.

    Raises:
        ValueError: two hosts have one name.
    """

    def __init__(self, setup: Setup, hosts: Iterable[StrategyHost]) -> None:
        self.setup = setup
        self._instruments = {each.con_id: each for each in setup.instruments}
        self._hosts = {each.name: each for each in hosts}
        self._by_contract: dict[int, list[StrategyHost]] = {}
        for host in self._hosts.values():
            self._by_contract.setdefault(host.instrument.con_id, []).append(host)
            host.funds = partial(self._funds, host.name)
        self.books = Books(
            {setup.account: AccountSetup(setup.cash)},
            setup.instruments,
            setup.plan,
        )
        self.venue: Venue
        # What the broker is asked about live, the venue judges itself.
        limits = msgspec.structs.replace(setup.limits, max_margin=None, short_needs_borrow=False)
        self.keeper = Keeper(Gate(limits), Ledger(setup.account, setup.instruments), Standings())
        self.manager = OrderManager()
        self.trades = Trades()
        self.records: list[rec.Record] = []
        self.refusals: Counter[str] = Counter()
        self.blocked: Counter[str] = Counter()
        self.alerts: Counter[str] = Counter()
        self._sectors = {
            con_id: each.industry for con_id, each in self._instruments.items() if each.industry
        }
        self._quotes = Quotes()
        self._todo: deque[Callable[[], object]] = deque()
        self._wakes: list[tuple[int, int, str]] = []
        self._timers: list[tuple[int, int, str, Timer]] = []
        self._armed: dict[tuple[str, str], Timer] = {}
        self._number = 0
        self._now_ns = 0
        self._day: date | None = None
        self._days: list[date] = []
        self._values: list[float] = []
        self._bars = 0

    # -- a run --

    def run(self, batches: Iterable[Sequence[Bar]], *, begin_ns: int = 0) -> Result:
        """Run over bars, those that end together in one batch, batches in order of time.

        Bars that began before ``begin_ns`` are history: strategies warm up on them and cannot act.

        Raises:
            StrategyCrash: a strategy raised; it says at which event.
        """
        for batch in batches:
            if not self._now_ns:
                self._now_ns = now_ns = batch[0].start_ns
                setup = self.setup
                self.venue = Venue(
                    setup.instruments, self.books, setup.sessions, setup.rules, now_ns=now_ns
                )
            live = batch[0].start_ns >= begin_ns
            if live and self._day is None:
                self._begin(batch[0].start_ns)
            if self._day is None:
                self._past(batch)
            else:
                self._take(batch)
        if self._day is not None:
            self._end_of_day()
        return self._result()

    def _begin(self, now_ns: int) -> None:
        """Open the account, connect, and start the strategies that saw no history."""
        self._now_ns = now_ns
        self._keep(rec.CashAdopted(account=self.setup.account, cash=self.setup.cash))
        self._roll(self.setup.sessions.day_of(now_ns))
        effects = self.manager.begin(1, self.setup.account, _CLIENT, now_ns)
        self._carry_out(effects)
        link = LinkChanged(LinkState.READY, _GENERATION, now_ns, next_order_id=1)
        self._later(self._hear, link)
        self._drain()
        for host in self._hosts.values():
            self._act(host, host.start(now_ns))
        self._drain()

    def _past(self, batch: Sequence[Bar]) -> None:
        for bar in batch:
            self.venue.on_bar(bar)
            for host in self._by_contract.get(bar.con_id, ()):
                host.bar(bar, live=False)

    def _take(self, batch: Sequence[Bar]) -> None:
        """Let bars that end together happen, then tell the strategies."""
        first, now_ns = batch[0], batch[0].end_ns
        day = self.setup.sessions.day_of(first.start_ns)
        if day != self._day:
            self._end_of_day()
            self._now_ns = first.start_ns
            self._roll(day)
        if self._timers or self._wakes:
            self._ring(now_ns)
        self._now_ns = now_ns
        self._bars += len(batch)
        for bar in batch:
            events = self.venue.on_bar(bar)
            close = bar.close
            self._quotes[bar.con_id] = quote = Quote(
                bar.con_id, now_ns, close, close, _UNBOUNDED, _UNBOUNDED
            )
            self.keeper.priced(quote)
            if events:
                self._said(events)
        if self._todo:
            self._drain()
        for bar in batch:
            for host in self._by_contract.get(bar.con_id, ()):
                outcome = host.bar(bar)
                if outcome != _QUIET:
                    self._act(host, outcome)
        if self._todo:
            self._drain()

    def _ring(self, now_ns: int) -> None:
        """Let timers ring that are due before these bars end: nothing of the bars is known yet."""
        while self._timers and self._timers[0][0] <= now_ns:
            at_ns, _, name, timer = heappop(self._timers)
            if self._armed.get((name, timer.name)) == timer:
                del self._armed[name, timer.name]
                self._now_ns = max(at_ns, self._now_ns)
                host = self._hosts[name]
                self._act(host, host.timer(timer.name, timer.at_ns))
                self._drain()
        while self._wakes and self._wakes[0][0] <= now_ns:
            at_ns, _, token = heappop(self._wakes)
            self._now_ns = max(at_ns, self._now_ns)
            self._carry_out(self.manager.wake(token, self._now_ns))
            self._drain()

    # -- what follows from what --

    def _later(self, what: Callable[..., object], *given: Any) -> None:
        """Do something when all that was asked for before is done: a message in a mailbox."""
        self._todo.append(partial(what, *given))

    def _drain(self) -> None:
        while self._todo:
            self._todo.popleft()()

    def _act(self, host: StrategyHost, outcome: Outcome) -> None:
        self.blocked.update(outcome.blocked)
        for wish in outcome.cancels:
            self._later(self._cancel, wish)
        for move in outcome.stops:
            self._later(lambda it: self._carry_out(self.manager.move_stops(it, self._now_ns)), move)
        for intent in outcome.intents:
            self._later(self._judge, intent)
        for timer in outcome.timers:
            self._armed[host.name, timer.name] = timer
            self._number += 1
            heappush(self._timers, (timer.at_ns, self._number, host.name, timer))

    def _cancel(self, wish: Any) -> None:
        for each in self.keeper.cancels(wish):
            self._carry_out(self.manager.cancel(each.ref, each.cause, self._now_ns))

    def _judge(self, intent: Intent) -> None:
        verdict = self.keeper.judge(intent, self._view(intent.con_id), self._now_ns)
        if isinstance(verdict, Approved):
            self._later(self._submit, verdict)
            return
        refusal, news = verdict
        self.refusals[refusal.code] += 1
        self._later(self._news, news)

    def _submit(self, approved: Approved) -> None:
        self._carry_out(self.manager.submit(approved, self._now_ns))

    def _carry_out(self, effects: Iterable[do.Effect]) -> None:
        for effect in effects:
            match effect:
                case do.Commit():
                    self._later(self._commit, effect)
                case do.Send():
                    self._later(self._send, effect.command)
                case do.Told():
                    self.keeper.told(effect.update)
                case do.Released():
                    self.keeper.released(effect)
                case do.Declined():
                    why = f"{effect.code}: {effect.why}"
                    self.refusals[effect.code] += 1
                    self._later(self._news, self.keeper.give_back(effect.approved, why))
                case do.Wanted():
                    self._later(self._judge, effect.intent)
                case do.Wake() if not effect.token.startswith("round"):
                    # Rounds compare with the broker what could differ: here nothing can.
                    self._number += 1
                    heappush(self._wakes, (effect.at_ns, self._number, effect.token))
                case do.Alert():
                    self.alerts[effect.kind] += 1

    def _commit(self, effect: do.Commit) -> None:
        for record in effect.records:
            self._write(record)
        self._carry_out(self.manager.committed(effect.token, self._now_ns))

    def _keep(self, record: rec.Record) -> None:
        """Write what is not the order manager's own."""
        self._write(record)
        self.manager.replay(record)

    def _write(self, record: rec.Record) -> None:
        self.records.append(record)
        self.trades.apply(record)
        for news in self.keeper.fold(len(self.records), record):
            self._later(self._news, news)
        self.keeper.gate.seen(record)

    def _news(self, news: News) -> None:
        host = self._hosts.get(news.strategy)
        if host is None:
            return
        if isinstance(news.event, Fill):
            self._act(host, host.fill(news.event))
        else:
            host.ended(news.event)

    # -- the broker --

    def _send(self, command: PlaceOrder | CancelOrder | AskSnapshot) -> None:
        now_ns = self._now_ns
        if isinstance(command, PlaceOrder):
            key = OrderKey(_CLIENT, command.order_id)
            self._at_close(command.order.con_id)
            self._said(self.venue.place(key, command.order, now_ns))
        elif isinstance(command, CancelOrder):
            self._said(self.venue.cancel(OrderKey(_CLIENT, command.order_id), now_ns))
        else:
            self._later(self._hear, self._snapshot(command.request))

    def _at_close(self, con_id: int) -> None:
        """Let the order that comes trade at the last close, if that was chosen."""
        quote = self._quotes.get(con_id)
        if self.setup.fill == "close" and quote is not None:
            self.venue.on_quote(quote)
            self._later(self.venue.on_quote, Quote(con_id, self._now_ns, 0.0, 0.0, 0.0, 0.0))

    def _said(self, events: Sequence[VenueEvent]) -> None:
        for event in events:
            report = report_of(event, _GENERATION)
            if report is not None:
                self._later(self._hear, report)

    def _hear(self, report: Any) -> None:
        self._carry_out(self.manager.on_broker(report, self._now_ns))

    def _snapshot(self, request: int) -> BrokerSnapshot:
        """Answer with the account as it begins: there are no orders yet."""
        return BrokerSnapshot(
            request=request,
            generation=_GENERATION,
            at_ns=self._now_ns,
            open_orders=(),
            completed=(),
            executions=(),
            commissions=(),
            positions=position_reports(self.books, self.setup.account),
            values={"TotalCashValue": self.books.accounts[self.setup.account].cash},
        )

    # -- the world as the gate sees it --

    def _view(self, con_id: int) -> RiskView:
        return RiskView(
            account=self.setup.account,
            ledger=self.keeper.account(),
            others=tuple(map(WorkingOrder.of, self.keeper.others())),
            switch=_OFF,
            link=LinkState.READY,
            stale=frozenset(),
            halted=frozenset(self.keeper.halted),
            instruments=self._instruments,
            quotes=self._quotes,
            sessions={con_id: self._session()},
            sectors=self._sectors,
            restart_at_ns=None,
            skew_ns=0,
        )

    def _session(self) -> SessionState:
        sessions, now_ns = self.setup.sessions, self._now_ns
        if self.setup.always_open or sessions.is_open(now_ns, outside_rth=False):
            return SessionState.OPEN
        extended = sessions.is_open(now_ns, outside_rth=True)
        return SessionState.EXTENDED if extended else SessionState.CLOSED

    def _funds(self, name: str) -> Any:
        return self.keeper.funds(name)

    # -- days --

    def _roll(self, day: date) -> None:
        self._day = day
        view = self.keeper.account()
        if view.equity is not None:
            equity = view.equity.quantize(_CENTS)
            self._keep(rec.DayRolled(day=day.isoformat(), equity=equity, wall_ns=self._now_ns))

    def _end_of_day(self) -> None:
        assert self._day is not None, "a day has begun"
        equity = self.keeper.account().equity
        assert equity is not None, "cash and every price are known"
        self._days.append(self._day)
        self._values.append(float(equity))

    def _result(self) -> Result:
        return Result(
            setup=self.setup,
            track=Track(float(self.setup.cash), tuple(self._days), tuple(self._values)),
            fills=self.trades.between(0, 2**63 - 1),
            records=tuple(self.records),
            refusals=dict(self.refusals),
            blocked=dict(self.blocked),
            alerts=dict(self.alerts),
            bars=self._bars,
            orders=sum(isinstance(each, rec.OrderIntended) for each in self.records),
            final=self.keeper.account(),
        )


_OFF: Final = Switch()
_QUIET: Final = Outcome()
