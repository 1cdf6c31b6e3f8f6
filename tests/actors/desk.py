"""The trader's whole tree in a simulation; only the connection is a model of a broker."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from actors import StrategyActor, Trader, make_tree
from actors.messages import Priced
from actors.say import AskTrading, Heard
from robotrader.adapters.ib import IbSettings
from robotrader.domain import (
    AskLink,
    AskSnapshot,
    Bar,
    BrokerSnapshot,
    CancelOrder,
    Instrument,
    LinkChanged,
    LinkState,
    PlaceOrder,
    Quote,
    Side,
)
from robotrader.domain import records as rec
from robotrader.journal import MemoryDisk, MemoryStore
from robotrader.market import EdgeLimits, LineRules
from robotrader.recovery import CATALOGUE
from robotrader.risk import Limits, TripRules
from robotrader.strategies import Context, Params, State, Strategy, StrategyHost
from robotrader.venue import AlwaysOpen
from supervision import Actor, ActorRef, ChildSpec, Simulation, Supervisor
from supervision.testing import actor_of
from tests.robotrader.execution.broker import ACCOUNT, CLIENT, ZERO, Broker
from tests.robotrader.strategies.kit import START, S, alone

BAR_S, QTY = 5, 10
CONTRACTS = {
    con_id: Instrument(con_id=con_id, symbol=symbol) for con_id, symbol in ((1, "AAPL"), (2, "KO"))
}
MOMENT_S = 0.05
"""How far apart the model's answers are: people's machines answer in milliseconds."""


class Flips(Strategy[Params, State]):
    """Long after one bar, flat after the next, so that something always works."""

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        """Trade."""
        del bar
        if ctx.position:
            ctx.close()
        elif not ctx.working:
            ctx.buy(QTY, stop=9.0)


class Venue(Actor):
    """Gateway and source of prices: says what the broker says, some messages later than others."""

    runtime = "broker"

    def __init__(self, trader: Trader, broker: Broker, random: Random) -> None:
        super().__init__()
        self.trader, self.broker, self.random = trader, broker, random
        self.bars = 0

    def on_start(self) -> None:
        self.say_link()
        self.later()
        self.send_after(MOMENT_S, "fill")

    def later(self) -> None:
        """Ring at the next whole second."""
        self.send_after((S - self.trader.now_ns() % S) / S, "tick")

    def say(self, role: Any, message: Any) -> None:
        ref = self.trader.registry.whereis(role)
        if ref is not None and ref.is_alive():
            ref.tell(message)

    def say_link(self) -> None:
        now_ns, next_id = self.trader.now_ns(), self.broker.highest_id + 1
        self.say("orders", LinkChanged(LinkState.READY, 1, now_ns, next_order_id=next_id))

    def on_receive(self, message: Any) -> Any:
        self.broker.now_ns = self.trader.now_ns()
        match message:
            case AskLink():
                self.say_link()
            case PlaceOrder():
                self.broker.place(message)
                self.send_after(self.random.choice([0.0, MOMENT_S, 1.0]), "fill")
            case CancelOrder():
                delay_s = self.random.choice([0.0, MOMENT_S, 1.0])
                self.send_after(delay_s, ("cancel", message.order_id))
            case ("cancel", order_id):
                self.broker.cancel(order_id)
            case AskSnapshot():
                self.snapshot(message.request)
            case "fill":
                market = (h for h in self.broker.fillable() if h.order.aux_price is None)
                for held in list(market):
                    self.broker.fill(held, held.order.qty - held.filled)
            case "tick":
                self.tick()
        self.drain()

    def drain(self) -> None:
        said: list[Any] = list(self.broker.said)
        self.broker.said = []
        for each in said:
            has = "generation" in each.__struct_fields__
            self.say("orders", msgspec.structs.replace(each, generation=1) if has else each)

    def snapshot(self, request: int) -> None:
        broker = self.broker
        parts: dict[str, Any] = {
            "open_orders": broker.open_reports(),
            "completed": broker.completed_reports(),
            "executions": tuple(broker.executions),
        }
        stamped: dict[str, Any] = {
            name: tuple(msgspec.structs.replace(each, generation=1) for each in found)
            for name, found in parts.items()
        }
        answer = BrokerSnapshot(
            request=request, generation=1, at_ns=self.trader.now_ns(),
            commissions=tuple(broker.commissions), positions=broker.position_reports(),
            values={"TotalCashValue": Decimal(1_000_000)}, **stamped,
        )  # fmt: skip
        self.say("orders", answer)

    def tick(self) -> None:
        """A quote of each contract for everybody, and now and then a bar."""
        now_ns = self.trader.now_ns()
        self.later()
        self.say("kill-switch", Heard(dict.fromkeys(CONTRACTS, now_ns)))
        for con_id in CONTRACTS:
            quote = Quote(con_id, now_ns, 10.0, 10.01, 100.0, 100.0)
            for role in ("risk", "account"):
                self.say(role, quote)
            start = (now_ns // (BAR_S * S) - 1) * BAR_S * S
            if now_ns % (BAR_S * S) == 0:
                bar = Bar(con_id, start, start + BAR_S * S, 10, 10, 10, 10, 100.0, 10, 5)
                self.say(("symbol", con_id), Priced("ibkr", bar))


class Desk:
    """A simulated trader with one strategy for each contract (``Flips`` unless told otherwise)."""

    def __init__(self, folder: Path, seed: int, **changes: Any) -> None:
        self.system = Simulation(seed, raise_deadlocks=False)
        self.random = Random(seed)
        self.broker, self.disk = Broker(), MemoryDisk(seed)
        rules = LineRules(primary="ibkr", size_ns=BAR_S * S, edge=EdgeLimits(old_ns=60 * S))
        given: dict[str, Any] = {
            "account": ACCOUNT,
            "settings": IbSettings(account=ACCOUNT, client_id=CLIENT),
            "instruments": CONTRACTS,
            "sessions": AlwaysOpen(),
            "lines": dict.fromkeys(CONTRACTS, rules),
            "strategies": {con_id: {f"s{con_id}": flips(con_id)} for con_id in CONTRACTS},
            "limits": Limits(allowed_symbols=frozenset({"AAPL", "KO"}), duplicate_window_ms=0),
            "trips": TripRules(),
            "open_store": lambda: MemoryStore(self.disk),
            "data_dir": folder,
            "now_ns": self.now_ns,
            "restart_at_ns": lambda _: None,
            "restarts": 1_000,
        }
        self.trader = Trader(**{**given, **changes})
        children, flags = make_tree(self.trader)
        venue = ChildSpec(
            id="broker",
            start=self.trader.registry.via("gateway", Venue),
            args=(self.trader, self.broker, self.random),
        )
        children = [venue if each.id == "broker" else each for each in children]
        self.root: ActorRef[Any] = self.system.start(Supervisor(children, flags))

    def now_ns(self) -> int:
        return START + self.system.now_ns()

    def run(self, seconds: float) -> None:
        self.system.run_for(seconds)

    def kill(self, role: Any) -> bool:
        """End whoever plays a role; False if nobody does."""
        ref = self.trader.registry.whereis(role)
        return ref is not None and bool(ref.kill())

    def actor(self, role: Any) -> Any:
        return actor_of(self.trader.registry.ref(role).resolve())

    def strategies(self) -> list[StrategyActor]:
        found = [cell.actor for cell in list(self.system.cells.values())]
        return [each for each in found if isinstance(each, StrategyActor)]

    def records(self) -> list[Any]:
        store = self.actor("journal").store
        return [CATALOGUE.decode(frame) for frame in store.replay()]

    def disagreements(self) -> list[str]:
        """What strategy, gate, order manager and broker do not say alike."""
        trading = self.actor("orders").on_receive(AskTrading())
        found = [] if trading.ready else [f"not ready: {trading}"]
        for actor in self.strategies():
            if actor._host is None:
                continue  # it was not made, and asked for nothing
            host = alone(actor.host)
            con_id = host.instrument.con_id
            gate = self.actor("risk").keeper.standings.standing(host.name, con_id)
            works = sum((o.reserved * Side(o.side).sign for o in trading.orders
                         if o.con_id == con_id and not o.yields), ZERO)  # fmt: skip
            waits = sum((a.intent.qty * a.intent.side.sign
                         for a in self.actor("orders").manager._guard.waiting
                         if a.intent.con_id == con_id), ZERO)  # fmt: skip
            says = {
                "host": (host.position, host.working),
                "gate": (gate.position, sum(gate.working.values(), ZERO)),
                "orders": (self.actor("orders").manager.position(con_id), works + waits),
                "broker": (self.broker.positions.get(con_id, ZERO), works + waits),
            }
            if len(set(says.values())) > 1:
                found.append(f"{host.name}: {says}")
        return found

    def picture(self) -> str:
        """What a reader of a failure wants to know."""
        switch, gate = self.actor("kill-switch").switch, self.actor("risk").gate
        made = [alone(each.host) for each in self.strategies() if each._host]
        hosts = [(each.name, each.position, each.working) for each in made]
        trading = self.actor("orders").on_receive(AskTrading())
        return f"{hosts}, {switch}, {gate.refusals}, {trading}"

    def close(self) -> None:
        self.system.close()


def flips(con_id: int) -> Any:
    return lambda: StrategyHost(Flips(Params()), name=f"s{con_id}", instrument=CONTRACTS[con_id])


def intended(records: list[Any]) -> list[rec.OrderIntended]:
    """What strategies asked for themselves: legs and stops follow from it."""
    found = [each for each in records if isinstance(each, rec.OrderIntended)]
    return [each for each in found if not each.aux_price]
