"""Real daily prices that installed packages carry: 20 US stocks and two indices.

``skfolio`` has adjusted closing prices of 20 stocks, ``arch`` has open, high, low, close and volume
of the S&P 500 and the NASDAQ composite. Their data files are read without importing the packages,
which would take seconds. The stocks' source has closes only: a day opens at the close before it,
its high and low lie a little outside the two, and its volume is drawn; all of that is labelled.
What is drawn for a day depends on symbol and day alone, and
is drawn when somebody looks at the day: all of them take a second.

Names, listings and ISINs are those of 2026. Contract numbers are IBKR's own where published
clients of it use them; the others, a ``0`` in the tables below, are ours: from 900,000,001 on.
"""

from __future__ import annotations

import csv
import gzip
import importlib.util
from datetime import date
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final

from robotrader.domain import Instrument, SecType
from robotrader.market.series import Daily, LateDays, Provenance, Series

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_STOCKS: Final = {
    # symbol: contract number (0: none known), primary exchange, name, ISIN, industry
    "AAPL": (265598, "NASDAQ", "APPLE INC", "US0378331005", "Technology"),
    "AMD": (4391, "NASDAQ", "ADVANCED MICRO DEVICES", "US0079031078", "Technology"),
    "BAC": (0, "NYSE", "BANK OF AMERICA CORP", "US0605051046", "Financial"),
    "BBY": (0, "NYSE", "BEST BUY CO INC", "US0865161014", "Consumer, Cyclical"),
    "CVX": (0, "NYSE", "CHEVRON CORP", "US1667641005", "Energy"),
    "GE": (0, "NYSE", "GENERAL ELECTRIC", "US3696043013", "Industrial"),
    "HD": (0, "NYSE", "HOME DEPOT INC", "US4370761029", "Consumer, Cyclical"),
    "JNJ": (0, "NYSE", "JOHNSON & JOHNSON", "US4781601046", "Consumer, Non-cyclical"),
    "JPM": (1520593, "NYSE", "JPMORGAN CHASE & CO", "US46625H1005", "Financial"),
    "KO": (8894, "NYSE", "COCA-COLA CO/THE", "US1912161007", "Consumer, Non-cyclical"),
    "LLY": (0, "NYSE", "ELI LILLY & CO", "US5324571083", "Consumer, Non-cyclical"),
    "MRK": (0, "NYSE", "MERCK & CO. INC.", "US58933Y1055", "Consumer, Non-cyclical"),
    "MSFT": (272093, "NASDAQ", "MICROSOFT CORP", "US5949181045", "Technology"),
    "PEP": (0, "NASDAQ", "PEPSICO INC", "US7134481081", "Consumer, Non-cyclical"),
    "PFE": (0, "NYSE", "PFIZER INC", "US7170811035", "Consumer, Non-cyclical"),
    "PG": (0, "NYSE", "PROCTER & GAMBLE CO/THE", "US7427181091", "Consumer, Non-cyclical"),
    "RRC": (0, "NYSE", "RANGE RESOURCES CORP", "US75281A1097", "Energy"),
    "UNH": (0, "NYSE", "UNITEDHEALTH GROUP INC", "US91324P1021", "Consumer, Non-cyclical"),
    "WMT": (13824, "NASDAQ", "WALMART INC", "US9311421039", "Consumer, Non-cyclical"),
    "XOM": (13977, "NYSE", "EXXON MOBIL CORP", "US30231G1022", "Energy"),
}
_INDICES: Final = {
    "SPX": (416904, "CBOE", "S&P 500 Stock Index", "sp500"),
    "COMP": (0, "NASDAQ", "NASDAQ Composite Index", "nasdaq"),
}
_OWN_NUMBERS: Final = 900_000_001
_SPREAD: Final = 0.006
"""How far, at most, a drawn high or low lies outside open and close, as a part of the price."""

_ADJUSTED: Final = "split- and dividend-adjusted close only"
_VOLUME: Final = (2_000_000, 8_000_000)
"""From where to where a volume is drawn: 5,000,000 shares in the mean."""


class NoBundledData(LookupError, ValueError):
    """A package that carries the data is not installed, or no longer carries it."""


