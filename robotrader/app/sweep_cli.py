"""``robotrader sweep run|ls|best|resume``: many parameters, every trial kept, none flattered."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec
from rich.console import Console
from rich.live import Live

from robotrader.adapters.sweep_files import (
    SPEC,
    appending,
    read_spec,
    read_trials,
    read_ways,
    write_spec,
    write_ways,
)
from robotrader.app import exits
from robotrader.app.backtest_engine import only
from robotrader.app.building import chosen
from robotrader.app.config_files import from_arguments
from robotrader.app.kept import SWEEPS, folder_of, new_folder
from robotrader.app.research_begun import code_of, kept_folder, unchanged, window_of
from robotrader.app.research_follow import CHECKED, Tally, agree, may_follow
from robotrader.app.research_job import Options, Source, Task, loaded
from robotrader.app.research_run import (
    data_named,
    executor_of,
    planned,
    run_tasks,
    search_of,
    space_of,
)
from robotrader.app.sweep_loop import SweepLoop
from robotrader.app.sweep_tables import brief, full, live
from robotrader.app.tables import console, show
from robotrader.config import Config
from robotrader.research import (
    Axis,
    Space,
    Trial,
    ranked_by,
    searched,
    sweep_page,
    sweep_report,
)

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from rich.console import RenderableType

    from robotrader.research import Point, SweepReport, Ways

    Engine = Callable[[Sequence[Task]], Iterator[Trial]]

PAGE: Final = "report.html"


class Spec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a sweep is: all that its trials follow from, and what tells that it is still so."""

    config: Config
    config_hash: str
    options: Options
    axes: tuple[Axis, ...]
    method: str
    count: int
    seed: int
    metric: str
    planned: int
    code: str
    """Of robotrader and of the strategies' own files."""

    data: str
    """Of the bars."""

    provenance: tuple[str, ...]
    window: str

    @property
    def source(self) -> Source:
        """What all trials have in common."""
        return Source(msgspec.json.encode(self.config), self.options)


def run(arguments: argparse.Namespace) -> int:
    """Run, list, show or resume; returns the exit status."""
    return exits.guarded(lambda: data_named(lambda: _VERBS[arguments.verb](arguments)))


def _run(arguments: argparse.Namespace) -> int:
    resolved = from_arguments(arguments)
    config = only(resolved.config, arguments.strategy)
    space = space_of(config, arguments.param)
    search_of(arguments.method, space, arguments.trials, arguments.seed)  # says what is wrong
    source = Source(msgspec.json.encode(config), Options.of(arguments))
    history = loaded(source)
    spec = Spec(
        config=config,
        config_hash=resolved.hash,
        options=source.options,
        axes=space.axes,
        method=arguments.method,
        count=arguments.trials,
        seed=arguments.seed,
        metric=arguments.metric,
        planned=planned(arguments.method, space, arguments.trials),
        code=code_of(config),
        data=history.digest,
        provenance=history.history.said,
        window=window_of(history),
    )
    name = "-".join(sorted(chosen(config)))[:40]
    folder = new_folder(folder_of(config, SWEEPS), name, datetime.now(UTC))
    write_spec(folder, spec)
    return _go_on(folder, spec, arguments)


def _resume(arguments: argparse.Namespace) -> int:
    folder = sweep_folder(arguments)
    spec = read_spec(folder, Spec)
    unchanged(folder.name, spec.config, spec.code, spec.data, loaded(spec.source))
    return _go_on(folder, spec, arguments)


def _go_on(folder: Path, spec: Spec, arguments: argparse.Namespace) -> int:
    """Run what is not kept yet, then show everything."""
    try:
        trials = _completed(folder, spec, arguments)
    except KeyboardInterrupt:
        kept = len(read_trials(folder))
        said = f"kept {kept} of {spec.planned}; go on with `robotrader sweep resume {folder.name}`"
        print(f"robotrader: interrupted: {said}", file=sys.stderr)
        return exits.INTERRUPTED
    made = report_of(folder, spec, trials, ways=read_ways(folder))
    (folder / PAGE).write_text(sweep_page(made), "utf-8")
    show(made, full(made), arguments)
    if not arguments.json and not arguments.quiet:
        print(f"kept as {folder.name} in {folder.parent}; page: {folder / PAGE}")
    return exits.OK


