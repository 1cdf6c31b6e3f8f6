"""Snapshots of the journal's folds, taken by the journal's actor in steps that nobody waits for.

A step folds some records that are on the disk, or writes one piece of a snapshot: a commit that
comes meanwhile waits for one step at most. What is folded is what was read back, so a snapshot is
the fold of the log and of nothing else. One that cannot be used is set aside, and all is folded.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from robotrader.domain.errors import RoboTraderError
from robotrader.journal import GENESIS, CorruptJournal, DiskFull, Level
from robotrader.journal.snapshots import Pieces
from robotrader.recovery import CATALOGUE, Base, Folds, base_of, pieces, read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from robotrader.journal import Snapshot, Store
    from robotrader.recovery import Holder

EVERY_RECORDS: Final = 50_000
"""So many records behind the newest snapshot, a new one: half a second of a start."""

EVERY_NS: Final = 15 * 60 * 1_000_000_000
LEAST_RECORDS: Final = 1_000
"""Fewer are not worth a snapshot, however old: they are folded in milliseconds."""

STEP_RECORDS: Final = 50
"""Records folded in a step: about a millisecond."""

STEP_S: Final = 0.01
"""Between two steps, so that they take a tenth of one processor at most."""

LAG_RECORDS: Final = 250
"""The folds follow the log when they are so far behind it, and not at each record."""

LAST_S: Final = 2.0
"""What the last snapshot of a session may take."""

_UNFIT: Final = (RoboTraderError, ArithmeticError, LookupError, TypeError, ValueError)
_log: Final = logging.getLogger(__name__)


class Snapshots:
    """See the module's prose. ``base`` is the newest snapshot that can be used.

    Args:
        store: the open journal.
        holder: whose journal it is.
        wall_ns: the time of day.
        every_records: how many records make a snapshot due.
    """

    def __init__(
        self,
        store: Store,
        holder: Holder,
        wall_ns: Callable[[], int],
        every_records: int = EVERY_RECORDS,
    ) -> None:
        self._store, self._wall_ns, self._every = store, wall_ns, every_records
        self._taken_ns = wall_ns()
        self.base, self._folds = _found(store, holder)
        self._tip = self.base.tip
        self._since = self.base.tip.seq
        self._writing: Iterator[bytes] | None = None
        self._written: list[bytes] = []
        self._counted = Pieces()
        self._given_up = False

    @property
    def due(self) -> bool:
        """Whether there is a step to make now."""
        lag = self._store.tip.seq - self._tip.seq
        far = lag >= min(LAG_RECORDS, self._every)
        return not self._given_up and (self._writing is not None or far)

    @property
    def _wanted(self) -> bool:
        new = self._tip.seq - self._since
        old = self._wall_ns() - self._taken_ns >= EVERY_NS
        return new >= self._every or (old and new >= LEAST_RECORDS)

    def step(self) -> bool:
        """Do a little; return whether there is more."""
        if self._writing is not None:
            self._write_piece(self._writing)
        elif not self._given_up:
            self._fold()
            if self._wanted:
                self._begin()
        behind = self._tip.seq < self._store.tip.seq
        return not self._given_up and (self._writing is not None or behind)

    def finish(self, now_ns: Callable[[], int]) -> None:
        """End the session with a snapshot, if it is worth one and takes no longer than it may.

        ``now_ns`` is a clock that nobody sets.
        """
        until_ns = now_ns() + round(LAST_S * 1e9)
        while not self._given_up and now_ns() < until_ns:
            if self.step():
                continue
            if self._tip.seq - self._since < LEAST_RECORDS:
                return
            self._begin()

    def _fold(self) -> None:
        frames, tip = self._store.page(self._tip, STEP_RECORDS)
        try:
            for frame in frames:
                self._folds.apply(frame.seq, CATALOGUE.decode(frame))
        except _UNFIT:
            self._given_up = True
            _log.exception("no snapshots are taken from now on: a record behind %s", self._tip.seq)
        else:
            self._tip = tip

    def _begin(self) -> None:
        self._since, self._taken_ns = self._tip.seq, self._wall_ns()
        if self._store.health().level is Level.LOW:
            _log.warning("no snapshot is taken: the disk is almost full; make room")
            return
        self._writing, self._written, self._counted = pieces(self._folds), [], Pieces()

    def _write_piece(self, writing: Iterator[bytes]) -> None:
        seq, piece = self._tip.seq, next(writing, None)
        try:
            if piece is None:
                self._store.put_snapshot(seq, self._counted.state, self._wall_ns())
            else:
                self._store.put_piece(seq, len(self._written), piece)
        except DiskFull as error:
            self._give_up(seq, error)
            return
        if piece is None:
            self._writing = None
            self.base = base_of(self._tip, self._written)
            _log.info("snapshot of record %s in %s pieces", seq, len(self._written))
        else:
            self._written.append(piece)
            self._counted.add(piece)

    def _give_up(self, seq: int, error: DiskFull) -> None:
        """Leave the room that is left to the records; the next snapshot is another try."""
        self._writing = None
        _log.warning("the snapshot of record %s was given up: %s", seq, error)
        with suppress(DiskFull):
            self._store.drop_pieces(seq)


def _found(store: Store, holder: Holder) -> tuple[Base, Folds]:
    """Return the newest snapshot that can be used, and its folds."""
    snapshot, broken = store.snapshot()
    for error in broken:
        _log.warning("a snapshot is set aside: %s", error)
    if snapshot is not None:
        try:
            return _usable(snapshot, holder)
        except CorruptJournal as error:
            _log.warning("a snapshot is set aside: %s", error)
    return Base(GENESIS), Folds(holder)


def _usable(snapshot: Snapshot, holder: Holder) -> tuple[Base, Folds]:
    base = read(snapshot, holder)
    try:
        return base, Folds(holder, base)
    except _UNFIT as error:
        what = f"its snapshot cannot be read: {error!r}"
        remedy = "the records are folded instead; report it"
        raise CorruptJournal(what, remedy, seq=snapshot.tip.seq) from error
