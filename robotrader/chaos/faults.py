"""What can be broken in a running system, and what that touches: faults as data.

Every fault ends by itself after its time, whoever injected it: a run that is killed leaves nothing
broken for longer than the scenario said. ``BLAST`` announces what each kind touches.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final, TypeAlias

import msgspec
from msgspec import Meta

from robotrader.chaos.toxics import Direction, Kind

_LONGEST_S: Final = 3600
_Name = Annotated[str, Meta(min_length=1, max_length=200)]
_Moment = Annotated[float, Meta(ge=0, le=_LONGEST_S)]
_Time = Annotated[float, Meta(gt=0, le=_LONGEST_S)]


class _Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="do", kw_only=True):
    """Something to break ``at_s`` seconds after the begin, ``times`` times, ``every_s`` apart."""

    at_s: _Moment = 0.0
    times: Annotated[int, Meta(ge=1, le=10_000)] = 1
    every_s: _Moment = 0.0

    @property
    def lasts_s(self) -> float:
        """How long it stays broken."""
        return float(getattr(self, "for_s", 0.0))


class KillActor(_Fault, frozen=True, tag="kill-actor"):
    """An actor or a supervisor ends without a hook, as by a crash."""

    path: _Name


class HangActor(_Fault, frozen=True, tag="hang-actor"):
    """An actor hangs in its next message, and its thread with it."""

    path: _Name
    for_s: _Time


class SlowActor(_Fault, frozen=True, tag="slow-actor"):
    """An actor takes ``by_s`` longer for every message."""

    path: _Name
    by_s: _Time
    for_s: _Time


class Poison(_Fault, frozen=True, tag="poison"):
    """An actor gets a message that it does not know."""

    path: _Name


class KillCore(_Fault, frozen=True, tag="kill-core"):
    """The core process gets SIGKILL."""


class StopCore(_Fault, frozen=True, tag="stop-core"):
    """The core process gets SIGSTOP, and SIGCONT after its time, if it is there then."""

    for_s: _Time


class FillMemory(_Fault, frozen=True, tag="fill-memory"):
    """The core may allocate no more (RLIMIT_AS), and what it had left is taken."""

    for_s: _Time


class FillDisk(_Fault, frozen=True, tag="fill-disk"):
    """The journal is told that nothing of a batch was written: no space is left."""

    for_s: _Time


class JumpClock(_Fault, frozen=True, tag="jump-clock"):
    """The core's time of day is off by ``by_s``, and right again after its time."""

    by_s: Annotated[float, Meta(ge=-86_400, le=86_400)]
    for_s: _Time


class Link(_Fault, frozen=True, tag="link"):
    """The connection to the broker has a toxic; ``amount`` is what the toxic says."""

    toxic: Kind
    for_s: _Time
    direction: Direction = Direction.BOTH
    amount: Annotated[float, Meta(ge=0, le=1e9)] = 0.0


class GatewayFault(_Fault, frozen=True, tag="gateway"):
    """The emulated gateway plays a row of the failure catalogue, as ``C6``."""

    program: _Name
    for_s: _Time = 1.0


class Storm(_Fault, frozen=True, tag="storm"):
    """A symbol has ``rate`` ticks a second."""

    symbol: _Name
    rate: Annotated[int, Meta(ge=1, le=100_000)]
    for_s: _Time


class Lock(_Fault, frozen=True, tag="lock"):
    """The gateway waits for a second factor: it accepts connections and answers none."""

    for_s: _Time


class NightlyRestart(_Fault, frozen=True, tag="nightly-restart"):
    """The gateway is down for so long, as every night."""

    for_s: _Time


Fault: TypeAlias = (
    KillActor
    | HangActor
    | SlowActor
    | Poison
    | KillCore
    | StopCore
    | FillMemory
    | FillDisk
    | JumpClock
    | Link
    | GatewayFault
    | Storm
    | Lock
    | NightlyRestart
)

EMULATED: Final = (GatewayFault, Storm, Lock, NightlyRestart)
"""What only the emulated gateway can be asked for: mode sim."""


class Place(StrEnum):
    """Who has to do something for a fault."""

    CORE = "core"
    PROCESS = "process"
    LINK = "link"
    GATEWAY = "gateway"


PLACES: Final = {
    KillActor: Place.CORE,
    HangActor: Place.CORE,
    SlowActor: Place.CORE,
    Poison: Place.CORE,
    KillCore: Place.PROCESS,
    StopCore: Place.PROCESS,
    FillMemory: Place.CORE,
    FillDisk: Place.CORE,
    JumpClock: Place.CORE,
    Link: Place.LINK,
    GatewayFault: Place.GATEWAY,
    Storm: Place.GATEWAY,
    Lock: Place.GATEWAY,
    NightlyRestart: Place.GATEWAY,
}

BLAST: Final = {
    KillActor: "the actor, those after it in its row, and what they are in the middle of",
    HangActor: "the actor and all on its thread; a safety actor's hang replaces the whole core",
    SlowActor: "the actor and all on its thread: late decisions",
    Poison: "the actor, and those after it in its row",
    KillCore: "all of the core: no decision and no protection but orders at the broker, "
    "until it is back",
    StopCore: "all of the core: heart ends it when its beats are late",
    FillMemory: "any actor of the core that allocates; the core as a whole",
    FillDisk: "everything that must be written first: no entry, no exit is sent meanwhile",
    JumpClock: "sessions, ages of prices, times in the journal; the kill switch may trip",
    Link: "prices and orders of every symbol; working orders stay at the broker",
    GatewayFault: "whatever that row of the catalogue says",
    Storm: "the symbol's prices, and all who share its connection and its processor",
    Lock: "every symbol: no connection until a person confirms, or the time is over",
    NightlyRestart: "every symbol, as every night: no prices and no orders meanwhile",
}


_WHEN: Final = frozenset({"do", "at_s", "times", "every_s"})


def named(fault: Fault) -> str:
    """Return a fault in words: its kind, and what it is aimed at; what is as always is left out."""
    fields = msgspec.to_builtins(fault)
    usual = {each.name: each.default for each in msgspec.structs.fields(fault)}
    said = [
        f"{name}={_shown(value)}"
        for name, value in fields.items()
        if name not in _WHEN and value != usual.get(name)
    ]
    return " ".join((fields["do"], *said))


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
