"""``robotrader data import``: files, bundled days and corporate actions into the catalogue.

Everything is read and judged before anything is written. A file that ``data export`` has written
has what is known of it beside it (``FILE.about.json``); what the command line says goes before.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec

from robotrader.adapters import actions_csv, bundled, own_data
from robotrader.adapters.calendar import US_STOCKS, sessions
from robotrader.adapters.catalogue import (
    QUOTES,
    TRADES,
    Catalogue,
    Change,
    Entry,
    joined,
    source_name,
)
from robotrader.adapters.tables import Layout
from robotrader.app.progress import followed
from robotrader.domain import Bar, Quote, Trade
from robotrader.domain.errors import ConfigurationError
from robotrader.market.lengths import DAY, SECOND_NS, bar_ns, written
from robotrader.market.merging import Part
from robotrader.market.quality import DataError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Sequence

    from robotrader.market.actions import Action

_NEW_YORK: Final = "America/New_York"
New: TypeAlias = dict[str, tuple[Entry, list[Part]]]
"""New rows by the name of the series that they are for."""

_TICKS: Final[dict[type, str]] = {Trade: TRADES, Quote: QUOTES}


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What an import did to one series."""

    symbol: str
    bar: str
    source: str
    rows: int
    added: int
    replaced: int
    first: str
    last: str
    synthetic: bool


class Import(msgspec.Struct, frozen=True):
    """What an import did: to which series, to whose actions, and what it did not read."""

    series: tuple[Taken, ...] = ()
    actions: dict[str, int] = {}
    not_read: tuple[str, ...] = ()


def taken(catalogue: Catalogue, arguments: argparse.Namespace) -> Import:
    """Import what the arguments name.

    Raises:
        ConfigurationError: the arguments do not go together, or one is none.
        DataError: with every row that cannot be used or differs from one that is there.
        LeaseHeldError: another process imports.
        OSError: something cannot be read or written.
    """
    asked = [bool(arguments.paths), arguments.bundled, arguments.actions is not None]
    if sum(asked) != 1:
        msg = "name files or folders, or --bundled, or --actions FILE: one of the three"
        raise ConfigurationError(msg)
    if arguments.actions is not None:
        return _actions(catalogue, arguments)
    if arguments.bundled:
        return put(catalogue, _bundled(arguments.symbol), arguments)
    series, skipped = _files(arguments)
    return put(catalogue, series, arguments, skipped)


def put(
    catalogue: Catalogue,
    series: New,
    arguments: argparse.Namespace,
    skipped: Sequence[str] = (),
) -> Import:
    """Put rows into the series that they are for, all of them or none; errors as ``taken``."""
    for entry, parts in series.values():
        _check_calendar(entry, parts)
    with catalogue.changing():
        changes: list[Change] = []
        problems: list[str] = []
        for entry, parts in followed(list(series.values()), "comparing", arguments):
            try:
                changes.append(catalogue.change(entry, parts, replace=arguments.replace))
            except DataError as error:
                problems += error.problems
        if problems:
            raise DataError(*problems)
        catalogue.write(changes)
    return Import(tuple(map(_told, changes)), not_read=tuple(skipped))


def _told(change: Change) -> Taken:
    entry = change.entry
    return Taken(
        symbol=entry.symbol, bar=entry.bar, source=entry.source, rows=entry.rows,
        added=change.merged.added, replaced=change.merged.replaced,
        first=entry.first.isoformat(), last=entry.last.isoformat(), synthetic=entry.synthetic,
    )  # fmt: skip


def _check_calendar(entry: Entry, parts: Sequence[Part]) -> None:
    """Refuse a calendar that there is not; New York's is there."""
    if entry.calendar != US_STOCKS and parts:
        first = _day(parts[0].rows[0])
        sessions(entry.calendar, first, first)


def _day(row: Any) -> Any:
    from robotrader.market.hours import day_of

    if hasattr(row, "day"):
        return row.day
    return day_of(row.start_ns if isinstance(row, Bar) else row.time_ns)


# -- bundled days --


def _bundled(symbols: Sequence[str]) -> New:
    known = [each.symbol for each in bundled.instruments()]
    unknown = [symbol for symbol in symbols if symbol not in known]
    if unknown:
        msg = f"no bundled days of {', '.join(unknown)}: there are {', '.join(known)}"
        raise ConfigurationError(msg)
    made: New = {}
    for symbol, series in bundled.load(symbols or None).items():
        about = series.provenance
        entry = Entry(
            symbol=symbol, bar=DAY, source="bundled", origin=about.source, licence=about.licence,
            synthetic=False, adjusted=bundled.adjusted(series),
            labels=about.labels, calendar=US_STOCKS, zone=_NEW_YORK,
        )  # fmt: skip
        made[entry.name] = entry, [Part(f"bundled {symbol}", series.days)]
    return made


# -- files --


def _files(arguments: argparse.Namespace) -> tuple[New, list[str]]:
    """Return the rows of files by the series that they are for, and the files not read."""
    found, skipped = _found(arguments)
    series: New = {}
    problems: list[str] = []
    held = 0
    for source in followed(found, "reading", arguments):
        try:
            rows = source.read(own_data.instrument(source.symbol).con_id)
            entry = _entry(source, rows, arguments)
            there, parts = series.get(entry.name, (entry, []))
            entry = joined(there, entry)
        except DataError as error:
            problems += error.problems
            continue
        held += len(rows)
        if held > own_data.MOST_ROWS:
            msg = f"{source.path}: more than {own_data.MOST_ROWS} rows at once; import fewer files"
            raise DataError(msg)
        series[entry.name] = entry, [*parts, Part(str(source.path), rows)]
    if problems:
        raise DataError(*problems)
    return series, skipped


