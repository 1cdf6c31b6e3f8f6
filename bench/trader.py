"""A trader's whole tree in a process of its own, as the core runs it, for benchmarks.

Everything is what ``robotrader run`` starts, but for three things: bars are made of trades and as
short as the benchmark wants, so that a strategy may act on every tick; the limits of how many
orders pass are wide; and there is no control socket.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import sys
import time
from dataclasses import replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from actors import make_tree
from actors.say import AskGate, AskLedger, AskTrading
from bench.lives import resident_bytes
from robotrader.adapters.event_loop import new_event_loop
from robotrader.adapters.huge_pages import use_huge_pages
from robotrader.adapters.logs import Logs
from robotrader.adapters.prometheus import ActorCollector
from robotrader.app.building import trader_of
from robotrader.app.garbage import settle_memory
from robotrader.config import layers, log_folder, resolve
from robotrader.domain import Bar, Instrument, Quote, TimeInForce
from robotrader.gateway.lines import LineRules as Lines
from robotrader.market import LineRules
from robotrader.risk import Ratio
from robotrader.strategies import Context, Params, State, Strategy, StrategyHost
from supervision import ActorSystem, Supervisor, Unavailable, stop_root
from supervision.runtime.loop import LoopThread

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

    from actors import Trader
    from robotrader.config import Config

READY_S: Final = 60.0
LOOK_S: Final = 0.05
MANY: Final = 1_000_000
EVERY: Final = 7
"""Of so many quotes one is noted: notes take memory. It has no divisor with numbers of symbols."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a trader is started with.

    ``bar_ns`` is the length of bars, made of trades. ``cpus`` are the processors that it may use,
    empty: all. ``rate`` limits its requests a second. ``strategy`` is ``echo`` (an order with
    every bar) or ``watch`` (looks at quotes).
    """

    port: int
    folder: str
    instruments: tuple[Instrument, ...]
    strategy: str
    bar_ns: int = 60_000_000_000
    client_id: int = 11
    account: str = "DU1234567"
    durable: bool = True
    rate: int = 45
    cpus: frozenset[int] = frozenset()


class NoParams(Params, frozen=True):
    """Nothing can be set."""


class Echo(Strategy[NoParams, State]):
    """Asks for a share with every bar, below the market and at once: it is never filled."""

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        """Buy."""
        ctx.buy(1, limit=bar.close * 0.98, tif=TimeInForce.IOC)


class Watch(Strategy[NoParams, State]):
    """Looks at every quote; notes which it was and when it came."""

    def __init__(self, params: NoParams, seen: list[tuple[float, int]]) -> None:
        super().__init__(params)
        self._seen = seen

    def on_quote(self, ctx: Context, quote: Quote) -> None:  # noqa: ARG002 - a strategy's method
        """Note the number, which is the bid's size."""
        if not quote.bid_size % EVERY:
            self._seen.append((quote.bid_size, time.monotonic_ns()))


def configured(wanted: Wanted) -> Config:
    """Return the configuration of a trader in simulation."""
    symbols = msgspec.json.encode([each.symbol for each in wanted.instruments]).decode()
    says = [
        'mode="sim"', f'account="{wanted.account}"', f"data_dir={wanted.folder!r}",
        f"ib.port={wanted.port}", f"ib.client_id={wanted.client_id}",
        f"universe.symbols={symbols}", "ib.pacing.market_data_lines=1000",
        f'journal.durability="{"fsync" if wanted.durable else "os"}"',
    ]  # fmt: skip
    return resolve([layers.from_settings(says)], "demo").config


