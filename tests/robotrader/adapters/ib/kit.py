"""Our port against the emulated gateway, over a real loopback socket, with everything noted."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Awaitable, Callable
from decimal import Decimal
from random import Random
from typing import Any, TypeVar

from msgspec.structs import replace

from robotrader.adapters.event_loop import new_event_loop
from robotrader.adapters.ib import IbPort, IbSettings, Sinks
from robotrader.domain import (
    BrokerSnapshot,
    FromBroker,
    Instrument,
    LinkChanged,
    LinkState,
    Order,
    OrderFailed,
    OrderReport,
    OrderType,
    PlaceOrder,
    Side,
)
from robotrader.emulator import catalogue, faults
from robotrader.gateway import (
    AskHistory,
    GatewayAlert,
    History,
    LineChanged,
    LineRules,
    LinkRules,
    PacingRules,
    Resolve,
    Resolved,
    StreamKind,
    Subscribe,
    ToData,
)
from robotrader.tws import KNOWN_MESSAGES
from tests.robotrader.emulator.kit import Lab, play, until

PROGRAMS = catalogue(KNOWN_MESSAGES)
E = TypeVar("E")
T = TypeVar("T")

LINK = LinkRules(
    handshake_s=0.3,
    backoff_s=0.02,
    backoff_cap_s=0.1,
    stable_s=60.0,
    human_retry_s=0.4,
    reminder_s=60.0,
    sync_s=0.4,
)
SETTINGS = IbSettings(
    idle_s=0.4,
    answer_s=0.5,
    ack_s=0.5,
    clock_s=3600.0,
    history_s=3.0,
    contract_s=3.0,
    link=LINK,
    lines=LineRules(stale_s=0.6, verify_s=0.2, retry_s=0.1, retry_cap_s=0.5),
    pacing=PacingRules(penalty_s=0.1),
)
"""As in production, only that seconds are tenths: a test waits for what happens, not for time.

Clocks are not compared: the question is the one that fault programs wait for in a probe."""

UNHURRIED = replace(
    SETTINGS,
    answer_s=10.0,
    history_s=20.0,
    contract_s=20.0,
    link=replace(LINK, handshake_s=10.0, sync_s=10.0),
)
"""For who expects that nothing is late: a busy machine takes longer than tenths of seconds."""


class Trader:
    """A port and everything that it said."""

    def __init__(self, lab: Lab, settings: IbSettings = SETTINGS) -> None:
        self.lab = lab
        self.broker: list[FromBroker] = []
        self.data: list[ToData] = []
        self.alerts: list[GatewayAlert] = []
        self.failures: list[Exception] = []
        sinks = Sinks(
            self.broker.append, self.data.append, self.alerts.append, self.failures.append
        )
        self.port = IbPort(
            replace(settings, port=lab.server.port),
            sinks,
            itertools.count(1).__next__,
            random=Random(7),
        )
        self._ids = itertools.count(1)

    @property
    def states(self) -> list[LinkState]:
        return [each.state for each in self.of(LinkChanged)]

    def of(self, kind: type[E]) -> list[E]:
        return [each for each in [*self.broker, *self.data] if isinstance(each, kind)]

    async def ready(self, timeout_s: float = 30.0) -> None:
        await until(lambda: self.port.link.state is LinkState.READY, timeout_s)

    async def reconnected(self, generation: int = 2, timeout_s: float = 30.0) -> None:
        await until(
            lambda: self.port.generation >= generation and self.port.link.state is LinkState.READY,
            timeout_s,
        )

    async def stock(self, symbol: str = "AAPL") -> Instrument:
        number = next(self._ids) + 5_000
        self.port.resolve(Resolve(number, symbol))
        await until(lambda: [each for each in self.of(Resolved) if each.request == number])
        (found,) = [each for each in self.of(Resolved) if each.request == number]
        assert found.instrument is not None, found.error
        return found.instrument

    async def line(self, symbol: str = "AAPL", kind: StreamKind = StreamKind.QUOTES) -> Instrument:
        """Subscribe and wait until data come."""
        instrument = await self.stock(symbol)
        self.port.subscribe(Subscribe(instrument, (kind,)))
        await until(lambda: [each for each in self.lines(instrument) if not each.stale])
        return instrument

    def lines(self, instrument: Instrument) -> list[LineChanged]:
        return [each for each in self.of(LineChanged) if each.con_id == instrument.con_id]

    def order(self, order_id: int, con_id: int = 265598, **fields: Any) -> PlaceOrder:
        wanted: dict[str, Any] = {
            "side": Side.BUY,
            "order_type": OrderType.LIMIT,
            "qty": Decimal(1),
            "limit_price": Decimal(10),
            "order_ref": f"rt-{order_id}",
        } | fields
        order = Order(con_id=con_id, account="DU1234567", **wanted)
        return PlaceOrder(order_id=order_id, order=order, generation=self.port.generation)

    def place(self, order_id: int, **fields: Any) -> None:
        self.port.place(self.order(order_id, **fields))

    def failed(self, order_id: int) -> list[int]:
        return [each.code for each in self.of(OrderFailed) if each.order_id == order_id]

    def shown(self, order_id: int) -> list[str]:
        return [e.status.value for e in self.of(OrderReport) if e.order_id == order_id]

    async def bars(self, instrument: Instrument, **fields: Any) -> History:
        number = next(self._ids)
        asked = {"duration": "1 D", "bar_size": "1 hour"} | fields
        self.port.ask_history(AskHistory(number, instrument, **asked))
        await until(lambda: [each for each in self.of(History) if each.request == number])
        (answer,) = [each for each in self.of(History) if each.request == number]
        return answer

    def snapshots(self) -> list[BrokerSnapshot]:
        return self.of(BrokerSnapshot)


class Requests:
    """Counts what the emulated gateway was asked."""

    def __init__(self, lab: Lab) -> None:
        self.counts: Counter[str] = Counter()
        serve = lab.gateway.serve

        def counted(link: Any, message: Any) -> None:
            self.counts[message.name] += 1
            serve(link, message)

        lab.gateway.serve = counted  # type: ignore[method-assign]  # a tap on this one object


def program(toml: str) -> faults.Program:
    return faults.read('row = "T"\ntitle = "test"\n' + toml, "test", KNOWN_MESSAGES)


def trade(
    scene: Callable[[Trader, Lab], Awaitable[T]],
    *,
    row: str = "",
    rules: str = "",
    speed: float = 1.0,
    settings: IbSettings = SETTINGS,
    **emulated: Any,
) -> T:
    """Serve a gateway, play a fault row or rules on it, run ``scene`` with a started port."""

    async def run(lab: Lab) -> T:
        if row:
            lab.gateway.faults.play(PROGRAMS[row])
        if rules:
            lab.gateway.faults.play(program(rules))
        trader = Trader(lab, settings)
        trader.port.start()
        try:
            result = await scene(trader, lab)
            if row:
                assert lab.gateway.faults.struck, f"{row} never struck"
        finally:
            trader.port.stop()
        await until(lambda: not lab.server.connections)
        assert trader.failures == []
        return result

    return play(run, speed=speed, make_loop=new_event_loop, **emulated)
