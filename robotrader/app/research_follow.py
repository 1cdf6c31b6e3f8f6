"""A trial's callbacks without the engine, where they can be followed: see ``research.callbacks``.

Its figures are the engine's, to the last digit, or it has none: then it is said why, and the engine
runs that trial. What is chosen in the end is run by the engine too, and compared.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Final

import msgspec

from robotrader.app.backtest_engine import setup_of
from robotrader.app.building import chosen, hosts_of
from robotrader.domain.errors import StrategyError
from robotrader.research import Callbacks, Lanes, Trial, Unfit, Ways
from robotrader.sizing import SizeKind
from robotrader.strategies import StrategyHost

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Sequence
    from datetime import date

    from robotrader.app.backtest_data import History
    from robotrader.app.research_job import Loaded, Options, Task
    from robotrader.config import Config
    from robotrader.config import Strategy as Section


CHECKED: Final = 3
"""The best that the engine runs again."""

MOST_REASONS: Final = 12
"""Reasons that are counted each for itself: a summary is read by people."""


class Ran(msgspec.Struct, frozen=True):
    """A trial, and how it came about."""

    trial: Trial
    engine: str = ""
    """Why the engine ran it, where its callbacks might have been followed."""

    followed: bool = False
    seconds: float = 0.0
    """Of the processor, that following took."""


class Tally:
    """How many trials came about how.

    Args:
        asked: whether callbacks may be followed at all.
    """

    def __init__(self, *, asked: bool) -> None:
        self.asked = asked
        self.followed = 0
        self._engine: Counter[str] = Counter()
        self._seconds = 0.0

    def count(self, ran: Ran) -> Trial:
        """Count one; return its trial."""
        self.followed += ran.followed
        self._seconds += ran.seconds
        if ran.engine:
            known = ran.engine in self._engine or len(self._engine) < MOST_REASONS
            self._engine[ran.engine if known else "other reasons"] += 1
        return ran.trial

    def ways(self, checked: Sequence[int] = ()) -> Ways:
        """Return what was counted; ``checked`` were run by the engine, too."""
        return Ways(
            followed=self.followed,
            engine=dict(self._engine),
            checked=tuple(checked),
            seconds={"callbacks": round(self._seconds, 3)} if self.followed else {},
        )


def may_follow(arguments: argparse.Namespace, options: Options) -> bool:
    """Whether callbacks may be followed: not where signals or the engine were asked for."""
    return not arguments.engine and not options.signals


def the_one(config: Config, history: History) -> tuple[str, Section]:
    """Return the one strategy that is run, and its section.

    Raises:
        Unfit: it is not one on one contract's bars, or the section adds to its orders.
    """
    sections = chosen(config)
    if len(history.instruments) != 1 or history.ticks or len(sections) != 1:
        msg = "several strategies or contracts, or quotes"
        raise Unfit(msg)
    ((name, section),) = sections.items()
    _check_bare(section)
    return name, section


def each_alone(config: Config, history: History) -> None:
    """Refuse what is not strategies on a contract's bars each; raises ``Unfit`` as ``the_one``."""
    if history.ticks:
        msg = "quotes"
        raise Unfit(msg)
    for section in chosen(config).values():
        _check_bare(section)


def _check_bare(section: Section) -> None:
    if section.spread or not _bare(section):
        msg = "sizes or stops of the strategy's section"
        raise Unfit(msg)


def _bare(section: Section) -> bool:
    """Whether sizes and stops are the strategy's own."""
    stop = section.stop
    return (
        section.size.kind is SizeKind.NONE
        and stop.kind.value == "none"
        and not stop.take_profit
        and not stop.hold_s
    )


class Following:
    """See the module's prose.

    Args:
        own: the history that every trial has.
    """

    def __init__(self, own: Loaded) -> None:
        self._own = own
        self._window: tuple[date | None, date | None] | None = None
        self._made: Callbacks | Lanes | str = ""

    def run(self, config: Config, task: Task) -> Ran:
        """Run a trial of a configuration with its parameters; raises ``Unfit``."""
        begun = time.process_time()
        made = self._of(task)
        instruments = {each.con_id: each for each in self._own.history.instruments}
        try:
            made_of = hosts_of(config, instruments)
        except Exception as error:  # the engine, which makes it again, says what it is
            raise Unfit(CANNOT_BEGIN) from error
        hosts = [each for each in made_of if isinstance(each, StrategyHost)]
        assert len(hosts) == len(made_of), "spreads were left out"
        figures = made.figures(hosts) if isinstance(made, Lanes) else made.figures(*hosts)
        returns = tuple(made.track.returns.tolist()) if task.returns else ()
        trial = Trial(number=task.number, params=task.params, figures=figures, returns=returns)
        return Ran(trial, followed=True, seconds=time.process_time() - begun)

    def _of(self, task: Task) -> Callbacks | Lanes:
        """Return who follows in a task's window, from memory if it was the last one's."""
        window = task.begin, task.end
        if window != self._window:
            self._window = window
            try:
                self._made = self._make(task)
            except Unfit as unfit:
                self._made = str(unfit)
        if isinstance(self._made, str):
            raise Unfit(self._made)
        return self._made

    def _make(self, task: Task) -> Callbacks | Lanes:
        own = self._own
        bars, begin_ns = own.bars_until(task.end), own.begins_ns(task.begin)
        if len(bars) > 1:
            each_alone(own.config, own.history)
            setup = setup_of(own.config, own.arguments, own.history)
            return Lanes(setup, bars, begin_ns=begin_ns)
        name, _ = the_one(own.config, own.history)
        setup = setup_of(own.config, own.arguments, own.history)
        return Callbacks(setup, *bars.values(), begin_ns=begin_ns, name=name)


CANNOT_BEGIN = "it cannot be made with these parameters"
"""Why no callback of a trial is followed whose strategy refuses to be made."""


def agree(
    ours: Iterable[Trial], engines: Iterable[Trial], way: str, remedy: str
) -> tuple[int, ...]:
    """Return the numbers of trials that are the engine's.

    Args:
        ours: trials that came about without it.
        engines: the same by the engine.
        way: how ours came about.
        remedy: what to do if one is not.

    Raises:
        StrategyError: one is not; it says which, and what is another.
    """
    found = []
    for one, other in zip(ours, engines, strict=True):
        if one != other:
            said = (
                f"trial {one.number} ({one.params}): {_other(one, other)} {way} and in the engine"
            )
            raise StrategyError(f"{said}; {remedy}, and tell us: the engine is right")
        found.append(one.number)
    return tuple(found)


def _other(one: Trial, other: Trial) -> str:
    """Return the first figure in which two trials are not alike."""
    if one.figures is None or other.figures is None:
        return f"{one.error or 'figures'} and {other.error or 'figures'}"
    pairs = ((name, getattr(one.figures, name), getattr(other.figures, name))
             for name in one.figures.__struct_fields__)  # fmt: skip
    for name, ours, theirs in pairs:
        if ours != theirs:
            return f"{name} is {ours} and {theirs}"
    return "returns of days are others"
