"""The proof of the snapshots: each is what the records up to it fold to, byte for byte."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from robotrader.journal import log, snapshots
from robotrader.journal.chain import Chain
from robotrader.journal.errors import CorruptJournal, JournalError
from robotrader.journal.snapshots import Pieces
from robotrader.recovery.catalogue import CATALOGUE
from robotrader.recovery.folds import Folds, holder_of, pieces, read

if TYPE_CHECKING:
    from collections.abc import Iterable

    from robotrader.journal import Snapshot
    from robotrader.journal.ports import Transaction

PAGE_ROWS = 1_000
_REMEDY = (
    "use it no more: `robotrader journal restore` from the second copy builds a journal without "
    "snapshots; report it"
)


class Proof(msgspec.Struct, frozen=True):
    """Which snapshots were proven, which could not be, and what is wrong."""

    proven: tuple[int, ...] = ()
    skipped: tuple[int, ...] = ()
    """Those of another release: nobody reads them. And the oldest, where its records are gone."""

    problems: tuple[str, ...] = ()


def prove(txn: Transaction) -> Proof:
    """Fold the records of a sound journal, and compare at every snapshot."""
    sound, _ = snapshots.load(txn)
    known = [each for each in sound if holder_of(each) is not None]
    skipped = [each.tip.seq for each in sound if holder_of(each) is None]
    rows = log.page(txn, 1, 1)
    if known and not (rows and rows[0][0] == 1):
        skipped.append(known[0].tip.seq)  # it is what the later ones are proven from
    proven, problems = [], []
    for holder in {holder_of(each) for each in known}:
        mine = [each for each in known if holder_of(each) == holder]
        try:
            good, bad = _compared(txn, mine, begun=bool(rows and rows[0][0] == 1))
        except JournalError as error:
            good, bad = [], [str(error)]
        proven += good
        problems += bad
    return Proof(tuple(sorted(proven)), tuple(sorted(skipped)), tuple(problems))


def _compared(
    txn: Transaction, known: Iterable[Snapshot], *, begun: bool
) -> tuple[list[int], list[str]]:
    """Fold on from snapshot to snapshot; without the first records, begin with the first."""
    first, *others = known
    holder = holder_of(first)
    assert holder is not None, "the caller has looked"
    folds = Folds(holder) if begun else Folds(holder, read(first, holder))
    chain = Chain() if begun else Chain((first.tip,))
    proven, problems = [], []
    for snapshot in (first, *others) if begun else others:
        _fold(txn, folds, chain, snapshot.tip.seq)
        if Pieces(pieces(folds)).state == snapshot.state:
            proven.append(snapshot.tip.seq)
        else:
            what = "its snapshot is not what the records fold to"
            problems.append(str(CorruptJournal(what, _REMEDY, seq=snapshot.tip.seq)))
    return proven, problems


def _fold(txn: Transaction, folds: Folds, chain: Chain, until: int) -> None:
    while folds.seq < until:
        rows = log.page(txn, folds.seq + 1, min(PAGE_ROWS, until - folds.seq))
        for seq, data in rows:
            folds.apply(seq, CATALOGUE.decode(chain.follow(seq, data)))
        if not rows:
            raise CorruptJournal("is missing, and a snapshot stands for it", seq=folds.seq + 1)
