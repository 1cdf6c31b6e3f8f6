"""The pairs strategy wants what another regression says."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robotrader.strategies import Pairs, PairsParams
from tests.robotrader.strategies.kit import START, M
from tests.robotrader.strategies.pairs_oracle import Oracle, series
from tests.robotrader.strategies.test_spread import Market, host, row

WALKS = st.integers(0, 2**32 - 1)


@settings(max_examples=10)
@given(WALKS)
def test_pairs_wants_what_polyfit_says(seed: int) -> None:
    """Fills come at once, so that what is wanted is what is held."""
    params = PairsParams(lookback=30, entry=1.5, leave=0.3, stop=3.0, least_r2=0.2, qty=100)
    first, second = series(seed, 200)
    driven, market, held = host(Pairs(params)), Market(seed), []
    market.kind = True
    market.take(driven.start(START))
    for at, prices in enumerate(zip(first, second, strict=True)):
        market.now_ns = START + (at + 1) * M
        for each in row(at, *prices):
            market.take(driven.bar(each))
        market.answer(driven)
        held.append((int(market.positions[1]), int(market.positions[2])))
    expected = Oracle(params).wants(first, second)
    assert held[30:] == expected[30:]


def test_the_oracle_trades_and_stops() -> None:
    params = PairsParams(lookback=30, entry=1.5, leave=0.3, stop=2.5, least_r2=0.2)
    entries = 0
    for seed in range(10):
        wants = Oracle(params).wants(*series(seed, 200))
        entries += sum(one == (0, 0) and other != (0, 0) for one, other in pairwise(wants))
    assert entries > 30


@pytest.mark.parametrize("wrong", [{"leave": 2.0, "entry": 1.0}, {"entry": 4.0, "stop": 4.0}])
def test_scores_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(msgspec.ValidationError, match="each more than before"):
        msgspec.convert(wrong, PairsParams)
