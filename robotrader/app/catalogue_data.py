"""What is read from the catalogue: a symbol's rows in the length that is asked for.

Of several series real ones go before synthetic ones, and one of just that length before one that
is made of shorter bars. Two of the same rank are a question to the user. What was done to the rows
on the way is added to the labels of their provenance.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from robotrader.adapters import own_data
from robotrader.adapters.calendar import sessions
from robotrader.adapters.catalogue import QUOTES, TRADES, Catalogue, Entry
from robotrader.domain.errors import ConfigurationError
from robotrader.market.actions import Adjust, adjustment
from robotrader.market.cells import HOUR_NS
from robotrader.market.lengths import DAY, bar_ns
from robotrader.market.recording import Recording
from robotrader.market.resample import days_of_bars, resampled
from robotrader.market.series import Series

if TYPE_CHECKING:
    import argparse
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from robotrader.config import Config
    from robotrader.market.series import Provenance
    from robotrader.venue import Session

FOLDER: Final = "catalogue"
"""In the data directory; given for ``--data`` it means that folder."""

_ROUND: Final = timedelta(days=14)
"""Sessions are asked for round a series: the next one after a night or a holiday."""


class Loaded(msgspec.Struct, frozen=True):
    """Rows, the series that they are from, and what was done to them."""

    entry: Entry
    rows: list[Any]
    labels: tuple[str, ...]

    @property
    def provenance(self) -> Provenance:
        """Where they are from."""
        return self.entry.provenance(*self.labels)


def catalogue_of(config: Config) -> Catalogue:
    """Return the catalogue of a configuration's data directory."""
    return Catalogue(Path(config.data_dir) / FOLDER)


def chosen(
    entries: Iterable[Entry], symbol: str, bar: str, source: str = "", *, made: bool = True
) -> Entry | None:
    """Return the series that a symbol's bars are read from, None if there is none.

    Args:
        entries: all there are.
        symbol: whose.
        bar: the length that is wanted.
        source: one of them only, or empty.
        made: whether longer bars may be made of shorter ones.

    Raises:
        ConfigurationError: there are two that are as good.
    """
    mine = [each for each in entries if each.symbol == symbol and source in {"", each.source}]
    ranked: dict[tuple[bool, int], list[Entry]] = {}
    for each in mine:
        rank = _distance(each.bar, bar)
        if rank is not None and (made or not rank):
            ranked.setdefault((each.synthetic, rank), []).append(each)
    if not ranked:
        return None
    best = ranked[min(ranked)]
    if len(best) > 1:
        names = " and ".join(each.name for each in best)
        msg = f"{symbol}: there are {names}: name one, as --source {best[0].source}"
        raise ConfigurationError(msg)
    return best[0]


def _distance(bar: str, wanted: str) -> int | None:
    """Return how many bars of one length make one of another, 0 for the same; None: no number."""
    if bar == wanted:
        return 0
    if {bar, wanted} & {TRADES, QUOTES} or bar == DAY:
        return None
    length_ns, wanted_ns = bar_ns(bar), bar_ns(wanted)
    divides = wanted == DAY or (HOUR_NS % wanted_ns == 0 and wanted_ns % length_ns == 0)
    return wanted_ns // length_ns if divides and length_ns < wanted_ns else None


def load(catalogue: Catalogue, entry: Entry, bar: str, adjust: Adjust) -> Loaded:
    """Return a series' rows as bars of ``bar``, adjusted if they are not.

    Raises:
        DataError: the file is damaged, or the actions do not fit.
        CalendarError: the exchange's sessions are not known.
    """
    rows, labels = catalogue.rows(entry), []
    if bar != entry.bar:
        rows, said = _resampled(rows, entry, bar)
        labels.append(said)
    actions = () if adjust is Adjust.NONE or entry.adjusted else catalogue.actions(entry.symbol)
    if actions and bar not in {TRADES, QUOTES} and rows:
        days = rows if bar == DAY else days_of_bars(rows, sessions_of(entry))
        factors = adjustment(actions, days, adjust)
        rows = factors.apply_days(rows) if bar == DAY else factors.apply_bars(rows)
        what = "splits" if adjust is Adjust.SPLITS else "splits and dividends"
        count = len(factors.days)
        labels.append(f"adjusted when read for {what} of {count} day{'s' if count != 1 else ''}")
    elif not (entry.adjusted or entry.synthetic):
        labels.append("as traded: not adjusted")
    return Loaded(entry, rows, tuple(labels))


