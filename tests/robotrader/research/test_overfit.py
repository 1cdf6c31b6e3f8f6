"""The probability of overfitting, against its definition written out, and in its closed forms."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robotrader.performance.track import Floats
from robotrader.research import blocks_of, overfitting
from tests.robotrader.research.kit import noise


def by_definition(trials: list[Floats], blocks: int) -> float:
    """Bailey et al. (2015), section 3, steps 1 to 7, on the days themselves."""
    parts = [np.array_split(each, blocks) for each in trials]
    below = 0
    halves = list(combinations(range(blocks), blocks // 2))
    for half in halves:
        inside = [_ratio([own[at] for at in half]) for own in parts]
        other = [at for at in range(blocks) if at not in half]
        outside = [_ratio([own[at] for at in other]) for own in parts]
        best = inside.index(max(inside))
        rank = 1 + sum(each < outside[best] for each in outside)
        omega = rank / (len(trials) + 1)
        below += math.log(omega / (1 - omega)) <= 0
    return below / len(halves)


def _ratio(pieces: list[Floats]) -> float:
    days = np.concatenate(pieces)
    return float(days.mean() / days.std())


@settings(deadline=None, max_examples=15)
@given(st.integers(2, 7), st.integers(0, 10_000), st.integers(64, 200))
def test_it_is_what_the_paper_defines(count: int, seed: int, days: int) -> None:
    trials = [noise(days, seed + each) for each in range(count)]
    sums = [[(p.size, float(p.sum()), float((p**2).sum())) for p in np.array_split(t, 8)]
            for t in trials]  # fmt: skip
    assert overfitting(sums) == by_definition(trials, 8)


def test_one_that_is_always_better_is_never_luck() -> None:
    """A constant advantage every day: the best inside is the best outside."""
    base = noise(320, 1)
    trials = [blocks_of(base + each * 0.001) for each in range(5)]
    assert overfitting(trials) == 0.0


def test_of_two_opposites_the_better_half_is_always_the_worse_other_half() -> None:
    """r and -r, whose sum over all days is nothing: what won inside has to lose outside."""
    returns = noise(320, 2)
    returns -= returns.mean()
    assert overfitting([blocks_of(returns), blocks_of(-returns)]) == 1.0


def test_of_noise_the_best_is_as_often_below_the_middle_as_above() -> None:
    found = [overfitting([blocks_of(noise(640, 50 * s + k)) for k in range(20)]) for s in range(12)]
    known = [each for each in found if each is not None]
    assert len(known) == 12
    assert 0.35 < sum(known) / 12 < 0.65


def test_what_is_not_defined_is_none_and_other_days_are_refused() -> None:
    one, other = blocks_of(noise(320, 1)), blocks_of(noise(400, 1))
    assert overfitting([one]) is None
    assert overfitting([blocks_of(noise(31, 1))] * 2) is None
    with pytest.raises(ValueError, match="blocks of the same days"):
        overfitting([one, other])
    still = blocks_of(np.zeros(320))
    assert overfitting([still, still]) == 1.0, "of equal ones none is above the middle"
