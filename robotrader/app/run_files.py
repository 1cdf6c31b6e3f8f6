"""The files of one backtest: its report, its trades, its page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from robotrader.backtest import Report
from robotrader.domain.errors import ConfigurationError
from robotrader.performance import RoundTrip, flat_trades

if TYPE_CHECKING:
    from pathlib import Path

    from robotrader.backtest import Result

T = TypeVar("T")

REPORT: Final = "report.json"
TRADES: Final = "trades.json"
PAGE: Final = "tearsheet.html"


def write_trades(folder: Path, result: Result) -> None:
    """Keep the trades of a run, from flat to flat, as they were closed."""
    multipliers = {each.con_id: each.multiplier for each in result.setup.instruments}
    trades = flat_trades(result.fills, multipliers)
    (folder / TRADES).write_bytes(msgspec.json.encode(trades))


def read_trades(folder: Path) -> tuple[RoundTrip, ...]:
    """Return them; raises ConfigurationError if there are none of this version."""
    return read_kept(folder / TRADES, tuple[RoundTrip, ...])


def read_report(folder: Path) -> Report:
    """Return the report of a run.

    Raises:
        ConfigurationError: there is no such run, or it is of another version.
    """
    path = folder / REPORT
    if not path.is_file():
        msg = f"no run {folder.name} in {folder.parent}: `robotrader backtest ls` lists them"
        raise ConfigurationError(msg)
    return read_kept(path, Report)


def read_kept(path: Path, kind: type[T]) -> T:
    """Return what a file holds; raises ConfigurationError if that is something else."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except FileNotFoundError:
        msg = f"there is no {path}: run it again"
        raise ConfigurationError(msg) from None
    except msgspec.MsgspecError as error:
        msg = f"{path} is not of this version ({error}): run it again, or remove it"
        raise ConfigurationError(msg) from error
