"""The market data that somebody has, found in a folder: what the emulated gateway can replay.

A file is one symbol's and named for it: ``AAPL.csv``, ``AAPL.csv.gz`` or ``AAPL.parquet``; its
columns say whether it holds days, bars, trades or quotes. Where the length of bars is in no
column, the folder says it: ``bars_1min/AAPL.csv``, ``bars_30s``, ``bars_1h``. The folders
``daily``, ``trades`` and ``quotes`` are for order only. A folder ``equity/usa`` is in LEAN's
format. What ``data export`` says of a file (``FILE.about.json``) is said of its prices here. A
symbol may be in several folders: day by day trades count before bars, and of two files
with the same kind the one with shorter bars or with more. Whatever else lies there is named and not
read.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, TypeVar
from zlib import crc32

import msgspec

from robotrader.adapters import bundled, csv_bars, lean, parquet_bars
from robotrader.adapters.tables import Layout
from robotrader.domain import Bar, Instrument, Quote, Trade
from robotrader.market.quality import DataError
from robotrader.market.recording import Recording, by_day
from robotrader.market.replay import label_of
from robotrader.market.series import Daily, Provenance, Series

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import date
    from pathlib import Path

ABOUT: Final = ".about.json"
"""What the name of the file ends in that says what is known of another."""

_S = TypeVar("_S", bound=msgspec.Struct)
_BARS: Final = re.compile(r"bars_(\d+)(s|min|h)")
_UNIT_S: Final = {"s": 1, "min": 60, "h": 3600}
_PLAIN: Final = frozenset({"daily", "trades", "quotes"})
_READERS: Final = {".csv": csv_bars.read, ".csv.gz": csv_bars.read, ".parquet": parquet_bars.read}
_LEAN: Final = ("daily", "hour", "minute", "second", "tick")
SYMBOL: Final = re.compile(r"[A-Z0-9][A-Z0-9.\- ]{0,19}")
NOT_ADJUSTED: Final = ("not adjusted for splits and dividends",)
_OWN_NUMBERS: Final = 910_000_000
"""From here on, contracts without a number of IBKR's; those of bundled data lie before."""

_SPREAD: Final = 1_200_000_000
"""How many such numbers there are: up to what the API's integers hold."""

MOST_ROWS: Final = 10_000_000
"""Held at once: four to five gigabytes, as measured with bars."""


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What has to be said of prices wherever they go; ``FILE.about.json`` says it of a file."""

    licence: str
    synthetic: bool
    adjusted: bool
    labels: tuple[str, ...]

    @property
    def said(self) -> tuple[str, ...]:
        """What they are, before all else whether they were made up."""
        made = ("synthetic",) if self.synthetic else ()
        adjusted = ("adjusted for splits and dividends",) if self.adjusted else ()
        return (*made, *adjusted, *self.labels)


class Source(msgspec.Struct, frozen=True):
    """One file: whose it is, in which format, how it is read given a contract number, what has to
    be said of its prices, and under which terms somebody has them.
    """

    path: Any
    symbol: str
    format: str
    read: Any
    labels: tuple[str, ...] = ()
    licence: str = "your own"


class OwnData(msgspec.Struct, frozen=True, kw_only=True):
    """What was found.

    ``series`` by symbol, each day at its own date; ``recordings`` by contract number; ``said`` a
    line for each symbol and for what was not read.
    """

    series: dict[str, Series]
    recordings: dict[int, Recording]
    said: tuple[str, ...]


def load(path: Path, zone: str = "America/New_York") -> OwnData:
    """Read everything in a folder, or one file.

    Args:
        path: a folder as the module describes it, or a file of one symbol.
        zone: of times that have none.

    Raises:
        DataError: with every bad line of every file, or because there is nothing to read.
        OSError: something cannot be read.
    """
    return assembled(*sources(path, Layout(zone=zone)))


def assembled(found: Sequence[Source], skipped: Sequence[str] = ()) -> OwnData:
    """Read files, ``skipped`` are named as not read; errors as ``load``."""
    rows = _rows(found)
    made = {symbol: _made(symbol, rows[symbol], found) for symbol in sorted(rows)}
    _refuse_equal_numbers(made)
    said = [_said(*each) for each in made.values()]
    said += [f"not read: {each}" for each in skipped[:_MOST_SKIPPED]]
    return OwnData(
        series={symbol: series for symbol, (series, _) in made.items()},
        recordings={
            series.instrument.con_id: recording
            for series, recording in made.values()
            if recording is not None
        },
        said=tuple(said),
    )


_MOST_SKIPPED: Final = 10
"""Files that are named as not read; who has more knows the first ones' kind."""


