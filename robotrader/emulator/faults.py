"""Fault programs: what goes wrong, and when, as data in a TOML file.

A program is a list of rules. A rule says *when* (``on``, ``where``, ``skip``, ``times``,
``after_s``) and *what* (``do`` and the fields of that action). Rows of the failure catalogue have a
program each in ``robotrader/emulator/programs``, named by its row; users write their own the same
way.

    row = "O8"
    title = "execDetails is lost, the status says Filled"

    [[rule]]
    on = "reply:execDetails"
    times = 0          # every time; the default is once
    do = "drop"

``on`` is ``start`` (of the program), ``accept`` (a connection), ``started`` (a client has sent
START_API), ``request:NAME`` or ``reply:NAME``, with NAME from the tables in ``robotrader.tws``.
``where`` compares fields of that message. Values that begin with ``$`` are taken from it.
"""

from __future__ import annotations

import tomllib
from decimal import Decimal
from importlib import resources
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec

if TYPE_CHECKING:
    from pathlib import Path

PLACES: Final = ("start", "accept", "started")
PASSING: Final = ("request", "reply")


class FaultError(ValueError):
    """A fault program that cannot be run; says which file, where and why."""


class _Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="do", kw_only=True):
    """When something goes wrong.

    ``skip`` occasions pass first, then ``times`` are struck (0: all of them), each ``after_s``
    seconds later.
    """

    on: str = "start"
    where: dict[str, Any] = {}
    skip: int = 0
    times: int = 1
    after_s: float = 0.0


# What happens to a message that passes.


class Drop(_Rule, frozen=True, tag="drop"):
    """The message is lost."""


class Duplicate(_Rule, frozen=True, tag="duplicate"):
    """The message comes ``copies`` times more."""

    copies: int = 1


class Delay(_Rule, frozen=True, tag="delay"):
    """The message comes ``by_s`` seconds late; others overtake it."""

    by_s: float


class Hold(_Rule, frozen=True, tag="hold"):
    """The message comes right after the next reply ``until``."""

    until: str


class Change(_Rule, frozen=True, tag="change"):
    """Fields of the message have other values."""

    fields: dict[str, Any]


class Corrupt(_Rule, frozen=True, tag="corrupt"):
    """The frame's length prefix is wrong: ``prefix`` in hex, or off by ``shift``."""

    prefix: str = ""
    shift: int = 0


class Truncate(_Rule, frozen=True, tag="truncate"):
    """Only the first ``length`` bytes of the frame are sent, then the connection is reset."""

    length: int


# What is sent besides.


class Send(_Rule, frozen=True, tag="send"):
    """A reply that nobody asked for is sent, ``every_s`` seconds again, ``count`` times in all."""

    name: str
    fields: dict[str, Any] = {}
    count: int = 1
    every_s: float = 0.0


class Raw(_Rule, frozen=True, tag="raw"):
    """Bytes in hex are sent; ``framed`` puts their length before them."""

    hex: str
    framed: bool = True


# What happens to connections.


class Close(_Rule, frozen=True, tag="close"):
    """The connection ends in order (FIN)."""


class Reset(_Rule, frozen=True, tag="reset"):
    """The connection is torn down (RST)."""


class Freeze(_Rule, frozen=True, tag="freeze"):
    """The connection stays up and dead: nothing is read and nothing is sent, for ``for_s``."""

    for_s: float = 1e9


class StopReading(_Rule, frozen=True, tag="stop_reading"):
    """The gateway reads nothing for ``for_s`` seconds; it goes on sending."""

    for_s: float = 1e9


class Segment(_Rule, frozen=True, tag="segment"):
    """What is sent arrives in pieces of ``size`` bytes."""

    size: int


class Refuse(_Rule, frozen=True, tag="refuse"):
    """Nobody listens on the port for ``for_s`` seconds."""

    for_s: float


class IgnoreHello(_Rule, frozen=True, tag="ignore_hello"):
    """Connections are accepted and never answered, for ``for_s`` seconds."""

    for_s: float = 1e9


class HoldClient(_Rule, frozen=True, tag="hold_client"):
    """A dead connection holds ``client_id`` for ``for_s`` seconds: error 326."""

    client_id: int
    for_s: float


# What happens to the gateway.


class Restart(_Rule, frozen=True, tag="restart"):
    """The gateway is down for ``down_s`` and forgets its last ``lose_orders`` orders and ids."""

    down_s: float = 35.0
    lose_orders: int = 0


