"""Writes LEAN files from the published description of the format, with nothing of our reader.

Equity data, LEAN's ``Data/equity/readme.md``: deci-cents, milliseconds since midnight, one CSV in
each zip. The times that it is given are wall-clock times in New York.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path


def deci_cents(price: Decimal | None) -> str:
    return "" if price is None else str(int(price * 10_000))


def milliseconds(at: datetime) -> str:
    whole = ((at.hour * 60 + at.minute) * 60 + at.second) * 1000
    shown = Decimal(whole) + Decimal(at.microsecond) / 1000
    return f"{shown.normalize():f}"


def zipped(path: Path, inner: str, lines: Iterable[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(inner, "".join(line + "\n" for line in lines))
    return path


def daily_or_hour(
    top: Path, resolution: str, symbol: str, rows: Iterable[tuple[datetime, list[Decimal], int]]
) -> Path:
    lines = [
        ",".join([f"{at:%Y%m%d %H:%M}", *map(deci_cents, prices), str(volume)])
        for at, prices, volume in rows
    ]
    path = top / "equity" / "usa" / resolution / f"{symbol}.zip"
    return zipped(path, f"{symbol}.csv", lines)


def bars(
    top: Path,
    resolution: str,
    symbol: str,
    day: date,
    rows: Iterable[tuple[datetime, list[Decimal], int]],
) -> Path:
    lines = [
        ",".join([milliseconds(at), *map(deci_cents, prices), str(volume)])
        for at, prices, volume in rows
    ]
    path = top / "equity" / "usa" / resolution / symbol / f"{day:%Y%m%d}_trade.zip"
    return zipped(path, f"{day:%Y%m%d}_{symbol}_{resolution}_trade.csv", lines)


def quote_bars(
    top: Path,
    resolution: str,
    symbol: str,
    day: date,
    rows: Iterable[tuple[datetime, list[Decimal | None], int, list[Decimal | None], int]],
) -> Path:
    lines = [
        ",".join(
            [milliseconds(at), *map(deci_cents, bid), str(bid_size), *map(deci_cents, ask),
             str(ask_size)]
        )
        for at, bid, bid_size, ask, ask_size in rows
    ]  # fmt: skip
    path = top / "equity" / "usa" / resolution / symbol / f"{day:%Y%m%d}_quote.zip"
    return zipped(path, f"{day:%Y%m%d}_{symbol}_{resolution}_quote.csv", lines)


def trade_ticks(
    top: Path, symbol: str, day: date, rows: Iterable[tuple[datetime, Decimal, int, str, int]]
) -> Path:
    lines = [
        f"{milliseconds(at)},{deci_cents(price)},{size},{exchange},1,{suspicious}"
        for at, price, size, exchange, suspicious in rows
    ]
    path = top / "equity" / "usa" / "tick" / symbol / f"{day:%Y%m%d}_trade.zip"
    return zipped(path, f"{day:%Y%m%d}_{symbol}_Trade_Tick.csv", lines)


def quote_ticks(
    top: Path, symbol: str, day: date, rows: Iterable[tuple[datetime, str, Decimal, int, str, int]]
) -> Path:
    lines = []
    for at, side, price, size, exchange, suspicious in rows:
        one = f"{deci_cents(price)},{size}"
        both = f"{one},0,0" if side == "bid" else f"0,0,{one}"
        lines.append(f"{milliseconds(at)},{both},{exchange},1,{suspicious}")
    path = top / "equity" / "usa" / "tick" / symbol / f"{day:%Y%m%d}_quote.zip"
    return zipped(path, f"{day:%Y%m%d}_{symbol}_Quote_Tick.csv", lines)
