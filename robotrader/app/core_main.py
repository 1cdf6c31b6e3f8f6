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
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
from prometheus_client import CollectorRegistry, ProcessCollector, start_http_server

from actors import GatewayProgram, ProgramMemory, make_tree
from actors.alerts import Alerts
from actors.build import Build
from actors.control import control_child
from actors.lives import Lives
from actors.metrics import Meters
from actors.say import Trip
from actors.tables import Known
from robotrader import __version__
from robotrader.adapters import lease
from robotrader.adapters.event_loop import new_event_loop
from robotrader.adapters.huge_pages import use_huge_pages
from robotrader.adapters.ib.lookup import look_up
from robotrader.adapters.installed import Installed
from robotrader.adapters.logs import Logs
from robotrader.adapters.prometheus import ActorCollector
from robotrader.adapters.prometheus_breakers import BreakerCollector
from robotrader.adapters.prometheus_trading import TradingCollector
from robotrader.adapters.venue_clock import VenueClock
from robotrader.app import exits
from robotrader.app.beats import BEAT_S, beat_until, beating
from robotrader.app.breaking import damage_of, with_fault_points
from robotrader.app.building import chosen, pace_of, program_of, settings_of, trader_of
from robotrader.app.garbage import Sweeper, ended, settle_memory
from robotrader.config import Config, Mode, control_socket, log_folder
from robotrader.domain import Instrument
from robotrader.domain.errors import ConfigurationError, RoboTraderError
from robotrader.journal import JournalError
from robotrader.risk import Level
from supervision import (
    ActorStartError,
    ActorSystem,
    ChildSpec,
    Supervisor,
    Unavailable,
    stop_root,
)
from supervision.pulse import Pulse
from supervision.runtime.loop import LoopThread
from supervision.starting import ChildStartFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from actors import Trader
    from actors.chaos import Damage
    from robotrader.domain import LinkChanged
    from supervision import ActorRef

LOOKUPS: Final = 6
"""Contracts are asked for as long as so many greetings may take."""

TEMPO_S: Final = 60.0
"""How long the emulated gateway may take to say its time."""

_ACCOUNT: Final = "account"
GAVE_UP: Final = 70


class Handed(msgspec.Struct, frozen=True):
    """What ``robotrader run`` hands to the core."""

    config: Config
    profile: str
    hash: str
    started_ns: int | None = None
    """When a person began; a replaced core was begun by nobody."""

    build: str = ""
    """Version and digest of the code that runs: known to the core itself."""


class _Stop:
    """Whether to end, from whichever thread."""

    def __init__(self) -> None:
        self.wanted = threading.Event()
        self.killed = threading.Event()
        self.at_once = True
        """Whether there is nothing yet that has to be ended in order."""

    def listen(self) -> None:
        """End on SIGTERM; trip the kill switch on SIGUSR1; SIGINT is heart's business."""
        signal.signal(signal.SIGTERM, lambda *_: self._end())
        signal.signal(signal.SIGUSR1, lambda *_: self.killed.set())
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def _end(self) -> None:
        self.wanted.set()
        if self.at_once:
            raise SystemExit(exits.OK)  # a gateway that does not answer is waited for no longer


def main(handed: Path) -> int:
    """Run the core until it is stopped; return its exit status."""
    stop, pulse = _Stop(), Pulse.from_env()
    stop.listen()
    pulse.enable_crash_dumps()
    installed = Installed.of_packages()
    given = msgspec.json.decode(handed.read_bytes(), type=Handed)
    given = msgspec.structs.replace(given, build=f"{__version__}+{installed.running}")
    data_dir = Path(given.config.data_dir)
    try:
        with lease.held(data_dir), Logs(Path(log_folder(given.config)), given.config.log):
            return _live(given, data_dir, stop, pulse, installed=installed)
    except (RoboTraderError, JournalError, ActorStartError) as error:
        return _end(_root_of(error), data_dir)


def _end(why: BaseException, data_dir: Path) -> int:
    """Say why it ends, or leave that to ``robotrader run`` if nobody starts it again."""
    status = exits.status_of(why)
    if status == exits.IN_USE:  # the directory is another's: nothing is left there
        return _say(why, status)
    exits.leave(status, str(why), data_dir / exits.ENDED)
    own = exits.CONFIG if status == exits.USAGE else status
    return own if own in exits.NO_RESTART else _say(why, exits.ERROR)


def _say(why: BaseException, status: int) -> int:
    print(f"robotrader: {why}", file=sys.stderr, flush=True)
    return status


def _root_of(error: BaseException) -> BaseException:
    """Return why a child of the tree did not start, in place of that it did not."""
    if isinstance(error, ActorStartError) and error.__cause__ is not None:
        error = error.__cause__
    while isinstance(error, ChildStartFailed) and isinstance(error.reason, BaseException):
        error = error.reason
    return error


def _own(data_dir: Path, account: str) -> None:
    """Refuse a journal of another account: its positions are not this one's."""
    marked = data_dir / _ACCOUNT
    before = marked.read_text().strip() if marked.exists() else account
    if before != account:
        msg = f"{data_dir} has the journal of account {before}, not {account}: set another data_dir"
        raise ConfigurationError(msg)
    marked.write_text(f"{account}\n")


def _live(given: Handed, data_dir: Path, stop: _Stop, pulse: Pulse, installed: Installed) -> int:
    _own(data_dir, given.config.account)
    clock: VenueClock | None = None
    try:
        # In one piece from here to the tree: what is not beaten through on a busy machine, as the
        # import of a strategy, is a core that heart replaces before it ever was there.
        with beating(pulse):
            clock = _venue_clock(given.config)
            grown = _grown(given, data_dir, stop, clock, installed=installed)
        return _traded(grown, stop, pulse)
    finally:
        if clock is not None:
            clock.close()