def instrument(symbol: str) -> Instrument:
    """Return the instrument of a symbol: with IBKR's number if that is known.

    Other numbers follow from the symbol alone, so that they stay when files come and go.
    """
    known = {each.symbol: each for each in bundled.instruments()}
    if symbol in known:
        return known[symbol]
    number = _OWN_NUMBERS + crc32(symbol.encode()) % _SPREAD
    return Instrument(con_id=number, symbol=symbol, local_symbol=symbol, name=symbol)


def _refuse_equal_numbers(symbols: Iterable[str]) -> None:
    owners: dict[int, str] = {}
    for symbol in symbols:
        other = owners.setdefault(instrument(symbol).con_id, symbol)
        if other != symbol:
            msg = f"{symbol} and {other} get the same contract number; rename a file of one"
            raise DataError(msg)


# -- finding --


def sources(path: Path, layout: Layout, symbol: str = "") -> tuple[list[Source], list[str]]:
    """Return the files of a folder that can be read, in order, and the others; or one file.

    ``symbol`` is that of one file that is not named for it.

    Raises:
        DataError: there is nothing to read, or no such zone.
    """
    layout.named_zone()
    files = [path] if path.is_file() else sorted(each for each in path.rglob("*") if each.is_file())
    if not path.exists():
        msg = f"{path}: there is no such file or folder"
        raise DataError(msg)
    found, skipped = [], []
    for each in files:
        source = _lean(each) if each.suffix == ".zip" else _table(each, path, layout, symbol)
        if source is None:
            skipped += [] if each.name.endswith(ABOUT) else [str(each)]
        else:
            found.append(source)
    if not found:
        msg = f"{path}: no AAPL.csv, AAPL.parquet, bars_1min/AAPL.csv or equity/usa in it"
        raise DataError(msg)
    return found, skipped


def _table(file: Path, top: Path, layout: Layout, named: str) -> Source | None:
    """Return a CSV or Parquet file of the folder itself or of a known one in it."""
    stem, dot, ending = file.name.partition(".csv")
    if not dot:
        stem, dot, ending = file.name.partition(".parquet")
    reader, symbol = _READERS.get(dot + ending), named or stem.upper()
    folder = "" if top in (file, file.parent) else file.parent.name
    bars = _BARS.fullmatch(file.parent.name)
    if reader is None or not SYMBOL.fullmatch(symbol):
        return None
    if bars is not None:
        layout = msgspec.structs.replace(layout, bar_s=int(bars[1]) * _UNIT_S[bars[2]])
    elif folder and (folder not in _PLAIN or file.parent.parent != top):
        return None
    kind = "Parquet" if dot == ".parquet" else "CSV"
    about = known_of(file, About)
    said = ((), "your own") if about is None else (about.said, about.licence)
    return Source(file, symbol, kind, lambda con_id: reader(file, con_id, layout), *said)


def known_of(file: Path, kind: type[_S]) -> _S | None:
    """Return what ``FILE.about.json`` says of a file, None if there is no such file.

    Raises:
        DataError: it is none.
    """
    about = file.with_name(file.name + ABOUT)
    if not about.is_file():
        return None
    try:
        return msgspec.json.decode(about.read_bytes(), type=kind)
    except msgspec.MsgspecError as error:
        msg = f"{about}: {error}; correct it or remove it"
        raise DataError(msg) from error