def _completed(folder: Path, spec: Spec, arguments: argparse.Namespace) -> list[Trial]:
    recorded = read_trials(folder)
    found: list[Trial] = []
    tally = Tally(asked=may_follow(arguments, spec.options))
    looped = SweepLoop(loaded(spec.source), tally)
    checked: tuple[int, ...] = ()
    with appending(folder) as append, executor_of(arguments) as executor:
        engine = partial(run_tasks, executor, spec.source, tally)
        search = search_of(spec.method, Space(spec.axes), spec.count, spec.seed)
        try:
            with _watching(found, spec, len(recorded), arguments):
                run = partial(_numbered, looped, engine)
                for trial in searched(search, run, spec.metric, recorded):
                    if len(found) >= len(recorded):
                        append(trial)
                    found.append(trial)
            if looped.knows or tally.followed or _unchecked(folder, tally, recorded):
                plain = partial(run_tasks, executor, spec.source, Tally(asked=False))
                checked = _checked(found, spec, plain)
        finally:
            write_ways(folder, looped.ways(checked))
    return found


def _numbered(
    looped: SweepLoop, engine: Engine, points: Sequence[tuple[int, Point]]
) -> Iterator[Trial]:
    tasks = [Task(number=number, params=point) for number, point in points]
    return looped.trials(tasks, engine)


def _unchecked(folder: Path, tally: Tally, recorded: Sequence[Trial]) -> bool:
    """Whether callbacks were, or may have been, followed before that nobody has checked."""
    before = read_ways(folder)
    if before is None:  # it was killed
        return tally.asked and bool(recorded)
    return before.followed > 0 and not before.checked


def _checked(found: Sequence[Trial], spec: Spec, engine: Engine) -> tuple[int, ...]:
    """Let the engine run the best, too; raises StrategyError if one is another."""
    best = [trial for trial, _ in ranked_by(found, spec.metric)[:CHECKED]]
    tasks = [Task(number=each.number, params=each.params) for each in best]
    if spec.options.signals:
        return agree(best, engine(tasks), "in the compiled loop", "sweep without --signals")
    return agree(best, engine(tasks), "as callbacks", "sweep with --engine")


def _watching(found: Sequence[Trial], spec: Spec, kept: int, arguments: argparse.Namespace) -> Live:
    """Return the table that follows the trials, on standard error if somebody looks at it."""
    begun = time.monotonic()

    def seen() -> RenderableType:
        new = max(0, len(found) - kept)
        return live(tuple(found), spec.planned, spec.metric, time.monotonic() - begun, new)

    out = Console(stderr=True, no_color=arguments.no_color, quiet=arguments.quiet or arguments.json)
    if not out.is_terminal:
        out.quiet = True
    return Live(get_renderable=seen, console=out, refresh_per_second=4, transient=True)


def report_of(
    folder: Path, spec: Spec, trials: Sequence[Trial], top: int = 10, ways: Ways | None = None
) -> SweepReport:
    """Return the report of a sweep as it is now."""
    return sweep_report(
        trials,
        name=folder.name,
        method=spec.method,
        metric=spec.metric,
        seed=spec.seed,
        axes=spec.axes,
        config_hash=spec.config_hash,
        provenance=spec.provenance,
        window=spec.window,
        planned=spec.planned,
        top=top,
        ways=ways,
    )


def kept_report(folder: Path, top: int = 10) -> SweepReport:
    """Return the report of a sweep that was kept; raises ConfigurationError."""
    spec, trials = read_spec(folder, Spec), read_trials(folder)
    return report_of(folder, spec, trials, top, read_ways(folder))


def sweep_folder(arguments: argparse.Namespace) -> Path:
    """Return the folder of the sweep that is meant, or of the newest; raises as ``kept_folder``."""
    parent = folder_of(from_arguments(arguments).config, SWEEPS)
    return kept_folder(parent, arguments.id, SPEC, "sweep")


def _ls(arguments: argparse.Namespace) -> int:
    parent = folder_of(from_arguments(arguments).config, SWEEPS)
    known = sorted(parent.glob(f"*/{SPEC}"))[-arguments.count :]
    reports = [kept_report(path.parent) for path in known]
    if arguments.json:
        print(msgspec.json.encode(reports).decode())
    else:
        console(no_color=arguments.no_color, quiet=arguments.quiet).print(brief(reports))
    return exits.OK


def _best(arguments: argparse.Namespace) -> int:
    made = kept_report(sweep_folder(arguments), arguments.count)
    show(made, full(made), arguments)
    return exits.OK


_VERBS: Final = {"run": _run, "ls": _ls, "best": _best, "resume": _resume}
