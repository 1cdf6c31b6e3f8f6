"""The product's whole tree on a trading floor, driven by scripts; core and floor end separately."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any, Final

from pykka import Timeout

from actors import Trader, make_tree
from actors.say import AskTrading, Clear, Trip
from robotrader.adapters.ib import IbSettings
from robotrader.domain import Bar, Intent
from robotrader.journal import MemoryDisk, MemoryStore
from robotrader.market import EdgeLimits, LineRules
from robotrader.risk import Level, Limits, TripRules
from robotrader.strategies import Context, Params, State, Strategy, StrategyHost
from robotrader.venue import AlwaysOpen
from supervision import ActorRef, ChildSpec, Simulation, Supervisor
from supervision.testing import actor_of
from tests.actors.floor import ACCOUNT, BAR_S, CLIENT, CONTRACTS, Floor, FloorActor, S
from tests.actors.judge import Judge

MIDNIGHT_NS: Final = 1_764_046_800 * S
"""2025-11-25 00:00 in New York: a day begins."""

STRATEGIES: Final = {"a1": 1, "a2": 1, "k1": 2, "m1": 3}
"""Strategies and their contracts: two of them share one."""


_MOMENT_S: Final = 0.02
_PATIENCE: Final = 100
"""A person who asks waits two seconds."""


class Puppet(Strategy[Params, State]):
    """Does after each bar what its script says."""

    script: list[tuple[str, int, float]]

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        if not self.script or ctx.warming:
            return
        what, qty, away = self.script.pop(0)
        if what == "buy":
            stop = round(bar.close * (1 - away), 2)
            ctx.buy(qty, stop=None if ctx.position < 0 else stop)
        elif what == "bracket" and ctx.position >= 0:
            stop, goal = round(bar.close * (1 - away), 2), round(bar.close * (1 + away), 2)
            ctx.buy(qty, stop=stop, take_profit=goal)
        elif what == "bid" and ctx.position >= 0:
            limit = round(bar.close * 0.99, 2)
            ctx.buy(qty, limit=limit, stop=round(limit * (1 - away), 2))
        elif what == "sell":
            if ctx.position > 0:
                ctx.sell(min(qty, int(ctx.position)))
            else:
                ctx.sell(qty, stop=round(bar.close * (1 + away), 2))
        elif what == "tighten" and ctx.position:
            ctx.move_stop(round(bar.close * (1 - away * (1 if ctx.position > 0 else -1)), 2))
        elif what == "cancel":
            ctx.cancel()
        else:
            ctx.close()


class TradingDay:
    """See the module's prose. ``judge`` measures at the venue."""

    def __init__(
        self, folder: Path, seed: int, limits: Limits, *, left_s: int, delay_s: float
    ) -> None:
        self.folder, self.limits, self.random = folder, limits, Random(seed)
        self.disk = MemoryDisk(seed)
        self.scripts: defaultdict[str, list[tuple[str, int, float]]] = defaultdict(list)
        self.start_ns = MIDNIGHT_NS - left_s * S
        self.floor = Floor(self.start_ns, delay_s)
        self.judge = Judge(self.floor, limits, self.start_ns)
        self.judge.owner_of = self.owner_of
        self.floor.listener = self.judge
        self.asked = self.restarts = 0
        self._begin(seed)

    def _begin(self, seed: int) -> None:
        self.system = Simulation(seed, raise_deadlocks=False)
        rules = LineRules(primary="ibkr", size_ns=BAR_S * S, edge=EdgeLimits(old_ns=60 * S))
        self.trader = Trader(
            account=ACCOUNT,
            settings=IbSettings(account=ACCOUNT, client_id=CLIENT),
            instruments=CONTRACTS,
            sessions=AlwaysOpen(),
            lines=dict.fromkeys(CONTRACTS, rules),
            strategies={
                con_id: {
                    name: self._host(name) for name, con in STRATEGIES.items() if con == con_id
                }
                for con_id in CONTRACTS
            },
            limits=self.limits,
            trips=TripRules(),
            open_store=lambda: MemoryStore(self.disk),
            data_dir=self.folder,
            now_ns=self.now_ns,
            restart_at_ns=lambda _: None,
            restarts=1_000,
        )
        children, flags = make_tree(self.trader)
        given = (self.trader, self.floor, self.random)
        start = self.trader.registry.via("gateway", FloorActor)
        floor = ChildSpec(id="broker", start=start, args=given)
        children = [floor if each.id == "broker" else each for each in children]
        self.root: ActorRef[Any] = self.system.start(Supervisor(children, flags))

    def _host(self, name: str) -> Any:
        def make() -> StrategyHost:
            puppet = Puppet(Params())
            puppet.script = self.scripts[name]
            return StrategyHost(puppet, name=name, instrument=CONTRACTS[STRATEGIES[name]])

        return make

    def now_ns(self) -> int:
        return self.start_ns + self.system.now_ns()

    # -- what happens --

    def run(self, seconds: float) -> None:
        self.system.run_for(seconds)

    def to_bar(self, more_s: float = 0.0) -> None:
        """Run until the next bar is told, and a little longer."""
        self.run(BAR_S - self.now_ns() / S % BAR_S + more_s)

    def kill(self, role: Any, steps: int = 0) -> bool:
        """End whoever plays a role, so many steps of somebody from now."""
        limit = self.system.steps + steps
        self.system.run(lambda: self.system.steps >= limit, limit_s=3)
        self.judge.calm_ns = self.now_ns()
        ref = self.trader.registry.whereis(role)
        return ref is not None and bool(ref.kill())

    def restart(self) -> None:
        """End the core as a crash does, and begin anew from the disk."""
        self.start_ns = self.now_ns()
        self.system.close()
        self.floor.up = False
        self.judge.calm_ns = self.start_ns
        self.restarts += 1
        self._begin(self.random.randrange(1 << 30))

    def break_line(self, seconds: float) -> None:
        self.judge.calm_ns = self.now_ns() + round(seconds * S)
        self.tell("gateway", ("break", seconds))

    def tell(self, role: Any, message: Any) -> None:
        ref = self.trader.registry.whereis(role)
        if ref is not None and ref.is_alive():
            ref.tell(message)

    def ask(self, role: str, question: Any) -> Any:
        """Ask as a person does; None if nobody answered within seconds."""
        ref = self.trader.registry.whereis(role)
        if ref is None or not ref.is_alive():
            return None
        future = ref.ask(question, block=False)
        for _ in range(_PATIENCE):
            self.run(_MOMENT_S)
            try:
                return future.get(timeout=0)
            except Timeout:
                continue
            except Exception:  # noqa: BLE001 - whoever was asked died with it, or refused
                return None
        return None

    def intend(self, intent: Intent) -> None:
        self.tell("risk", intent)

    def trip(self, level: Level, scope: str) -> bool:
        """Trip the switch as a person; True once it was acknowledged."""
        self.asked += 1
        if self.ask("kill-switch", Trip(level, scope, who="ann", why=f"test {self.asked}")) is None:
            return False
        known = self.judge.trips.get(scope)
        if known is None or known[1] < level:
            self.judge.trips[scope] = (self.now_ns(), level)
        return True

    def clear(self, scope: str) -> None:
        """Clear it; from now on nothing is known of the scope, answered or not."""
        self.judge.trips.pop(scope, None)
        self.ask("kill-switch", Clear(scope, who="ann", why="test"))

    # -- how it is --

    def actor(self, role: Any) -> Any:
        return actor_of(self.trader.registry.ref(role).resolve())

    def owner_of(self, ref: str) -> str:
        orders = self.trader.registry.whereis("orders")
        order = None if orders is None else actor_of(orders).manager.order(ref)
        return "" if order is None else str(order.strategy)

    def trading(self) -> Any:
        return self.actor("orders").on_receive(AskTrading())

    def unprotected(self) -> list[str]:
        """Positions whose stops are not as large as they are."""
        found = []
        for con_id, instrument in CONTRACTS.items():
            held, stops = abs(self.floor.position(con_id)), self.judge.stops(con_id)
            if held != stops:
                found.append(f"{instrument.symbol}: {held} held, {stops} in stops")
        return found

    def differs(self) -> list[str]:
        """Where our books are not the venue's."""
        ledger = self.actor("risk").keeper.ledger
        held = ledger.quantities()
        return [
            f"{con_id}: {held.get(con_id, 0)} booked, {self.floor.position(con_id)} held"
            for con_id in CONTRACTS
            if held.get(con_id, Decimal(0)) != self.floor.position(con_id)
        ]

    def close(self) -> None:
        self.system.close()
