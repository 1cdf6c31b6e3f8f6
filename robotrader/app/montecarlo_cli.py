"""``robotrader montecarlo run``: a kept run's trades in another order, its days in other blocks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import msgspec

from robotrader.adapters.sweep_files import write_whole
from robotrader.app import exits, run_files
from robotrader.app.config_files import from_arguments
from robotrader.app.kept import PATHS, RUNS, folder_of, new_folder
from robotrader.app.tables import console
from robotrader.app.walk_tables import of_paths
from robotrader.domain.errors import ConfigurationError
from robotrader.research import OF_TRADES, Paths, montecarlo_page, of_days, of_trades

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from robotrader.backtest import Report

REPORT: Final = "paths.json"
PAGE: Final = "report.html"


class Kept(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Paths, of which run they are, and where its prices are from."""

    name: str
    run: str
    provenance: tuple[str, ...]
    paths: Paths


def run(arguments: argparse.Namespace) -> int:
    """Run; returns the exit status."""
    return exits.guarded(lambda: _run(arguments))


def _run(arguments: argparse.Namespace) -> int:
    config = from_arguments(arguments).config
    source = _source(folder_of(config, RUNS), arguments.id)
    report = run_files.read_report(source)
    paths = _drawn(source, report, arguments)
    folder = new_folder(folder_of(config, PATHS), source.name[:60], datetime.now(UTC))
    made = Kept(name=folder.name, run=report.name, provenance=report.provenance, paths=paths)
    write_whole(folder / REPORT, msgspec.json.format(msgspec.json.encode(made)))
    (folder / PAGE).write_text(page(made), "utf-8")
    if arguments.json:
        print(msgspec.json.encode(made).decode())
        return exits.OK
    out = console(no_color=arguments.no_color, quiet=arguments.quiet)
    for each in of_paths(paths, report.name, report.provenance):
        out.print(each)
    if not arguments.quiet:
        print(f"kept as {made.name} in {folder.parent}; page: {folder / PAGE}")
    return exits.OK


def page(made: Kept) -> str:
    """Return the page of kept paths."""
    return montecarlo_page(
        made.paths, f"{made.run}: what else might have happened", made.provenance
    )


def _source(parent: Path, name: str | None) -> Path:
    """Return the folder of the run that is meant, or of the newest."""
    if name is not None:
        return parent / name
    known = sorted(parent.glob(f"*/{run_files.REPORT}"))
    if not known:
        msg = f"no runs in {parent}: make one with `robotrader backtest run`"
        raise ConfigurationError(msg)
    return known[-1].parent


def _drawn(source: Path, report: Report, arguments: argparse.Namespace) -> Paths:
    count, seed, base = arguments.paths, arguments.seed, report.track.base
    if arguments.method not in OF_TRADES:
        return of_days(
            report.track.returns, base, arguments.method,
            count=count, seed=seed, block=arguments.block,
        )  # fmt: skip
    gains = [float(each.gain) for each in run_files.read_trades(source)]
    if not gains:
        msg = f"{source.name} has no trades: draw its days, as `--method stationary`"
        raise ConfigurationError(msg)
    return of_trades(gains, base, arguments.method, count=count, seed=seed)
