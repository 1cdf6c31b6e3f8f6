"""The data catalogue: series of prices on disk, each with what is known of it.

``ROOT/SYMBOL/BARS/SOURCE`` is one series: ``entry.json`` says where its rows are from and names the
Parquet file beside it by the SHA-256 of its bytes. A new version is a new file, and the entry is
replaced by a rename when that file is on the disk: whoever dies between leaves the old series and
a file that nobody names, which the next import removes. What is read is compared with its sum.
Bars are stored as they were traded; splits and dividends lie in ``SYMBOL/actions.json``.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from datetime import date
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec

from robotrader.adapters.catalogue_rows import decoded, encoded
from robotrader.adapters.lease import Lease
from robotrader.adapters.own_data import About, instrument
from robotrader.market.actions import Action
from robotrader.market.hours import day_of
from robotrader.market.merging import Merged, Part, merged
from robotrader.market.quality import DataError
from robotrader.market.series import Daily, Provenance

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

MARKER: Final = "catalogue.json"
"""The file that says that a folder is a catalogue."""

TRADES: Final = "trades"
QUOTES: Final = "quotes"
"""What stands for the length of bars in series that have none."""

_ENTRY: Final = "entry.json"
_ACTIONS: Final = "actions.json"
_VERSION: Final = 1
_SOURCE: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_S = TypeVar("_S", bound=msgspec.Struct)
_TRIES: Final = 3
"""A reader meets an import that replaces its file at most this often."""


class Entry(About, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of a series.

    ``bar`` is ``1m`` or the like, ``1d``, ``trades`` or ``quotes``; ``origin`` says of what the
    rows were made, ``zone`` in which zone times without one were taken, ``calendar`` names the
    exchange's sessions; ``first`` and ``last`` are days in New York.
    """

    version: int = _VERSION
    symbol: str
    bar: str
    source: str
    origin: str
    calendar: str
    zone: str
    rows: int = 0
    first: date = date.min
    last: date = date.min
    sha256: str = ""
    size_bytes: int = 0

    @property
    def file(self) -> str:
        """The name of the file that has its rows."""
        return f"{self.sha256[:16]}.parquet"

    @property
    def name(self) -> str:
        """Its name: symbol, length and source."""
        return f"{self.symbol}/{self.bar}/{self.source}"

    def provenance(self, *labels: str) -> Provenance:
        """Return where its prices are from, with what was done to them since."""
        source = f"catalogue {self.name} {self.sha256[:12]}, {self.origin}"
        return Provenance(source, self.licence, self.first, self.last, (*self.said, *labels))


class StoredActions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A symbol's splits and dividends, and the sum of their encoding."""

    sha256: str
    actions: tuple[Action, ...]


class Change(msgspec.Struct, frozen=True):
    """What an import would do to a series: its new entry, its file, and the rows of both."""

    entry: Entry
    data: bytes
    merged: Merged


