"""Strategies that compute what they look at for all bars at once: ``signals``, ``on_signal``.

Such a strategy decides in ``on_signal``, and its ``on_bar`` is that with the signal of the bar. So
there is one place that decides, live and in a backtest, and what is computed at once is compared
with what is computed bar by bar. A backtest may leave out bars at which the signal is that of the
bar before, nothing was wished and nothing has happened: ``on_signal`` may look at a bar's prices
where it acts, but what makes it act has to be in the signal, the position and what it remembers.

A spread has several signals a row, and decides in ``on_signals``. While it holds something it may
look at every price, so it is told of every row; while it holds nothing, and nothing has happened, a
row whose first signal is NaN may be left out.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias, TypeVar, runtime_checkable

import msgspec
import numpy as np
from numpy.typing import NDArray

from robotrader.domain.errors import StrategyError
from robotrader.strategies.base import Params, State, Strategy
from robotrader.strategies.spread import Spread

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from robotrader.domain import Bar, Quote
    from robotrader.strategies.context import Context
    from robotrader.strategies.events import Fill
    from robotrader.strategies.spread import SpreadContext

T = TypeVar("T")

Floats: TypeAlias = NDArray[np.float64]
Times: TypeAlias = NDArray[np.int64]

MOST_KEPT: Final = 256
"""Columns that a frame remembers: of a million bars, 2 GB."""


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """Bars of one contract as columns of one length; times in nanoseconds since 1970, UTC."""

    con_id: int
    start_ns: Times
    end_ns: Times
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    kept: dict[Hashable, Any] = {}
    """What ``once`` has computed."""

    def once(self, what: Hashable, compute: Callable[[], T]) -> T:
        """Return what is computed of these bars, from memory if it was: not to be written to.

        ``what`` names it with all that it depends on, as ``("my average", length)``. In a sweep the
        combinations have one frame: what several of them look at is computed for the first.
        """
        if what not in self.kept:
            if len(self.kept) == MOST_KEPT:
                del self.kept[next(iter(self.kept))]
            self.kept[what] = compute()
        found: T = self.kept[what]
        return found

    @classmethod
    def of(cls, con_id: int, bars: Sequence[Bar]) -> Frame:
        """Return bars as columns."""
        return cls(
            con_id=con_id,
            start_ns=np.array([each.start_ns for each in bars], np.int64),
            end_ns=np.array([each.end_ns for each in bars], np.int64),
            open=np.array([each.open for each in bars], np.float64),
            high=np.array([each.high for each in bars], np.float64),
            low=np.array([each.low for each in bars], np.float64),
            close=np.array([each.close for each in bars], np.float64),
            volume=np.array([each.volume for each in bars], np.float64),
        )


@runtime_checkable
class Signalling(Protocol):
    """A strategy that has both; see the module's prose."""

    def signals(self, frame: Frame) -> Floats:
        """Return the signal of each bar, made of it and of those before it; NaN: not known yet."""
        ...

    def on_signal(self, ctx: Context, bar: Bar, signal: float) -> None:
        """Decide; what ``on_bar`` does with the signal of its bar."""
        ...


@runtime_checkable
class Spreading(Protocol):
    """A spread that has both; see the module's prose."""

    def signals(self, frames: tuple[Frame, ...]) -> Floats:
        """Return the signals of each row of bars that end together, a row of numbers each.

        A frame is a leg's, all of one length. Rows are made of their bars and of those before; the
        first number is NaN where a spread that holds nothing would do nothing.
        """
        ...

    def on_signals(
        self, ctx: SpreadContext, bars: tuple[Bar, ...], signals: Sequence[float]
    ) -> None:
        """Decide; what ``on_bars`` does with the signals of its bars."""
        ...


class Told(Strategy[Params, State]):
    """A strategy that is told its signals instead of computing them.

    Args:
        inner: the strategy, which has to be ``Signalling``.
    """

    def __init__(self, inner: Strategy[Any, Any]) -> None:
        super().__init__(Params())
        assert isinstance(inner, Signalling), "whoever makes it has asked"
        self.signal = float("nan")
        self._decide = inner.on_signal
        self._inner: Strategy[Any, Any] = inner

    @property
    def warmup_bars(self) -> int:
        """As many as the strategy wants."""
        return self._inner.warmup_bars

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        """Let it decide by the signal."""
        self._decide(ctx, bar, self.signal)

    def on_start(self, ctx: Context) -> None:
        """Pass it on."""
        self._inner.on_start(ctx)

    def on_fill(self, ctx: Context, fill: Fill) -> None:
        """Pass it on."""
        self._inner.on_fill(ctx, fill)

    def on_quote(self, ctx: Context, quote: Quote) -> None:
        """Pass it on."""
        self._inner.on_quote(ctx, quote)

    def on_timer(self, ctx: Context, name: str) -> None:
        """Pass it on."""
        self._inner.on_timer(ctx, name)

    def save(self) -> bytes:
        """Return the strategy's state."""
        return self._inner.save()

    def load(self, data: bytes) -> None:
        """Give the strategy its state back."""
        self._inner.load(data)


class ToldSpread(Spread[Params, State]):
    """A spread that is told its signals instead of computing them.

    Args:
        inner: the strategy, which has to be ``Spreading``.
        frames: the rows that it will be told of, all of them and in that order.
        asks: whether it is told of every row, for the same result.

    Raises:
        StrategyError: it has not as many rows of signals as there are rows.
    """

    def __init__(
        self, inner: Spread[Any, Any], frames: tuple[Frame, ...], *, asks: bool = False
    ) -> None:
        super().__init__(Params())
        assert isinstance(inner, Spreading), "whoever makes it has asked"
        found, count = inner.signals(frames), len(frames[0].end_ns)
        if found.ndim != 2 or len(found) != count or not found.shape[1]:
            msg = f"{type(inner).__name__} made signals of shape {found.shape} of {count} rows: "
            raise StrategyError(msg + "a row of numbers for each")
        self._quiet = [not asks and bool(each) for each in np.isnan(found[:, 0])]
        self._values: list[list[float]] = found.tolist()
        self._ends: list[int] = frames[0].end_ns.tolist()
        self._inner, self._decide, self._at = inner, inner.on_signals, -1

    def skips(self, bars: Sequence[Bar]) -> bool:
        """Go to the next row; return whether it has no signal.

        Raises:
            StrategyError: it is not the next of the rows that there are signals of.
        """
        self._at = at = self._at + 1
        if at >= len(self._ends) or bars[0].end_ns != self._ends[at]:
            msg = f"row {at + 1} is none that the signals were made of"
            raise StrategyError(msg)
        return self._quiet[at]

    @property
    def warmup_bars(self) -> int:
        """As many as the strategy wants."""
        return self._inner.warmup_bars

    def on_bars(self, ctx: SpreadContext, bars: tuple[Bar, ...]) -> None:
        """Let it decide by the signals of the row that ``skips`` went to."""
        self._decide(ctx, bars, self._values[self._at])

    def save(self) -> bytes:
        """Return the strategy's state."""
        return self._inner.save()

    def load(self, data: bytes) -> None:
        """Give the strategy its state back."""
        self._inner.load(data)
