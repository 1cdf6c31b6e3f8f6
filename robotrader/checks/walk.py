"""Bars that never were: a seeded series with trends, returns to a mean, gaps and standstills.

It is made to give every kind of strategy something to decide, not to be like a market: whether a
strategy wins on it means nothing.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Final

from robotrader.domain import Bar

if TYPE_CHECKING:
    from robotrader.domain import Instrument

_BEGIN_NS: Final = 1_704_205_800_000_000_000
"""2024-01-02 14:30 UTC, when New York opens."""

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
