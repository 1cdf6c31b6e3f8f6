"""The core process: everything that decides or trades, under one supervision tree.

``robotrader run`` has heart start it with the resolved configuration in a file. It beats only while
every safety actor makes progress; it ends in order when it is told to, and exits with a status that
heart understands when it must not be started again.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
from prometheus_client import CollectorRegistry, start_http_server

from actors import GatewayProgram, ProgramMemory, make_tree
from actors.alerts import Alerts
from actors.control import control_child
from actors.lives import Lives
from actors.say import Trip
from actors.tables import Known
from robotrader import __version__
from robotrader.adapters import lease
from robotrader.adapters.ib.lookup import look_up
from robotrader.adapters.logs import Logs
from robotrader.adapters.prometheus import ActorCollector
from robotrader.app import exits
from robotrader.app.building import chosen, program_of, settings_of, trader_of
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
    from robotrader.domain import LinkChanged
    from supervision import ChildSpec

BEAT_S: Final = 0.25
SAFETY: Final = ("journal", "kill-switch", "orders", "risk")
"""Who has to make progress for the process to be alive."""

STUCK_S: Final = 2.0
"""The longest that a message may wait in a safety actor's mailbox while the process beats."""

AWAY_S: Final = 10.0
"""The longest that a safety actor may be away: it is being restarted, or its journal replayed."""

LOOKUPS: Final = 6
"""Contracts are asked for as long as so many greetings may take."""

ENDED: Final = "ended.json"
"""Why the core ended, for ``robotrader run`` to say last."""

_ACCOUNT: Final = "account"
EX_CONFIG: Final = 78
"""What heart does not start again: the configuration is wrong (sysexits.h)."""

GAVE_UP: Final = 70


class Handed(msgspec.Struct, frozen=True):
    """What ``robotrader run`` hands to the core."""

    config: Config
    profile: str
    hash: str
    started_ns: int | None = None
    """When a person began; a replaced core was begun by nobody."""


class Ended(msgspec.Struct, frozen=True):
    """Why a core did not go on, and which exit status that is."""

    status: int
    why: str


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
        return _say(error, lease.EXIT_CODE)  # the directory is another's: nothing is left there
    except ConfigurationError as error:
        return _end(data_dir, error, EX_CONFIG)
    except RoboTraderError as error:
        return _end(data_dir, error, 1)


def _end(data_dir: Path, error: RoboTraderError, status: int) -> int:
    """Leave why this process ends to whoever waits for heart; say it if it is tried again."""
    ended = Ended(exits.status_of(error), str(error))
    (data_dir / ENDED).write_bytes(msgspec.json.encode(ended))
    return status if status == EX_CONFIG else _say(error, status)


def _say(error: Exception, status: int) -> int:
    print(f"robotrader: {error}", file=sys.stderr, flush=True)
    return status


def _own(data_dir: Path, account: str) -> None:
    """Refuse a journal of another account: its positions are not this one's."""
    marked = data_dir / _ACCOUNT
    before = marked.read_text().strip() if marked.exists() else account
    if before != account:
        msg = f"{data_dir} has the journal of account {before}, not {account}: set another data_dir"
        raise ConfigurationError(msg)
    marked.write_text(f"{account}\n")


def _live(given: Handed, data_dir: Path, stop: _Stop, pulse: Pulse) -> int:
    _own(data_dir, given.config.account)
    system, memory = ActorSystem("core"), ProgramMemory()
    with _beating(pulse):
        instruments = _instruments(given.config, data_dir, system, memory)
    system.add_runtime(LoopThread(system, "broker"))
    system.add_runtime(LoopThread(system, "control"))
    trader = trader_of(
        given.config, given.hash, instruments, data_dir=data_dir, now_ns=time.time_ns,
        build=__version__, person_ns=given.started_ns,
        program_memory=memory,
    )  # fmt: skip
    registry = _measured(system, given.config)
    trader.outside.append(_control(given, trader, stop, Lives(system)))
    children, flags = make_tree(trader)
    with _beating(pulse):
        root = system.start(Supervisor(children, flags))
    trader.registry.register("root", root)
    _beat_until(stop, pulse, trader, root.is_alive)
    del registry
    if not root.is_alive():
        return _say(RuntimeError("the tree gave up: see the log"), GAVE_UP)
    pulse.planned()
    stop_root(root)
    system.close()
    return 0


def _control(given: Handed, trader: Trader, stop: _Stop, lives: Lives) -> ChildSpec:
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
        strategies=frozenset(chosen(config)).union(*trader.strategies.values()),
        dead_man_s=config.kill_switch.dead_man_s,
        logs=Path(log_folder(config)),
    )
    return control_child(
        trader.registry, Path(control_socket(config)), known, lives=lives,
        stop=stop.wanted.set, clients_max=config.control.clients_max,
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


def _instruments(
    config: Config, data_dir: Path, system: ActorSystem, memory: ProgramMemory
) -> list[Instrument]:
    """Return the contracts of the universe: as they are known, or as the broker says."""
    kept = data_dir / "contracts.json"
    known: dict[str, Instrument] = {}
    if kept.exists():
        known = msgspec.json.decode(kept.read_bytes(), type=dict[str, Instrument])
    missing = [symbol for symbol in config.universe.symbols if symbol not in known]
    if missing:
        with _gateway_program(config, system, memory) as (patience_s, told):
            known |= asyncio.run(look_up(settings_of(config), missing, patience_s, told))
        kept.write_bytes(msgspec.json.encode(known))
    return [known[symbol] for symbol in config.universe.symbols]


@contextlib.contextmanager
def _gateway_program(
    config: Config, system: ActorSystem, memory: ProgramMemory
) -> Iterator[tuple[float, Callable[[LinkChanged], None]]]:
    """Have the gateway's own program run before there is a tree; yield the patience and an ear.

    It goes on when the block ends: the tree's actor finds it in the memory.
    """
    start, patience_s = program_of(config), LOOKUPS * config.ib.connect_timeout_s
    if start is None:
        yield patience_s, lambda _: None
        return
    alerts = system.start(Alerts())
    program = system.start(GatewayProgram(start, alerts, memory))
    try:
        yield patience_s + start.rules.adopt_s + start.rules.grace_s, program.tell
    finally:
        program.stop()
        alerts.stop()


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
