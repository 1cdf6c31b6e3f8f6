"""The core process of ``robotrader demo``: a supervised tree that is broken on purpose.

A source sends ticks to symbol actors under two supervisors. Then one actor is crashed, one is made
to hang, one is crashed until its supervisor gives up and the supervisor above restarts the whole
branch; at last the process kills itself with SIGKILL, and is started again by heart. Every line
that is printed was measured. While it runs, the counters can be read at the printed address, as
Prometheus would.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from threading import Condition
from typing import TYPE_CHECKING, Any, Final

from prometheus_client import CollectorRegistry, start_http_server

from robotrader.adapters.prometheus import ActorCollector
from robotrader.adapters.prometheus_breakers import BreakerCollector
from supervision import (
    Actor,
    ActorSystem,
    ChildSpec,
    Down,
    Supervisor,
    SupervisorFlags,
)
from supervision.manage import count_children
from supervision.pulse import Pulse

if TYPE_CHECKING:
    from collections.abc import Callable

    from supervision import ActorRef

TICK_S: Final = 0.001
BEAT_S: Final = 0.25
RECOVERS_S: Final = 10.0
"""Longest wait for a recovery; a hang takes its budget of 0.5 s, everything else milliseconds."""

SYMBOLS: Final = ("AAPL", "AMD", "JPM", "KO", "MSFT", "PFE", "WMT", "XOM")


@dataclass(frozen=True, slots=True)
class Tick:
    """One tick of the source."""

    number: int


@dataclass(frozen=True, slots=True)
class Subscribe:
    """A symbol actor asks the source for ticks."""

    symbol: str
    ref: ActorRef[Any]


class Board:
    """What the demo's own thread sees: which incarnation handled ticks last, and how many did."""

    def __init__(self) -> None:
        self._changed = Condition()
        self.seen: dict[str, int] = {}
        self.starts: dict[str, int] = {}

    def ticked(self, symbol: str, incarnation: int) -> None:
        """Note that an incarnation of ``symbol`` handled a tick."""
        if self.seen.get(symbol) != incarnation:
            with self._changed:
                self.seen[symbol] = incarnation
                self.starts[symbol] = self.starts.get(symbol, 0) + 1
                self._changed.notify_all()

    def wait(self, holds: Callable[[], bool]) -> float:
        """Wait until ``holds()``; return how long it took in seconds.

        Raises:
            TimeoutError: it did not in ``RECOVERS_S`` seconds.
        """
        begun = time.perf_counter()
        with self._changed:
            if not self._changed.wait_for(holds, RECOVERS_S):
                msg = f"no recovery within {RECOVERS_S:g} s; incarnations: {self.starts}"
                raise TimeoutError(msg)
        return time.perf_counter() - begun


class Source(Actor):
    """Ticks for everybody who subscribed; forgets whoever ends."""

    runtime = "pool"

    def __init__(self) -> None:
        super().__init__()
        self._number = 0
        self._refs: dict[int, ActorRef[Any]] = {}

    def on_start(self) -> None:
        """Begin to tick."""
        self.send_after(TICK_S, "tick")

    def on_receive(self, message: Any) -> Any:
        """Tick, add a subscriber, or drop one that ended."""
        if message == "tick":
            self._number += 1
            for ref in self._refs.values():
                if ref.is_alive():
                    ref.tell(Tick(self._number))
            self.send_after(TICK_S, "tick")
        elif isinstance(message, Subscribe):
            self._refs[message.ref.number] = message.ref
            self.monitor(message.ref)
        elif isinstance(message, Down):
            self._refs.pop(message.ref.number, None)


class Symbol(Actor):
    """Handles ticks; obeys ``crash`` and ``hang``, which is what a demo is for."""

    runtime = "pool:symbols"
    hang_budget_s = 0.5

    def __init__(self, symbol: str, source: ActorRef[Any], board: Board) -> None:
        super().__init__()
        self._symbol = symbol
        self._source = source
        self._board = board

    def on_start(self) -> None:
        """Subscribe with the address of this incarnation."""
        self._source.tell(Subscribe(self._symbol, self.actor_ref))

    def on_receive(self, message: Any) -> Any:
        """Handle a tick, or break as told."""
        if message == "crash":
            msg = f"{self._symbol}: told to crash"
            raise RuntimeError(msg)
        if message == "hang":
            while True:  # only the watchdog gets out of here
                pass
        self._board.ticked(self._symbol, self.actor_ref.number)
        return None


