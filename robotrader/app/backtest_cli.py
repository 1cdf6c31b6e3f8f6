"""``robotrader backtest run|ls|show``: strategies on history, and what was kept of earlier runs."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from robotrader.app import exits
from robotrader.app.backtest_data import History, history_of
from robotrader.app.backtest_tables import brief, full
from robotrader.app.building import chosen, hosts_of, limits_of
from robotrader.app.config_files import from_arguments
from robotrader.app.tables import console
from robotrader.backtest import (
    Engine,
    Prices,
    Report,
    Setup,
    batches,
    held_equally,
    report_of_run,
    tearsheet,
    with_ticks,
)
from robotrader.domain.errors import ConfigurationError
from robotrader.market.quality import DataError
from robotrader.venue import FixedPlan, NoCommission, Slippage, TieredPlan, VenueRules

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from robotrader.config import Config
    from robotrader.venue import CommissionPlan

_PLANS: Final[dict[str, type[CommissionPlan]]] = {
    "fixed": FixedPlan, "tiered": TieredPlan, "none": NoCommission,
}  # fmt: skip
_REPORT: Final = "report.json"
_PAGE: Final = "tearsheet.html"


def run(arguments: argparse.Namespace) -> int:
    """Run, list or show; returns the exit status."""
    return exits.guarded(lambda: _VERBS[arguments.verb](arguments))


def _run(arguments: argparse.Namespace) -> int:
    resolved = from_arguments(arguments)
    config = _only(resolved.config, arguments.strategy)
    begun = time.perf_counter()
    try:
        history = history_of(config, arguments)
        loaded = time.perf_counter()
        result = _engine(config, arguments, history).run(
            _prices(history),
            begin_ns=history.begin_ns,
        )
    except DataError as error:
        print(f"robotrader: {error}", file=sys.stderr)
        return exits.USAGE
    if not result.bars:
        msg = "no bar lies in that window: give an earlier --from or a later --to"
        raise ConfigurationError(msg)
    benchmark = held_equally(history.bars, result.track.days, history.sessions.day_of)
    folder = _new_folder(_folder(config), "-".join(sorted(chosen(config)))[:40])
    made = report_of_run(
        result,
        benchmark=benchmark,
        benchmark_name="equal parts, held",
        name=folder.name,
        config_hash=resolved.hash,
        provenance=history.said,
        seconds=(loaded - begun, time.perf_counter() - loaded),
    )
    (folder / _REPORT).write_bytes(msgspec.json.format(msgspec.json.encode(made)))
    (folder / _PAGE).write_text(tearsheet(made), "utf-8")
    _show(made, arguments)
    if not arguments.json and not arguments.quiet:
        print(f"kept as {made.name} in {folder.parent}; page: {folder / _PAGE}")
    return exits.OK


def _prices(history: History) -> Iterable[Prices]:
    names = {each.con_id: each.symbol for each in history.instruments}
    bars = batches(history.bars, names)
    return with_ticks(bars, history.ticks, names) if history.ticks else bars


def _only(config: Config, names: list[str]) -> Config:
    """Return the configuration with the named strategies on, and no others; or as it is."""
    unknown = [name for name in names if name not in config.strategy]
    if unknown:
        known = ", ".join(sorted(config.strategy)) or "none"
        msg = f"no strategy {', '.join(unknown)}: known are {known}"
        raise ConfigurationError(msg)
    if not names:
        return config
    switched = {
        name: msgspec.structs.replace(each, enabled=name in names)
        for name, each in config.strategy.items()
    }
    return msgspec.structs.replace(config, strategy=switched)


def _engine(config: Config, arguments: argparse.Namespace, history: History) -> Engine:
    limits, _ = limits_of(config)
    bps = arguments.slippage
    slippage = Slippage("bps", bps) if bps else Slippage()
    setup = Setup(
        instruments=history.instruments,
        cash=arguments.cash,
        limits=limits,
        sessions=history.sessions,
        plan=_PLANS[arguments.plan](),
        rules=VenueRules(slippage=slippage),
        fill=arguments.fill,
        always_open=history.daily,
    )
    hosts = hosts_of(config, {each.con_id: each for each in history.instruments})
    engine = Engine(setup, hosts)
    if arguments.signals:
        engine.compute_signals(history.bars)
    return engine


def _ls(arguments: argparse.Namespace) -> int:
    folder = _folder(from_arguments(arguments).config)
    reports = [_read(path) for path in sorted(folder.glob(f"*/{_REPORT}"))[-arguments.count :]]
    if arguments.json:
        print(msgspec.json.encode(reports).decode())
    else:
        console(no_color=arguments.no_color, quiet=arguments.quiet).print(brief(reports))
    return exits.OK


def _show_again(arguments: argparse.Namespace) -> int:
    folder = _folder(from_arguments(arguments).config)
    path = folder / arguments.id / _REPORT
    if not path.is_file():
        msg = f"no run {arguments.id} in {folder}: `robotrader backtest ls` lists them"
        raise ConfigurationError(msg)
    _show(_read(path), arguments)
    return exits.OK


def _read(path: Path) -> Report:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Report)
    except msgspec.MsgspecError as error:
        msg = f"{path} is no report of this version ({error}): run it again, or remove it"
        raise ConfigurationError(msg) from error


def _show(made: Report, arguments: argparse.Namespace) -> None:
    if arguments.json:
        print(msgspec.json.encode(made).decode())
        return
    out = console(no_color=arguments.no_color, quiet=arguments.quiet)
    for each in full(made):
        out.print(each)


def _folder(config: Config) -> Path:
    return Path(config.data_dir) / "backtests"


def _new_folder(parent: Path, what: str) -> Path:
    """Make a folder for one run, named by the second and ``what``, and by a number where there is
    one of that name: two runs may begin in the same second.
    """
    folder = first = parent / f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{what}"
    number = 1
    while True:
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            number += 1
            folder = first.with_name(f"{first.name}-{number}")
        else:
            return folder


_VERBS: Final = {"run": _run, "ls": _ls, "show": _show_again}
