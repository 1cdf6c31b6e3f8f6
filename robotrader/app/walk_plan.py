"""A walk-forward on disk: its plan, and its trials in the one order in which they are asked for."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

import msgspec

from robotrader.adapters.sweep_files import read_trials
from robotrader.app.research_job import Options, Source
from robotrader.config import Config
from robotrader.domain.errors import ConfigurationError
from robotrader.research import Axis, combinatorial, purged_folds, walk_forward

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from robotrader.app.research_job import Task
    from robotrader.research import Split, Trial

_FOLDED: Final = ("folds", "combinatorial")
GIVEN: Final = (
    "method", "trials", "seed", "metric", "scheme", "train", "test", "gap", "folds", "tested",
    "purge", "embargo",
)  # fmt: skip
"""The command line's options that a plan has too."""


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a walk-forward is: all that its trials follow from, and what tells that it is still so.

    ``code``: of robotrader and of the strategies' own files. ``data``: of the bars. ``train`` to
    ``embargo``: days, and numbers of folds.
    """

    config: Config
    config_hash: str
    options: Options
    axes: tuple[Axis, ...]
    method: str
    trials: int
    seed: int
    metric: str
    scheme: str
    train: int
    test: int
    gap: int
    folds: int
    tested: int
    purge: int
    embargo: int
    code: str
    data: str

    @property
    def source(self) -> Source:
        """What all trials have in common."""
        return Source(msgspec.json.encode(self.config), self.options)

    @property
    def folded(self) -> bool:
        """Whether the days are cut into folds."""
        return self.scheme in _FOLDED


class Kept:
    """The trials of a walk-forward on disk, in the one order in which they are asked for.

    What is asked for follows from the plan and from the results alone, so an interrupted run that
    is gone through again asks for the same again, and is answered from here as far as there is any.

    Args:
        folder: where they are.
        append: adds one, durably.
    """

    def __init__(self, folder: Path, append: Callable[[Trial], None]) -> None:
        self._waiting = deque(read_trials(folder))
        self._append, self._folder = append, folder

    def answered(self, tasks: Sequence[Task]) -> Iterator[Trial]:
        """Yield the trials of the first tasks that are kept.

        Raises:
            ConfigurationError: what is kept is of other tasks.
        """
        for task in tasks[: len(self._waiting)]:
            trial = self._waiting.popleft()
            if (trial.number, trial.params) != (task.number, task.params):
                msg = (
                    f"{self._folder}: trial {trial.number} of {trial.params} is kept where "
                    f"{task.number} of {task.params} is asked for: run it anew"
                )
                raise ConfigurationError(msg)
            yield trial

    def keep(self, trial: Trial) -> Trial:
        """Keep one that was run; return it."""
        self._append(trial)
        return trial


def splits_of(plan: Plan, days: int) -> tuple[Split, ...]:
    """Return the splits of so many days; raises ConfigurationError where there are none."""
    try:
        if plan.scheme == "folds":
            return purged_folds(days, plan.folds, purge=plan.purge, embargo=plan.embargo)
        if plan.scheme == "combinatorial":
            return combinatorial(
                days, plan.folds, plan.tested, purge=plan.purge, embargo=plan.embargo
            )
        anchored = plan.scheme == "anchored"
        return walk_forward(days, plan.train, plan.test, anchored=anchored, gap=plan.gap)
    except ValueError as error:
        raise ConfigurationError(str(error)) from error