class Demo:
    """The running demo."""

    def __init__(self, pulse: Pulse) -> None:
        self.board = Board()
        self.system = ActorSystem("demo")
        registry = CollectorRegistry()
        registry.register(ActorCollector(self.system))
        registry.register(BreakerCollector(self.system))
        self._http, self._thread = start_http_server(0, "127.0.0.1", registry)
        self.url = f"http://127.0.0.1:{self._http.server_port}/metrics"
        self.source = self.system.start(Source())
        self.root = self.system.start(self._tree())
        self.system.start(Pacemaker(pulse, self.root))

    def _tree(self) -> Supervisor:
        children = [
            ChildSpec(id=symbol, start=Symbol, args=(symbol, self.source, self.board))
            for symbol in SYMBOLS
        ]
        # A symbol may fail three times in five seconds before its branch is considered broken.
        desk = SupervisorFlags(intensity=3, period_s=5)
        branch = ChildSpec(
            id="desk", start=Supervisor, args=(children, desk), type="supervisor", runtime="pool"
        )
        return Supervisor([branch], SupervisorFlags(intensity=1, period_s=5))

    def ref(self, symbol: str) -> ActorRef[Any]:
        """Return the living incarnation of ``symbol``."""
        number = self.board.seen[symbol]
        return self.system.cells[number].ref

    def break_and_recover(self, symbol: str, how: str) -> float:
        """Break one actor; return the seconds until its successor handled a tick."""
        before, ref = self.board.starts[symbol], self.ref(symbol)
        ref.tell(how)
        return self.board.wait(lambda: self.board.starts[symbol] > before)

    def storm(self, symbol: str) -> tuple[int, float]:
        """Crash one actor until its whole branch is new; return crashes and seconds."""
        others = {name: self.board.seen[name] for name in SYMBOLS if name != symbol}
        branch = self.ref(symbol).actor_inbox.parent
        begun, crashes = time.perf_counter(), 0
        while self.ref(symbol).actor_inbox.parent is branch:
            crashes += 1
            self.break_and_recover(symbol, "crash")
        self.board.wait(lambda: all(self.board.seen[name] != others[name] for name in others))
        return crashes, time.perf_counter() - begun

    def scrape(self) -> dict[str, float]:
        """Read the own counters over HTTP, as Prometheus would; sums by metric name."""
        with urllib.request.urlopen(self.url, timeout=5) as answer:  # noqa: S310 - our own loopback
            lines = answer.read().decode().splitlines()
        totals: dict[str, float] = {}
        for line in lines:
            if not line.startswith("#"):
                name, value = line.split("{")[0].split(" ")[0], line.rsplit(" ", 1)[1]
                totals[name] = totals.get(name, 0.0) + float(value)
        return totals

    def close(self) -> float:
        """Stop everything in order; return the seconds it took."""
        begun = time.perf_counter()
        self.root.stop()
        self.source.stop()
        took = time.perf_counter() - begun
        self.system.close()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()
        return took


class Pacemaker(Actor):
    """Beats for heart, each time only after the root supervisor has answered."""

    def __init__(self, pulse: Pulse, root: ActorRef[Any]) -> None:
        super().__init__()
        self._pulse, self._root = pulse, root

    def on_start(self) -> None:
        """Beat at once: heart's budget for the boot ends with the first beat."""
        self.actor_ref.tell("beat")

    def on_receive(self, message: Any) -> Any:
        """Ask the root supervisor for a sign of life, then beat."""
        count_children(self._root, timeout=BEAT_S)
        self._pulse.beat()
        self.send_after(BEAT_S, message)


def main(died_ns: Path) -> int:
    """Run the core; ``died_ns`` is where an incarnation notes when it killed itself.

    Returns 0 if every recovery was seen, 1 with a message if one was not.
    """
    logging.getLogger("supervision").setLevel(logging.CRITICAL)  # the crashes here are the demo
    pulse = Pulse.from_env()
    pulse.enable_crash_dumps()
    demo = Demo(pulse)
    try:
        up_s = demo.board.wait(lambda: len(demo.board.seen) == len(SYMBOLS))
        if not died_ns.exists():
            _show(demo, up_s)
            died_ns.write_text(str(time.monotonic_ns()))
            os.kill(os.getpid(), signal.SIGKILL)
        dead_s = (time.monotonic_ns() - int(died_ns.read_text())) / 1e9
        _say(f"kill -9   the core killed itself; heart had a new one ticking after {dead_s:.2f} s")
    except TimeoutError as error:
        _say(f"FAILED    {error}")
        return 1
    finally:
        pulse.planned()
        took = demo.close()
    _say(f"stopped   in order in {took * 1e3:.1f} ms")
    return 0


def _show(demo: Demo, up_s: float) -> None:
    _say(f"metrics   {demo.url}")
    _say(f"started   {len(SYMBOLS)} symbol actors, all ticking after {up_s * 1e3:.1f} ms")
    crash_s = demo.break_and_recover("AAPL", "crash")
    _say(f"crash     AAPL raised; its successor handled a tick after {crash_s * 1e3:.2f} ms")
    hang_s = demo.break_and_recover("MSFT", "hang")
    budget = f"budget {Symbol.hang_budget_s:g} s"
    _say(f"hang      MSFT looped for ever; fenced and replaced after {hang_s:.2f} s ({budget})")
    crashes, storm_s = demo.storm("KO")
    _say(f"storm     KO crashed {crashes} times; its supervisor gave up and the one above")
    _say(f"          restarted the whole branch, all ticking again after {storm_s * 1e3:.1f} ms")
    totals = demo.scrape()
    shown = ("started", "crashed", "messages_handled")
    numbers = ", ".join(f"{name} {totals[f'robotrader_actor_{name}_total']:.0f}" for name in shown)
    _say(f"counters  {numbers} (scraped over HTTP)")


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
