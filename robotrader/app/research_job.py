"""One trial of a sweep, as a job: picklable in, picklable out, the same wherever it runs.

The history is loaded once in each process and shared by all the jobs that it gets: bars are
immutable, and an engine makes everything else anew. A job that fails returns a trial that says why.
"""

from __future__ import annotations

import argparse
import gc
import re
from bisect import bisect_right
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b
from itertools import chain
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from robotrader.app.backtest_data import History, history_of
from robotrader.app.backtest_engine import engine_of, prices_of
from robotrader.app.building import chosen
from robotrader.app.catalogue_data import FOLDER
from robotrader.app.research_follow import Following, Ran
from robotrader.backtest import Series, report_of_run, when
from robotrader.config import Config
from robotrader.domain.errors import ConfigurationError
from robotrader.market.hours import midnight_ns
from robotrader.research import Trial, Unfit, Value, figures_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from robotrader.backtest import Prices
    from robotrader.domain import Bar

_LONGEST: Final = 300
"""Characters of an error that are kept."""

_END: Final = attrgetter("end_ns")
_ADDRESS: Final = re.compile(r"\b0x[0-9a-f]+\b")


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """The options of ``backtest run`` that a trial has too."""

    data: str | None
    data_zone: str
    source: str
    adjust: str
    quotes: bool
    signals: bool
    begin: date | None
    end: date | None
    cash: Decimal
    fill: str
    slippage: float
    plan: str

    @classmethod
    def of(cls, arguments: argparse.Namespace) -> Options:
        """Return those that a command line gave."""
        given = {name: getattr(arguments, name) for name in cls.__struct_fields__}
        if arguments.data is not None:
            own = str(arguments.data)
            given["data"] = own if own == FOLDER else str(arguments.data.resolve())
        return cls(**given)

    def namespace(self) -> argparse.Namespace:
        """Return them as a command line has them."""
        given = msgspec.structs.asdict(self)
        return argparse.Namespace(
            **given | {"data": None if self.data is None else Path(self.data)}
        )


class Source(msgspec.Struct, frozen=True):
    """What all trials of a sweep have in common: the configuration, as JSON, and the options."""

    config: bytes
    options: Options


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One trial: its number, its point, and its days where they are not those of the options."""

    number: int
    params: dict[str, Value]
    begin: date | None = None
    end: date | None = None
    returns: bool = False
    """Whether each day's return is wanted, too."""

    followed: bool = False
    """Whether its callbacks are followed where they can be."""


class Loaded:
    """A history, ready to be run on."""

    def __init__(self, source: Source) -> None:
        self.config = msgspec.json.decode(source.config, type=Config)
        self.arguments = source.options.namespace()
        self.history: History = history_of(self.config, self.arguments)
        prices = prices_of(self.history)
        self._whole = prices if isinstance(prices, Series) else None
        """All of them, where a run with signals can leap over some."""

        self.prices = list(prices)
        self._times = [when(each) for each in self.prices]
        self.following = Following(self)

    @property
    def days(self) -> list[date]:
        """The exchange days on which is traded, in order."""
        day_of, begin_ns = self.history.sessions.day_of, self.history.begin_ns
        bars = chain.from_iterable(self.history.bars.values())
        starts = sorted({each.start_ns for each in bars})
        return list(dict.fromkeys(day_of(at) for at in starts if at >= begin_ns))

    @property
    def digest(self) -> str:
        """What tells this history from another one."""
        made = blake2b(digest_size=12)
        for each in self.prices:
            made.update(msgspec.msgpack.encode(each))
        return made.hexdigest()

    def until(self, end: date | None) -> Iterable[Prices]:
        """Return the prices up to a day, with it."""
        if end is None:
            return self.prices if self._whole is None else self._whole
        return self.prices[: self._count(end)]

    def bars_until(self, end: date | None) -> dict[int, list[Bar]]:
        """Return the bars of each contract up to a day, with it."""
        if end is None:
            return self.history.bars
        last_ns = _ends_ns(end)
        return {
            con_id: bars[: bisect_right(bars, last_ns, key=_END)]
            for con_id, bars in self.history.bars.items()
        }

    def begins_ns(self, begin: date | None) -> int:
        """Return when a run begins that begins on a day, or where the options say."""
        return self.history.begin_ns if begin is None else midnight_ns(begin)

    def _count(self, end: date) -> int:
        return bisect_right(self._times, _ends_ns(end))


def _ends_ns(day: date) -> int:
    return midnight_ns(day + timedelta(days=1))


@lru_cache(maxsize=1)
def loaded(source: Source) -> Loaded:
    """Return the history of a source, from memory if this process has it; raises as it is made."""
    found = Loaded(source)
    gc.freeze()  # millions of bars stay: to look through them for garbage takes a tenth of each run
    return found


def run_task(source: Source, task: Task) -> Ran:
    """Return a trial, with figures or with the error for which it has none."""
    own, why = loaded(source), ""
    try:
        if task.followed:
            return own.following.run(with_params(own.config, task.params), task)
    except Unfit as unfit:
        why = str(unfit)
    except Exception as error:  # noqa: BLE001  # the engine says whether it is the strategy's
        why = f"{type(error).__name__} without the engine"
    try:
        return Ran(_run(own, task), engine=why)
    except Exception as error:  # noqa: BLE001  # whatever a strategy raises is its trial's result
        return Ran(failed(task, error), engine=why)


def failed(task: Task, error: Exception) -> Trial:
    """Return the trial of a task that raised."""
    said = " ".join(f"{type(error).__name__}: {error}".split())
    return Trial(
        number=task.number,
        params=task.params,
        error=_ADDRESS.sub("0x...", said)[:_LONGEST],
    )


def _run(own: Loaded, task: Task) -> Trial:
    engine = engine_of(with_params(own.config, task.params), own.arguments, own.history)
    result = engine.run(own.until(task.end), begin_ns=own.begins_ns(task.begin))
    if not result.bars:
        msg = "no bar lies in that window: give an earlier --from or a later --to"
        raise ConfigurationError(msg)
    made = report_of_run(result, name="", config_hash="", provenance=(), seconds=(0.0, 0.0))
    returns = tuple(made.track.returns.tolist()) if task.returns else ()
    return Trial(number=task.number, params=task.params, figures=figures_of(made), returns=returns)


def with_params(config: Config, params: dict[str, Value]) -> Config:
    """Return the configuration with parameters, each ``NAME`` or ``STRATEGY.NAME``."""
    strategies = dict(config.strategy)
    for name, value in params.items():
        section, own_name = place_of(config, name)
        own = strategies[section]
        strategies[section] = msgspec.structs.replace(own, params=own.params | {own_name: value})
    return msgspec.structs.replace(config, strategy=strategies)


def place_of(config: Config, name: str) -> tuple[str, str]:
    """Return whose parameter ``NAME`` or ``STRATEGY.NAME`` is, and its own name.

    Raises:
        ConfigurationError: that strategy is not run, or several are and it names none.
    """
    known = list(chosen(config))
    section, dot, own = name.partition(".")
    if dot and section in known:
        return section, own
    if not dot and len(known) == 1:
        return known[0], name
    listed = ", ".join(known) or "none"
    msg = f"--param {name}: write STRATEGY.NAME; strategies that are run: {listed}"
    raise ConfigurationError(msg)
