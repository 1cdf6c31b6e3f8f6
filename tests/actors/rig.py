"""The whole tree over a real socket: an emulated gateway in a thread, and the trader before it."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from actors import Trader, make_tree
from actors.say import AskGate, AskLedger, AskSwitch, AskTrading, GateView, Trading
from robotrader.adapters.event_loop import new_event_loop
from robotrader.adapters.ib import IbSettings
from robotrader.adapters.ib.lookup import look_up
from robotrader.adapters.lmdb_store import LmdbStore
from robotrader.domain import Instrument, Intent, OrderType, Purpose, Side
from robotrader.emulator import Gateway, Server, Settings
from robotrader.emulator import Limits as Pace
from robotrader.gateway.link import LinkRules
from robotrader.ledger import LedgerView
from robotrader.market import LineRules
from robotrader.risk import Limits, TripRules
from robotrader.venue import AlwaysOpen
from supervision import ActorRef, ActorSystem, Supervisor, Unavailable, stop_root
from supervision.runtime.loop import LoopThread
from tests.robotrader.emulator.kit import SERIES

ACCOUNT = "DU1234567"
SYMBOLS = ("AAPL", "KO")
PATIENCE_S = 60.0
BUSY = float(os.environ.get("BUSY", "5"))
"""How much later than promised something may be where other tests run beside: it is processor time.
``BUSY=1`` on a quiet machine holds every promise to its second."""


class Exchange:
    """An emulated gateway on a thread of its own."""

    def __init__(self) -> None:
        self._ready = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        assert self._ready.wait(PATIENCE_S)

    async def _serve(self) -> None:
        settings = Settings(limits=Pace(messages=1_000))
        self.gateway = Gateway(SERIES, settings, now_ns=time.time_ns())
        self.server = Server(self.gateway, port=0)
        await self.server.start()
        self._loop = asyncio.get_running_loop()
        self._ready.set()
        await asyncio.to_thread(self._over.wait)
        await self.server.stop()

    def do(self, work: Callable[[], Any]) -> Any:
        """Run something on the gateway's own thread."""

        async def run() -> Any:
            return work()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(PATIENCE_S)

    def truth(self) -> tuple[Decimal, dict[int, Decimal], Decimal]:
        """Cash, positions and commissions as the venue has them."""

        def look() -> tuple[Decimal, dict[int, Decimal], Decimal]:
            account = self.gateway.books.accounts[ACCOUNT]
            held = {con_id: each.qty for con_id, each in account.positions.items() if each.qty}
            return account.cash, held, account.commissions

        return self.do(look)  # type: ignore[no-any-return]

    def orders(self) -> list[str]:
        """The references of every order that the venue has had today."""
        venue = self.gateway.venue

        def look() -> list[str]:
            return [each.order.order_ref for each in (*venue.live.values(), *venue.done.values())]

        found: list[str] = self.do(look)
        return found

    def price(self, con_id: int, price: float) -> None:
        """Let a contract trade at a price, and no other until the next call."""

        def show() -> None:
            market = self.gateway.market
            self.server.pass_time()
            market.quiet.add(con_id)
            market.show(market.tickers[con_id], price)

        self.do(show)

    def working(self) -> list[Resting]:
        """The orders that are alive at the venue."""

        def look() -> list[Resting]:
            return [
                Resting(
                    each.order.order_ref, each.order.con_id, each.order.side,
                    each.order.order_type, each.allowed(), each.order.aux_price, each.triggers,
                )
                for each in self.gateway.venue.live.values()
            ]  # fmt: skip

        found: list[Resting] = self.do(look)
        return found

    def cancel(self, ref: str) -> None:
        """Cancel an order behind the trader's back, as a person at TWS does."""

        def end() -> None:
            venue = self.gateway.venue
            (key,) = (key for key, each in venue.live.items() if each.order.order_ref == ref)
            self.gateway.publish(venue.cancel(key, self.gateway.timeline.now_ns))

        self.do(end)

    def cut(self) -> None:
        """Tear every connection down, as a crash of the gateway does."""

        def end() -> None:
            for link in list(self.gateway.links.values()):
                link.end("rst", "test")

        self.do(end)

    def stop(self) -> None:
        self._over.set()
        self._thread.join(PATIENCE_S)


class Resting(NamedTuple):
    """An order at the venue; ``qty`` is what it could trade now."""

    ref: str
    con_id: int
    side: Side
    order_type: OrderType
    qty: Decimal
    aux_price: Decimal | None
    stops: bool


