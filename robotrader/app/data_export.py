"""``robotrader data export``: a series in a file that anything can read, and what is known of it.

Beside ``FILE`` lies ``FILE.about.json``; together they are imported again as the same series, to
the byte. A file is there in whole or not at all.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from robotrader.adapters import csv_bars, parquet_bars
from robotrader.adapters.own_data import ABOUT
from robotrader.app.catalogue_data import Loaded, chosen, load
from robotrader.domain import Bar
from robotrader.domain.errors import ConfigurationError
from robotrader.market.actions import Adjust
from robotrader.market.hours import midnight_ns
from robotrader.market.lengths import bar_ns
from robotrader.market.series import Daily

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from pathlib import Path

    from robotrader.adapters.catalogue import Catalogue, Entry

_TICKS = frozenset({"trades", "quotes"})


class Export(msgspec.Struct, frozen=True):
    """What was written, and where it was from."""

    file: str
    rows: int
    provenance: str


def exported(catalogue: Catalogue, arguments: argparse.Namespace) -> Export:
    """Write a series to a file.

    Raises:
        ConfigurationError: there is no such series, no row in the window, the file is there, or
            its ending is not known.
        DataError: the series is damaged.
        OSError: the file cannot be written.
    """
    file = arguments.file
    write = next((writer for ending, writer in _WRITERS if file.name.endswith(ending)), None)
    if write is None:
        msg = f"{file}: its ending says how to write it: .csv, .csv.gz or .parquet"
        raise ConfigurationError(msg)
    if not arguments.force and (file.exists() or _about(file).exists()):
        msg = f"{file}: it is there, or what is known of it; --force writes over it"
        raise ConfigurationError(msg)
    entry, bar = picked(catalogue.entries(), arguments)
    loaded = load(catalogue, entry, bar, Adjust(arguments.adjust))
    rows = _within(loaded.rows, arguments)
    if not rows:
        msg = f"{entry.name}: no row from {arguments.begin or 'the first'} to "
        there = f"{arguments.end or 'the last'}: there is {entry.first} to {entry.last}"
        raise ConfigurationError(msg + there)
    _put(file, write, rows)
    about = _known(loaded, bar, whole=len(rows) == entry.rows and bar == entry.bar)
    _about(file).write_bytes(msgspec.json.format(msgspec.json.encode(about)))
    return Export(str(file), len(rows), str(loaded.provenance))


def picked(entries: Sequence[Entry], arguments: argparse.Namespace) -> tuple[Entry, str]:
    """Return the series that the arguments name, and the length of bars that they ask for.

    Raises:
        ConfigurationError: there is none, there are several, or the length is none.
    """
    mine = [each for each in entries if each.symbol == arguments.symbol]
    bars = sorted({each.bar for each in mine if arguments.source in {"", each.source}})
    bar = arguments.bar or (bars[0] if len(bars) == 1 else "")
    if mine and not bar:
        msg = f"{arguments.symbol}: there is {', '.join(bars) or 'no such source'}: name one"
        raise ConfigurationError(f"{msg}, as --bar {bars[0] if bars else '1m'}")
    if bar and bar not in _TICKS:
        try:
            bar_ns(bar)
        except ValueError as error:
            raise ConfigurationError(f"--bar {error}") from None
    entry = chosen(entries, arguments.symbol, bar, arguments.source) if bar else None
    if entry is None:
        there = ", ".join(each.name for each in mine) or f"nothing of {arguments.symbol}"
        msg = f"no series {arguments.symbol}/{bar or '*'}/{arguments.source or '*'}: there is "
        raise ConfigurationError(f"{msg}{there}; `robotrader data ls` lists all")
    return entry, bar


def _within(rows: list[Any], arguments: argparse.Namespace) -> list[Any]:
    """Return the rows of the days that are asked for."""
    begin, end = arguments.begin, arguments.end
    if isinstance(rows[0] if rows else None, Daily):
        return [
            row
            for row in rows
            if (begin is None or begin <= row.day) and (end is None or row.day <= end)
        ]
    since = 0 if begin is None else midnight_ns(begin)
    until = None if end is None else midnight_ns(end + timedelta(days=1))
    field = "start_ns" if rows and isinstance(rows[0], Bar) else "time_ns"
    return [
        row
        for row in rows
        if since <= getattr(row, field) and (until is None or getattr(row, field) < until)
    ]


def _known(loaded: Loaded, bar: str, *, whole: bool) -> Entry:
    """Return what is known of the rows, after what was done to them."""
    entry = loaded.entry
    adjusted = any(label.startswith("adjusted when read") for label in loaded.labels)
    done = tuple(each for each in loaded.labels if not each.startswith("as traded"))
    if whole and not adjusted:
        return entry
    return msgspec.structs.replace(
        entry, bar=bar, adjusted=entry.adjusted or adjusted, labels=(*entry.labels, *done)
    )


def _about(file: Path) -> Path:
    return file.with_name(file.name + ABOUT)


def _put(file: Path, write: Any, rows: Sequence[Any]) -> None:
    beside = file.with_name(f".part-{file.name}")
    try:
        write(beside, rows)
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)


_WRITERS = (
    (".csv", csv_bars.write),
    (".csv.gz", csv_bars.write),
    (".parquet", parquet_bars.write),
)
