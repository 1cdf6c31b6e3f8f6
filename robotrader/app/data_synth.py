"""``robotrader data synth``: minutes that are drawn from a seed, and say so wherever they go.

``gbm`` makes them of nothing but its numbers. ``bridge`` draws Brownian bridges through days that
are known, at their own dates: those of the catalogue, or else the bundled ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import msgspec

from robotrader.adapters import bundled, own_data
from robotrader.adapters.calendar import US_STOCKS, sessions
from robotrader.adapters.catalogue import Catalogue, Entry, source_name
from robotrader.app.catalogue_data import chosen, fed, load
from robotrader.app.data_import import Import, put
from robotrader.app.progress import followed
from robotrader.domain.errors import ConfigurationError
from robotrader.market import ReplayMarket
from robotrader.market.actions import Adjust
from robotrader.market.drawn import Walk, walked
from robotrader.market.hours import TableHours
from robotrader.market.lengths import DAY
from robotrader.market.merging import Part

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from robotrader.domain import Bar
    from robotrader.market.series import Series
    from robotrader.venue import Session


_Drawn: TypeAlias = "tuple[list[Bar], str, bool]"
"""Minutes, how they were made, and whether they are adjusted for splits and dividends."""


def drawn(catalogue: Catalogue, arguments: argparse.Namespace) -> Import:
    """Draw a symbol's minutes and put them into the catalogue.

    Raises:
        ConfigurationError: an argument is out of bounds, or there is no session or no day.
        DataError: other rows are there.
        CalendarError: the exchange's sessions are not known so far.
        LeaseHeldError: another process imports.
        OSError: something cannot be written.
    """
    symbol = arguments.symbol
    if not own_data.SYMBOL.fullmatch(symbol):
        msg = f"{symbol!r} is no symbol: use letters and digits, as AAPL or BRK.B"
        raise ConfigurationError(msg)
    if arguments.end < arguments.begin:
        msg = f"no days from {arguments.begin} to {arguments.end}: give the earlier one --from"
        raise ConfigurationError(msg)
    table = sessions(US_STOCKS, arguments.begin, arguments.end)
    if not table:
        msg = f"the exchange had no session from {arguments.begin} to {arguments.end}"
        raise ConfigurationError(f"{msg}: give more days")
    made = _walked if arguments.model == "gbm" else _bridged
    rows, said, adjusted = made(catalogue, table, arguments)
    entry = Entry(
        symbol=symbol, bar="1m", source=_source(arguments.source), origin=said,
        licence="made up", synthetic=True, adjusted=adjusted, labels=(), calendar=US_STOCKS,
        zone="UTC",
    )  # fmt: skip
    return put(catalogue, {entry.name: (entry, [Part(said, rows)])}, arguments)


def _source(text: str) -> str:
    try:
        return source_name(text)
    except ValueError as error:
        raise ConfigurationError(f"--source {error}") from None


def _walked(_: Catalogue, table: Sequence[Session], arguments: argparse.Namespace) -> _Drawn:
    numbers = {name: getattr(arguments, name) for name in Walk.__struct_fields__}
    try:
        walk = msgspec.convert(numbers, Walk)
    except msgspec.ValidationError as error:
        said, name = str(error).rsplit(" - at `$.", 1)
        raise ConfigurationError(f"--{name.rstrip('`')}: {said}; give another number") from None
    con_id = own_data.instrument(arguments.symbol).con_id
    days = followed(table, "drawing", arguments)
    return list(walked(walk, con_id, arguments.symbol, days)), str(walk), False


def _bridged(
    catalogue: Catalogue, table: Sequence[Session], arguments: argparse.Namespace
) -> _Drawn:
    series, adjusted = _days(catalogue, arguments.symbol)
    con_id = series.instrument.con_id
    market = ReplayMarket({arguments.symbol: series}, {}, arguments.seed, TableHours(table))
    rows = [
        bar
        for session in followed(table, "drawing", arguments)
        for bar in market.minute_bars(con_id, session.day)
    ]
    known = series.provenance
    if not rows:
        msg = f"no day of {arguments.symbol} from {arguments.begin} to {arguments.end}"
        raise ConfigurationError(f"{msg}: there is {known.first} to {known.last}")
    said = f"Brownian bridges, seed {arguments.seed}, through days of {known.source}"
    return rows, said, adjusted


def _days(catalogue: Catalogue, symbol: str) -> tuple[Series, bool]:
    """Return the days of a symbol that are real, and whether they are adjusted."""
    real = [each for each in catalogue.entries() if not each.synthetic]
    entry = chosen(real, symbol, DAY, made=False)
    if entry is not None:
        return fed(load(catalogue, entry, DAY, Adjust.NONE), DAY)[0], entry.adjusted
    if symbol in {each.symbol for each in bundled.instruments()}:
        series = bundled.load([symbol])[symbol]
        return series, bundled.adjusted(series)
    msg = f"no days of {symbol} to draw bridges through: import some, or use --model gbm"
    raise ConfigurationError(msg)
