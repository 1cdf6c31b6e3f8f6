"""The core process: everything that decides or trades, under one supervision tree.

``robotrader run`` has heart start it with the resolved configuration in a file. It beats only while
every safety actor makes progress; it ends in order when it is told to, and exits with a status that
heart understands when it must not be started again.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
from prometheus_client import CollectorRegistry, start_http_server

from actors import make_tree
from actors.control import control_child
from actors.say import Trip
from actors.tables import Known
from robotrader import __version__
from robotrader.adapters import lease
from robotrader.adapters.ib.lookup import look_up
from robotrader.adapters.logs import Logs
from robotrader.adapters.prometheus import ActorCollector
from robotrader.app.building import settings_of, trader_of
from robotrader.config import Config, control_socket, log_folder
from robotrader.domain import Instrument
from robotrader.domain.errors import ConfigurationError, RoboTraderError
from robotrader.risk import Level
from supervision import ActorSystem, Supervisor, Unavailable, stop_root
from supervision.pulse import Pulse
from supervision.runtime.loop import LoopThread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from actors import Trader
    from supervision import ChildSpec

BEAT_S: Final = 0.25
SAFETY: Final = ("journal", "kill-switch", "orders", "risk")
"""Who has to make progress for the process to be alive."""

STUCK_S: Final = 2.0
"""The longest that a message may wait in a safety actor's mailbox while the process beats."""

AWAY_S: Final = 10.0
"""The longest that a safety actor may be away: it is being restarted, or its journal replayed."""

YOUNG: Final = 10_000
"""Objects between two looks at young ones: an order's way makes hundreds, in few cycles."""

LOOKUP_S: Final = 60.0
EX_CONFIG: Final = 78
"""What heart does not start again: the configuration is wrong (sysexits.h)."""

GAVE_UP: Final = 70


class Handed(msgspec.Struct, frozen=True):
    """What ``robotrader run`` hands to the core."""

    config: Config
    profile: str
    hash: str


class _Stop:
    """Whether to end, from whichever thread."""

    def __init__(self) -> None:
        self.wanted = threading.Event()
        self.killed = threading.Event()

    def listen(self) -> None:
        """End on SIGTERM; trip the kill switch on SIGUSR1; SIGINT is heart's business."""
        signal.signal(signal.SIGTERM, lambda *_: self.wanted.set())
        signal.signal(signal.SIGUSR1, lambda *_: self.killed.set())
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def main(handed: Path) -> int:
    """Run the core until it is stopped; return its exit status."""
    stop, pulse = _Stop(), Pulse.from_env()
    stop.listen()
    pulse.enable_crash_dumps()
    given = msgspec.json.decode(handed.read_bytes(), type=Handed)
    data_dir = Path(given.config.data_dir)
    try:
        with lease.held(data_dir), Logs(Path(log_folder(given.config)), given.config.log):
            return _live(given, data_dir, stop, pulse)
    except lease.LeaseHeldError as error:
        return _say(error, lease.EXIT_CODE)
    except ConfigurationError as error:
        return _say(error, EX_CONFIG)
    except RoboTraderError as error:
        return _say(error, 1)


def _say(error: Exception, status: int) -> int:
    print(f"robotrader: {error}", file=sys.stderr, flush=True)
    return status


def _live(given: Handed, data_dir: Path, stop: _Stop, pulse: Pulse) -> int:
    instruments = _instruments(given.config, data_dir, pulse)
    system = ActorSystem("core")
    system.add_runtime(LoopThread(system, "broker"))
    system.add_runtime(LoopThread(system, "control"))
    trader = trader_of(
        given.config, given.hash, instruments, data_dir=data_dir, now_ns=time.time_ns,
        build=__version__,
    )  # fmt: skip
    trader.outside.append(_control(given, trader, stop))
    registry = _measured(system, given.config)
    children, flags = make_tree(trader)
    with _beating(pulse):
        root = system.start(Supervisor(children, flags))
    trader.registry.register("root", root)
    rest_collector()
    _beat_until(stop, pulse, trader, root.is_alive)
    del registry
    if not root.is_alive():
        return _say(RuntimeError("the tree gave up: see the log"), GAVE_UP)
    pulse.planned()
    stop_root(root)
    system.close()
    return 0


def rest_collector() -> None:
    """Let the garbage collector leave alone what has been there since the start, and look seldom.

    Without it a full collection, which stops every thread, walks through all of the process.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 20, 50)


def _control(given: Handed, trader: Trader, stop: _Stop) -> ChildSpec:
    config = given.config
    known = Known(
        mode=config.mode.value,
        profile=given.profile,
        account=config.account,
        config_hash=given.hash,
        version=__version__,
        pid=os.getpid(),
        started_ns=time.time_ns(),
        symbols={con_id: each.symbol for con_id, each in trader.instruments.items()},
    )
    return control_child(
        trader.registry, Path(control_socket(config)), known, stop=stop.wanted.set,
        clients_max=config.control.clients_max,
    )  # fmt: skip


def _measured(system: ActorSystem, config: Config) -> CollectorRegistry | None:
    if not config.metrics.enabled:
        return None
    registry = CollectorRegistry()
    registry.register(ActorCollector(system))
    host, _, port = config.metrics.bind.rpartition(":")
    try:
        start_http_server(int(port), addr=host, registry=registry)
    except OSError as error:
        msg = f"metrics.bind {config.metrics.bind}: {error}; choose another port"
        raise ConfigurationError(msg) from error
    return registry


@contextlib.contextmanager
def _beating(pulse: Pulse) -> Iterator[None]:
    """Tell heart of progress while something takes its time: contracts, a replay."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(BEAT_S):
            pulse.replaying()

    thread = threading.Thread(target=beat, name="replaying", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _instruments(config: Config, data_dir: Path, pulse: Pulse) -> list[Instrument]:
    """Return the contracts of the universe: as they are known, or as the broker says."""
    kept = data_dir / "contracts.json"
    known: dict[str, Instrument] = {}
    if kept.exists():
        known = msgspec.json.decode(kept.read_bytes(), type=dict[str, Instrument])
    missing = [symbol for symbol in config.universe.symbols if symbol not in known]
    if missing:
        with _beating(pulse):
            known |= asyncio.run(look_up(settings_of(config), missing, LOOKUP_S))
        kept.write_bytes(msgspec.json.encode(known))
    return [known[symbol] for symbol in config.universe.symbols]


def _beat_until(stop: _Stop, pulse: Pulse, trader: Trader, alive: Callable[[], bool]) -> None:
    """Beat while the safety actors make progress, until the end is wanted or the tree is gone."""
    seen = dict.fromkeys(SAFETY, time.monotonic())
    while not stop.wanted.wait(BEAT_S) and alive():
        if stop.killed.is_set():
            stop.killed.clear()
            _trip(trader)
        if all(_progresses(trader, role, seen) for role in SAFETY):
            pulse.beat()


def _progresses(trader: Trader, role: str, seen: dict[str, float]) -> bool:
    now = time.monotonic()
    try:
        ref = trader.role(role).resolve()
    except Unavailable:
        return now - seen[role] < AWAY_S
    seen[role] = now
    return bool(ref.oldest_age_s() < STUCK_S)


def _trip(trader: Trader) -> None:
    with contextlib.suppress(Unavailable):
        trader.role("kill-switch").resolve().ask(
            Trip(Level.CANCEL, "all", who="signal", why="SIGUSR1"), block=False
        )


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
