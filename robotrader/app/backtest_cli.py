"""``robotrader backtest run|ls|show|compare|open``: strategies on history, and what was kept."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import msgspec

from robotrader.app import exits
from robotrader.app.backtest_data import history_of
from robotrader.app.backtest_engine import engine_of, only, prices_of
from robotrader.app.backtest_tables import brief, full
from robotrader.app.browser import opened
from robotrader.app.building import chosen
from robotrader.app.compare_tables import beside
from robotrader.app.config_files import from_arguments
from robotrader.app.kept import RUNS, folder_of, new_folder
from robotrader.app.research_begun import kept_folder
from robotrader.app.run_files import PAGE, REPORT, page_of, read_report, write_run
from robotrader.app.tables import console, show
from robotrader.backtest import charts_of, held_equally, report_of_run, tables_of
from robotrader.domain.errors import ConfigurationError
from robotrader.market.quality import DataError
from robotrader.research import compared

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from robotrader.config import Config


def run(arguments: argparse.Namespace) -> int:
    """Run, list or show; returns the exit status."""
    return exits.guarded(lambda: _VERBS[arguments.verb](arguments))


def _run(arguments: argparse.Namespace) -> int:
    resolved = from_arguments(arguments)
    config = only(resolved.config, arguments.strategy)
    begun = time.perf_counter()
    try:
        history = history_of(config, arguments)
        loaded = time.perf_counter()
        result = engine_of(config, arguments, history).run(
            prices_of(history),
            begin_ns=history.begin_ns,
        )
    except DataError as error:
        print(f"robotrader: {error}", file=sys.stderr)
        return exits.USAGE
    if not result.bars:
        msg = "no bar lies in that window: give an earlier --from or a later --to"
        raise ConfigurationError(msg)
    benchmark = held_equally(history.bars, result.track.days, history.sessions.day_of)
    folder = new_folder(_folder(config), "-".join(sorted(chosen(config)))[:40], datetime.now(UTC))
    made = report_of_run(
        result,
        benchmark=benchmark,
        benchmark_name="equal parts, held",
        name=folder.name,
        config_hash=resolved.hash,
        provenance=history.said,
        seconds=(loaded - begun, time.perf_counter() - loaded),
    )
    tables = tables_of(result, history.bars, benchmark)
    write_run(folder, made, tables, charts_of(result, history.bars, history.begin_ns))
    show(made, full(made), arguments)
    if not arguments.json and not arguments.quiet:
        print(f"kept as {made.name} in {folder.parent}; page: {folder / PAGE}")
    return exits.OK


def _ls(arguments: argparse.Namespace) -> int:
    folder = _folder(from_arguments(arguments).config)
    reports = [
        read_report(path.parent) for path in sorted(folder.glob(f"*/{REPORT}"))[-arguments.count :]
    ]
    if arguments.json:
        print(msgspec.json.encode(reports).decode())
    else:
        console(no_color=arguments.no_color, quiet=arguments.quiet).print(brief(reports))
    return exits.OK


def _show_again(arguments: argparse.Namespace) -> int:
    folder = _folder(from_arguments(arguments).config)
    made = read_report(folder / arguments.id)
    show(made, full(made), arguments)
    return exits.OK


def _open(arguments: argparse.Namespace) -> int:
    """Open a run's page, or only say where it is."""
    parent = folder_of(from_arguments(arguments).config, RUNS)
    folder = kept_folder(parent, arguments.id, REPORT, "backtest")
    page = folder / PAGE
    if not page.is_file():
        page.write_text(page_of(folder), "utf-8")
    if not arguments.print:
        opened(page)
    print(page)
    return exits.OK


def _compare(arguments: argparse.Namespace) -> int:
    folder = _folder(from_arguments(arguments).config)
    reports = [read_report(folder / each) for each in (arguments.id, *arguments.others)]
    if arguments.json:
        differences = [compared(one.track, other.track) for one, other in pairwise(reports)]
        shown = {"runs": reports, "differences": differences}
        print(msgspec.json.encode(shown).decode())
        return exits.OK
    out = console(no_color=arguments.no_color, quiet=arguments.quiet)
    for each in beside(reports):
        out.print(each)
    return exits.OK


def _folder(config: Config) -> Path:
    return folder_of(config, RUNS)


_VERBS: Final = {"run": _run, "ls": _ls, "show": _show_again, "compare": _compare, "open": _open}
