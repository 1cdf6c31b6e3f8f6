"""Minutes of a market that never was: geometric Brownian motion over real sessions, from a seed.

The logarithm of the price moves by normal steps; of a day's variance a quarter falls on the night
before, the rest in equal parts on the minutes of a full session. A minute's high and low are drawn
from the exact distribution of the extremes of a Brownian bridge between its open and its close
(Karatzas and Shreve 1991, section 4.3). Prices are whole cents. The same arguments give the same
bars, byte for byte.
"""

from __future__ import annotations

from math import exp, log, sqrt
from random import Random
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
from msgspec import Meta

from robotrader.domain import Bar
from robotrader.market.hours import MINUTE_NS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from robotrader.venue import Session

_DAYS: Final = 252
_MINUTES: Final = 390
_NIGHT: Final = 0.25
_CENT: Final = 0.01
_VOLUME: Final = (1_000, 20_000)
"""From where to where a minute's volume is drawn: about 4 million shares a day."""


class Walk(msgspec.Struct, frozen=True, kw_only=True):
    """A walk: ``drift`` and ``volatility`` are those of the logarithm of the price, a year."""

    seed: int
    price: Annotated[float, Meta(gt=0.01, lt=1e6)] = 100.0
    drift: Annotated[float, Meta(gt=-5, lt=5)] = 0.0
    volatility: Annotated[float, Meta(ge=0, lt=5)] = 0.2

    def __str__(self) -> str:
        return (
            f"geometric Brownian motion, seed {self.seed}, from {self.price:g}, "
            f"drift {self.drift:g}, volatility {self.volatility:g} a year"
        )


def walked(walk: Walk, con_id: int, symbol: str, sessions: Iterable[Session]) -> Iterator[Bar]:
    """Yield the minutes of the sessions, in order; the seed is taken with the symbol's name."""
    rng = Random(f"{walk.seed}/{symbol}")
    night = walk.volatility * sqrt(_NIGHT / _DAYS)
    here = log(walk.price)
    for number, session in enumerate(sessions):
        if number:
            here += rng.gauss(walk.drift * _NIGHT / _DAYS, night)
        for start_ns in range(session.open_ns, session.close_ns, MINUTE_NS):
            end_ns = min(start_ns + MINUTE_NS, session.close_ns)
            before, here = here, here + _step(rng, walk)
            yield _minute(rng, walk, con_id, (start_ns, end_ns), (before, here))


def _step(rng: Random, walk: Walk) -> float:
    part = (1 - _NIGHT) / (_DAYS * _MINUTES)
    return rng.gauss(walk.drift * part, walk.volatility * sqrt(part))


def _minute(
    rng: Random, walk: Walk, con_id: int, span_ns: tuple[int, int], ends: tuple[float, float]
) -> Bar:
    """Draw the extremes of a bridge between two logarithms of prices."""
    variance = walk.volatility**2 * (1 - _NIGHT) / (_DAYS * _MINUTES)
    before, after = ends
    reach = [sqrt((after - before) ** 2 - 2 * variance * log(1 - rng.random())) for _ in "hl"]
    opened, close = _cents(before), _cents(after)
    high = max(_cents((before + after + reach[0]) / 2), opened, close)
    low = min(_cents((before + after - reach[1]) / 2), opened, close)
    wap = round((opened + high + low + close) / 4, 4)
    return Bar(
        con_id, *span_ns, opened, high, low, close, float(rng.randrange(*_VOLUME)), wap, 60
    )  # fmt: skip


def _cents(logarithm: float) -> float:
    return max(round(exp(min(logarithm, 18.0)), 2), _CENT)
