"""Work on a journal that no process has open: verify, read, back up, restore.

Everything takes the lease first, so it is refused while a core runs. ``restore`` builds the new
journal beside the old one, audits it, and moves the old one aside: nothing is ever overwritten.
"""

from __future__ import annotations

import itertools
import shutil
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from robotrader import recovery
from robotrader.adapters import journal_files as files
from robotrader.adapters.lmdb_disk import DATA, LmdbDisk, sync_folder, take_lease
from robotrader.adapters.lmdb_store import check_copy
from robotrader.journal import log
from robotrader.journal.auditor import audit
from robotrader.journal.chain import Chain
from robotrader.journal.errors import InvalidEntry
from robotrader.journal.frame import Frame, Tip

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from robotrader.journal.auditor import Audit
    from robotrader.journal.ports import Transaction
    from robotrader.recovery import Proof

BATCH_ROWS: Final = 1_000


class Restored(msgspec.Struct, frozen=True):
    """What a restore built, and where the journal that was there has gone (None: none was)."""

    records: int
    tip: Tip
    epoch: int
    aside: Path | None


@contextmanager
def _opened(path: Path) -> Iterator[LmdbDisk]:
    if not (path / DATA).is_file():
        raise InvalidEntry(f"{path} is no journal: it has no {DATA}", "name a journal's folder")
    lease = take_lease(path)
    try:
        disk = LmdbDisk(path, readonly=True)
        try:
            yield disk
        finally:
            disk.close()
    finally:
        lease.release()


def verify(path: Path) -> Audit:
    """Return what an audit of the journal in ``path`` finds.

    Raises:
        JournalInUse: a process has it open.
        CorruptJournal: LMDB cannot even open it.
    """
    with _opened(path) as disk:
        return disk.read(audit)


def prove(path: Path) -> Proof:
    """Return whether the snapshots of a sound journal are what its records fold to.

    Raises:
        JournalInUse: a process has it open.
    """
    with _opened(path) as disk:
        return disk.read(recovery.prove)


def read(path: Path, after: int = 0) -> Iterator[Frame]:
    """Yield the records behind number ``after`` that are left in the journal, checked.

    Raises:
        CorruptJournal: the next record is not what was written.
    """
    with _opened(path) as disk:
        chain = disk.read(log.chain_from)
        first = 1
        while rows := disk.read(partial(log.page, first=first, count=BATCH_ROWS)):
            for seq, data in rows:
                frame = chain.follow(seq, data)
                if seq > after:
                    yield frame
            first = rows[-1][0] + 1


def backup(path: Path, folder: Path) -> Audit:
    """Write a compacted copy of a journal into ``folder``, which must not exist; audit it.

    Raises:
        CorruptJournal: the journal, or the copy, has a fault.
        FileExistsError: the folder is there.
    """
    with _opened(path) as disk:
        found = disk.read(audit)
        disk.copy(folder)
        check_copy(folder, found.tip)
    return found


def available(folders: Iterable[Path]) -> tuple[int, int]:
    """Return how many records the segment files hold without a gap from the first, and of how many.

    Raises:
        CorruptJournal: a file is broken before its end, or two files contradict each other.
    """
    whole = last = 0
    for seq, _ in files.records(files.listed(folders)):
        whole = seq if seq == whole + 1 else whole
        last = seq
    return whole, last


def restore(path: Path, folders: Sequence[Path], *, epoch: int = 0) -> Restored:
    """Build the journal in ``path`` anew from second copies and archives.

    The epoch is the last record's, or ``epoch`` if that is greater; opening it adds one. Snapshots
    are not in the copies: the first start replays everything.

    Raises:
        JournalInUse: a process has the journal open.
        CorruptJournal: the files are not a whole journal from its first record on.
        OSError: a file or folder cannot be used.
    """
    beside = _unused(path, "new")
    beside.mkdir(parents=True)
    try:
        tip, epoch = _built(beside, folders, epoch)
    except BaseException:
        shutil.rmtree(beside)
        raise
    return Restored(tip.seq, tip, epoch, _swapped(path, beside))


def _built(path: Path, folders: Sequence[Path], epoch: int) -> tuple[Tip, int]:
    disk = LmdbDisk(path, ballast_bytes=0)
    try:
        tip, epoch = _filled(disk, files.records(files.listed(folders)), epoch)
    finally:
        disk.close()
    check_copy(path, tip)
    return tip, epoch


def _filled(disk: LmdbDisk, rows: Iterator[tuple[int, bytes]], epoch: int) -> tuple[Tip, int]:
    chain = Chain()

    def work(txn: Transaction, batch: list[tuple[int, bytes]]) -> None:
        nonlocal epoch
        for seq, data in batch:
            frame = chain.follow(seq, data)
            epoch = max(epoch, frame.epoch)
            log.adopt(txn, frame, data)
        log.put_state(txn, log.State(epoch, chain.tip))

    while batch := list(itertools.islice(rows, BATCH_ROWS)):
        disk.write(partial(work, batch=batch))
    if not chain.tip.seq:
        raise InvalidEntry("the folders hold no records", "name those of copies and archives")
    return chain.tip, epoch


def _swapped(path: Path, beside: Path) -> Path | None:
    """Put ``beside`` in the place of ``path``; return where the old one is now."""
    aside = None
    if path.exists():
        lease = take_lease(path)
        try:
            aside = _unused(path, "old")
            path.rename(aside)
            beside.rename(path)
        finally:
            lease.release()
    else:
        beside.rename(path)
    sync_folder(path.parent)
    return aside


def _unused(path: Path, kind: str) -> Path:
    names = (path.with_name(f"{path.name}.{kind}-{number}") for number in itertools.count(1))
    return next(name for name in names if not name.exists())