def _found(arguments: argparse.Namespace) -> tuple[list[own_data.Source], list[str]]:
    symbol = _symbol(arguments)
    try:
        bar_s = bar_ns(arguments.bar) // SECOND_NS if arguments.bar not in {"", DAY} else None
    except ValueError as error:
        raise ConfigurationError(f"--bar {error}") from None
    layout = Layout(zone=arguments.tz, bar_s=bar_s)
    found, skipped = [], []
    for path in arguments.paths:
        sources, others = own_data.sources(path, layout, symbol)
        found += sources
        skipped += others
    return found, skipped


def _symbol(arguments: argparse.Namespace) -> str:
    """Return the symbol of a file that is not named for it, empty if none is given."""
    if not arguments.symbol:
        return ""
    (path, *more), (symbol, *others) = arguments.paths, arguments.symbol
    if more or others or not path.is_file():
        msg = "--symbol goes with one file: name the files of several for their symbols, AAPL.csv"
        raise ConfigurationError(msg)
    if not own_data.SYMBOL.fullmatch(symbol):
        msg = f"--symbol {symbol!r} is no symbol: use letters and digits, as AAPL or BRK.B"
        raise ConfigurationError(msg)
    return str(symbol)


def _entry(source: own_data.Source, rows: Sequence[Any], arguments: argparse.Namespace) -> Entry:
    """Return the series that a file's rows are for."""
    beside = own_data.known_of(source.path, Entry)
    lean = source.format == "LEAN"
    known = beside or Entry(
        symbol=source.symbol, bar="", source=source.format.lower(),
        origin=f"{source.format}, {_named(source)}", licence="your own", synthetic=False,
        adjusted=False, labels=(), calendar=US_STOCKS, zone=_NEW_YORK if lean else arguments.tz
        or "as written",
    )  # fmt: skip
    try:
        name = source_name(arguments.source or known.source)
    except ValueError as error:
        raise ConfigurationError(f"--source {error}") from None
    given = arguments.bar or (beside.bar if beside else "")
    return msgspec.structs.replace(
        known,
        symbol=source.symbol if arguments.symbol or beside is None else beside.symbol,
        bar=_bar(rows, given, str(source.path)),
        source=name,
        licence=arguments.licence or known.licence,
        calendar=arguments.calendar or known.calendar,
        adjusted=arguments.adjusted or known.adjusted,
        synthetic=arguments.synthetic or known.synthetic,
        rows=0,
        first=date.min,
        last=date.min,
        sha256="",
        size_bytes=0,
    )


def _named(source: own_data.Source) -> str:
    """Return what a series' origin calls a file; LEAN has one a day, all of them a folder's."""
    if source.format == "LEAN" and source.path.stem.upper() != source.symbol:
        return f"{source.path.parent.parent.name}/{source.path.parent.name}"
    return str(source.path.name)


def _bar(rows: Sequence[Any], given: str, place: str) -> str:
    """Return the length of rows, as the catalogue calls it."""
    bars = isinstance(rows[0], Bar)
    made = _length(rows, given, place) if bars else _TICKS.get(type(rows[0]), DAY)
    if given and made != given:
        said = f"{place}: its rows are {made}, not {given} as --bar says"
        raise DataError(f"{said}; leave --bar out, or correct it")
    return made


def _length(bars: Sequence[Bar], given: str, place: str) -> str:
    """Return the length of bars: of the longest one, as those at an open or a close are shorter."""
    length_ns = max(bar.end_ns - bar.start_ns for bar in bars)
    try:
        if given not in {"", DAY, *_TICKS.values()}:
            length_ns = max(length_ns, bar_ns(given))
        made = written(length_ns)
    except ValueError as error:
        raise DataError(f"{place}: {error}; correct its end") from None
    if length_ns >= bar_ns(DAY):
        msg = f"{place}: bars of {made}: write days as date, open, high, low, close, without an end"
        raise DataError(msg)
    return made


# -- splits and dividends --


def _actions(catalogue: Catalogue, arguments: argparse.Namespace) -> Import:
    found = actions_csv.read(arguments.actions)
    problems: list[str] = []
    with catalogue.changing():
        made = {}
        for symbol, lines in found.items():
            if not own_data.SYMBOL.fullmatch(symbol):
                line = min(lines)
                msg = f"{arguments.actions}:{line}: {symbol!r} is no symbol; write it as AAPL"
                raise DataError(msg)
            made[symbol] = _with(catalogue.actions(symbol), lines, arguments, problems)
        if problems:
            raise DataError(*problems)
        for symbol, actions in made.items():
            catalogue.write_actions(symbol, actions)
    return Import(actions={symbol: len(lines) for symbol, lines in found.items()})


def _with(
    there: Iterable[Action],
    lines: dict[int, Action],
    arguments: argparse.Namespace,
    problems: list[str],
) -> list[Action]:
    """Return a symbol's actions with the new ones; what differs is noted, unless it replaces."""
    kept = {(each.day, each.kind): each for each in there}
    for line, each in lines.items():
        other = kept.get((each.day, each.kind), each)
        if other != each and not arguments.replace:
            said = f"{each.kind} of {each.day} is {each.value}, {other.value} is there"
            problems.append(f"{arguments.actions}:{line}: {said}; correct it, or --replace")
        kept[each.day, each.kind] = each
    return list(kept.values())