def _lean(file: Path) -> Source | None:
    """Return a file of a LEAN tree."""
    folder = file.parent.name
    if folder in {"daily", "hour"}:
        days = folder == "daily"
        symbol = file.stem.upper()
        read = (lambda _: lean.read_daily(file)) if days else _with(lean.read_hours, file)
        return Source(file, symbol, "LEAN", read, NOT_ADJUSTED)
    resolution, symbol = file.parent.parent.name, folder.upper()
    _, _, kind = file.stem.partition("_")
    bar_s = lean.BAR_S.get(resolution)
    readers: dict[tuple[bool, str], Callable[..., Any]] = {
        (False, "trade"): _with(lean.read_bars, file, bar_s),
        (False, "quote"): _with(lean.read_quote_bars, file, bar_s),
        (True, "trade"): _with(lean.read_trades, file),
        (True, "quote"): _with(lean.read_quotes, file),
    }
    reader = readers.get((resolution == "tick", kind))
    if reader is None or resolution not in _LEAN:
        return None
    return Source(file, symbol, "LEAN", reader, NOT_ADJUSTED)


def _with(reader: Callable[..., Any], file: Path, *more: Any) -> Callable[[int], Any]:
    return lambda con_id: reader(file, con_id, *more)


# -- reading --


def _rows(found: Iterable[Source]) -> dict[str, list[list[Any]]]:
    """Return the rows of each symbol's files; the problems of all files are one error."""
    rows: dict[str, list[list[Any]]] = {}
    problems: list[str] = []
    held = 0
    for source in found:
        try:
            read = source.read(instrument(source.symbol).con_id)
        except DataError as error:
            problems += error.problems
            continue
        held += len(read)
        if held > MOST_ROWS:
            msg = f"{source.path}: more than {MOST_ROWS} rows in all; take fewer files"
            raise DataError(*problems, msg)
        rows.setdefault(source.symbol, []).append(read)
    if problems:
        raise DataError(*problems)
    return rows


def _made(
    symbol: str, files: list[list[Any]], found: Iterable[Source]
) -> tuple[Series, Recording | None]:
    days = [row for rows in _of(Daily, files) for row in rows]
    _refuse_doubles(symbol, "days", [row.day for row in days])
    bars = _chosen(_of(Bar, files), "start_ns", _longest)
    trades = _chosen(_of(Trade, files), "time_ns", lambda part: -len(part))
    quotes = _chosen(_of(Quote, files), "time_ns", lambda part: -len(part))
    recording = Recording(bars, trades, quotes) if bars or trades or quotes else None
    known = sorted({*(row.day for row in days), *(recording.days if recording else ())})
    formats = sorted({source.format for source in found if source.symbol == symbol})
    labels = tuple(dict.fromkeys(label for s in found if s.symbol == symbol for label in s.labels))
    source = f"{symbol}: own data, {' and '.join(formats)}, {_held(days, bars, trades, quotes)}"
    terms = " and ".join(sorted({each.licence for each in found if each.symbol == symbol}))
    provenance = Provenance(source, terms, known[0], known[-1], labels)
    series = Series(instrument(symbol), tuple(sorted(days, key=lambda row: row.day)), provenance)
    return series, recording


def _of(kind: type, files: list[list[Any]]) -> list[list[Any]]:
    return [rows for rows in files if rows and isinstance(rows[0], kind)]


def _refuse_doubles(symbol: str, what: str, days: list[date]) -> None:
    double = sorted({day for day, times in Counter(days).items() if times > 1})
    if double:
        msg = f"{symbol}: {double[0]} is in two files of {what}; keep one of them"
        raise DataError(msg)


def _longest(bars: Sequence[Bar]) -> int:
    return max(bar.end_ns - bar.start_ns for bar in bars)


def _chosen(files: list[list[Any]], field: str, rank: Callable[[Sequence[Any]], int]) -> list[Any]:
    """Return of each day what the file has whose part of it ranks first, in order of time."""
    days: dict[date, list[Sequence[Any]]] = {}
    for rows in files:
        for day, part in by_day(rows, field):
            days.setdefault(day, []).append(part)
    return [row for day in sorted(days) for row in min(days[day], key=rank)]


def _held(*parts: Sequence[Any]) -> str:
    counts = zip((len(part) for part in parts), ("days", "bars", "trades", "quotes"), strict=True)
    return ", ".join(f"{count:,} {name}" for count, name in counts if count)


def _said(series: Series, recording: Recording | None) -> str:
    provenance = series.provenance.labelled(label_of(recording))
    return f"{provenance}; contract {series.instrument.con_id}"