def _resampled(rows: Sequence[Any], entry: Entry, bar: str) -> tuple[list[Any], str]:
    if bar == DAY:
        return days_of_bars(rows, sessions_of(entry)), f"days made of bars of {entry.bar}"
    made, outside = resampled(rows, bar_ns(bar), sessions_of(entry))
    left = f", {outside} outside of sessions left out" if outside else ""
    return made, f"bars of {bar} made of bars of {entry.bar}{left}"


def sessions_of(entry: Entry) -> tuple[Session, ...]:
    """Return the sessions of a series' exchange, from before its first day to after its last."""
    return sessions(entry.calendar, entry.first - _ROUND, entry.last + _ROUND)


def from_catalogue(
    catalogue: Catalogue,
    wanted: Mapping[str, str],
    arguments: argparse.Namespace,
    elsewhere: Collection[str],
) -> tuple[dict[str, Series], dict[int, Recording]]:
    """Return what a backtest is fed with of the catalogue: symbols' series, contracts' bars.

    Args:
        catalogue: it need not be there.
        wanted: the length of bars by symbol.
        arguments: ``source`` and ``adjust``.
        elsewhere: symbols of which there are days elsewhere, which go before synthetic ones.

    Raises:
        ConfigurationError: a symbol is not here in that length, and nowhere ``elsewhere``, or two
            series are as good; a symbol of which nothing is here at all is left out.
        DataError: a file is damaged, or the actions do not fit.
    """
    entries = catalogue.entries()
    series, recordings = {}, {}
    for symbol, bar in wanted.items():
        entry = chosen(entries, symbol, bar, arguments.source)
        spared = bar == DAY and symbol in elsewhere
        if entry is None or (entry.synthetic and spared and not arguments.source):
            there = any(each.symbol == symbol for each in entries)
            if arguments.source or not elsewhere or (there and symbol not in elsewhere):
                _refuse(catalogue, entries, symbol, bar)
            continue
        loaded = load(catalogue, entry, bar, Adjust(arguments.adjust))
        series[symbol], recording = fed(loaded, bar)
        if recording is not None:
            recordings[series[symbol].instrument.con_id] = recording
    return series, recordings


def _refuse(catalogue: Catalogue, entries: Sequence[Entry], symbol: str, bar: str) -> None:
    there = ", ".join(each.name for each in entries if each.symbol == symbol)
    msg = (
        f"no data for {symbol} in bars of {bar}: {catalogue.root} has "
        f"{there or f'nothing of {symbol}'}; `robotrader data import` some, or give --data DIR"
    )
    raise ConfigurationError(msg)


def fed(loaded: Loaded, bar: str) -> tuple[Series, Recording | None]:
    """Return what a backtest is fed: days as a series, anything shorter as a recording."""
    instrument = own_data.instrument(loaded.entry.symbol)
    if bar == DAY:
        return Series(instrument, tuple(loaded.rows), loaded.provenance), None
    return Series(instrument, (), loaded.provenance), Recording(loaded.rows)


def replayed(root: Path) -> own_data.OwnData:
    """Return everything in a catalogue as the emulated gateway replays it: as it was traded.

    Of each symbol its days, its shortest bars of each day, its trades and its quotes are taken.

    Raises:
        ConfigurationError: it is empty, or a symbol has two series of the same kind.
        DataError: a file is damaged.
    """
    catalogue = Catalogue(root)
    entries = catalogue.entries()
    if not entries:
        msg = f"{root}: the catalogue is empty: `robotrader data import` takes prices into it"
        raise ConfigurationError(msg)
    wanted = sorted({(each.symbol, each.bar) for each in entries})
    picked = [chosen(entries, symbol, bar, made=False) for symbol, bar in wanted]
    return own_data.assembled([_source(catalogue, each) for each in picked if each is not None])


def _source(catalogue: Catalogue, entry: Entry) -> own_data.Source:
    known = entry.provenance()
    labels = tuple(dict.fromkeys((known.source, *known.labels)))
    return own_data.Source(
        catalogue.path(entry), entry.symbol, "catalogue", lambda _: catalogue.rows(entry), labels,
        entry.licence,
    )  # fmt: skip
