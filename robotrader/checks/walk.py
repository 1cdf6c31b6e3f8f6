"""Bars that never were: a seeded series with trends, returns to a mean, gaps and standstills.

It is made to give every kind of strategy something to decide, not to be like a market: whether a
strategy wins on it means nothing. Of several instruments all go where the first goes, and come
apart now and then.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Final

from robotrader.domain import Bar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from robotrader.domain import Instrument

_BEGIN_NS: Final = 1_704_205_800_000_000_000
"""2024-01-02 14:30 UTC, when New York opens."""

_PART, _ABOVE = 0.6, 15.0
"""Another instrument's price of the first one's, and dollars more."""

_REGIME: Final = 60
"""Bars, on average, after which the series changes its manner."""


def walk(instrument: Instrument, count: int, seed: int, *, size_ns: int) -> list[Bar]:
    """Return bars on the instrument's grid of cents, one after another.

    Args:
        instrument: whose they are said to be.
        count: how many.
        seed: another one gives others.
        size_ns: how long each is.
    """
    rng, close, anchor, drift, pull = Random(seed), 100.0, 100.0, 0.0, 0.0
    made = []
    for at in range(count):
        if rng.random() < 1 / _REGIME:
            drift, pull = rng.choice([(0.004, 0), (-0.004, 0), (0, 0.15), (0, 0)])
            anchor = close
        calm = rng.random() < 0.02
        opened = close * (1 + (0 if calm else rng.gauss(0, 0.004)))
        move = 0.0 if calm else drift + pull * (anchor / opened - 1) + rng.gauss(0, 0.01)
        opened, close = (min(max(each, 5.0), 2_000.0) for each in (opened, opened * (1 + move)))
        ends = (opened, close)
        reach = 0.0 if calm else abs(rng.gauss(0, 0.004))
        prices = opened, max(ends) * (1 + reach), min(ends) * (1 - reach), close
        o, h, low, c = (round(each, 2) for each in prices)
        begin = _BEGIN_NS + at * size_ns
        volume = float(rng.randrange(100, 100_000))
        bar = Bar(instrument.con_id, begin, begin + size_ns, o, h, low, c, volume, c, 10)
        made.append(bar)
    return made


def walks(
    instruments: Sequence[Instrument], count: int, seed: int, *, size_ns: int
) -> list[tuple[Bar, ...]]:
    """Return rows of bars that end together, one of each instrument; arguments as of ``walk``."""
    first, *others = instruments
    leader = walk(first, count, seed, size_ns=size_ns)
    legs = [_beside(leader, each, seed + at) for at, each in enumerate(others, 1)]
    return list(zip(leader, *legs, strict=True))


def _beside(leader: list[Bar], instrument: Instrument, seed: int) -> list[Bar]:
    """Return bars that go with others, but for an error that returns to zero."""
    rng, error = Random(seed), 0.0
    close = round(_PART * leader[0].open + _ABOVE, 2) if leader else 0.0
    made = []
    for bar in leader:
        opened = close
        error = 0.8 * error + rng.gauss(0, 0.006)
        close = round((_PART * bar.close + _ABOVE) * (1 + error), 2)
        made.append(
            Bar(instrument.con_id, bar.start_ns, bar.end_ns, opened, max(opened, close),
                min(opened, close), close, bar.volume, close, 10)
        )  # fmt: skip
    return made
