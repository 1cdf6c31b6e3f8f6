"""The parts of a snapshot: each a state in slices, none of them long to encode or to write.

A state is a struct whose fields all have defaults. A slice is one with some of its rows: tuples are
joined, everything else stands in the first. ``form`` says what a release can read: it changes with
every field and type of a state, and with ``RULES``, which is raised by hand where the same records
fold to something else. A snapshot of another form is not read; the records are.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import msgspec

from robotrader.execution.kept import BookState
from robotrader.ledger.trades import TradesState
from robotrader.recovery.ledger_rows import LedgerRows
from robotrader.recovery.remembered import RememberedState
from robotrader.risk.known import GateState, SwitchState
from robotrader.strategies.standings import StandingsState

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

S = TypeVar("S", bound=msgspec.Struct)

RULES: Final = 3
"""Raise it when a fold changes what it makes of the same records."""

ROWS: Final = 50
"""Rows in a slice: 25 KB of orders, which a disk syncs as fast as one record."""


@lru_cache(64)
def row_fields(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    """Return the fields that hold rows: those that are an empty tuple unless something is said."""
    return tuple(field.name for field in msgspec.structs.fields(kind) if field.default == ())


def split(state: S, rows: int = ROWS) -> Iterator[S]:
    """Yield a state's slices: first what is not rows, then up to ``rows`` rows of a field each."""
    kind = type(state)
    long = {name: found for name in row_fields(kind) if len(found := getattr(state, name)) > rows}
    yield msgspec.structs.replace(state, **dict.fromkeys(long, ()))
    for name, found in long.items():
        for first in range(0, len(found), rows):
            yield kind(**{name: found[first : first + rows]})


def join(slices: Iterable[S]) -> S:
    """Return the state that was split.

    Raises:
        ValueError: there is no slice.
    """
    first, *others = slices
    names = row_fields(type(first))
    more: dict[str, list[Any]] = {}
    for each in others:
        for name in names:
            if value := getattr(each, name):
                more.setdefault(name, []).extend(value)
    return msgspec.structs.replace(first, **{name: tuple(rows) for name, rows in more.items()})


class Part(Generic[S]):
    """A part by its name, and what it is made of."""

    def __init__(self, name: str, kind: type[S]) -> None:
        self.name = name
        self._decoder = msgspec.msgpack.Decoder(kind)
        self.schema = msgspec.json.encode(msgspec.json.schema(kind), order="sorted")

    def decode(self, slices: Iterable[bytes]) -> S:
        """Return the state.

        Raises:
            ValueError: the bytes are not a state's.
        """
        return join(map(self._decoder.decode, slices))


BOOK: Final = Part("book", BookState)
LEDGER: Final = Part("ledger", LedgerRows)
TRADES: Final = Part("trades", TradesState)
SWITCH: Final = Part("switch", SwitchState)
GATE: Final = Part("gate", GateState)
STANDINGS: Final = Part("standings", StandingsState)
STRATEGIES: Final = Part("strategies", RememberedState)
PARTS: Final[tuple[Part[Any], ...]] = (BOOK, LEDGER, TRADES, SWITCH, GATE, STANDINGS, STRATEGIES)


def form() -> str:
    """Return what tells the snapshots of this release from those it cannot read."""
    hashed = blake2b(b"%d" % RULES, digest_size=8)
    for part in PARTS:
        hashed.update(part.name.encode() + b"\0" + part.schema + b"\0")
    return hashed.hexdigest()
