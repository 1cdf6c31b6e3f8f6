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

import msgspec

from robotrader.config import Mode
from robotrader.domain.errors import ConfigurationError
from supervision import heart

if TYPE_CHECKING:
    from robotrader.config import Resolved

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
        ConfigurationError: there is nothing to trade, or no account.
        OSError: the data directory cannot be written.
    """
    config = resolved.config
    if not config.universe.symbols:
        raise ConfigurationError("universe.symbols is empty: name at least one symbol")
    if not config.account:
        raise ConfigurationError("account is empty: name the account to trade, as DU1234567")
    data_dir = Path(config.data_dir)
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    handed = {
        "config": config, "profile": resolved.profile, "hash": resolved.hash,
        "started_ns": time.time_ns(),
    }  # fmt: skip
    (data_dir / _HANDED).write_bytes(msgspec.json.encode(handed))
    spec = {"children": children_of(resolved, data_dir, speed), "dump_dir": str(data_dir / "dumps")}
    (data_dir / _HEART).write_text(json.dumps(spec))
    return heart.command(data_dir / _HEART)


def main(resolved: Resolved) -> int:
    """Run the system in the foreground; return heart's exit status."""
    argv = prepare(resolved)
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    with subprocess.Popen(argv) as process:
        # Heart ends everything in order; without this it would live on when we are told to end.
        signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                continue  # heart has it too, and ends everything in order
