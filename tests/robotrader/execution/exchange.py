"""An order manager before the real simulated venue: everything between them waits in a queue.

Who is delivered next is decided by the test. The journal survives a crash, the venue too.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from robotrader.domain import (
    Approved,
    BrokerSnapshot,
    CancelOrder,
    ExecutionReport,
    Intent,
    Leg,
    LinkChanged,
    LinkState,
    OrderFailed,
    OrderKey,
    OrderReport,
    OrderType,
    PlaceOrder,
    PositionReport,
    Purpose,
    ReportedStatus,
    Side,
)
from robotrader.domain import records as r
from robotrader.execution import Commit, Declined, Effect, OrderManager, Send, Wake, Wanted
from robotrader.venue import Executed, OrderUpdated, Refused, Warned
from tests.robotrader.venue.kit import AAPL, ACCOUNT, START_NS, Market

CLIENT = 1
SECOND = 1_000_000_000
ZERO = Decimal(0)


class Bench:
    """See the module's prose."""

    def __init__(self) -> None:
        self.market = Market()
        self.journal: list[r.Record] = []
        self.now_ns = START_NS
        self.generation = 0
        self.down: deque[Any] = deque()
        self.up: deque[Any] = deque()
        self.commits: deque[Commit] = deque()
        self.timers: list[tuple[int, str]] = []
        self.declined: list[Declined] = []
        self.sent: list[PlaceOrder] = []
        self.refuse: Callable[[PlaceOrder], bool] = lambda _: False
        self.number = 0
        self.shown = 0
        self.start()
        self.quote(100.0)
        self.settle()

    # -- the process --

    def start(self) -> None:
        """Start from the journal."""
        self.manager = OrderManager()
        epoch = 1
        for record in self.journal:
            epoch += isinstance(record, r.SessionBegan)
            self.manager.replay(record)
        self.commits.clear()
        self.timers = []
        self.do(self.manager.begin(epoch, ACCOUNT, CLIENT, self.now_ns))
        self.connect()

    def connect(self) -> None:
        """Begin another connection; what was on the old one's wire is lost."""
        self.generation += 1
        self.down.clear()
        self.up.clear()
        highest = max((key.order_id for key in self.keys()), default=0)
        for state in (LinkState.DOWN, LinkState.SYNCING, LinkState.READY):
            self.hear(LinkChanged(state, self.generation, self.now_ns, highest + 1))

    def keys(self) -> list[OrderKey]:
        venue = self.market.venue
        return [*venue.live, *venue.done]

    def crash(self) -> None:
        """Die with what is in memory; the oldest commit may have been written."""
        if self.commits and self.number % 2:
            self.journal += self.commits[0].records
        self.start()

    def do(self, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Commit):
                self.commits.append(effect)
            elif isinstance(effect, Wake):
                self.timers.append((effect.at_ns, effect.token))
            elif isinstance(effect, Send):
                self.down.append(effect.command)
            elif isinstance(effect, Declined):
                self.declined.append(effect)
            elif isinstance(effect, Wanted):
                self.approve(effect.intent, reduces=True)

    def hear(self, event: Any) -> None:
        self.do(self.manager.on_broker(event, self.now_ns))

    # -- what waits --

    def commit(self) -> None:
        """The journal answers the oldest commit."""
        if self.commits:
            done = self.commits.popleft()
            self.journal += done.records
            self.do(self.manager.committed(done.token, self.now_ns))

    def arrive(self) -> None:
        """The venue gets the oldest command."""
        if not self.down:
            return
        command = self.down.popleft()
        venue = self.market.venue
        if isinstance(command, PlaceOrder):
            self.sent.append(command)
            key = OrderKey(CLIENT, command.order_id)
            if self.refuse(command):
                self.up.append(OrderFailed(key.order_id, 201, "refused", self.generation))
            elif command.generation == self.generation:
                self.market.events += venue.place(key, command.order, self.market.now_ns)
        elif isinstance(command, CancelOrder):
            key = OrderKey(CLIENT, command.order_id)
            self.market.events += venue.cancel(key, self.market.now_ns)
        else:
            self.up.append(("snapshot", command.request))
        self.show()

    def deliver(self) -> None:
        """The manager hears what the venue said first."""
        if self.up:
            said = self.up.popleft()
            self.hear(self.snapshot(said[1]) if isinstance(said, tuple) else said)

    def pass_time(self, seconds: float) -> None:
        """Let time pass, and ring what is due."""
        self.now_ns += round(seconds * SECOND)
        due = sorted(each for each in self.timers if each[0] <= self.now_ns)
        self.timers = [each for each in self.timers if each[0] > self.now_ns]
        for _, token in due:
            self.do(self.manager.wake(token, self.now_ns))

    def settle(self, seconds: int = 12) -> None:
        """Deliver everything, and let the timers of some seconds ring."""
        for _ in range(seconds * 2):
            while self.commits or self.down or self.up:
                self.commit()
                self.arrive()
                self.deliver()
            self.pass_time(0.5)

    # -- the venue's words --

    def show(self) -> None:
        for event in self.market.events[self.shown :]:
            if isinstance(event, OrderUpdated) and event.state.key.client_id == CLIENT:
                self.up.append(self.report(event.state))
            elif isinstance(event, Executed):
                self.up.append(self.execution(event.execution))
            elif isinstance(event, (Refused, Warned)):
                told = OrderFailed(event.key.order_id, event.code, event.text, self.generation)
                self.up.append(told)
        self.shown = len(self.market.events)

    def report(self, state: Any, *, completed: bool = False) -> OrderReport:
        return OrderReport(
            order_id=0 if completed else state.key.order_id,
            client_id=state.key.client_id,
            perm_id=state.perm_id,
            ref=state.order.order_ref,
            status=ReportedStatus(state.status.value),
            generation=self.generation,
            con_id=state.order.con_id,
            account=ACCOUNT,
            side=state.order.side,
            qty=state.order.qty,
            filled=state.filled,
            remaining=state.remaining,
            completed=completed,
            limit_price=state.order.limit_price,
            aux_price=state.order.aux_price,
        )

    def execution(self, done: Any) -> ExecutionReport:
        return ExecutionReport(
            exec_id=done.exec_id,
            order_id=done.key.order_id,
            client_id=done.key.client_id,
            perm_id=done.perm_id,
            ref=done.order_ref,
            con_id=done.con_id,
            account=ACCOUNT,
            side=Side.BUY if done.bought else Side.SELL,
            qty=done.qty,
            price=done.price,
            time_ns=done.time_ns,
            cum_qty=done.cum_qty,
            generation=self.generation,
        )

    def snapshot(self, request: int) -> BrokerSnapshot:
        venue = self.market.venue
        held = PositionReport(ACCOUNT, AAPL.con_id, Decimal(self.market.position), ZERO)
        return BrokerSnapshot(
            request=request,
            generation=self.generation,
            at_ns=self.now_ns,
            open_orders=tuple(self.report(each.state()) for each in venue.live.values()),
            completed=tuple(
                self.report(each.state(), completed=True) for each in venue.done.values()
            ),
            executions=tuple(map(self.execution, venue.executions)),
            commissions=(),
            positions=(held,),
            values={},
        )

    # -- what happens --

    def quote(self, price: float, size: int = 1_000) -> None:
        self.market.quote(price - 0.01, price + 0.01, size, size)
        self.show()

    def approve(self, intent: Intent, *, reduces: bool) -> None:
        self.number += 1
        approved = Approved(
            intent=intent, reservation=self.number, account=ACCOUNT, limits_hash="h",
            reduces=reduces,
        )  # fmt: skip
        self.do(self.manager.submit(approved, self.now_ns))

    def wish(self, side: Side, qty: int, **fields: Any) -> None:
        """Give an intent to a gate that lets everything pass."""
        self.number += 1
        intent = Intent(
            con_id=AAPL.con_id, symbol="AAPL", side=side, qty=Decimal(qty),
            **{"strategy": "s", "purpose": Purpose.ENTRY, "cause": f"c{self.number}", **fields},
        )  # fmt: skip
        self.approve(intent, reduces=intent.purpose is not Purpose.ENTRY)

    def enter(self, side: Side, qty: int, *, profit: bool = False, **fields: Any) -> None:
        """A bracket: a stop 5 away, and perhaps a profit 5 away."""
        away = Decimal(5 * side.sign)
        stop = Leg(order_type=OrderType.STOP, aux_price=100 - away)
        take = Leg(order_type=OrderType.LIMIT, limit_price=100 + away)
        self.wish(side, qty, legs=(take, stop) if profit else (stop,), **fields)

    def exit(self, side: Side, qty: int) -> None:
        self.wish(side, qty, purpose=Purpose.EXIT)

    # -- the truth --

    def stops(self) -> Decimal:
        """What the stops at the venue would close now."""
        live = self.market.venue.live.values()
        return sum((each.allowed() for each in live if each.triggers), ZERO)

    def live(self) -> list[tuple[str, str, int]]:
        """Side, type and remaining shares of every order at the venue."""
        live = self.market.venue.live.values()
        return [(o.order.side.value, o.order.order_type.value, int(o.remaining)) for o in live]
