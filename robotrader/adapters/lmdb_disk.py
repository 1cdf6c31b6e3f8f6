"""LMDB as the disk of a journal, with the settings that were measured to survive.

Every commit is synced (data, then meta page); no writable map, which turns a full disk into a
SIGBUS; LMDB 0.9's engine. One environment, one process, one thread at a time; local disks only; no
fork while it is open. The map grows between transactions, which is why no reader may stay open.

An error is tried again in one case only: the map was full, and could be made larger. A full disk
refuses the batch. Anything else that a write meets, EIO above all, ends in ``SafeMode``: after a
failed fsync the page cache may show what is not on the disk.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import threading
from typing import TYPE_CHECKING, Final, TypeVar

import lmdb

from robotrader.adapters.lease import Lease, LeaseHeldError
from robotrader.journal.errors import (
    CorruptJournal,
    DiskFull,
    InvalidEntry,
    JournalError,
    JournalInUse,
    SafeMode,
    out_of_order,
)
from robotrader.journal.levels import GIB, GROW_AT, grown_map
from robotrader.journal.ports import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from robotrader.journal.ports import Transaction

T = TypeVar("T")

DATA: Final = "data.mdb"
MAP_BYTES: Final = 16 * GIB
BALLAST_BYTES: Final = 256 << 20
BALLAST_SHARE: Final = 4
"""A ballast is made only where it takes at most this part of what is free."""
SHORT_WRITE_BYTES: Final = 16 << 20
"""With less than this free an EIO is LMDB's word for a write that was cut short by a full disk."""

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_DAMAGE: Final = (lmdb.CorruptedError, lmdb.PageNotFoundError, lmdb.InvalidError)
_ROOM: Final = "make room on the disk; exits and fills are written as long as there is ballast"


def take_lease(folder: Path) -> Lease:
    """Return the lease of a journal's folder: one process per journal.

    Raises:
        JournalInUse: another process, or another store of this one, has it.
    """
    try:
        return Lease(folder)
    except LeaseHeldError as error:
        msg = f"{folder} is in use by process {error.who}"
        raise JournalInUse(msg, "stop that process, or use its control commands") from None


