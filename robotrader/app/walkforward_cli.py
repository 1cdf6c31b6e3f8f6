"""``robotrader walkforward run|resume``: parameters chosen on some days, judged on others."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from robotrader.adapters.sweep_files import (
    PLAN,
    appending,
    read_spec,
    read_trials,
    read_ways,
    write_spec,
    write_ways,
    write_whole,
)
from robotrader.app import exits
from robotrader.app.backtest_engine import only
from robotrader.app.building import chosen
from robotrader.app.config_files import from_arguments
from robotrader.app.kept import WALKS, folder_of, new_folder
from robotrader.app.progress import Progress
from robotrader.app.research_begun import code_of, kept_folder, unchanged
from robotrader.app.research_follow import CHECKED, Tally, agree, may_follow
from robotrader.app.research_job import Options, Source, Task, loaded
from robotrader.app.research_run import (
    checked_metric,
    data_named,
    executor_of,
    planned,
    run_tasks,
    search_of,
    space_of,
)
from robotrader.app.tables import show
from robotrader.app.walk_plan import GIVEN, Kept, Plan, splits_of
from robotrader.app.walk_tables import full
from robotrader.domain.errors import ConfigurationError
from robotrader.research import (
    METRICS,
    OF_RETURNS,
    Skipped,
    Space,
    Trial,
    WalkForward,
    Window,
    best_of,
    days_of,
    decay,
    efficiency,
    held_up,
    on_days,
    path_ratios,
    searched,
    span_of,
    stitched,
    summary_of,
    taken,
    walk_page,
)

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence
    from datetime import date
    from pathlib import Path

    from robotrader.app.research_job import Loaded
    from robotrader.jobs import Executor
    from robotrader.performance.track import Floats
    from robotrader.research import Best, Point, Split, Ways

REPORT: Final = "walkforward.json"
PAGE: Final = "report.html"


def run(arguments: argparse.Namespace) -> int:
    """Run or resume; returns the exit status."""
    return exits.guarded(lambda: data_named(lambda: _VERBS[arguments.verb](arguments)))


def _run(arguments: argparse.Namespace) -> int:
    resolved = from_arguments(arguments)
    config = only(resolved.config, arguments.strategy)
    space = space_of(config, arguments.param)
    source = Source(msgspec.json.encode(config), Options.of(arguments))
    given = {name: getattr(arguments, name) for name in GIVEN}
    plan = Plan(
        config=config,
        config_hash=resolved.hash,
        options=source.options,
        axes=space.axes,
        code=code_of(config),
        data="",
        **given,
    )
    _checked(plan, space)
    plan = msgspec.structs.replace(plan, data=loaded(source).digest)
    splits_of(plan, len(loaded(source).days))  # says what is wrong before anything is kept
    name = "-".join(sorted(chosen(config)))[:40]
    folder = new_folder(folder_of(config, WALKS), name, datetime.now(UTC))
    write_spec(folder, plan, PLAN)
    return _go_on(folder, plan, arguments)


def _checked(plan: Plan, space: Space) -> None:
    """Raise ConfigurationError if options do not fit together."""
    checked_metric(plan.metric, OF_RETURNS if plan.folded else tuple(METRICS))
    if plan.folded and plan.method == "tpe":
        msg = "--method tpe has seen every day: with folds use grid or random"
        raise ConfigurationError(msg)
    search_of(plan.method, space, plan.trials, plan.seed)


def _resume(arguments: argparse.Namespace) -> int:
    parent = folder_of(from_arguments(arguments).config, WALKS)
    folder = kept_folder(parent, arguments.id, PLAN, "walkforward")
    plan = read_spec(folder, Plan, PLAN)
    unchanged(folder.name, plan.config, plan.code, plan.data, loaded(plan.source))
    return _go_on(folder, plan, arguments)


def _go_on(folder: Path, plan: Plan, arguments: argparse.Namespace) -> int:
    """Run what is not kept yet, then show everything."""
    try:
        with appending(folder) as append, executor_of(arguments) as executor:
            walk = _Walk(plan, Kept(folder, append), executor, arguments, read_ways(folder))
            try:
                made = _made(folder.name, plan, walk)
            finally:
                write_ways(folder, walk.tally.ways(sorted(set(walk.checked))))
    except KeyboardInterrupt:
        kept = len(read_trials(folder))
        said = f"kept {kept} trials; go on with `robotrader walkforward resume {folder.name}`"
        print(f"robotrader: interrupted: {said}", file=sys.stderr)
        return exits.INTERRUPTED
    write_whole(folder / REPORT, msgspec.json.format(msgspec.json.encode(made)))
    (folder / PAGE).write_text(walk_page(made), "utf-8")
    show(made, full(made), arguments)
    if not arguments.json and not arguments.quiet:
        print(f"kept as {made.name} in {folder.parent}; page: {folder / PAGE}")
    return exits.OK


def _made(name: str, plan: Plan, walk: _Walk) -> WalkForward:
    windows, skipped, outside, ratios = walk.folds() if plan.folded else walk.windows()
    track = stitched(outside, float(plan.options.cash))
    return WalkForward(
        name=name,
        scheme=walk.said,
        windows=tuple(windows),
        skipped=tuple(skipped),
        efficiency=efficiency(windows),
        decay=decay(windows),
        held_up=held_up(windows),
        summary=summary_of(track),
        track=track,
        ratios=ratios,
        provenance=walk.history.history.said,
        config_hash=plan.config_hash,
        metric=plan.metric,
        failed=walk.failed,
    )


_VERBS: Final = {"run": _run, "resume": _resume}
_Parts = tuple[
    "list[Window]", "list[Skipped]", "list[tuple[list[date], Floats]]", "tuple[float, ...]"
]
"""Windows, those left out, days outside with their returns, ratios of paths."""


class _Walk:
    """One run: its history, its splits and its search; see the module's prose."""

    def __init__(
        self,
        plan: Plan,
        kept: Kept,
        executor: Executor,
        arguments: argparse.Namespace,
        before: Ways | None,
    ) -> None:
        self.plan, self.kept, self.executor = plan, kept, executor
        self.space = Space(plan.axes)
        self.history: Loaded = loaded(plan.source)
        self.days = self.history.days
        self.splits = splits_of(plan, len(self.days))
        self.tally = Tally(asked=may_follow(arguments, plan.options))
        self.checked: list[int] = []
        self.answered = 0
        self._doubts = self.tally.asked and (before is None or before.followed > 0)
        self.failed = 0
        size = planned(plan.method, self.space, plan.trials)
        count = size if plan.folded else (size + 1) * len(self.splits)
        self.progress = Progress(count, "trials", arguments)

    @property
    def said(self) -> str:
        """The scheme in words."""
        given = self.plan
        if given.folded:
            tested = 1 if given.scheme == "folds" else given.tested
            return (
                f"{len(self.splits)} splits of {given.folds} folds, {tested} tested at once, "
                f"purged by {given.purge} and embargoed by {given.embargo} days"
            )
        return (
            f"{len(self.splits)} {given.scheme} windows of {given.train} days, judged on the "
            f"{given.test} days that follow after {given.gap}"
        )

    def windows(self) -> _Parts:
        """Choose in a search of each window's own days, judge in a run of the days that follow."""
        windows: list[Window] = []
        skipped: list[Skipped] = []
        outside: list[tuple[list[date], Floats]] = []
        with self.progress:
            for number, split in enumerate(self.splits):
                inside, judged = days_of(split, self.days)
                before = self._unchecked
                tried = list(self._search(inside))
                self.failed += sum(1 for each in tried if each.error)
                best = best_of(tried, self.plan.metric)
                if best is not None and self._unchecked > before:
                    self._check([best.trial], inside)
                if best is None:
                    skipped.append(Skipped(number=number, why=_why(tried)))
                    continue
                task = _task(best.trial.params, judged)
                (result,) = self._tried([task])
                if result.figures is None:
                    skipped.append(Skipped(number=number, why=result.error))
                    continue
                window = Window(
                    number=number,
                    inside=span_of(inside, np.array(best.trial.returns)),
                    outside=span_of(judged, np.array(result.returns)),
                    best=_without_returns(best),
                )
                windows.append(window)
                outside.append((judged, np.array(result.returns)))
        return windows, skipped, outside, ()

    def _search(self, days: Sequence[date]) -> Iterator[Trial]:
        given = self.plan

        def numbered(points: Sequence[tuple[int, Point]]) -> Iterator[Trial]:
            return self._tried([_task(point, days, number) for number, point in points])

        search = search_of(given.method, self.space, given.trials, given.seed)
        return searched(search, numbered, given.metric)

    def _tried(self, tasks: Sequence[Task]) -> Iterator[Trial]:
        known = list(self.kept.answered(tasks))
        self.answered += len(known)
        rest = tasks[len(known) :]
        new = run_tasks(self.executor, self.plan.source, self.tally, rest) if rest else ()
        for trial in chain(known, map(self.kept.keep, new)):
            self.progress.step(failed=bool(trial.error))
            yield trial

    @property
    def _unchecked(self) -> int:
        """How many trials were followed so far, or may have been before an interruption."""
        return self.tally.followed + (self.answered if self._doubts else 0)

    def _check(self, chosen: Sequence[Trial], days: Sequence[date]) -> None:
        """Let the engine run what was chosen, too; raises StrategyError if one is another."""
        tasks = [_task(each.params, days, each.number) for each in chosen]
        engines = run_tasks(self.executor, self.plan.source, Tally(asked=False), tasks)
        agree(chosen, engines, "as callbacks", "walk forward with --engine")
        self.checked += [each.number for each in chosen]

    def folds(self) -> _Parts:
        """Run every point once over all days; choose and judge on the days of each split."""
        windows: list[Window] = []
        skipped: list[Skipped] = []
        outside: list[tuple[list[date], Floats]] = []
        picked: list[Floats | None] = []
        with self.progress:
            tried = list(self._search(self.days))
        self.failed = sum(1 for each in tried if each.error)
        for number, split in enumerate(self.splits):
            best = best_of([_inside(each, split) for each in tried], self.plan.metric)
            if best is None:
                skipped.append(Skipped(number=number, why=_why(tried)))
                picked.append(None)
                continue
            returns = np.array(tried[best.trial.number].returns)
            inside, judged = days_of(split, self.days)
            earned = taken(returns, split.test)
            window = Window(
                number=number,
                inside=span_of(inside, taken(returns, split.train)),
                outside=span_of(judged, earned),
                best=_without_returns(best),
            )
            windows.append(window)
            outside.append((judged, earned))
            picked.append(returns)
        if self._unchecked:
            numbers = list(dict.fromkeys(each.best.trial.number for each in windows))[:CHECKED]
            self._check([tried[each] for each in numbers], self.days)
        if self.plan.scheme == "folds":
            return windows, skipped, outside, ()
        given = self.plan
        ratios = path_ratios(picked, len(self.days), given.folds, given.tested)
        return windows, skipped, [], ratios


def _task(params: Point, days: Sequence[date], number: int = 0) -> Task:
    return Task(number=number, params=params, begin=days[0], end=days[-1], returns=True)


def _inside(trial: Trial, split: Split) -> Trial:
    """Return a trial as the days of a split's choice know it."""
    if trial.figures is None:
        return trial
    own = on_days(trial.figures, taken(np.array(trial.returns), split.train))
    return msgspec.structs.replace(trial, figures=own)


def _without_returns(best: Best) -> Best:
    return msgspec.structs.replace(best, trial=msgspec.structs.replace(best.trial, returns=()))


def _why(tried: Sequence[Trial]) -> str:
    errors = [each.error for each in tried if each.error]
    return f"nothing to choose: {errors[0] if errors else 'no trial has traded'}"
