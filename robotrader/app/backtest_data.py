"""The history that a backtest runs on: bundled days, or somebody's own data."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING

import msgspec

from robotrader.adapters import bundled, own_data
from robotrader.adapters.calendar import US_STOCKS, sessions
from robotrader.adapters.catalogue import Catalogue, is_catalogue
from robotrader.app.building import chosen
from robotrader.app.catalogue_data import FOLDER, catalogue_of, from_catalogue
from robotrader.domain import Bar, Instrument, Quote, Trade
from robotrader.domain.errors import ConfigurationError
from robotrader.market.hours import midnight_ns
from robotrader.market.lengths import bar_ns
from robotrader.venue import Session, SessionTable

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Mapping

    from robotrader.config import Config
    from robotrader.market.recording import Recording
    from robotrader.market.series import Series

_AHEAD = timedelta(days=14)
_DAY = "1d"


class History(msgspec.Struct, frozen=True, kw_only=True):
    """What a run is fed: bars by contract, when was traded, and where all of that is from."""

    instruments: tuple[Instrument, ...]
    bars: dict[int, list[Bar]]
    sessions: SessionTable
    begin_ns: int
    daily: bool
    said: tuple[str, ...]
    ticks: list[Quote | Trade]
    """Quotes and trades, in order of time."""


def history_of(config: Config, arguments: argparse.Namespace) -> History:
    """Load the bars that the strategies ask for.

    Raises:
        ConfigurationError: a symbol has no data, or not in bars of that length, or no day of the
            window has any; it names the symbol and what there is.
        DataError: with every bad line of own data.
        OSError: own data cannot be read.
    """
    wanted = {symbol: each.bar for each in chosen(config).values() for symbol in each.symbols}
    if not wanted:
        msg = "no strategy is on: name one, as `robotrader backtest run sma_cross`"
        raise ConfigurationError(msg)
    series, recordings = _load(config, arguments, wanted)
    known = [series[symbol].provenance for symbol in wanted]
    first, last = min(each.first for each in known), max(each.last for each in known)
    table = sessions(US_STOCKS, first, last + _AHEAD)
    begin, end = arguments.begin or first, arguments.end or last
    if begin > last or end < first or begin > end:
        msg = f"no data from {begin} to {end}: there is {first} to {last}"
        raise ConfigurationError(msg)
    end_ns = midnight_ns(end + timedelta(days=1))
    by_day = {each.day: each for each in table if each.day <= end}
    bars = {}
    for symbol, size in wanted.items():
        instrument = series[symbol].instrument
        recording = recordings.get(instrument.con_id)
        made = _bars(series[symbol], recording, by_day, size)
        bars[instrument.con_id] = [bar for bar in made if bar.end_ns <= end_ns]
    return History(
        instruments=tuple(series[symbol].instrument for symbol in wanted),
        bars=bars,
        sessions=SessionTable(table),
        begin_ns=midnight_ns(begin),
        daily=any(size == _DAY for size in wanted.values()),
        said=tuple(f"{symbol}: {series[symbol].provenance}" for symbol in wanted),
        ticks=_ticks(series, recordings, wanted, (begin, end)) if arguments.quotes else [],
    )


def _load(
    config: Config, arguments: argparse.Namespace, wanted: Mapping[str, str]
) -> tuple[Mapping[str, Series], Mapping[int, Recording]]:
    root, data = catalogue_of(config).root, arguments.data
    if data is not None and str(data) != FOLDER and not is_catalogue(data):
        own = own_data.load(data, arguments.data_zone)
        _refuse_unknown(tuple(wanted), set(own.series), str(data))
        return own.series, own.recordings
    known = () if data is not None else tuple(each.symbol for each in bundled.instruments())
    stored = Catalogue(root if data is None or str(data) == FOLDER else data)
    series, recordings = from_catalogue(stored, wanted, arguments, known)
    rest = tuple(symbol for symbol in wanted if symbol not in series)
    _refuse_unknown(rest, set(known), "the bundled data")
    return {**series, **(bundled.load(rest) if rest else {})}, recordings


def _refuse_unknown(symbols: tuple[str, ...], known: set[str], where: str) -> None:
    missing = [symbol for symbol in symbols if symbol not in known]
    if missing:
        some = ", ".join(sorted(known)[:30])
        msg = f"no data for {', '.join(missing)}: {where} has {some}; give --data DIR"
        raise ConfigurationError(msg)


def _ticks(
    series: Mapping[str, Series],
    recordings: Mapping[int, Recording],
    symbols: Iterable[str],
    window: tuple[date, date],
) -> list[Quote | Trade]:
    """Return what was quoted and traded from the first day to the last.

    Raises:
        ConfigurationError: a symbol has no quotes.
    """
    found: list[Quote | Trade] = []
    for symbol in symbols:
        own = recordings.get(series[symbol].instrument.con_id)
        days = [] if own is None else [day for day in own.days if window[0] <= day <= window[1]]
        quotes = [] if own is None else list(chain(*map(own.quotes, days)))
        if not quotes:
            msg = f"{symbol}: its data has no quotes: put them in DIR/quotes, or leave out --quotes"
            raise ConfigurationError(msg)
        found += quotes
        if own is not None and own.has_trades:
            found += chain(*map(own.trades, days))
    found.sort(key=attrgetter("time_ns"))
    return found


def _bars(
    series: Series, recording: Recording | None, by_day: Mapping[date, Session], size: str
) -> list[Bar]:
    """Return a symbol's bars: its days, each as long as its session, or what was recorded."""
    con_id, symbol = series.instrument.con_id, series.instrument.symbol
    if size == _DAY and by_day:
        return [
            Bar(con_id, session.open_ns, session.close_ns, each.open, each.high, each.low,
                each.close, each.volume)
            for each in series.between(min(by_day), max(by_day))
            if (session := by_day.get(each.day)) is not None
        ]  # fmt: skip
    found = [] if recording is None else list(chain(*map(recording.bars, recording.days)))
    sizes = {bar.end_ns - bar.start_ns for bar in found}
    if sizes != {bar_ns(size)}:
        there = ", ".join(f"{each / 1e9:g} s" for each in sorted(sizes)) or "days only"
        msg = (
            f"{symbol}: bars of {size} are asked for, its data has {there}: set the strategy's "
            "`bar` to 1d, or give data of that length with --data"
        )
        raise ConfigurationError(msg)
    return found