class _LmdbTransaction:
    """A ``Transaction`` over LMDB's."""

    def __init__(self, txn: lmdb.Transaction[bytes], tables: dict[str, lmdb._Database]) -> None:
        self._txn, self._tables, self._put = txn, tables, txn.put

    def get(self, table: str, key: bytes) -> bytes | None:
        return self._txn.get(key, db=self._tables[table])

    def put(self, table: str, key: bytes, value: bytes, *, overwrite: bool = True) -> bool:
        # In LMDB's order: duplicates, overwrite, append. Names would cost a tenth of a put.
        return bool(self._put(key, value, True, overwrite, False, self._tables[table]))

    def put_all(self, table: str, rows: Sequence[tuple[bytes, bytes]]) -> None:
        with self._txn.cursor(self._tables[table]) as cursor:
            cursor.putmulti(rows)

    def extend(self, table: str, rows: Sequence[tuple[bytes, bytes]]) -> None:
        with self._txn.cursor(self._tables[table]) as cursor:
            _, added = cursor.putmulti(rows, append=True)  # no search: 0.4 us a row instead of 0.9
        if added != len(rows):
            raise out_of_order(table)

    def delete(self, table: str, key: bytes) -> bool:
        return bool(self._txn.delete(key, db=self._tables[table]))

    def rows(self, table: str, start: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        with self._txn.cursor(self._tables[table]) as cursor:
            if cursor.set_range(start) if start else cursor.first():
                yield from cursor.iternext()

    def keys(self, table: str) -> Iterator[bytes]:
        with self._txn.cursor(self._tables[table]) as cursor:
            yield from cursor.iternext(keys=True, values=False)

    def last(self, table: str) -> tuple[bytes, bytes] | None:
        with self._txn.cursor(self._tables[table]) as cursor:
            return cursor.item() if cursor.last() else None


def sync_folder(folder: Path) -> None:
    """Make renames and removals in a folder durable."""
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


GROW_EVERY: Final = 16
"""Whether the map is nearly full is looked at after one write of so many; one that finds it full
grows it first."""


class LmdbDisk:
    """The tables of a journal in the folder ``path``, for one thread at a time.

    Raises:
        CorruptJournal: LMDB cannot open what is there.
        OSError: the folder cannot be used.
    """

    def __init__(
        self,
        path: Path,
        *,
        map_bytes: int = MAP_BYTES,
        ballast_bytes: int = BALLAST_BYTES,
        readonly: bool = False,
    ) -> None:
        self.path, self._name = path, os.fspath(path)
        self._map_bytes, self._readonly = map_bytes, readonly
        self._turn, self._owner = threading.Lock(), os.getpid()
        self._writes = 0
        self._ballast = path / "ballast"
        self._open()
        if not readonly:
            shutil.rmtree(self._compacted, ignore_errors=True)
            self._make_ballast(ballast_bytes)

    @property
    def _compacted(self) -> Path:
        """Where a compacted copy is made; what is there at an opening is left from a crash."""
        return self.path / "compact.new"

    def _open(self) -> None:
        with self._translated(SafeMode):
            self._env = lmdb.open(
                os.fspath(self.path), map_size=self._map_bytes, max_dbs=16, max_readers=64,
                subdir=True, sync=True, metasync=True, writemap=False, map_async=False, lock=True,
                mode=0o600, lib_version=0, readonly=self._readonly, create=not self._readonly,
            )  # fmt: skip
            try:
                self._env.reader_check()
                self._page_bytes = self._env.stat()["psize"]
                self._lengthen()
                self._tables: dict[str, lmdb._Database] = {
                    table: self._env.open_db(table.encode(), create=not self._readonly)
                    for table in TABLES
                }
            except BaseException:
                self._env.close()
                raise

    def _lengthen(self) -> None:
        """Make a file that was cut off as long as LMDB believes it is, by a hole.

        Reading behind the end of a mapped file ends the process (SIGBUS); a hole reads as zeros,
        which are no page and no frame, and so are found.
        """
        length = (self._env.info()["last_pgno"] + 1) * self._page_bytes
        if not self._readonly and (self.path / DATA).stat().st_size < length:
            os.truncate(self.path / DATA, length)

    def _make_ballast(self, size_bytes: int) -> None:
        if not size_bytes or self._ballast.exists():
            return
        if self.free_bytes() < size_bytes * BALLAST_SHARE:
            return
        with self._ballast.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, size_bytes)

    @property
    def ballast(self) -> bool:
        """Whether there is a reserve that can be given up."""
        return self._ballast.exists()

    def drop_ballast(self) -> None:
        """Give the reserve up."""
        self._ballast.unlink(missing_ok=True)
        sync_folder(self.path)

    def free_bytes(self) -> int:
        """Return the room that is left on the file system."""
        found = os.statvfs(self._name)
        return found.f_bavail * found.f_frsize

    @property
    def used_bytes(self) -> int:
        """The size of the pages that were ever used."""
        return int(self._env.info()["last_pgno"] + 1) * self._page_bytes

    @property
    def map_bytes(self) -> int:
        """The size of the map: what the journal can grow to without asking."""
        return int(self._env.info()["map_size"])

    def read(self, work: Callable[[Transaction], T]) -> T:
        """Run ``work`` on what was committed last.

        Raises:
            CorruptJournal: LMDB finds its pages damaged.
        """
        with self._turns(), self._translated(CorruptJournal), self._env.begin() as txn:
            return work(_LmdbTransaction(txn, self._tables))

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Run ``work`` in a transaction; return when it is on the disk.

        Raises:
            DiskFull: nothing was written.
            SafeMode: nobody knows what is on the disk, or the map cannot grow.
        """
        self._enter()
        try:
            try:
                done = self._written(work)
            except lmdb.MapFullError:
                if not self._grow(full=True):
                    raise
                done = self._written(work)
            self._writes += 1
            if not self._writes % GROW_EVERY:
                self._grow()
            return done
        except lmdb.Error as error:
            raise self._meaning(error, SafeMode) from error
        finally:
            self._turn.release()

    def _written(self, work: Callable[[Transaction], T]) -> T:
        with self._env.begin(write=True) as txn:
            return work(_LmdbTransaction(txn, self._tables))

    def _grow(self, *, full: bool = False) -> bool:
        known = self._env.info()
        size, used = known["map_size"], (known["last_pgno"] + 1) * self._page_bytes
        if not full and used < size * GROW_AT:
            return False
        wanted = grown_map(size, used, self.free_bytes(), full=full)
        if wanted <= size:
            return False
        self._env.set_mapsize(wanted)
        self._map_bytes = wanted
        return True

    def _enter(self) -> None:
        """Refuse a second thread, and a child that was forked with the environment open."""
        if os.getpid() != self._owner:
            msg = f"{self.path} was opened by process {self._owner}"
            raise InvalidEntry(msg, "open it in the process that uses it; never fork with it open")
        if not self._turn.acquire(blocking=False):
            msg = f"two threads use {self.path} at once"
            raise InvalidEntry(msg, "let one thread own the journal")

    @contextlib.contextmanager
    def _turns(self) -> Iterator[None]:
        self._enter()
        try:
            yield
        finally:
            self._turn.release()

    @contextlib.contextmanager
    def _translated(self, otherwise: type[JournalError]) -> Iterator[None]:
        try:
            yield
        except lmdb.Error as error:
            raise self._meaning(error, otherwise) from error

    def _meaning(self, error: lmdb.Error, otherwise: type[JournalError]) -> JournalError:
        code = getattr(error, "code", 0)
        short = code == errno.EIO and self.free_bytes() < SHORT_WRITE_BYTES
        if code in _FULL or short:
            return DiskFull(f"{self.path}: nothing was written: {error}", _ROOM)
        if isinstance(error, _DAMAGE):
            return CorruptJournal(f"{self.path}: LMDB finds it damaged: {error}")
        return otherwise(f"{self.path}: {error}")

    def copy(self, folder: Path) -> None:
        """Write a compacted copy into an empty folder; return when it is on the disk.

        Raises:
            DiskFull: there is no room for it.
            SafeMode: it cannot be written for another reason.
        """
        folder.mkdir(parents=True, mode=0o700)
        with self._turns(), self._translated(SafeMode):
            self._env.copy(os.fspath(folder), compact=True)
        (folder / DATA).chmod(0o600)
        with (folder / DATA).open("rb") as file:
            os.fsync(file.fileno())
        sync_folder(folder)

    def compact(self, check: Callable[[Path], None]) -> tuple[int, int]:
        """Replace the file by a compacted copy of it; return its size in bytes before and after.

        ``check`` looks at the copy and raises if it is not as good as the original, which then
        stays. The exchange is one rename: a crash leaves either.
        """
        before = (self.path / DATA).stat().st_size
        try:
            self.copy(self._compacted)
            check(self._compacted)
            with self._turns():
                self._env.close()
                (self._compacted / DATA).replace(self.path / DATA)
                sync_folder(self.path)
        finally:
            shutil.rmtree(self._compacted, ignore_errors=True)
        self._open()
        return before, (self.path / DATA).stat().st_size

    def close(self) -> None:
        """Close the environment."""
        self._env.close()
