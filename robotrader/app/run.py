"""``robotrader run``: heart, the core, and in simulation the emulated gateway beside it.

Heart is the root process: it starts the others, sees their pulses, replaces what ends or hangs, and
gives up in order. Ctrl-C, SIGTERM and ``robotrader stop`` end everything, children first; so does
the end of ``robotrader run`` itself, however it came.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from robotrader.adapters.lease import Lease
from robotrader.app import breaking, exits
from robotrader.config import Mode
from robotrader.domain.errors import ConfigurationError
from supervision import heart
from supervision.heart_rules import Exit

if TYPE_CHECKING:
    from robotrader.config import Config, Resolved

GATEWAY_BOOT_S: Final = 60.0
"""The emulated gateway loads thirty years of prices before it beats."""

GATEWAY_BUDGET_S: Final = 10.0
"""It draws the history of twenty symbols in one go when the core warms its strategies up."""

CORE_BOOT_S: Final = 90.0
CORE_SHARE: Final = 0.75
GATEWAY_SHARE: Final = 0.2
"""Of ``supervision.shutdown_s``, the end of everything: one is stopped after the other."""

RUN_LEASE: Final = "run.lease"
"""Held from before the files of a run are written until heart has ended."""

_HEART: Final = "heart.json"
_HANDED: Final = "run.json"


def children_of(resolved: Resolved, data_dir: Path) -> list[dict[str, Any]]:
    """Return the processes that heart keeps, as its configuration wants them."""
    config = resolved.config
    core = {
        "name": "core",
        "argv": [sys.executable, "-m", "robotrader.app.core", str(data_dir / _HANDED)],
        "boot_s": CORE_BOOT_S,
        "shutdown_s": CORE_SHARE * config.supervision.shutdown_s,
        "intensity": config.supervision.core_max_restarts,
        "period_s": config.supervision.core_within_s,
        "terminal_codes": list(exits.NO_RESTART),
        "vital": True,
    }
    if config.mode is not Mode.SIM or config.ib.gateway_command:
        return [*breaking.link_child(config), core]
    ib, sim = config.ib, config.sim
    argv = [
        sys.executable, "-m", "robotrader", "gateway", "emulate", "--host", ib.host,
        "--port", str(ib.port), "--account", config.account, "--speed", str(sim.speed),
        "--state", str(data_dir / "gateway.json"), "--resume",
    ]  # fmt: skip
    argv += ["--start", sim.start] if sim.start else []
    argv += ["--data", sim.data] if sim.data else []
    argv += ["--calendar"] if sim.calendar else []
    asked = sim.own_time or breaking.breakable(config)
    argv += ["--control-port", str(sim.control_port)] if asked else []
    gateway = {
        "name": "gateway",
        "argv": argv,
        "boot_s": GATEWAY_BOOT_S,
        "budget_s": GATEWAY_BUDGET_S,
        "shutdown_s": GATEWAY_SHARE * config.supervision.shutdown_s,
        "terminal_codes": [exits.USAGE, exits.IN_USE],
        "env": {exits.ENDED_AT: str(data_dir / exits.ENDED)},
        "vital": True,
    }
    return [gateway, *breaking.link_child(config), core]


def prepare(resolved: Resolved) -> list[str]:
    """Write what heart and the core read; return heart's command, for this process to start.

    Raises:
        ConfigurationError: there is nothing to trade, no account, or a zone that is none.
        LeaseHeldError: a system runs in this data directory.
        OSError: the data directory cannot be written.
    """
    config = resolved.config
    if not config.universe.symbols:
        raise ConfigurationError("universe.symbols is empty: name at least one symbol")
    if not config.account:
        raise ConfigurationError("account is empty: name the account to trade, as DU1234567")
    data_dir = Path(config.data_dir)
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    _check_zones(config)
    handed = {
        "config": breaking.through_link(config), "profile": resolved.profile, "hash": resolved.hash,
        "started_ns": time.time_ns(),
    }  # fmt: skip
    (data_dir / exits.ENDED).unlink(missing_ok=True)
    (data_dir / _HANDED).write_bytes(msgspec.json.encode(handed))
    spec = {
        "children": children_of(resolved, data_dir), "dump_dir": str(data_dir / "dumps"),
        "parent": os.getpid(),
    }  # fmt: skip
    (data_dir / _HEART).write_text(json.dumps(spec))
    return heart.command(data_dir / _HEART)


def _check_zones(config: Config) -> None:
    for window in config.ib.restart_windows:
        try:
            ZoneInfo(window.tz)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            msg = f"ib.restart_windows: {window.tz} is no time zone: write one as America/New_York"
            raise ConfigurationError(msg) from None


def main(resolved: Resolved) -> int:
    """Run the system in the foreground; return the exit status (see docs/operating.md)."""
    data_dir = Path(resolved.config.data_dir)
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    lease = Lease(data_dir, RUN_LEASE)
    argv = prepare(resolved)
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    # Heart has the lease too: it ends when both have ended, and not with one of them.
    with subprocess.Popen(argv, pass_fds=(lease.fileno(),)) as process:
        signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        code = _waited(process)
    lease.release()
    return _said(code, resolved.config)


def _waited(process: subprocess.Popen[bytes]) -> int:
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue  # heart has it too, and ends everything in order


def _said(code: int, config: Config) -> int:
    """Say last why it ended, and return the exit status that fits."""
    if code == 0:
        return exits.OK
    file = Path(config.data_dir) / exits.ENDED
    if code == Exit.FORCED:
        why = f"it did not end within supervision.shutdown_s ({config.supervision.shutdown_s:g} s)"
        exits.leave(exits.ERROR, f"{why}, and was killed: see `robotrader logs`", file)
    ended = exits.Ended(exits.ERROR, f"heart ended with status {code}: see `robotrader logs`")
    with contextlib.suppress(OSError, msgspec.MsgspecError):
        ended = msgspec.json.decode(file.read_bytes(), type=exits.Ended)
    print(f"robotrader: {ended.why}", file=sys.stderr, flush=True)
    return ended.status
