"""``robotrader data gaps`` and ``verify``: what the catalogue's series are like, and whether they
are still what was written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from robotrader.adapters.catalogue import QUOTES, TRADES
from robotrader.app.catalogue_data import sessions_of
from robotrader.app.progress import followed
from robotrader.domain.errors import ConfigurationError
from robotrader.market.inspection import Inspection, inspected
from robotrader.market.lengths import DAY, bar_ns
from robotrader.market.quality import DataError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from robotrader.adapters.catalogue import Catalogue, Entry


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """The quality of a series; ``places`` are from, to, what; ``hidden`` more are not named."""

    series: str
    synthetic: bool
    first: str
    last: str
    found: Inspection
    places: tuple[tuple[str, str, str], ...]
    hidden: int


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with a series, and what is strange: see ``market.inspection``."""

    series: str
    rows: int
    wrong: tuple[str, ...]
    odd: tuple[str, ...]


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """All of a catalogue; ``problems`` belong to no series."""

    series: tuple[Verdict, ...]
    problems: tuple[str, ...]
    good: bool


def asked(entries: Sequence[Entry], arguments: argparse.Namespace) -> list[Entry]:
    """Return the series that the arguments name, all by default.

    Raises:
        ConfigurationError: a symbol is not there, or none is left.
    """
    there = {each.symbol for each in entries}
    missing = [symbol for symbol in arguments.symbols if symbol not in there]
    if missing:
        msg = f"nothing of {', '.join(missing)}: `robotrader data ls` lists what is there"
        raise ConfigurationError(msg)
    bar, source = getattr(arguments, "bar", ""), getattr(arguments, "source", "")
    found = [
        each
        for each in entries
        if (not arguments.symbols or each.symbol in arguments.symbols)
        and bar in {"", each.bar}
        and source in {"", each.source}
    ]
    if entries and not found:
        msg = f"no series of bars {bar or '*'} and source {source or '*'}: see `robotrader data ls`"
        raise ConfigurationError(msg)
    return found


def looked(catalogue: Catalogue, arguments: argparse.Namespace) -> list[Look]:
    """Return the quality of the series that the arguments name; errors as ``asked``.

    Raises:
        DataError: a file is damaged.
    """
    found = asked(catalogue.entries(), arguments)
    most = None if arguments.json else arguments.count
    return [_look(catalogue, each, most) for each in followed(found, "reading", arguments)]


def _look(catalogue: Catalogue, entry: Entry, most: int | None) -> Look:
    found = _inspected(catalogue, entry)
    places = list(_places(found))
    return Look(
        series=entry.name, synthetic=entry.synthetic, first=entry.first.isoformat(),
        last=entry.last.isoformat(), found=found, places=tuple(places[:most]),
        hidden=len(places) - len(places[:most]),
    )  # fmt: skip


def _inspected(catalogue: Catalogue, entry: Entry) -> Inspection:
    cell_ns = 0 if entry.bar in {DAY, TRADES, QUOTES} else bar_ns(entry.bar)
    return inspected(catalogue.rows(entry), sessions_of(entry), cell_ns)


def _places(found: Inspection) -> Iterator[tuple[str, str, str]]:
    for bad in found.unusable:
        yield bad.at, bad.at, bad.why
    for gap in found.gaps:
        what = gap.unit if gap.missing > 1 else gap.unit.removesuffix("s")
        yield gap.first, gap.last, f"{gap.missing} {what} missing"
    for each in found.strange:
        yield each.at, each.at, each.why


def judged(catalogue: Catalogue, arguments: argparse.Namespace) -> Judged:
    """Read everything again and say what is not as it was written, or cannot be.

    Raises:
        ConfigurationError: a symbol is not there.
    """
    problems: list[str] = []
    try:
        entries = asked(catalogue.entries(), arguments)
    except DataError as error:
        return Judged(series=(), problems=tuple(error.problems), good=False)
    verdicts = tuple(_verdict(catalogue, each) for each in followed(entries, "reading", arguments))
    for symbol in catalogue.symbols_with_actions():
        try:
            catalogue.actions(symbol)
        except DataError as error:
            problems += error.problems
    strays = () if arguments.symbols else catalogue.strays()
    problems += [f"{each}: no entry names it; an import that was cut short" for each in strays]
    strange = arguments.strict and any(each.odd for each in verdicts)
    bad = any(each.wrong for each in verdicts) or bool(problems) or strange
    return Judged(series=verdicts, problems=tuple(problems), good=not bad)


def _verdict(catalogue: Catalogue, entry: Entry) -> Verdict:
    try:
        found = _inspected(catalogue, entry)
    except (DataError, OSError) as error:
        return Verdict(series=entry.name, rows=entry.rows, wrong=(str(error),), odd=())
    wrong = [f"{found.rows} rows, its entry says {entry.rows}"] * (found.rows != entry.rows)
    counts = (
        (found.closed, "while the exchange was closed"), (found.duplicates, "twice"),
        (found.unordered, "out of order"), (len(found.unusable), "unusable"),
    )  # fmt: skip
    wrong += [f"{count} rows {what}" for count, what in counts if count]
    strange = (
        (found.missing, "bars missing"), (found.missing_sessions, "sessions without a row"),
        (found.spikes, "spikes"), (found.splits, "jumps like splits"),
        (found.zero_volume if found.zero_volume < found.rows else 0, "rows without volume"),
    )  # fmt: skip
    odd = [f"{count} {what}" for count, what in strange if count]
    return Verdict(series=entry.name, rows=found.rows, wrong=tuple(wrong), odd=tuple(odd))