class Lost(_Rule, frozen=True, tag="lost"):
    """The link to IBKR breaks (1100) for ``for_s`` seconds; then 1101, or 1102 if ``kept``."""

    for_s: float
    kept: bool = True


class Limits(_Rule, frozen=True, tag="limits"):
    """Other limits than the usual: messages a second, market-data lines, clients."""

    messages: int | None = None
    lines: int | None = None
    clients: int | None = None


# What happens at the venue.


class Quiet(_Rule, frozen=True, tag="quiet"):
    """The market data of ``symbol`` (all, if empty) stop for ``for_s``; the connection is fine."""

    symbol: str = ""
    for_s: float = 1e9


class Flood(_Rule, frozen=True, tag="flood"):
    """``rate`` ticks a second of ``symbol`` for ``for_s`` seconds."""

    symbol: str
    rate: int
    for_s: float


class Halt(_Rule, frozen=True, tag="halt"):
    """Trading of ``symbol`` halts for ``for_s`` seconds."""

    symbol: str
    for_s: float


class Fill(_Rule, frozen=True, tag="fill"):
    """Working orders of ``symbol`` fill, ``qty`` shares of each (0: all)."""

    symbol: str
    qty: int = 0


class Correct(_Rule, frozen=True, tag="correct"):
    """The last execution is corrected to ``qty`` and ``price``; quantity 0 is a bust."""

    qty: int
    price: float | None = None


class Place(_Rule, frozen=True, tag="place"):
    """Somebody else orders: another client, or by hand (``client_id`` 0, ``order_id`` 0)."""

    symbol: str
    side: str
    qty: int
    client_id: int = 0
    order_id: int = 0
    limit_price: float | None = None


Message: TypeAlias = Drop | Duplicate | Delay | Hold | Change | Corrupt | Truncate
"""Actions on the message that set the rule off."""

Rule: TypeAlias = (
    Message
    | Send
    | Raw
    | Close
    | Reset
    | Freeze
    | StopReading
    | Segment
    | Refuse
    | IgnoreHello
    | HoldClient
    | Restart
    | Lost
    | Limits
    | Quiet
    | Flood
    | Halt
    | Fill
    | Correct
    | Place
)


class Program(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A fault program: the row of the catalogue that it plays, in a word, and its rules."""

    row: str
    title: str
    rule: tuple[Rule, ...]


def read(text: str, name: str, known: frozenset[str]) -> Program:
    """Read a program from TOML.

    Args:
        text: the TOML.
        name: where it comes from, for errors.
        known: names of all messages, as ``request:NAME`` and ``reply:NAME``.

    Raises:
        FaultError: it is no TOML, has unknown fields, or names unknown messages.
    """
    try:
        program = msgspec.convert(tomllib.loads(text), Program)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        msg = f"{name}: {error}"
        raise FaultError(msg) from error
    for number, rule in enumerate(program.rule, 1):
        _check(rule, f"{name}: rule {number}", known)
    return program


def decimal(value: float) -> Decimal:
    """Return a number of a program as the venue wants it."""
    return Decimal(repr(value))


def _check(rule: Rule, where: str, known: frozenset[str]) -> None:
    if rule.on not in PLACES and rule.on not in known:
        msg = f"{where}: on = {rule.on!r}: use {', '.join(PLACES)}, request:NAME or reply:NAME"
        raise FaultError(msg)
    if isinstance(rule, Message) and rule.on.partition(":")[0] not in PASSING:
        msg = f"{where}: do = {rule.__struct_config__.tag!r} needs a message: on = 'reply:NAME'"
        raise FaultError(msg)
    if isinstance(rule, Hold) and f"reply:{rule.until}" not in known:
        msg = f"{where}: until = {rule.until!r} is no reply"
        raise FaultError(msg)


def load(path: Path, known: frozenset[str]) -> Program:
    """Read a program from a file.

    Raises:
        FaultError: it cannot be read, or not be run.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path}: {error}"
        raise FaultError(msg) from error
    return read(text, str(path), known)


def catalogue(known: frozenset[str]) -> dict[str, Program]:
    """Return the programs that robotrader ships, by row of the failure catalogue."""
    folder = resources.files("robotrader.emulator") / "programs"
    programs = {}
    for file in folder.iterdir():
        if file.name.endswith(".toml"):
            program = read(file.read_text("utf-8"), file.name, known)
            programs[program.row] = program
    return programs
