"""The chain: records are dense in number, and each holds the hash of the one before.

A snapshot, too, holds the hash of the record that it stands for. So a journal whose old records
were archived is still tied to its beginning, and a snapshot of another journal is not accepted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from robotrader.journal.errors import CorruptJournal
from robotrader.journal.frame import GENESIS, Frame, Tip, decode, digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Chain:
    """Follows encoded frames, one after the other.

    ``anchors`` are places whose hashes are known: the beginning, and snapshots. The first record
    must join one of them or precede it: ``first seq <= snapshot seq + 1``.
    """

    def __init__(self, anchors: Iterable[Tip] = (GENESIS,)) -> None:
        self._known = {anchor.seq: anchor.digest for anchor in anchors}
        if not self._known:
            raise CorruptJournal("neither its beginning nor a snapshot is there")
        self._seq = max(self._known)
        self._digest = self._known[self._seq]
        self._newest, self._begun = self.tip, False

    @property
    def tip(self) -> Tip:
        """The place of the last record that was followed, or of the newest anchor."""
        return Tip(self._seq, self._digest)

    def follow(self, seq: int, data: bytes) -> Frame:
        """Return the next record of the chain.

        Raises:
            CorruptJournal: it is broken in itself, or it is not the next one.
        """
        frame = decode(seq, data)
        if not self._begun:
            self._begin(seq, frame)
        elif seq != self._seq + 1:
            raise CorruptJournal(f"follows {self._seq}: {_between(self._seq, seq)}", seq=seq)
        elif frame.prev != self._digest:
            raise CorruptJournal("is not the one that was written after the one before it", seq=seq)
        self._seq, self._digest = seq, digest(data)
        if seq in self._known and self._known[seq] != self._digest:
            raise CorruptJournal("is not the one that the snapshot of its number saw", seq=seq)
        return frame

    def _begin(self, seq: int, frame: Frame) -> None:
        if seq > self._newest.seq + 1:
            missing = _between(self._newest.seq, seq)
            raise CorruptJournal(f"is the first, and the snapshot is older: {missing}", seq=seq)
        if self._known.get(seq - 1, frame.prev) != frame.prev:
            raise CorruptJournal("is not the one that followed the snapshot before it", seq=seq)
        self._begun = True

    def end(self, expected: Tip | None = None) -> Tip:
        """Return the last place, after the last record.

        Raises:
            CorruptJournal: records are missing at the end: a snapshot, or ``expected``, is newer.
        """
        tip, newest = self.tip, self._newest if expected is None else expected
        if tip.seq < newest.seq:
            raise CorruptJournal(f"the last one is {tip.seq}, {newest.seq} was written")
        if expected is not None and tip != expected:
            msg = f"is the last one, {expected.seq} with another hash was expected"
            raise CorruptJournal(msg, seq=tip.seq)
        return tip


def _between(last: int, seq: int) -> str:
    if seq <= last:
        return "it comes twice or too late"
    return f"{last + 1} to {seq - 1} are missing"


def verified(
    rows: Iterable[tuple[int, bytes]],
    anchors: Iterable[Tip] = (GENESIS,),
    expected: Tip | None = None,
) -> Iterator[Frame]:
    """Yield the frames of ``rows``, checked; at the end, check that it is the end.

    Raises:
        CorruptJournal: as ``Chain`` says; whatever was yielded before is right.
    """
    chain = Chain(anchors)
    for seq, data in rows:
        yield chain.follow(seq, data)
    chain.end(expected)
