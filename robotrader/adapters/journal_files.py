"""Segment files: the second copy that is written beside the store, and the archive.

``SegmentCopy`` never runs ahead of the store: it is written after the commit, and its fdatasync
runs in a thread beside the next one. An archive file is compressed (zstd, by way of pyarrow), read
back and followed record by record before anything is deleted because of it; ``hashes`` beside it is
checked by ``b2sum -l 256 -c hashes``.
"""

from __future__ import annotations

import os
from concurrent.futures import Future, ThreadPoolExecutor
from hashlib import blake2b
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

import msgspec

from robotrader.adapters.lmdb_disk import sync_folder
from robotrader.journal import segment
from robotrader.journal.errors import CorruptJournal
from robotrader.journal.frame import Tip, decode, digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SUFFIX: Final = ".seg"
PACKED: Final = ".seg.zst"
FILE_BYTES: Final = 16 << 20
"""A copy begins a new file at this size: what a scan at the start has to read."""


class SegmentFile(msgspec.Struct, frozen=True):
    """A segment file on the disk and what is in it."""

    path: Path
    scan: segment.Scan


def read(path: Path) -> bytes:
    """Return the bytes of a segment file, unpacked.

    Raises:
        CorruptJournal: a packed file cannot be unpacked.
        OSError: it cannot be read.
    """
    if not path.name.endswith(PACKED):
        return path.read_bytes()
    import pyarrow as pa

    try:
        with pa.CompressedInputStream(os.fspath(path), "zstd") as stream:
            return bytes(stream.read())
    except (OSError, pa.ArrowException) as error:
        raise CorruptJournal(f"{path}: cannot be unpacked: {error}") from error


def listed(folders: Iterable[Path]) -> list[SegmentFile]:
    """Return the segment files of folders in the order of their first records.

    Raises:
        CorruptJournal: one is broken before its end; the error names the file.
    """
    found = [_scanned(path) for folder in folders for path in _paths(folder)]
    return sorted(found, key=lambda file: (file.scan.before.seq, -file.scan.tip.seq))


def _paths(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.name.endswith((SUFFIX, PACKED)))


def _scanned(path: Path) -> SegmentFile:
    try:
        return SegmentFile(path, segment.scan(read(path)))
    except CorruptJournal as error:
        raise CorruptJournal(f"{path}: {error.what}", error.remedy, seq=error.seq) from error


def records(files: Iterable[SegmentFile]) -> Iterator[tuple[int, bytes]]:
    """Yield the records of files, each number once.

    Raises:
        CorruptJournal: two files differ in a record.
    """
    last = Tip(0, b"")
    for file in files:
        if file.scan.tip.seq <= last.seq:
            continue
        for seq, data in segment.entries(read(file.path)):
            if seq == last.seq and digest(data) != last.digest:
                raise CorruptJournal(f"{file.path} has another one than the file before", seq=seq)
            if seq > last.seq:
                last = Tip(seq, digest(data))
                yield seq, data


def pack(folder: Path, rows: list[tuple[int, bytes]]) -> Path:
    """Write rows as one archive file, check it record by record, list its hash; return its path.

    Raises:
        CorruptJournal: what was read back is not what was written; the file is removed.
        OSError: it cannot be written.
    """
    import pyarrow as pa

    (first, data), (last, end) = rows[0], rows[-1]
    before = Tip(first - 1, decode(first, data).prev)
    path = folder / f"{first:020d}-{last:020d}{PACKED}"
    beside = path.with_name(path.name + ".new")
    content = segment.head(before) + b"".join(segment.entry(data) for _, data in rows)
    with pa.CompressedOutputStream(os.fspath(beside), "zstd") as stream:
        stream.write(content)
    with beside.open("rb") as file:
        os.fsync(file.fileno())
    beside.replace(path)
    scan = segment.scan(read(path))
    if scan != segment.Scan(before, Tip(last, digest(end)), len(content), 0):
        path.unlink()
        raise CorruptJournal(f"{path} was not read back as it was written", "check the disk")
    _list_hash(folder, path)
    sync_folder(folder)
    return path


def _list_hash(folder: Path, path: Path) -> None:
    hashed = blake2b(path.read_bytes(), digest_size=32).hexdigest()
    with (folder / "hashes").open("a") as file:
        file.write(f"{hashed}  {path.name}\n")
        file.flush()
        os.fsync(file.fileno())


class SegmentCopy:
    """The second copy in ``folder``, best on another disk; a torn tail is cut off at the opening.

    Raises:
        CorruptJournal: the newest file is broken before its end.
        OSError: the folder cannot be used.
    """

    def __init__(self, folder: Path, *, file_bytes: int = FILE_BYTES) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._file_bytes = folder, file_bytes
        self._file: IO[bytes] | None = None
        self._sync: Future[None] | None = None
        self._threads = ThreadPoolExecutor(1, "journal-copy")
        self.tip: Tip | None = None
        self.epoch = 0
        files = [path for path in _paths(folder) if path.name.endswith(SUFFIX)]
        if files:
            self._continue(files[-1])

    def _continue(self, path: Path) -> None:
        """Go on behind the newest record; a file whose header was torn is begun anew."""
        data = path.read_bytes()
        if len(data) < segment.HEAD_BYTES or not data.strip(b"\0"):
            path.unlink()
            earlier = [found for found in _paths(self._folder) if found.name.endswith(SUFFIX)]
            if earlier:
                self._continue(earlier[-1])
            return
        try:
            scan = segment.scan(data)
        except CorruptJournal as error:
            remedy = "move this file away: the store writes it again as far as it has the records"
            raise CorruptJournal(f"{path}: {error.what}", remedy, seq=error.seq) from error
        for seq, frame in segment.entries(data):
            self.epoch = decode(seq, frame).epoch
        os.truncate(path, scan.sound_bytes)
        self._file = path.open("ab")
        self.tip = scan.tip

    def append(self, frames: Iterable[bytes], before: Tip) -> None:
        """Write frames that follow ``before``; they are on the disk before the next are written.

        Raises:
            OSError: they, or the ones before them, cannot be written.
        """
        self.wait()
        if self._file is None or self.tip != before or self._file.tell() > self._file_bytes:
            self._begin(before)
        assert self._file is not None
        last = before
        for data in frames:
            self._file.write(segment.entry(data))
            last = Tip(last.seq + 1, digest(data))
        self._file.flush()
        self.tip = last
        self._sync = self._threads.submit(os.fdatasync, self._file.fileno())

    def _begin(self, before: Tip) -> None:
        if self._file is not None:
            self._file.close()
        self._file = (self._folder / f"{before.seq + 1:020d}{SUFFIX}").open("xb")
        self._file.write(segment.head(before))
        sync_folder(self._folder)

    def wait(self) -> None:
        """Return when everything is on the disk.

        Raises:
            OSError: it cannot be written.
        """
        sync, self._sync = self._sync, None
        if sync is not None:
            sync.result()

    def close(self) -> None:
        """Write everything and end.

        Raises:
            OSError: it cannot be written.
        """
        try:
            self.wait()
        finally:
            self._threads.shutdown()
            if self._file is not None:
                self._file.close()
