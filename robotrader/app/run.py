"""``robotrader run``: heart, the core, and in simulation the emulated gateway beside it.

Heart is the root process: it starts the others, sees their pulses, replaces what ends or hangs, and
gives up in order. Ctrl-C, SIGTERM and ``robotrader stop`` end everything, children first.
"""

from __future__ import annotations

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

from robotrader.adapters import lease
from robotrader.app import exits
from robotrader.app.core import ENDED, Ended
from robotrader.config import Mode
from robotrader.domain.errors import ConfigurationError
from supervision import heart

if TYPE_CHECKING:
    from robotrader.config import Config, Resolved

GATEWAY_BOOT_S: Final = 60.0
"""The emulated gateway loads thirty years of prices before it beats."""

GATEWAY_BUDGET_S: Final = 10.0
"""It draws the history of twenty symbols in one go when the core warms its strategies up."""

CORE_BOOT_S: Final = 90.0
_HEART: Final = "heart.json"
_HANDED: Final = "run.json"


def children_of(resolved: Resolved, data_dir: Path, speed: float) -> list[dict[str, Any]]:
    """Return the processes that heart keeps, as its configuration wants them."""
    config = resolved.config
    core = {
        "name": "core",
        "argv": [sys.executable, "-m", "robotrader.app.core", str(data_dir / _HANDED)],
        "boot_s": CORE_BOOT_S,
        "shutdown_s": config.supervision.shutdown_s,
        "intensity": config.supervision.core_max_restarts,
        "period_s": config.supervision.core_within_s,
    }
    if config.mode is not Mode.SIM or config.ib.gateway_command:
        return [core]
    ib = config.ib
    argv = [
        sys.executable, "-m", "robotrader", "gateway", "emulate", "--host", ib.host,
        "--port", str(ib.port), "--account", config.account, "--speed", str(speed),
        "--state", str(data_dir / "gateway.json"),
    ]  # fmt: skip
    gateway = {
        "name": "gateway",
        "argv": argv,
        "boot_s": GATEWAY_BOOT_S,
        "budget_s": GATEWAY_BUDGET_S,
        "terminal_codes": [2],
    }
    return [gateway, core]


def prepare(resolved: Resolved, speed: float = 1.0) -> list[str]:
    """Write what heart and the core read; return heart's command.

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
    _check_zones(config)
    handed = {
        "config": config, "profile": resolved.profile, "hash": resolved.hash,
        "started_ns": time.time_ns(),
    }  # fmt: skip
    spec = {"children": children_of(resolved, data_dir, speed), "dump_dir": str(data_dir / "dumps")}
    with lease.held(data_dir):  # what a running system was handed is not overwritten
        (data_dir / ENDED).unlink(missing_ok=True)
        (data_dir / _HANDED).write_bytes(msgspec.json.encode(handed))
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
    argv = prepare(resolved)
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    with subprocess.Popen(argv) as process:
        # Heart ends everything in order; without this it would live on when we are told to end.
        signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        while True:
            try:
                code = process.wait()
                break
            except KeyboardInterrupt:
                continue  # heart has it too, and ends everything in order
    return _said(code, Path(resolved.config.data_dir))


def _said(code: int, data_dir: Path) -> int:
    """Say last why it ended, and return the exit status that fits."""
    if code == 0:
        return exits.OK
    ended = Ended(exits.ERROR, f"heart ended with status {code}: see `robotrader logs`")
    if (data_dir / ENDED).exists():
        ended = msgspec.json.decode((data_dir / ENDED).read_bytes(), type=Ended)
    print(f"robotrader: {ended.why}", file=sys.stderr, flush=True)
    return ended.status
