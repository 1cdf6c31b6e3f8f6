"""``robotrader report make|open``: the page of anything that is kept, by its name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from robotrader.app import exits, montecarlo_cli, run_files, sweep_cli, walkforward_cli
from robotrader.app.browser import opened
from robotrader.app.config_files import from_arguments
from robotrader.app.kept import PATHS, RUNS, SWEEPS, WALKS, folder_of
from robotrader.domain.errors import ConfigurationError
from robotrader.research import WalkForward, sweep_page, walk_page

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from robotrader.config import Config


def run(arguments: argparse.Namespace) -> int:
    """Make a page anew, or open it; returns the exit status."""
    return exits.guarded(lambda: _VERBS[arguments.verb](arguments))


def _make(arguments: argparse.Namespace) -> int:
    folder, kind = _found(from_arguments(arguments).config, arguments.id)
    print(_written(folder, kind))
    return exits.OK


def _open(arguments: argparse.Namespace) -> int:
    folder, kind = _found(from_arguments(arguments).config, arguments.id)
    page = folder / _PAGES[kind]
    if not page.is_file():
        _written(folder, kind)
    opened(page)
    print(page)
    return exits.OK


def _found(config: Config, name: str) -> tuple[Path, str]:
    """Return the folder of what is kept under a name, and its kind."""
    for kind in _MAKERS:
        folder = folder_of(config, kind) / name
        if name and Path(name).name == name and folder.is_dir():
            return folder, kind
    kinds = ", ".join(_MAKERS)
    msg = f"nothing named {name} in {config.data_dir} ({kinds}): `sweep ls`, `backtest ls` list"
    raise ConfigurationError(msg)


def _written(folder: Path, kind: str) -> Path:
    page = folder / _PAGES[kind]
    page.write_text(_MAKERS[kind](folder), "utf-8")
    return page


def _walk(folder: Path) -> str:
    return walk_page(run_files.read_kept(folder / walkforward_cli.REPORT, WalkForward))


def _paths(folder: Path) -> str:
    kept = run_files.read_kept(folder / montecarlo_cli.REPORT, montecarlo_cli.Kept)
    return montecarlo_cli.page(kept)


_MAKERS: Final[dict[str, Callable[[Path], str]]] = {
    RUNS: run_files.page_of,
    SWEEPS: lambda folder: sweep_page(sweep_cli.kept_report(folder)),
    WALKS: _walk,
    PATHS: _paths,
}
_PAGES: Final = {
    RUNS: run_files.PAGE,
    SWEEPS: sweep_cli.PAGE,
    WALKS: walkforward_cli.PAGE,
    PATHS: montecarlo_cli.PAGE,
}
_VERBS: Final = {"make": _make, "open": _open}
