"""What else might have happened: the same trades in another order, the same days in other blocks.

Trades in another order end where the real ones ended: they show which drawdowns were luck of the
order. Trades drawn with replacement, and days drawn in blocks (``robotrader.research.resample``),
show which results were luck of the draw. None of them knows what has never happened yet.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from robotrader.performance import DAYS_A_YEAR, growth
from robotrader.research.resample import block_lengths, circular, stationary

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from robotrader.performance.track import Floats

OF_TRADES: Final = ("shuffle", "resample")
OF_DAYS: Final = ("stationary", "circular")
METHODS: Final = (*OF_TRADES, *OF_DAYS)
LEVELS: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
FAN_POINTS: Final = 120
"""Places at which the paths are kept: more are not seen in a chart of this size."""


class Spread(msgspec.Struct, frozen=True):
    """A figure over all paths: its values at ``LEVELS``, and what really happened."""

    name: str
    values: tuple[float, ...]
    real: float
    rank: float
    """Part of the paths with a smaller value, of equal ones a half."""


class Paths(msgspec.Struct, frozen=True, kw_only=True):
    """All that is kept of the paths. Drawdowns and returns are parts of 1, values are money."""

    method: str
    count: int
    seed: int
    block: float | None
    """Mean length of blocks, days; None of trades."""

    steps: int
    """Trades or days of a path."""

    base: float
    spreads: tuple[Spread, ...]
    loss: float
    """Part of the paths that end below their beginning."""

    deeper: dict[str, float]
    """Part of the paths that fall by more than this, at worst."""

    at: tuple[int, ...]
    """Steps at which ``fan`` has the value of an account."""

    fan: tuple[tuple[float, ...], ...]
    """A line for each of ``LEVELS``."""

    real: tuple[float, ...]


def of_trades(
    gains: Sequence[float] | Floats, base: float, method: str, *, count: int, seed: int
) -> Paths:
    """Return paths of trades, each gaining the money that it gained, in another order or draw.

    Args:
        gains: of each trade, money, in the order in which they were closed.
        base: what the account had before them.
        method: ``shuffle``, each trade once, or ``resample``, with replacement.
        count: how many paths.
        seed: of the chance.

    Raises:
        ValueError: no trades, an unknown method, no paths, or a base that is not above 0.
    """
    own = np.asarray(gains, dtype=np.float64)
    _check(own, base, method, OF_TRADES, count)

    def draw(source: np.random.Generator) -> Floats:
        if method == "shuffle":
            return source.permutation(own)
        return own[source.integers(own.size, size=own.size)]

    def wealth(drawn: Floats) -> Floats:
        # What is lost is lost: an account without money does not trade on.
        line = base + np.cumsum(drawn)
        gone = np.flatnonzero(line <= 0.0)
        if gone.size:
            line[gone[0] :] = 0.0
        return line

    lines = (wealth(draw(source)) for source in _sources(seed, count))
    return _paths(wealth(own), lines, base, method=method, count=count, seed=seed, block=None)


def of_days(
    returns: Sequence[float] | Floats,
    base: float,
    method: str,
    *,
    count: int,
    seed: int,
    block: float | None = None,
) -> Paths:
    """Return paths of days, drawn in blocks with replacement.

    Args:
        returns: of each day.
        base: what the account had before them.
        method: ``stationary`` or ``circular``.
        count: how many paths.
        seed: of the chance.
        block: mean length of the blocks, days; None: as Politis and White estimate it.

    Raises:
        ValueError: as ``of_trades``, or a block below 1.
    """
    own = np.asarray(returns, dtype=np.float64)
    _check(own, base, method, OF_DAYS, count)
    first, second = block_lengths(own) if block is None else (block, block)
    length = first if method == "stationary" else float(round(second))

    def draw(source: np.random.Generator) -> Floats:
        if method == "stationary":
            return own[stationary(own.size, length, source)]
        return own[circular(own.size, int(length), source)]

    lines = (base * growth(draw(source)) for source in _sources(seed, count))
    real = base * growth(own)
    return _paths(real, lines, base, method=method, count=count, seed=seed, block=length)


def _sources(seed: int, count: int) -> Iterator[np.random.Generator]:
    """Yield the chance of each path, which does not depend on how many there are."""
    return (np.random.default_rng((seed, path)) for path in range(count))


def _check(own: Floats, base: float, method: str, known: Sequence[str], count: int) -> None:
    if not own.size or not np.isfinite(own).all():
        raise ValueError("nothing to draw from: give at least one trade or day, finite")
    if method not in known or count < 1 or not (math.isfinite(base) and base > 0):
        what = f"{count} paths of {base} by {method}"
        raise ValueError(f"{what}: give at least 1, above 0, by {' or '.join(known)}")


def _paths(
    real: Floats,
    lines: Iterator[Floats],
    base: float,
    *,
    method: str,
    count: int,
    seed: int,
    block: float | None,
) -> Paths:
    at = np.unique(np.linspace(0, real.size - 1, min(FAN_POINTS, real.size)).round().astype(int))
    a_year = DAYS_A_YEAR if method in OF_DAYS else None
    names, figures, kept = _names(a_year), [], []
    for line in lines:
        figures.append(_figures(line, base, a_year))
        kept.append(line[at])
    table, ours = np.array(figures), _figures(real, base, a_year)
    falls = table[:, names.index("drawdown")]
    return Paths(
        method=method,
        count=count,
        seed=seed,
        block=block,
        steps=int(real.size),
        base=base,
        spreads=tuple(
            _spread(name, table[:, column], ours[column]) for column, name in enumerate(names)
        ),
        loss=float((table[:, 0] < base).mean()),
        deeper={f"{part:.0%}": float((falls > part).mean()) for part in (0.1, 0.2, 0.3, 0.5)},
        at=tuple(at.tolist()),
        fan=tuple(tuple(np.quantile(np.array(kept), level, axis=0).tolist()) for level in LEVELS),
        real=tuple(real[at].tolist()),
    )


def _names(a_year: float | None) -> tuple[str, ...]:
    return ("end value", "drawdown", "return a year") if a_year else ("end value", "drawdown")


def _figures(line: Floats, base: float, a_year: float | None) -> tuple[float, ...]:
    """Return the figures of one path, in the order of ``_names``."""
    best = np.maximum(np.maximum.accumulate(line), base)
    end, fall = float(line[-1]), float((1.0 - line / best).max())
    if a_year is None:
        return end, fall
    return end, fall, (max(end, 0.0) / base) ** (a_year / line.size) - 1.0


def _spread(name: str, values: Floats, real: float) -> Spread:
    below, same = (values < real).mean(), (values == real).mean()
    levels = tuple(np.quantile(values, LEVELS).tolist())
    return Spread(name, levels, real, float(below + same / 2))
