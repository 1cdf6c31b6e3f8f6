"""The folder that each page's reader is in: own prices, a journal, a fault program."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from actors.snapshots import Snapshots
from bench.recovery import HOLDER, records
from robotrader.adapters import csv_bars
from robotrader.adapters.lmdb_store import LmdbStore
from robotrader.domain import Bar
from robotrader.domain.records import Record
from robotrader.journal import Entry
from robotrader.market.series import Daily
from robotrader.recovery import CATALOGUE, index_rows
from tests.docs.blocks import ROOT, blocks
from tests.robotrader.app.research_kit import prices
from tests.system.kit import real_day

NEW_YORK: Final = ZoneInfo("America/New_York")
DAYS: Final = (date(2024, 1, 2), date(2024, 1, 3), date(2024, 1, 4), date(2024, 1, 5))
MINUTE_NS: Final = 60 * 10**9
AAPL: Final = 265598


def emulator(folder: Path) -> None:
    """Prices of two symbols, prices with a mistake, the page's own fault program."""
    prices, wrong = folder / "prices", folder / "wrong"
    prices.mkdir()
    wrong.mkdir()
    csv_bars.write(prices / "AAPL.csv", [bar for day in DAYS for bar in _minutes(day)])
    many = [*DAYS, date(2024, 1, 8), date(2024, 1, 9)]
    csv_bars.write(prices / "KO.csv", [Daily(day, 59.5, 60.5, 58.9, 60, 1e6) for day in many])
    rows = "date,open,high,low,close\n2024-01-02,59.5,60.5,58.9,60.0\n"
    (wrong / "KO.csv").write_text(f"{rows}2024-01-03,59.5,60.5,58.9,61.0\n")
    (program,) = (each.text for each in blocks("toml") if each.page.stem == "emulator")
    (folder / "my.toml").write_text(program)


def _minutes(day: date) -> list[Bar]:
    opens = datetime(day.year, day.month, day.day, 9, 30, tzinfo=NEW_YORK)
    first = int((opens - timedelta(0)).timestamp()) * 10**9
    starts = range(first, first + 390 * MINUTE_NS, MINUTE_NS)
    return [Bar(AAPL, at, at + MINUTE_NS, 190, 191, 189, 190.5, 400, 190.2, 4) for at in starts]


def journal(folder: Path) -> None:
    """A journal of two sessions, of which the first 60 records are archived, and a copy."""
    for last in (60, 102):
        store = LmdbStore(folder / "journal", copy_to=folder / "copy", ballast_bytes=0)
        begun = store.tip.seq
        store.append([entry(each) for each in islice(records(), begun, last)])
        taking = Snapshots(store, HOLDER, time.time_ns, every_records=last - begun)
        while taking.step():
            pass
        if last > 60:
            store.archive(folder / "archive")
        store.close()


def entry(record: Record) -> Entry:
    return Entry(*CATALOGUE.encode(record), rows=tuple(index_rows(record)))


def trading(folder: Path) -> None:
    """Real prices of a day in March 2020, and a universe that they are of."""
    real_day(folder / "prices")
    (folder / "conf" / "profiles").mkdir(parents=True)
    (folder / "conf" / "profiles" / "sim.toml").write_text('mode = "sim"\n')
    (folder / "conf" / "robotrader.toml").write_text('[universe]\nsymbols = ["KO"]\n')


def data(folder: Path) -> None:
    """Minutes of two days as somebody's program wrote them, five of them missing; a dividend."""
    prices = folder / "prices"
    prices.mkdir()
    bars = [bar for day in DAYS[:2] for bar in _minutes(day)]
    del bars[60:65]
    lines = ["Date Time,Open,High,Low,Close,Volume"]
    for bar in bars:
        at = datetime.fromtimestamp(bar.start_ns // 10**9, NEW_YORK)
        lines.append(f"{at:%Y-%m-%d %H:%M},59.5,60.5,58.9,60.0,1200")
    (prices / "KO.csv").write_text("\n".join(lines) + "\n")
    (folder / "actions.csv").write_text("symbol,date,kind,value\nKO,2024-01-03,dividend,0.46\n")


def monitoring(folder: Path) -> None:
    """The repository, whose files are named."""
    (folder / "conf").symlink_to(ROOT / "conf")


def supervision(folder: Path) -> None:
    """A specification of one child."""
    child = {"name": "one", "argv": [sys.executable, "-c", "import time; time.sleep(600)"]}
    (folder / "heart.json").write_text(json.dumps({"children": [child]}))


def research(folder: Path) -> None:
    """A year of own prices of one symbol, and a strategy that trades it."""
    prices(folder / "prices")
    conf = folder / "conf"
    (conf / "profiles").mkdir(parents=True)
    (conf / "profiles" / "sim.toml").write_text('mode = "sim"\n')
    (conf / "robotrader.toml").write_text(
        '[universe]\nsymbols = ["KO"]\n[kill_switch]\nlosses_max = 0\n[strategy.sma]\n'
        'class = "robotrader.strategies.sma_cross:SmaCross"\nsymbols = ["KO"]\nbar = "1d"\n'
    )


SITES: Final[dict[str, Callable[[Path], None]]] = {
    "data": data,
    "emulator": emulator,
    "journal": journal,
    "trading": trading,
    "monitoring": monitoring,
    "supervision": supervision,
    "research": research,
}


def made(page: str, folder: Path) -> Path:
    """Return a folder with what the page's reader has."""
    if page in SITES:
        SITES[page](folder)
    return folder


def inline(text: str) -> list[str]:
    """Return the commands of ours that stand in a page's sentences."""
    prose = re.sub(r"(?ms)^```.*?^```$", "", text)
    return [" ".join(each.split()) for each in re.findall(r"`(robotrader [a-z][^`]*)`", prose)]