class _Grown(NamedTuple):
    """A tree that has started. ``measured`` is kept as long as it lives."""

    system: ActorSystem
    trader: Trader
    root: ActorRef[Any]
    measured: CollectorRegistry | None


def _grown(
    given: Handed, data_dir: Path, stop: _Stop, clock: VenueClock | None, *, installed: Installed
) -> _Grown:
    system, memory = ActorSystem("core"), ProgramMemory()
    instruments = _instruments(given.config, data_dir, system, memory)
    system.add_runtime(LoopThread(system, "broker", new_event_loop))
    system.add_runtime(LoopThread(system, "control", new_event_loop))
    now_ns = time.time_ns if clock is None else clock.now_ns
    damage = damage_of(given.config, now_ns)
    now_ns = now_ns if damage is None else damage.now_ns
    trader = trader_of(
        given.config, given.hash, instruments, data_dir=data_dir, now_ns=now_ns,
        build=given.build, person_ns=_begun_ns(given, now_ns), program_memory=memory,
    )  # fmt: skip
    trader = with_fault_points(trader, damage)
    registry = _measured(system, given, trader)
    control = _control(given, trader, stop, Lives(system), damage)
    trader.outside.extend((control, _build(trader, installed)))
    children, flags = make_tree(trader)
    stop.at_once = False
    settle_memory()
    root = system.start(Supervisor(children, flags))
    trader.registry.register("root", root)
    use_huge_pages()
    return _Grown(system, trader, root, registry)


def _traded(grown: _Grown, stop: _Stop, pulse: Pulse) -> int:
    """Beat until it ends, and end it in order."""
    root = grown.root
    sweeper = Sweeper(lambda: ended(grown.system, grown.trader))
    beat_until(lambda: _ends(stop, grown, sweeper), pulse, grown.trader)
    if not root.is_alive():
        return _say(RuntimeError("the tree gave up: see the log"), GAVE_UP)
    pulse.planned()
    stop_root(root)
    grown.system.close()
    return 0


def _venue_clock(config: Config) -> VenueClock | None:
    """Return the clock of a simulated day, or None where the wall clock is the market's.

    A real gateway's time is never asked for instead of the wall clock: the day that it says it is
    would decide when is traded.
    """
    if config.mode is not Mode.SIM or not config.sim.own_time:
        return None
    clock = VenueClock("127.0.0.1", config.sim.control_port)
    clock.start(TEMPO_S)
    return clock


def _begun_ns(given: Handed, now_ns: Callable[[], int]) -> int | None:
    """Return when a person began, by the market's clock."""
    if given.started_ns is None:
        return None
    return now_ns() - round((time.time_ns() - given.started_ns) * pace_of(given.config))


def _control(
    given: Handed, trader: Trader, stop: _Stop, lives: Lives, damage: Damage | None
) -> ChildSpec:
    config = given.config
    known = Known(
        mode=config.mode.value,
        profile=given.profile,
        account=config.account,
        config_hash=given.hash,
        version=given.build,
        pid=os.getpid(),
        started_ns=trader.now_ns(),
        now_ns=trader.now_ns,
        symbols={con_id: each.symbol for con_id, each in trader.instruments.items()},
        strategies=frozenset(chosen(config)).union(*trader.strategies.values()),
        dead_man_s=config.kill_switch.dead_man_s,
        logs=Path(log_folder(config)),
    )
    return control_child(
        trader.registry, Path(control_socket(config)), known, lives=lives,
        stop=stop.wanted.set, clients_max=config.control.clients_max, damage=damage,
    )  # fmt: skip


def _build(trader: Trader, installed: Installed) -> ChildSpec:
    given = {
        "account": trader.account, "running": installed.running, "installed": installed.now,
        "journal": trader.role("journal"), "alerts": trader.role("alerts"),
        "switch": trader.role("kill-switch"), "now_ns": trader.now_ns,
    }  # fmt: skip
    return ChildSpec(id="build", start=Build, kwargs=given)


def _measured(system: ActorSystem, given: Handed, trader: Trader) -> CollectorRegistry | None:
    """Serve what is measured, if that is wanted; the page answers before the tree is there."""
    config = given.config
    if not config.metrics.enabled:
        return None
    facts = (given.build, config.mode.value, given.hash)
    meters = Meters(trader.registry, facts, time.time_ns())
    registry = CollectorRegistry()
    registry.register(ActorCollector(system))
    registry.register(BreakerCollector(system))
    registry.register(TradingCollector(meters.look))
    ProcessCollector(registry=registry)
    host, _, port = config.metrics.bind.rpartition(":")
    try:
        start_http_server(int(port), addr=host, registry=registry)
    except OSError as error:
        msg = f"metrics.bind {config.metrics.bind}: {error}; choose another port"
        raise ConfigurationError(msg) from error
    return registry


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


def _ends(stop: _Stop, grown: _Grown, sweeper: Sweeper) -> bool:
    """Wait for a beat's time; say whether to end. A signal that came trips the kill switch."""
    wanted = stop.wanted.wait(BEAT_S) or not grown.root.is_alive()
    if not wanted:
        sweeper.look()
    if not wanted and stop.killed.is_set():
        stop.killed.clear()
        _trip(grown.trader)
    return wanted


def _trip(trader: Trader) -> None:
    with contextlib.suppress(Unavailable):
        trader.role("kill-switch").resolve().ask(
            Trip(Level.CANCEL, "all", who="signal", why="SIGUSR1"), block=False
        )