def instruments() -> tuple[Instrument, ...]:
    """Return the 22 instruments."""
    names = (*_STOCKS, *_INDICES)
    numbers = {name: _OWN_NUMBERS + index for index, name in enumerate(names)}
    stocks = [
        Instrument(
            con_id=con_id or numbers[symbol],
            symbol=symbol,
            primary_exchange=exchange,
            local_symbol=symbol,
            trading_class="NMS" if exchange == "NASDAQ" else symbol,
            name=name,
            isin=isin,
            industry=industry,
        )
        for symbol, (con_id, exchange, name, isin, industry) in _STOCKS.items()
    ]
    indices = [
        Instrument(
            con_id=con_id or numbers[symbol],
            symbol=symbol,
            sec_type=SecType.INDEX,
            exchange=exchange,
            primary_exchange=exchange,
            local_symbol=symbol,
            trading_class=symbol,
            name=name,
            industry="Indices",
        )
        for symbol, (con_id, exchange, name, _) in _INDICES.items()
    ]
    return (*stocks, *indices)


def load(symbols: Iterable[str] | None = None) -> dict[str, Series]:
    """Return the series of ``symbols`` (all 22 by default) by symbol.

    Raises:
        NoBundledData: a package or its data file is missing.
        KeyError: a symbol is not among the 22.
    """
    by_symbol = {each.symbol: each for each in instruments()}
    wanted = list(by_symbol) if symbols is None else list(symbols)
    unknown = [symbol for symbol in wanted if symbol not in by_symbol]
    if unknown:
        msg = f"no bundled data for {', '.join(unknown)}: there are {', '.join(by_symbol)}"
        raise KeyError(msg)
    stocks = [symbol for symbol in wanted if symbol in _STOCKS]
    loaded = _stocks(stocks, by_symbol) if stocks else {}
    loaded |= {symbol: _index(by_symbol[symbol]) for symbol in wanted if symbol in _INDICES}
    return {symbol: loaded[symbol] for symbol in wanted}


def adjusted(series: Series) -> bool:
    """Say whether a bundled series is adjusted for splits and dividends; indices have none."""
    return _ADJUSTED in series.provenance.labels


def _rows(package: str, *path: str) -> Iterator[list[str]]:
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        msg = f"package {package!r} is missing: pip install 'robotrader[data]'"
        raise NoBundledData(msg)
    table = Path(found.origin).parent.joinpath(*path)
    if not table.is_file():
        msg = f"package {package!r} has no {'/'.join(path)}: pip install -U 'robotrader[data]'"
        raise NoBundledData(msg)
    with gzip.open(table, "rt", encoding="utf-8", newline="") as file:
        yield from csv.reader(file)


def _stocks(symbols: list[str], by_symbol: dict[str, Instrument]) -> dict[str, Series]:
    names, *columns = zip(
        *_rows("skfolio", "datasets", "data", "sp500_dataset.csv.gz"), strict=True
    )
    closes = {column[0]: column[1:] for column in columns}
    days = [date.fromisoformat(name) for name in names[1:]]
    provenance = Provenance(
        source="skfolio, S&P 500 dataset",
        licence="BSD-3-Clause; prices are third-party facts",
        first=days[0],
        last=days[-1],
        labels=(
            _ADJUSTED,
            "open, high, low and volume synthetic",
            "for tests and examples only, not for trading",
        ),
    )
    return {
        symbol: Series(by_symbol[symbol], _widened(symbol, days, closes[symbol]), provenance)
        for symbol in symbols
    }


def _widened(symbol: str, days: list[date], closes: tuple[str, ...]) -> LateDays:
    """Make days of closes; what is drawn depends on symbol and day alone."""
    rng = Random(0)  # seeded anew for every day: a new generator a day costs a quarter more

    def made(place: int) -> Daily:
        day, before, close = days[place], float(closes[max(place - 1, 0)]), float(closes[place])
        rng.seed(f"{symbol}/{day}")
        top, bottom = (before, close) if before > close else (close, before)
        high = round(top * (1 + _SPREAD * rng.random()), 4)
        low = round(bottom * (1 - _SPREAD * rng.random()), 4)
        return Daily(day, before, high, low, close, float(rng.randrange(*_VOLUME)))

    return LateDays(len(days), made)


def _index(instrument: Instrument) -> Series:
    folder = _INDICES[instrument.symbol][3]
    _, *rows = _rows("arch", "data", folder, f"{folder}.csv.gz")
    days = LateDays(len(rows), lambda place: _index_day(rows[place]))
    provenance = Provenance(
        source=f"arch, {folder} dataset",
        licence="NCSA; prices are third-party facts",
        first=days[0].day,
        last=days[-1].day,
    )
    return Series(instrument, days, provenance)


def _index_day(row: list[str]) -> Daily:
    month, day, year = (int(part) for part in row[0].split("/"))
    opened, high, low, close = (float(text) for text in row[1:5])
    return Daily(date(year, month, day), opened, high, low, close, float(row[6]))
