"""The gateway's state on disk: what survives a restart of the process.

A file is replaced as a whole, so that a crash leaves the old one or the new one and nothing
between.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec

from robotrader.emulator.gateway import GatewayState

if TYPE_CHECKING:
    from pathlib import Path

    from robotrader.emulator.gateway import Gateway


class StateError(ValueError):
    """A file that holds no state of a gateway."""


def save(gateway: Gateway, path: Path) -> None:
    """Write the gateway's state.

    Raises:
        OSError: it cannot be written; the file that was there stays.
    """
    beside = path.with_name(path.name + ".new")
    with beside.open("wb") as file:
        file.write(msgspec.json.encode(gateway.state()))
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def load(path: Path) -> GatewayState:
    """Read a state.

    Raises:
        StateError: the file is there but is none.
        OSError: it cannot be read.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=GatewayState)
    except msgspec.MsgspecError as error:
        msg = f"{path} holds no state of an emulated gateway: {error}. Move it away to begin anew"
        raise StateError(msg) from error