def trader(wanted: Wanted, config: Config, seen: list[tuple[float, int]]) -> Trader:
    """Return what the tree is made of: as ``robotrader run`` has it, but for the module's three."""
    made = trader_of(
        config, "bench", wanted.instruments, data_dir=Path(wanted.folder), now_ns=time.time_ns,
        build="bench",
    )  # fmt: skip

    def host(instrument: Instrument) -> StrategyHost:
        strategy: Strategy[Any, Any] = (
            Echo(NoParams()) if wanted.strategy == "echo" else Watch(NoParams(), seen)
        )
        name = f"{wanted.strategy}/{instrument.symbol}"
        return StrategyHost(strategy, name=name, instrument=instrument)

    rules = LineRules(primary="ibkr", made_of="trades", size_ns=wanted.bar_ns)
    limits = msgspec.structs.replace(
        made.limits, max_orders_per_s=MANY, max_orders_per_min=MANY, max_orders_per_day=MANY,
        duplicate_window_ms=0, max_losses_row=0, price_collar=Ratio(Decimal("0.5")),
    )  # fmt: skip
    return replace(
        made,
        settings=msgspec.structs.replace(
            made.settings, lines=Lines(budget=2 * MANY), rate=wanted.rate
        ),
        limits=limits,
        lines=dict.fromkeys(made.instruments, rules),
        strategies={
            con_id: {f"{wanted.strategy}/{each.symbol}": partial(host, each)}
            for con_id, each in made.instruments.items()
        },
    )


def _until(condition: Callable[[], Any], what: str) -> None:
    deadline = time.monotonic() + READY_S
    while not condition():
        if time.monotonic() > deadline:
            msg = f"the trader is not ready within {READY_S:g} s: {what}"
            raise TimeoutError(msg)
        time.sleep(LOOK_S)


def _ask(made: Trader, role: str, question: object) -> Any:
    try:
        return made.role(role).resolve().ask(question, timeout=READY_S)
    except Unavailable:
        return None


def _wait(made: Trader) -> None:
    """Wait until it trades: connected, reconciled, with cash, a day and prices."""

    def is_ready(role: str, question: object, check: Callable[[Any], Any]) -> Callable[[], bool]:
        def look() -> bool:
            found = _ask(made, role, question)
            return found is not None and bool(check(found))

        return look

    _until(is_ready("orders", AskTrading(), lambda each: each.ready), "not reconciled")
    _until(is_ready("account", AskLedger(), lambda each: each.day), "no day")
    _until(is_ready("risk", AskGate(), lambda each: not each.missing), "no quotes")


def _serve(pipe: Connection, wanted: Wanted) -> None:
    """Be the trader's process: say that it trades, then answer until told to stop."""
    if wanted.cpus:
        os.sched_setaffinity(0, wanted.cpus)
    config, seen = configured(wanted), list[tuple[float, int]]()
    with Logs(Path(log_folder(config)), config.log):
        system = ActorSystem("core")
        system.add_runtime(LoopThread(system, "broker", new_event_loop))
        collector = ActorCollector(system)
        made = trader(wanted, config, seen)
        children, flags = make_tree(made)
        settle_memory()
        root = system.start(Supervisor(children, flags))
        _wait(made)
        use_huge_pages()
        pipe.send("ready")
        while (asked := pipe.recv()) != "stop":
            pipe.send(_figures(system, made, seen) if asked == "figures" else None)
        stop_root(root)
        system.close()
        del collector


def _figures(system: ActorSystem, made: Trader, seen: list[tuple[float, int]]) -> dict[str, Any]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    noted, seen[:] = list(seen), []
    return {
        "bytes": resident_bytes(),
        "cpu_s": used.ru_utime + used.ru_stime,
        "waiting": sum(len(cell.queue) for cell in list(system.cells.values())),
        "seen": noted,
        "every": EVERY,
        "refusals": _ask(made, "risk", AskGate()).refusals,
    }


class TraderProcess:
    """A trader in a process of its own.

    Raises:
        EOFError: it ended before it could trade; its error is on standard error.
    """

    def __init__(self, wanted: Wanted) -> None:
        spawning = multiprocessing.get_context("spawn")
        self._pipe, child = spawning.Pipe()
        self._process = spawning.Process(target=_serve, args=(child, wanted), daemon=True)
        self._process.start()
        child.close()

    def ready(self) -> None:
        """Wait until it trades."""
        self._pipe.recv()

    def figures(self) -> dict[str, Any]:
        """Return what it has used and seen since the last call."""
        self._pipe.send("figures")
        found: dict[str, Any] = self._pipe.recv()
        return found

    def stop(self) -> None:
        """End it in order."""
        self._pipe.send("stop")
        self._process.join(30)
        if self._process.exitcode:
            sys.stderr.write(f"a trader ended with {self._process.exitcode}\n")
