"""The moving-average cross against its definition, computed over the whole series at once."""

from __future__ import annotations

import math
from random import Random
from statistics import mean
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.domain import Intent, Purpose, Side
from robotrader.indicators import Sma
from robotrader.indicators.exact import NotFiniteError
from robotrader.strategies import SmaParams
from robotrader.strategies.crossing import Sides
from tests.examples import times
from tests.robotrader.strategies.kit import START, Broker, M, bars, play, sma_host

CLOSES = st.lists(st.integers(90, 110).map(float), max_size=60)


def made(host: Any, closes: list[float], broker: Broker | None = None) -> list[Intent]:
    host.start(START)
    outcomes = play(host, broker or Broker(), bars(closes))
    return [intent for outcome in outcomes for intent in outcome.intents]


def expected(
    closes: list[float], fast: int, slow: int, *, short: bool
) -> list[tuple[int, Purpose, Side]]:
    """What the definition says, with a broker that fills everything before the next bar."""
    out: list[tuple[int, Purpose, Side]] = []
    position = signal = 0
    acted = True
    for n in range(slow, len(closes) + 1):
        gap = mean(closes[n - fast : n]) - mean(closes[n - slow : n])
        side = (gap > 0) - (gap < 0)
        if side and side != signal:
            acted, signal = signal == 0, side
        wanted = signal if short else max(signal, 0)
        if position and position * wanted <= 0:
            out.append((n, Purpose.EXIT, Side.SELL if position > 0 else Side.BUY))
            position = 0
        elif not position and wanted and not acted:
            out.append((n, Purpose.ENTRY, Side.BUY if wanted > 0 else Side.SELL_SHORT))
            position, acted = wanted, True
    return out


@given(CLOSES, st.integers(1, 4), st.integers(1, 5), st.booleans())
def test_it_does_what_its_definition_says(
    closes: list[float], fast: int, more: int, short: bool
) -> None:
    host = sma_host(fast, fast + more, short=short)
    got = [((i.decided_ns - START) // M, i.purpose, i.side) for i in made(host, closes)]
    assert got == expected(closes, fast, fast + more, short=short)


@given(CLOSES, st.integers(1, 59), st.booleans(), st.integers(0, 2**32))
def test_it_says_the_same_after_a_restart_at_any_bar(
    closes: list[float], cut: int, short: bool, seed: int
) -> None:
    """Saved state, warm-up by as many bars as it wants, and no others."""
    told = bars(closes)

    def whole(restart: bool) -> list[Intent]:
        host, broker = sma_host(2, 4, short=short), Broker(Random(seed))
        host.start(START)
        outcomes = play(host, broker, told[:cut])
        if restart:
            saved = host.saved() or b""
            host = sma_host(2, 4, short=short)
            host.start(START, saved=saved, standing=broker.standing())
            for bar in told[max(0, cut - 4) : cut]:
                host.bar(bar, live=False)
        outcomes += play(host, broker, told[cut:])
        return [intent for outcome in outcomes for intent in outcome.intents]

    assert whole(restart=True) == whole(restart=False)


def test_a_stop_that_closed_the_position_is_not_followed_by_another_entry() -> None:
    """F33: a new entry needs a new cross."""
    closes = [100.0, 99.0, 98.0, 97.0, 99.0, 101.0, 103.0]
    host = sma_host(qty=10, stop_percent=5.0)
    broker = Broker()
    (entry,) = made(host, closes, broker)
    assert entry.purpose is Purpose.ENTRY
    assert [leg.aux_price is not None for leg in entry.legs] == [True]
    host.position = broker.position = broker.position - 10  # the stop leg filled
    later = play(host, broker, bars([104.0, 105.0, 106.0, 107.0], len(closes)))
    assert [o.intents for o in later if o.intents] == []


def test_a_cross_that_it_missed_is_no_reason_to_enter() -> None:
    host = sma_host()
    host.start(START)
    told = bars([100.0, 99.0, 98.0, 97.0, 120.0, 121.0, 122.0])
    for bar in told[:5]:
        host.bar(bar, live=False)
    assert [host.bar(bar).intents for bar in told[5:]] == [(), ()]


def test_it_needs_as_many_bars_as_its_slow_average_is_long() -> None:
    assert sma_host(10, 30).strategy.warmup_bars == 30


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"fast": 0}, ">= 1.*fast"),
        ({"fast": 30, "slow": 30}, "fast 30 has to be less than slow 30"),
        ({"stop_percent": 100}, "< 100.*stop_percent"),
        ({"fats": 3}, "fats"),
    ],
)
def test_impossible_parameters_are_refused(params: dict[str, Any], message: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=message):
        msgspec.convert(params, SmaParams)


def by_averages(closes: list[float], fast: int, slow: int) -> list[int | None]:
    """What two averages say, asked at each close."""
    one, other = Sma(fast), Sma(slow)
    found: list[int | None] = []
    for close in closes:
        a, b = one.update(close), other.update(close)
        found.append(None if a is None or b is None else (a > b) - (a < b))
    return found


PRICES = st.one_of(
    st.integers(1, 4).map(float),  # ties, again and again
    st.integers(9_990, 10_010).map(lambda cents: cents / 100),
    st.floats(1e-12, 1e12),
    st.sampled_from((1e-308, 5e-324, 1e300, 0.1, 0.2, 0.30000000000000004, -3.0, 0.0, 1e-250)),
)


@times(2)
@given(st.lists(PRICES, max_size=80), st.integers(1, 9), st.integers(1, 20))
def test_sides_are_those_of_the_averages_at_every_close(
    closes: list[float], fast: int, more: int
) -> None:
    """Also where they are equal but for the last bit, and whatever the sizes of prices are."""
    sides = Sides(fast, fast + more)
    assert [sides.update(close) for close in closes] == by_averages(closes, fast, fast + more)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("fast", "slow"), [(1, 2), (10, 30), (7, 256), (3, 300)])
def test_sides_are_those_of_the_averages_over_many_rounds(seed: int, fast: int, slow: int) -> None:
    """Walks with flat stretches, in cents or not, of prices that double and halve."""
    dice, closes, price = Random(seed), [], 100.0
    for _ in range(3_000):
        if dice.random() < 0.6:
            price *= dice.choice((0.5, 2.0)) if dice.random() < 0.002 else 1 + dice.gauss(0, 2e-4)
        closes.append(round(price, 2) if seed % 2 else price)
    sides = Sides(fast, slow)
    assert [sides.update(close) for close in closes] == by_averages(closes, fast, slow)


def test_a_close_that_is_not_finite_is_refused_and_changes_nothing() -> None:
    closes = [float(each % 5 + 1) for each in range(700)]
    sides = Sides(2, 3)
    found = []
    for close in closes:
        for bad in (math.nan, math.inf, -math.inf):
            with pytest.raises(NotFiniteError):
                sides.update(bad)
        found.append(sides.update(close))
    assert found == by_averages(closes, 2, 3)