@dataclass
class Rig:
    """A running trader, and short ways to use it."""

    exchange: Exchange
    trader: Trader
    root: ActorRef[Any]
    system: ActorSystem
    causes: list[str] = field(default_factory=list)

    def ask(self, role: str, question: Any) -> Any:
        """Ask whoever plays a role; None while nobody does."""
        try:
            return self.trader.role(role).resolve().ask(question, timeout=2)
        except Exception:  # noqa: BLE001 - it is being restarted
            return None

    def until(self, condition: Callable[[], Any], timeout_s: float = PATIENCE_S) -> Any:
        """Wait for a condition and return what it is."""
        deadline = time.monotonic() + timeout_s
        waiting = threading.Event()
        while True:
            found = condition()
            if found:
                return found
            assert time.monotonic() < deadline, f"not in {timeout_s:g} s; {self.picture()}"
            waiting.wait(0.02)

    def picture(self) -> str:
        return f"{self.gate()}, {self.trading()}, {self.ledger()}"

    def gate(self) -> GateView | None:
        found = self.ask("risk", AskGate())
        return found if isinstance(found, GateView) else None

    def trading(self) -> Trading | None:
        found = self.ask("orders", AskTrading())
        return found if isinstance(found, Trading) else None

    def ledger(self) -> LedgerView | None:
        found = self.ask("account", AskLedger())
        return found if isinstance(found, LedgerView) else None

    def switch(self) -> Any:
        return self.ask("kill-switch", AskSwitch())

    def ready(self) -> None:
        """Wait until it may trade: connected, reconciled, with cash, a day and prices."""
        self.until(lambda: (found := self.trading()) is not None and found.ready)
        self.until(lambda: (view := self.ledger()) is not None and view.day)
        self.until(lambda: (gate := self.gate()) is not None and not gate.missing)

    def contract(self, symbol: str) -> Instrument:
        return next(each for each in self.trader.instruments.values() if each.symbol == symbol)

    def intend(self, side: str, qty: int, symbol: str = "AAPL", **more: Any) -> None:
        """Say what a strategy would say to the risk gate."""
        instrument = self.contract(symbol)
        self.causes.append(f"test:{len(self.causes)}")
        intent = Intent(
            strategy="test", con_id=instrument.con_id, symbol=symbol, side=Side(side),
            qty=Decimal(qty), cause=self.causes[-1], decided_ns=time.time_ns(),
            **{"purpose": Purpose.ENTRY if side == "BUY" else Purpose.EXIT, **more},
        )  # fmt: skip
        self.until(lambda: self._tell(intent))

    def _tell(self, intent: Intent) -> bool:
        try:
            self.trader.role("risk").tell(intent)
        except Unavailable:
            return False
        return True

    def held(self, symbol: str = "AAPL") -> Decimal:
        view = self.ledger()
        return Decimal(-1) if view is None else view.position(self.contract(symbol).con_id)

    def stops(self, symbol: str = "AAPL") -> Decimal:
        """How many shares of a symbol the stops at the venue would close now."""
        con_id = self.contract(symbol).con_id
        found = (each for each in self.exchange.working() if each.con_id == con_id and each.stops)
        return sum((each.qty for each in found), Decimal(0))

    def protected(self, symbol: str = "AAPL") -> bool:
        """Whether books and stops are the venue's, and the position's (F74)."""
        _, held, _ = self.exchange.truth()
        position = held.get(self.contract(symbol).con_id, Decimal(0))
        return self.agrees() and self.stops(symbol) == abs(position)

    def trade(self, side: str, qty: int, symbol: str = "AAPL", **more: Any) -> None:
        """Intend, and wait until the ledger has it."""
        before = self.held(symbol)
        self.intend(side, qty, symbol, **more)
        after = before + qty * Side(side).sign
        self.until(lambda: self.held(symbol) == after)

    def agrees(self) -> bool:
        """Whether our books are the venue's, to the cent."""
        view = self.ledger()
        if view is None:
            return False
        held = {con_id: each.qty for con_id, each in view.positions.items()}
        return (view.cash, held, view.commissions) == self.exchange.truth()

    def kill(self, role: str) -> None:
        """End an actor as a crash would, and wait for its successor."""
        ref = self.trader.role(role).resolve()
        number = ref.number
        ref.kill()

        def back() -> bool:
            found = self.trader.registry.whereis(role)
            return found is not None and found.number != number

        self.until(back)


def _settings(port: int) -> IbSettings:
    link = LinkRules(backoff_s=0.05, backoff_cap_s=0.2)
    return IbSettings(port=port, account=ACCOUNT, link=link)


def trader(port: int, folder: Path, **changes: Any) -> Trader:
    settings = _settings(port)
    found = asyncio.run(look_up(settings, SYMBOLS, PATIENCE_S))
    instruments = {each.con_id: each for each in found.values()}
    lines = {
        con_id: LineRules(primary="ibkr", made_of="bars", size_ns=5_000_000_000)
        for con_id in instruments
    }
    given: dict[str, Any] = {
        "account": ACCOUNT,
        "settings": settings,
        "instruments": instruments,
        "sessions": AlwaysOpen(),
        "lines": lines,
        "strategies": {},
        "limits": Limits(allowed_symbols=frozenset(SYMBOLS), duplicate_window_ms=0),
        "trips": TripRules(),
        "open_store": lambda: LmdbStore(
            folder / "journal", map_bytes=1 << 28, ballast_bytes=1 << 20
        ),
        "data_dir": folder,
        "now_ns": time.time_ns,
        "restart_at_ns": lambda _: None,
    }
    return Trader(**{**given, **changes})


@contextmanager
def running(folder: Path, exchange: Exchange | None = None, **changes: Any) -> Iterator[Rig]:
    """A trader before an emulated gateway; both end with the block, unless it was given."""
    own = exchange or Exchange()
    made = trader(own.server.port, folder, **changes)
    system = ActorSystem("core")
    system.add_runtime(LoopThread(system, "broker", new_event_loop))
    children, flags = make_tree(made)
    root = system.start(Supervisor(children, flags))
    try:
        yield Rig(own, made, root, system)
    finally:
        stop_root(root)
        system.close()
        if exchange is None:
            own.stop()
