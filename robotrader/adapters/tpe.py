"""A search that learns from its own results: the tree-structured Parzen estimator, by optuna.

Bergstra, Bardenet, Bengio and Kegl, Algorithms for Hyper-Parameter Optimization (2011). optuna is
the extra ``research`` and is imported when it is used. Points are asked for in batches of a fixed
size, whatever the number of workers: what is tried depends on the seed and on the results alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from robotrader.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from robotrader.research import Axis, Point, Space

BATCH: Final = 8
"""Points at a time: few enough to learn from, enough for the cores of a desk."""


class TpeSearch:
    """See the module's prose, and ``robotrader.research.Search``.

    Args:
        space: what may be tried.
        count: how many points.
        seed: of the chance.

    Raises:
        ConfigurationError: the extra is missing.
    """

    def __init__(self, space: Space, count: int, seed: int) -> None:
        self._optuna = _imported()
        self._axes = {axis.name: self._distribution(axis) for axis in space.axes}
        self._left = count
        self._asked: list[Any] = []
        self._study = self._optuna.create_study(
            direction="maximize",
            sampler=self._optuna.samplers.TPESampler(
                seed=seed, n_startup_trials=2 * BATCH, constant_liar=True
            ),
        )

    def ask(self) -> Sequence[Point]:
        """Return the next batch; none when ``count`` were asked for."""
        self._asked = [self._study.ask(self._axes) for _ in range(min(BATCH, self._left))]
        self._left -= len(self._asked)
        return [{name: each.params[name] for name in self._axes} for each in self._asked]

    def tell(self, values: Sequence[float | None]) -> None:
        """Learn from them; what is worth nothing counts as failed."""
        failed = self._optuna.trial.TrialState.FAIL
        for trial, value in zip(self._asked, values, strict=True):
            if value is None:
                self._study.tell(trial, state=failed)
            else:
                self._study.tell(trial, value)

    def _distribution(self, axis: Axis) -> Any:
        given = self._optuna.distributions
        if axis.values:
            return given.CategoricalDistribution(axis.values)
        if isinstance(axis.low, int) and isinstance(axis.step, int):
            return given.IntDistribution(axis.low, int(axis.points[-1]), step=axis.step)
        high = axis.high if axis.step is None else axis.points[-1]
        return given.FloatDistribution(axis.low, high, step=axis.step)


def _imported() -> Any:
    try:
        import optuna
    except ImportError as error:
        msg = "--method tpe needs the extra `research`: pip install 'robotrader[research]'"
        raise ConfigurationError(msg) from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna
