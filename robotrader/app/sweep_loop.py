"""A sweep's combinations by the compiled loop, where it knows what is asked for.

A strategy that follows its signals (``--signals``, the extra ``research``) needs no engine to be
followed: see ``robotrader.research.loop``. Its figures are the engine's, to the last digit, or it
has none: then it is counted why, and the engine runs that combination. The best are run by the
engine too, and compared.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Final

from robotrader.adapters.compiled import compiled
from robotrader.app.backtest_engine import setup_of
from robotrader.app.building import hosts_of
from robotrader.app.research_follow import the_one
from robotrader.app.research_job import failed, with_params
from robotrader.research import Follower, Trial, Unfit, Ways
from robotrader.strategies import StrategyHost

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from robotrader.app.research_follow import Tally
    from robotrader.app.research_job import Loaded, Task

AT_ONCE: Final = 256
"""Combinations that are computed before the first of them is kept."""


class SweepLoop:
    """See the module's prose.

    Args:
        own: the history that every combination has.
        tally: counts what it does not run.
    """

    def __init__(self, own: Loaded, tally: Tally) -> None:
        self._own, self._tally = own, tally
        self._follower: Follower | None = None
        self._why = ""
        self._looped = self._failed = 0
        self._engine: Counter[str] = Counter()
        self._seconds = {"compiling": 0.0, "preparing": 0.0, "signals": 0.0, "loop": 0.0}
        begun = time.process_time()
        try:
            self._follower = self._made()
        except Unfit as unfit:
            self._why = str(unfit)
        spent = time.process_time() - begun
        self._seconds["preparing"] = spent - self._seconds["compiling"]

    def _made(self) -> Follower:
        """Return who follows; raises ``Unfit``."""
        own = self._own
        history = own.history
        if not own.arguments.signals:
            raise Unfit("")
        name, _ = the_one(own.config, history)
        loops = compiled()
        if loops is None:
            msg = "numba is not installed (the extra research)"
            raise Unfit(msg)
        self._seconds["compiling"] = loops.seconds
        setup = setup_of(own.config, own.arguments, history)
        (bars,) = history.bars.values()
        return Follower(setup, bars, begin_ns=history.begin_ns, name=name, loops=loops)

    @property
    def knows(self) -> bool:
        """Whether it knows any combination."""
        return self._follower is not None

    def trials(
        self, tasks: Sequence[Task], engine: Callable[[Sequence[Task]], Iterator[Trial]]
    ) -> Iterator[Trial]:
        """Yield the trial of each task, in their order; ``engine`` runs those that it knows not."""
        if not self.knows:
            if self._why:
                self._engine[self._why] += len(tasks)
            yield from engine(tasks)
            return
        for first in range(0, len(tasks), AT_ONCE):
            own = [(each, self._known(each)) for each in tasks[first : first + AT_ONCE]]
            rest = engine([task for task, trial in own if trial is None])
            for _, trial in own:
                yield next(rest) if trial is None else trial

    def _known(self, task: Task) -> Trial | None:
        if self._follower is None:
            return None
        try:
            return self._trial(self._follower, task)
        except Unfit as unfit:
            self._engine[str(unfit)] += 1
            return None

    def _trial(self, follower: Follower, task: Task) -> Trial:
        begun = time.process_time()
        (instrument,) = self._own.history.instruments
        config = with_params(self._own.config, task.params)
        try:
            (host,) = hosts_of(config, {instrument.con_id: instrument})
            assert isinstance(host, StrategyHost), "spreads were left out"
            signals = follower.signals(host.strategy)
        except Unfit:
            raise
        except Exception as error:  # noqa: BLE001  # as by the engine: it is the trial's result
            self._failed += 1
            return failed(task, error)
        done = time.process_time()
        self._seconds["signals"] += done - begun
        figures = follower.figures(host, signals)
        self._seconds["loop"] += time.process_time() - done
        self._looped += 1
        return Trial(number=task.number, params=task.params, figures=figures)

    def ways(self, checked: Sequence[int] = ()) -> Ways:
        """Return how many combinations went which way so far."""
        if not self._own.arguments.signals:
            return self._tally.ways(checked)
        return Ways(
            asked=True,
            looped=self._looped,
            failed=self._failed,
            engine=dict(self._engine),
            checked=tuple(checked),
            seconds={name: round(each, 3) for name, each in self._seconds.items()},
        )
