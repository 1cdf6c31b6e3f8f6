"""The roles round a symbol as small actors, and a branch among them, simulated or on the pool."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from actors import StrategyActor, SymbolActor, symbol_branch
from actors.messages import (
    AskAgain,
    AskHistory,
    AskStanding,
    History,
    LineFreshness,
    Priced,
    Recall,
    Recalled,
    Told,
)
from robotrader.domain import Bar, Intent, Quote, Trade
from robotrader.domain.records import MessageQuarantined, StrategySaved, SuspensionChanged
from robotrader.market import EdgeLimits, LineRules
from robotrader.strategies import StrategyHost
from robotrader.venue import AlwaysOpen, Sessions
from supervision import Actor, ActorRef, Registry, Simulation, Supervisor, SupervisorFlags
from supervision.testing import actor_of
from tests.robotrader.strategies.kit import AAPL, START, Broker, M, S, sma_host

RULES = LineRules(
    primary="ib", size_ns=M, silent_ns=10 * M, edge=EdgeLimits(jump=1.0, old_ns=10 * M)
)


class Journal(Actor):
    """Keeps records, and answers from them."""

    runtime = "pool"

    def __init__(self) -> None:
        super().__init__()
        self.records: list[Any] = []

    def on_receive(self, message: Any) -> Any:
        if not isinstance(message, Recall):
            self.records.append(message)
            return None
        name, state = message.strategy, b""
        for record in self.records:
            if isinstance(record, StrategySaved) and record.strategy == name:
                state = record.state
        held = [r.message for r in self.quarantined() if r.actor == name]
        changes = [r for r in self.records if isinstance(r, SuspensionChanged)]
        mine = [r.why if r.suspended else "" for r in changes if r.strategy == name]
        return Recalled(state, tuple(held), mine[-1] if mine else "")

    def quarantined(self) -> list[MessageQuarantined]:
        return [r for r in self.records if isinstance(r, MessageQuarantined)]


class Settle:
    """To the gate: let the broker answer now."""

    def __init__(self, price: float, now_ns: int) -> None:
        self.price, self.now_ns = price, now_ns


class Gate(Actor):
    """Risk gate, order manager and broker of these tests: lets every intent through, once."""

    runtime = "pool"

    def __init__(self, symbol: Any, make_broker: Callable[[str], Broker]) -> None:
        super().__init__()
        self.symbol, self.make_broker = symbol, make_broker
        self.brokers: dict[str, Broker] = {}
        self.lines: list[LineFreshness] = []
        self.fills_at_start = False

    def broker(self, name: str) -> Broker:
        if name not in self.brokers:
            self.brokers[name] = self.make_broker(name)
        return self.brokers[name]

    def on_receive(self, message: Any) -> Any:
        if isinstance(message, AskStanding):
            standing = self.broker(message.strategy).standing()
            if self.fills_at_start:
                self.settle(100.0, START)
            return standing
        if isinstance(message, Intent):
            self.broker(message.strategy).ask([message])
        elif isinstance(message, LineFreshness):
            self.lines.append(message)
        elif isinstance(message, Settle):
            self.settle(message.price, message.now_ns)
        return None

    def settle(self, price: float, now_ns: int) -> None:
        for name, broker in sorted(self.brokers.items()):
            for answer in broker.answers(price, now_ns):
                self.symbol.resolve().tell_urgent(Told(name, answer))


class Data(Actor):
    """A data source: answers for history with the bars that it was given."""

    runtime = "pool"

    def __init__(self, symbol: Any, past: Sequence[Bar]) -> None:
        super().__init__()
        self.symbol, self.past = symbol, list(past)
        self.asked: list[Any] = []
        self.mute = False

    def on_receive(self, message: Any) -> Any:
        self.asked.append(message)
        if self.mute:
            return
        if isinstance(message, AskHistory):
            first, last = message.span
            found = [b for b in self.past if first <= b.start_ns and b.end_ns <= last]
            self.symbol.tell(History(message.span, tuple(found)))
        else:
            assert isinstance(message, AskAgain)


class World:
    """A branch of AAPL with its roles, in a system (a simulation unless one is given)."""

    def __init__(
        self,
        strategies: dict[str, Callable[[], StrategyHost]],
        *,
        seed: int = 0,
        past: Sequence[Bar] = (),
        broker_seed: int | None = None,
        system: Any = None,
        rules: LineRules = RULES,
        sessions: Sessions | None = None,
        left: tuple[list[Any], dict[str, Broker]] | None = None,
        fills_at_start: bool = False,
    ) -> None:
        self.system = system or Simulation(seed)
        self.now_ns = START
        registry = Registry()
        symbol = registry.ref(("symbol", AAPL.con_id))
        make_broker = lambda name: Broker(  # noqa: E731 - one line is what it is
            None if broker_seed is None else Random(f"{broker_seed}/{name}")
        )
        self.journal_ref = self.system.start(Journal())
        self.gate_ref = self.system.start(Gate(symbol, make_broker))
        self.data_ref = self.system.start(Data(symbol, past))
        if left is not None:  # by the process before
            self.journal.records, self.gate.brokers = left
        self.gate.fills_at_start = fills_at_start
        branch = symbol_branch(
            instrument=AAPL,
            sessions=sessions or AlwaysOpen(),
            rules=rules,
            strategies=strategies,
            wall_ns=self.wall_ns,
            registry=registry,
            journal=self.journal_ref,
            risk=self.gate_ref,
            data=self.data_ref,
        )
        flags = SupervisorFlags(intensity=100, period_s=1)
        self.root: ActorRef[Any] = self.system.start(Supervisor([branch], flags))
        self.symbol = symbol

    def wall_ns(self) -> int:
        """In a simulation its time; otherwise the time of what was told last."""
        if isinstance(self.system, Simulation):
            return START + self.system.now_ns()
        return self.now_ns

    @property
    def journal(self) -> Journal:
        return actor_of(self.journal_ref)  # type: ignore[no-any-return]  # as for the next

    @property
    def gate(self) -> Gate:
        return actor_of(self.gate_ref)  # type: ignore[no-any-return]  # refs are not generic here

    @property
    def data(self) -> Data:
        return actor_of(self.data_ref)  # type: ignore[no-any-return]  # as above

    def actors(self, kind: type[Any]) -> list[Any]:
        """The living actors of a class."""
        return [cell.actor for cell in list(self.system.cells.values()) if type(cell.actor) is kind]

    def strategy(self, name: str) -> StrategyActor:
        (found,) = (a for a in self.actors(StrategyActor) if a.name == name)
        return found  # type: ignore[no-any-return]  # actors() finds any class

    def symbol_actor(self) -> SymbolActor:
        return actor_of(self.symbol.resolve())  # type: ignore[no-any-return]  # as above

    def price(self, datum: Bar | Quote | Trade, source: str = "ib") -> None:
        self.symbol.tell(Priced(source, datum))

    def play(self, told: Sequence[Bar], between: Callable[[], None] = lambda: None) -> None:
        """In a simulation: bars at their times; the broker answers before the next one."""
        for bar in told:
            self.system.run_for(max(0, bar.end_ns - self.wall_ns() - S // 2) / S)
            self.gate_ref.tell(Settle(bar.open, bar.start_ns))
            self.system.settle()
            self.system.run_for(max(0, bar.end_ns - self.wall_ns()) / S)
            self.price(bar)
            between()
            self.system.settle()

    def asked(self, name: str) -> list[Intent]:
        return self.gate.broker(name).asked

    def close(self) -> None:
        self.system.close()


def walk(seed: int, count: int) -> list[float]:
    random, closes = Random(seed), [100.0]
    for _ in range(count - 1):
        closes.append(closes[-1] + random.choice([-1.0, 0.0, 1.0]))
    return closes


def short() -> StrategyHost:
    return sma_host(short=True)
