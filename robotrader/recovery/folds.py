"""All folds of the journal in one object: what a snapshot is taken of.

It follows what is durable, behind the actors and at its own pace, so it can stand still while its
state is written, and nobody waits for it. ``Base`` is the other end: a snapshot that was read, part
by part, for the actors that begin with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from robotrader.execution import kept
from robotrader.execution.book import Book
from robotrader.journal import GENESIS, CorruptJournal, Tip
from robotrader.ledger import Ledger
from robotrader.ledger.trades import Trades
from robotrader.recovery import parts
from robotrader.recovery.ledger_rows import from_rows, to_rows
from robotrader.recovery.remembered import Remembered
from robotrader.risk.known import GateFold, SwitchFold
from robotrader.strategies.standings import Standings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from robotrader.domain.records import Record
    from robotrader.journal import Snapshot
    from robotrader.recovery.parts import Part, S

REMEDY = "the records are folded instead, which takes longer; the next snapshot will be of use"


class Holder(msgspec.Struct, frozen=True):
    """Whose journal is folded: the account, and the multipliers of the contracts it can hold."""

    account: str = ""
    multipliers: tuple[tuple[int, int], ...] = ()

    @classmethod
    def of(cls, account: str, multipliers: Mapping[int, int]) -> Holder:
        """Return it for an account and its contracts."""
        return cls(account, tuple(sorted(multipliers.items())))


class _Head(msgspec.Struct, frozen=True):
    """The first piece: what the others are. ``lengths`` counts the slices of each part."""

    form: str
    holder: Holder
    lengths: dict[str, int]


class Base(msgspec.Struct, frozen=True):
    """A snapshot's place and the slices of its parts; without any, it is the beginning."""

    tip: Tip = GENESIS
    slices: dict[str, tuple[bytes, ...]] = {}

    def part(self, part: Part[S]) -> S | None:
        """Return a part's state; None at the beginning."""
        return part.decode(self.slices[part.name]) if part.name in self.slices else None


class Folds:
    """See the module's prose. ``seq`` is the record that was folded last."""

    def __init__(self, holder: Holder, base: Base | None = None) -> None:
        base = base or Base()
        self.holder, self.seq = holder, base.tip.seq
        rows = base.part(parts.LEDGER)
        self.ledger = ledger(holder, None if rows is None else rows)
        self.book = Book()
        book = base.part(parts.BOOK)
        if book is not None:
            kept.restore(self.book, book)
        self.trades = Trades(base.part(parts.TRADES))
        self.switch = SwitchFold(base.part(parts.SWITCH))
        self.gate = GateFold(base.part(parts.GATE))
        self.standings = Standings(base.part(parts.STANDINGS))
        self.strategies = Remembered(base.part(parts.STRATEGIES))

    def apply(self, seq: int, record: Record) -> None:
        """Fold the next record in."""
        self.seq = seq
        self.ledger.apply(record)
        self.book.apply(record)
        self.trades.apply(record)
        self.switch.apply(record)
        self.gate.apply(record)
        self.standings.apply(seq, record)
        self.strategies.apply(record)

    def slices(self, rows: int = parts.ROWS) -> Iterator[tuple[Part[Any], msgspec.Struct]]:
        """Yield the slices of all states; apply nothing before the last of them is encoded."""
        for book in kept.slices(self.book, rows):
            yield parts.BOOK, book
        others: tuple[tuple[Part[Any], Callable[[], msgspec.Struct]], ...] = (
            (parts.LEDGER, lambda: to_rows(self.ledger.snapshot())),
            (parts.TRADES, self.trades.state),
            (parts.SWITCH, self.switch.state),
            (parts.GATE, self.gate.state),
            (parts.STANDINGS, self.standings.state),
            (parts.STRATEGIES, self.strategies.state),
        )
        for part, state in others:
            for each in parts.split(state(), rows):
                yield part, each


def ledger(holder: Holder, rows: Any = None) -> Ledger:
    """Return a ledger of the holder's, new or as a snapshot has it."""
    state = None if rows is None else from_rows(rows)
    made = Ledger(holder.account, (), state=state)
    made.multipliers = dict(holder.multipliers)
    return made


def pieces(folds: Folds) -> Iterator[bytes]:
    """Yield what is written of the folds: the slices of all parts, and last what they are."""
    encoder = msgspec.msgpack.Encoder()
    lengths: dict[str, int] = {}
    for part, each in folds.slices():
        lengths[part.name] = lengths.get(part.name, 0) + 1
        yield encoder.encode(each)
    yield encoder.encode(_Head(parts.form(), folds.holder, lengths))


def holder_of(snapshot: Snapshot) -> Holder | None:
    """Return whose a snapshot is; None if it is of another form."""
    try:
        head = msgspec.msgpack.decode(snapshot.pieces[-1], type=_Head)
    except (IndexError, msgspec.MsgspecError):
        return None
    return head.holder if head.form == parts.form() else None


def read(snapshot: Snapshot, holder: Holder) -> Base:
    """Return a sound snapshot as what actors begin with.

    Raises:
        CorruptJournal: it was written by another release, or for another account or other
            contracts.
    """
    seq, found = snapshot.tip.seq, holder_of(snapshot)
    if found is None:
        raise CorruptJournal("its snapshot was written by another release", REMEDY, seq=seq)
    if found != holder:
        msg = "its snapshot is of another account or of other contracts"
        raise CorruptJournal(msg, REMEDY, seq=seq)
    return base_of(snapshot.tip, snapshot.pieces)


def base_of(tip: Tip, written: Iterable[bytes]) -> Base:
    """Return the base that pieces are."""
    *slices, last = written
    head = msgspec.msgpack.decode(last, type=_Head)
    made, first = dict[str, tuple[bytes, ...]](), 0
    for name, length in head.lengths.items():
        made[name] = tuple(slices[first : first + length])
        first += length
    return Base(tip, made)