class Catalogue:
    """The series below one folder, which need not be there."""

    def __init__(self, root: Path) -> None:
        self.root = root

    # -- looking --

    def entries(self) -> list[Entry]:
        """Return every series, by symbol, shorter bars first.

        Raises:
            DataError: an entry cannot be read; it names the file.
        """
        found = [self._read_entry(path) for path in self.root.glob(f"*/*/*/{_ENTRY}")]
        return sorted(found, key=lambda each: (each.symbol, _length(each.bar), each.source))

    def find(self, symbol: str, bar: str, source: str) -> Entry | None:
        """Return a series, None if it is not there; errors as ``entries``."""
        path = self._folder(symbol, bar, source) / _ENTRY
        return self._read_entry(path) if path.is_file() else None

    def rows(self, entry: Entry) -> list[Any]:
        """Return the rows of a series, of the contract that its symbol has.

        Raises:
            DataError: the file is gone, or its bytes are not those that were written.
            OSError: it cannot be read.
        """
        for _ in range(_TRIES):
            path = self.path(entry)
            with contextlib.suppress(FileNotFoundError):
                data = path.read_bytes()
                if hashlib.sha256(data).hexdigest() != entry.sha256:
                    break
                return decoded(data, instrument(entry.symbol).con_id, str(path))
            newer = self.find(entry.symbol, entry.bar, entry.source)
            if newer is None or newer == entry:
                break
            entry = newer
        msg = f"{self.path(entry)}: gone or damaged: its sum is not that of the entry; import again"
        raise DataError(msg)

    def path(self, entry: Entry) -> Path:
        """Return the file that has a series' rows."""
        return self._folder(entry.symbol, entry.bar, entry.source) / entry.file

    def actions(self, symbol: str) -> tuple[Action, ...]:
        """Return a symbol's splits and dividends, in order of time.

        Raises:
            DataError: they were changed by something else, or cannot be read.
        """
        path = self.root / symbol / _ACTIONS
        if not path.is_file():
            return ()
        stored = _json(path, StoredActions)
        if stored.sha256 != _sum_of(stored.actions):
            msg = f"{path}: damaged: its sum is another; import the actions again with --replace"
            raise DataError(msg)
        return stored.actions

    def symbols_with_actions(self) -> list[str]:
        """Return the symbols of which splits or dividends are stored."""
        return sorted(path.parent.name for path in self.root.glob(f"*/{_ACTIONS}"))

    def strays(self) -> list[Path]:
        """Return the files of rows that no entry names."""
        named = {self.path(entry) for entry in self.entries()}
        found = {*self.root.glob("*/*/*/*.parquet"), *self.root.glob("**/*.tmp")}
        return sorted(found - named)

    def _folder(self, symbol: str, bar: str, source: str) -> Path:
        return self.root / symbol / bar / source

    def _read_entry(self, path: Path) -> Entry:
        entry = _json(path, Entry)
        if entry.version != _VERSION or path != self._folder(*entry.name.split("/")) / _ENTRY:
            msg = f"{path}: it is of another version or place; move it back, or import again"
            raise DataError(msg)
        return entry

    # -- changing --

    def change(self, about: Entry, parts: Sequence[Part], *, replace: bool) -> Change:
        """Return what putting rows into the series that ``about`` names would make of it.

        Raises:
            DataError: rows differ from those that are there, or the series is of another kind.
        """
        there = self.find(about.symbol, about.bar, about.source)
        old = [] if there is None else self.rows(there)
        both = merged(old, parts, about.name, replace=replace)
        data = encoded(both.rows)
        total = hashlib.sha256(data).hexdigest()
        made = about if there is None else joined(there, about)
        first, last = _span(both.rows)
        entry = msgspec.structs.replace(
            made, rows=len(both.rows), first=first, last=last, sha256=total,
            size_bytes=len(data),
        )  # fmt: skip
        return Change(entry, data, both)

    def write(self, changes: Iterable[Change]) -> None:
        """Put changes on the disk, one series after another; each is there in whole or not at all.

        Raises:
            OSError: something cannot be written.
        """
        for change in changes:
            path = self.path(change.entry)
            path.parent.mkdir(parents=True, exist_ok=True)
            _put(path, change.data)
            entry = path.parent / _ENTRY
            _put(entry, msgspec.json.format(msgspec.json.encode(change.entry)))
            for other in path.parent.iterdir():
                if other not in {path, entry}:
                    other.unlink()

    def write_actions(self, symbol: str, actions: Iterable[Action]) -> None:
        """Put a symbol's splits and dividends on the disk, instead of those that are there."""
        stored = tuple(sorted(actions))
        path = self.root / symbol / _ACTIONS
        path.parent.mkdir(parents=True, exist_ok=True)
        content = StoredActions(_sum_of(stored), stored)
        _put(path, msgspec.json.format(msgspec.json.encode(content)))

    @contextlib.contextmanager
    def changing(self) -> Iterator[None]:
        """Keep other imports out; the folder is made if need be.

        Raises:
            LeaseHeldError: another process changes the catalogue.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        lease = Lease(self.root, ".lease")
        try:
            if not (self.root / MARKER).is_file():
                _put(self.root / MARKER, b'{"format":"robotrader data catalogue","version":1}\n')
            yield
        finally:
            lease.release()


def is_catalogue(path: Path) -> bool:
    """Say whether a folder is the root of a catalogue."""
    return (path / MARKER).is_file()


def source_name(text: str) -> str:
    """Return the name of a source.

    Raises:
        ValueError: it is no part of a path.
    """
    if not _SOURCE.fullmatch(text):
        msg = f"{text!r} is no name of a source: use small letters, digits and -, as my-broker"
        raise ValueError(msg)
    return text


def joined(there: Entry, about: Entry) -> Entry:
    """Return what is known of a series of two imports.

    Raises:
        DataError: their rows are not of one kind.
    """
    for field in ("synthetic", "adjusted", "calendar"):
        was, now = getattr(there, field), getattr(about, field)
        if was != now:
            msg = f"{there.name}: {field} is {was} there, {now} in what is imported; "
            raise DataError(f"{msg}give another --source")

    def both(name: str) -> str:
        texts = [*getattr(there, name).split(" + "), getattr(about, name)]
        return " + ".join(dict.fromkeys(texts))

    labels = tuple(dict.fromkeys((*there.labels, *about.labels)))
    return msgspec.structs.replace(
        about, origin=both("origin"), licence=both("licence"), zone=both("zone"), labels=labels
    )


def _span(rows: Sequence[Any]) -> tuple[date, date]:
    first, last = rows[0], rows[-1]
    if isinstance(first, Daily):
        return first.day, last.day
    field = "start_ns" if hasattr(first, "start_ns") else "time_ns"
    return day_of(getattr(first, field)), day_of(getattr(last, field))


def _length(bar: str) -> tuple[int, str]:
    """Return what lengths are sorted by: ticks first, then from seconds to days."""
    units = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
    number = bar[:-1]
    return (int(number) * units.get(bar[-1], 0) if number.isdigit() else 0), bar


def _sum_of(actions: Sequence[Action]) -> str:
    return hashlib.sha256(msgspec.json.encode(actions)).hexdigest()


def _json(path: Path, kind: type[_S]) -> _S:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except msgspec.MsgspecError as error:
        msg = f"{path}: damaged: {error}; remove its folder and import again"
        raise DataError(msg) from error


def _put(path: Path, data: bytes) -> None:
    """Write a file beside its place and rename it there when it is on the disk."""
    beside = path.with_name(f"{path.name}.tmp")
    with beside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
