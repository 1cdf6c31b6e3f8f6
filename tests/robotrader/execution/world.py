"""A small world: one order manager, a journal that survives, a broker, and a link that does not.

Everything is an event on one heap, in virtual time: the journal's answer, every message in both
directions, every timer. A crash can happen before each effect. ``check`` holds what is believed
against the broker's truth after every event.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any

import msgspec

from robotrader.domain import (
    Approved,
    BrokerSnapshot,
    CancelOrder,
    Intent,
    Leg,
    LinkChanged,
    LinkState,
    OrderType,
    PlaceOrder,
    Purpose,
    Side,
)
from robotrader.domain import records as r
from robotrader.execution import (
    Alert,
    Commit,
    Declined,
    Effect,
    FillTold,
    OrderManager,
    OrderView,
    Send,
    Told,
    Wake,
)
from tests.robotrader.execution import checks
from tests.robotrader.execution.broker import ACCOUNT, CLIENT, Broker
from tests.robotrader.execution.gate import LIMIT, Faults, Gate

MS = 1_000_000
SECOND = 1_000 * MS
LATEST_NS = 8 * SECOND
"""How long a message may outlive its connection: less than the quiet period."""


class Crash(Exception):
    """The process died."""


@dataclass
class World:
    """See the module's prose. ``rng`` decides everything that is not decided by the caller."""

    rng: Random = field(default_factory=lambda: Random(0))
    faults: Faults = field(default_factory=Faults)
    broker: Broker = field(default_factory=Broker)
    journal: list[r.Record] = field(default_factory=list)
    now_ns: int = 10_000 * SECOND
    alerts: list[Alert] = field(default_factory=list)
    declined: list[Declined] = field(default_factory=list)
    told: list[OrderView] = field(default_factory=list)
    fills: list[FillTold] = field(default_factory=list)
    sent: list[PlaceOrder] = field(default_factory=list)
    crashes: int = 0
    commits: int = 0
    alive: bool = False
    up: bool = False
    generation: int = 0
    killed: bool = False
    restored: bool = False
    """The journal is an old copy: orders without an intent are to be expected."""

    crash_at: Callable[[Effect], bool] | None = None
    """Kills the process before the first effect for which it is true, once."""

    late_ns: int = 0  # how late late messages are; 0 draws it
    cut: str = ""  # the part of which every snapshot lacks a half

    hold_commits: bool = False
    """Whether the journal's answers wait until the test gives them."""

    def __post_init__(self) -> None:
        self._heap: list[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = []
        self._seq = 0
        self._life = 0
        self._conn = 0
        self._out_ns = 0
        self.held_commits: list[Commit] = []
        self.worst_placed: dict[str, int] = {}
        self.start()

    # -- time --

    def later(self, delay_ns: int, act: Callable[..., None], *args: Any) -> None:
        self._seq += 1
        heapq.heappush(self._heap, (self.now_ns + delay_ns, self._seq, act, args))

    def step(self) -> bool:
        """Do the next event; return whether there was one."""
        if not self._heap:
            return False
        at_ns, _, act, args = heapq.heappop(self._heap)
        self.now_ns = self.broker.now_ns = max(self.now_ns, at_ns)
        self.guard(act, *args)
        self.drain()
        self.check()
        return True

    def run(self, duration_ns: int) -> None:
        end_ns = self.now_ns + duration_ns
        while self._heap and self._heap[0][0] <= end_ns:
            self.step()
        self.now_ns = self.broker.now_ns = end_ns

    def chance(self, rate: float) -> bool:
        return rate > 0 and self.rng.random() < rate

    # -- the process --

    def guard(self, act: Callable[..., None], *args: Any) -> None:
        try:
            act(*args)
        except Crash:
            self.die()

    def die(self) -> None:
        """Kill the process: what it asked of the journal is durable, or not."""
        for commit in self.held_commits:
            if self.rng.random() < 0.5:
                self.journal.extend(commit.records)
        self.held_commits = []
        self.crashes += 1
        self.alive = False
        self._life += 1
        self.disconnect()
        self.later(self.rng.randrange(50 * MS, 2 * SECOND), self.start)

    def start(self) -> None:
        """Start from the journal, as a new process does."""
        self.manager = OrderManager()
        for record in self.journal:
            self.manager.replay(record)
        epochs = [each.epoch for each in self.journal if isinstance(each, r.SessionBegan)]
        self.alive = True
        self.generation = 0
        self.gate = Gate(self)
        self.guard(self._begin, max(epochs, default=0) + 1)

    def _begin(self, epoch: int) -> None:
        self.do(self.manager.begin(epoch, ACCOUNT, CLIENT, self.now_ns))
        self.gate.rebuild()
        self.later(self.rng.randrange(10 * MS, SECOND), self.connect, self._life)

    def do(self, effects: list[Effect]) -> None:
        for effect in effects:
            if self.crash_at is not None and self.crash_at(effect):
                self.crash_at = None
                raise Crash
            if self.chance(self.faults.crash):
                raise Crash
            self._do(effect)

    def _do(self, effect: Effect) -> None:
        self.gate.told(effect)
        if isinstance(effect, Commit):
            checks.check_commit(self, effect)
            self.held_commits.append(effect)
            if not self.hold_commits:
                slowest = SECOND if self.chance(self.faults.slow) else 6 * MS
                delay = self.rng.randrange(MS // 4, slowest)
                self.later(delay, self.answer_commit, self._life)
        elif isinstance(effect, Wake):
            delay = max(0, effect.at_ns - self.now_ns)
            self.later(delay, self._ring, self._life, effect.token)
        elif isinstance(effect, Send):
            self._send(effect.command)
        elif isinstance(effect, Alert):
            self.alerts.append(effect)
        elif isinstance(effect, Declined):
            self.declined.append(effect)
        elif isinstance(effect, Told):
            self.told.append(effect.update)
        elif isinstance(effect, FillTold):
            self.fills.append(effect)

    def answer_commit(self, life: int | None = None) -> None:
        """Make the oldest waiting records durable; the process may die before it hears of it."""
        if life not in {None, self._life} or not self.held_commits:
            return
        commit = self.held_commits.pop(0)
        if self.chance(self.faults.refuse) and not isinstance(commit.records[0], r.SessionBegan):
            self.do(self.manager.commit_failed(commit.token, "disk full", self.now_ns))
            return
        self.journal.extend(commit.records)
        self.commits += 1
        if self.chance(self.faults.crash):
            raise Crash
        self.do(self.manager.committed(commit.token, self.now_ns))

    def _ring(self, life: int, token: str) -> None:
        if life == self._life and self.alive:
            self.do(self.manager.wake(token, self.now_ns))

    # -- the link --

    def connect(self, life: int | None = None) -> None:
        if life not in {None, self._life} or not self.alive or self.up:
            return
        self.up = True
        self._conn += 1
        self._out_ns = 0
        self.link(LinkState.SYNCING)
        self.link(LinkState.READY, self.broker.highest_id + 1)

    def disconnect(self) -> None:
        """End the connection: what the broker had to say is lost, what we wrote may arrive."""
        if not self.up:
            return
        self.up = False
        self._conn += 1
        if self.alive:
            self.generation += 1
            self.guard(self.link, LinkState.DOWN)
            self.later(self.rng.randrange(100 * MS, 3 * SECOND), self.connect, self._life)

    def link(self, state: LinkState, next_id: int = 0) -> None:
        self.hear(LinkChanged(state, self.generation, self.now_ns, next_order_id=next_id))

    def hear(self, event: Any) -> None:
        self.do(self.manager.on_broker(event, self.now_ns))

    def _send(self, command: Any) -> None:
        """Write to the socket: in order on a connection, perhaps after its death, or never."""
        if isinstance(command, PlaceOrder):
            checks.check_place(self, command)
            self.sent.append(command)
            if command.generation != self.generation:
                return
        if not self.up:
            return
        self._out_ns = max(self._out_ns, self.now_ns + self.rng.randrange(MS, 40 * MS))
        self.later(self._out_ns - self.now_ns, self._arrive, self._conn, command, False)

    def _arrive(self, conn: int, command: Any, late: bool) -> None:
        if conn != self._conn and not late:
            # The connection died under it: the kernel may deliver it all the same.
            if self.chance(self.faults.late):
                delay = self.late_ns or self.rng.randrange(LATEST_NS - 40 * MS)
                self.later(delay, self._arrive, conn, command, True)
            return
        if isinstance(command, PlaceOrder):
            self.broker.place(command, reject=201 if self.chance(self.faults.reject) else 0)
        elif isinstance(command, CancelOrder):
            self.broker.cancel(command.order_id)
        elif not late:
            self._snapshot(conn, command.request)

    def drain(self) -> None:
        """Put what the broker said on the wire: each may be lost, repeated, overtaken."""
        said: list[Any] = self.broker.said
        self.broker.said = []
        if not self.up:
            return
        for message in said:
            stamped = msgspec.structs.replace(message, generation=self.generation)
            copies = 2 if self.chance(self.faults.repeat) else 1
            for _ in range(0 if self.chance(self.faults.lose) else copies):
                spread = 400 * MS if self.chance(self.faults.repeat) else 5 * MS
                self.later(self.rng.randrange(MS, spread), self._deliver, self._conn, stamped)

    def _deliver(self, conn: int, message: Any) -> None:
        if conn == self._conn and self.alive:
            self.hear(message)

    def _snapshot(self, conn: int, request: int) -> None:
        """Answer part by part, as a broker does: the world moves on between the parts."""
        parts: dict[str, Any] = {}
        broker = self.broker
        steps: dict[str, Callable[[], Any]] = {
            "open_orders": broker.open_reports,
            "completed": broker.completed_reports,
            "executions": lambda: tuple(broker.executions),
            "positions": broker.position_reports,
        }

        def collect(index: int) -> None:
            name = list(steps)[index]
            parts[name] = steps[name]()
            if index + 1 < len(steps):
                self.later(self.rng.randrange(1, 30 * MS), collect, index + 1)
            else:
                self._answer(conn, request, parts)

        collect(0)

    def _answer(self, conn: int, request: int, parts: dict[str, Any]) -> None:
        if conn != self._conn or self.chance(self.faults.lose):
            return
        missing: tuple[str, ...] = ()
        if self.cut or self.chance(self.faults.incomplete):
            gone = self.cut or self.rng.choice(sorted(parts))
            parts[gone] = parts[gone][: len(parts[gone]) // 2]
            missing = (gone,)

        def stamp(reports: Any) -> Any:
            return tuple(msgspec.structs.replace(o, generation=self.generation) for o in reports)

        snapshot = BrokerSnapshot(
            request=request,
            generation=self.generation,
            at_ns=self.now_ns,
            open_orders=stamp(parts["open_orders"]),
            completed=stamp(parts["completed"]),
            executions=stamp(parts["executions"]),
            commissions=tuple(self.broker.commissions),
            positions=parts["positions"],
            values={},
            missing=missing,
        )
        self.later(self.rng.randrange(MS, 30 * MS), self._deliver, conn, snapshot)

    # -- what people and strategies do --

    def approve(self, qty: int, con_id: int = 1, **fields: Any) -> Approved | None:
        """Ask the gate: an approval with its reservation, or None if it is too much."""
        wanted = Decimal(qty)
        if self.gate.worst(con_id) + wanted > LIMIT:
            return None
        legs = tuple(
            Leg(order_type=OrderType(kind), limit_price=Decimal(11), aux_price=Decimal(9))
            for kind in fields.pop("legs", ())
        )
        intent = Intent(
            strategy=fields.pop("strategy", "s"),
            con_id=con_id,
            symbol=f"S{con_id}",
            side=fields.pop("side", Side.BUY),
            qty=wanted,
            purpose=Purpose.ENTRY,
            cause="tick",
            legs=legs,
            **fields.pop("intent", {}),
        )
        return Approved(
            intent=intent,
            reservation=self.gate.take(con_id, wanted),
            account=ACCOUNT,
            limits_hash="h",
            reduces=fields.pop("reduces", False),
        )

    def submit(self, qty: int = 100, con_id: int = 1, **fields: Any) -> None:
        approved = self.approve(qty, con_id, **fields) if self.alive else None
        if approved is not None:
            self.guard(lambda: self.do(self.manager.submit(approved, self.now_ns)))

    def until(self, true: Callable[[], Any], within_ns: int = 200 * SECOND) -> None:
        """Run until something is true, which it must become."""
        end_ns = self.now_ns + within_ns
        while not true():
            assert self.step(), "nothing is left to happen"
            assert self.now_ns <= end_ns, "it did not become true in time"

    def cancel(self, ref: str) -> None:
        self.guard(lambda: self.do(self.manager.cancel(ref, "wanted", self.now_ns)))

    def kill(self, level: str = "cancel") -> None:
        """Trip the switch: durable first, then everybody is told."""
        self.killed = True
        self.journal.append(r.SwitchTripped(level=level, scope="all", trigger="t", why="w"))
        if self.alive:
            self.guard(self._tell_switch, {"all": level})

    def unkill(self) -> None:
        self.killed = False
        self.journal.append(r.SwitchCleared(scope="all", who="me", why="test"))
        if self.alive:
            self.guard(self._tell_switch, {})

    def _tell_switch(self, levels: dict[str, str]) -> None:
        self.do(self.manager.on_switch(levels, self.now_ns))
        self.do(self.manager.cancel_all(self.now_ns) if levels else [])

    # -- what must always hold --

    check = checks.check_broker
    check_replay = checks.check_replay
    check_rest = checks.check_rest
