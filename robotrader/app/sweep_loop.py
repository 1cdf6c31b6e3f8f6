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
from robotrader.app.building import chosen, hosts_of
from robotrader.app.research_job import failed, with_params
from robotrader.domain.errors import StrategyError
from robotrader.research import Follower, Trial, Unfit, Ways
from robotrader.sizing import SizeKind
from robotrader.strategies import StrategyHost

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from robotrader.app.research_job import Loaded, Task
    from robotrader.config import Strategy as Section

CHECKED: Final = 3
"""The best that the engine runs again."""

AT_ONCE: Final = 256
"""Combinations that are computed before the first of them is kept."""


class SweepLoop:
    """See the module's prose.

    Args:
        own: the history that every combination has.
    """

    def __init__(self, own: Loaded) -> None:
        self._own = own
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
        history, sections = own.history, chosen(own.config)
        if not own.arguments.signals:
            msg = "the sweep is without --signals"
            raise Unfit(msg)
        if len(history.instruments) != 1 or history.ticks or len(sections) != 1:
            msg = "several strategies or contracts, or quotes"
            raise Unfit(msg)
        ((name, section),) = sections.items()
        if section.spread or not _bare(section):
            msg = "sizes or stops of the strategy's section"
            raise Unfit(msg)
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
        return Ways(
            asked=self._own.arguments.signals,
            looped=self._looped,
            failed=self._failed,
            engine=dict(self._engine),
            checked=tuple(checked),
            seconds={name: round(each, 3) for name, each in self._seconds.items()},
        )


def _bare(section: Section) -> bool:
    """Whether sizes and stops are the strategy's own."""
    stop = section.stop
    return (
        section.size.kind is SizeKind.NONE
        and stop.kind.value == "none"
        and not stop.take_profit
        and not stop.hold_s
    )


def agree(looped: Iterable[Trial], engines: Iterable[Trial]) -> tuple[int, ...]:
    """Return the numbers of trials that are the engine's.

    Raises:
        StrategyError: one is not; it says which, and what is another.
    """
    found = []
    for one, other in zip(looped, engines, strict=True):
        if one != other:
            said = f"trial {one.number} ({one.params}): {_other(one, other)}"
            remedy = "sweep without --signals, and tell us: the engine is right"
            raise StrategyError(f"{said} in the compiled loop and in the engine; {remedy}")
        found.append(one.number)
    return tuple(found)


def _other(one: Trial, other: Trial) -> str:
    """Return the first figure in which two trials are not alike."""
    if one.figures is None or other.figures is None:
        return f"{one.error or 'figures'} and {other.error or 'figures'}"
    pairs = ((name, getattr(one.figures, name), getattr(other.figures, name))
             for name in one.figures.__struct_fields__)  # fmt: skip
    name, ours, theirs = next(each for each in pairs if each[1] != each[2])
    return f"{name} is {ours} and {theirs}"
