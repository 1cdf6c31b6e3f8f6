"""A sweep of two parameters on a year of own prices, small enough to be run again and again."""

from __future__ import annotations

import math
import os
import sys
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from robotrader.adapters import csv_bars
from robotrader.adapters.sweep_files import RESULTS
from robotrader.market.series import Daily

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT: Final = Path(__file__).resolve().parents[3]
SMA: Final = (
    "--set", 'strategy.sma.class="robotrader.strategies.sma_cross:SmaCross"',
    "--set", "strategy.sma.params={ fast = 10, slow = 30, qty = 100 }",
    "--set", 'strategy.sma.symbols=["KO"]',
    "--set", 'universe.symbols=["KO"]',
    "--set", "strategy.sma.bar=1d",
    "--set", "kill_switch.losses_max=0",
)  # fmt: skip
GRID: Final = ("--param", "fast=4:12:4", "--param", "slow=8:24:8")
"""Nine points, of which the strategy refuses two."""

HERE: Final = ("--executor", "here")


def command(*arguments: str) -> list[str]:
    """Return a command line of a process of its own."""
    return [sys.executable, "-m", "robotrader", *arguments]


def environ() -> dict[str, str]:
    """Return what such a process is given: our packages first."""
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def only_sweep(folder: Path) -> Path:
    """Return the folder of the one sweep there is."""
    (found,) = (path for path in (folder / "data" / "sweeps").iterdir() if path.is_dir())
    return found


def results(folder: Path) -> bytes:
    """Return the bytes of the one sweep's trials."""
    return (only_sweep(folder) / RESULTS).read_bytes()


def prices(folder: Path, decimals: int = 17, symbols: Sequence[str] = ("KO",)) -> tuple[str, ...]:
    """Write a year of each symbol's days, which swing; return the option that reads them."""
    folder.mkdir()
    one = partial(round, ndigits=decimals)
    days = [date(2023, 1, 2) + timedelta(each) for each in range(365)]
    for place, symbol in enumerate(symbols):
        closes = [
            60 + 5 * math.sin(at / (9 + place)) + 3 * math.sin(at / 2.3 + place)
            for at in range(365)
        ]
        rows = [
            Daily(day, one(close - 0.1), one(close + 0.4), one(close - 0.5), one(close), 1e6)
            for day, close in zip(days, closes, strict=True)
            if day.weekday() < 5
        ]
        csv_bars.write(folder / f"{symbol}.csv", rows)
    return ("--data", str(folder))
