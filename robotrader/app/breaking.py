"""Makes a system that may be broken on purpose: only with ``[chaos] enabled``, never in mode live.

The broker's connection then goes through a process of ours, ``robotrader chaos link``; the core's
clock and its journal's disk can be asked to be wrong. Without it none of that is there.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from robotrader.app import exits
from robotrader.config import Mode

if TYPE_CHECKING:
    from collections.abc import Callable

    from actors import Trader
    from actors.chaos import Damage
    from robotrader.config import Config

LOOPBACK: Final = "127.0.0.1"


def breakable(config: Config) -> bool:
    """Return whether a system may be broken on purpose."""
    return config.chaos.enabled and config.mode is not Mode.LIVE


def link_socket(config: Config) -> Path:
    """Return where the link is asked for toxics."""
    return Path(config.data_dir) / "chaos.sock"


def through_link(config: Config) -> Config:
    """Return the configuration of a core whose way to the broker is the link."""
    if not breakable(config):
        return config
    ib = msgspec.structs.replace(config.ib, host=LOOPBACK, port=config.chaos.link_port)
    return msgspec.structs.replace(config, ib=ib)


def link_child(config: Config) -> list[dict[str, Any]]:
    """Return the link as heart is to keep it; nothing where there is none."""
    if not breakable(config):
        return []
    argv = [
        sys.executable, "-m", "robotrader", "chaos", "link",
        "--port", str(config.chaos.link_port), "--to", f"{config.ib.host}:{config.ib.port}",
        "--socket", str(link_socket(config)),
    ]  # fmt: skip
    return [
        {
            "name": "link",
            "argv": argv,
            "boot_s": 30.0,
            "budget_s": 5.0,
            "shutdown_s": 3.0,
            "terminal_codes": [exits.USAGE, exits.IN_USE],
            "env": {exits.ENDED_AT: str(Path(config.data_dir) / exits.ENDED)},
            "vital": True,
        }
    ]


def damage_of(config: Config, now_ns: Callable[[], int]) -> Damage | None:
    """Return what a chaos run may break in the core; None: nothing."""
    if not breakable(config):
        return None
    from actors.chaos import Damage

    return Damage(now_ns)


def with_fault_points(trader: Trader, damage: Damage | None) -> Trader:
    """Return a trader whose journal's disk can be full, if it may be broken."""
    if damage is None:
        return trader
    from dataclasses import replace

    from robotrader.adapters.full_disk import FillableStore

    opens = trader.open_store
    assert isinstance(opens, partial), "the store is made of a class and its arguments"
    store = partial(FillableStore, *opens.args, full=damage.disk_is_full, **opens.keywords)
    return replace(trader, open_store=store)
