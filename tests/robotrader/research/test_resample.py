"""Days drawn again: the laws of the two bootstraps, and block lengths against theory and arch."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.performance.track import Floats
from robotrader.research import block_lengths, circular, stationary

SEEDS = st.integers(0, 2**32 - 1)


@given(st.integers(1, 60), st.integers(1, 20), SEEDS)
def test_circular_blocks_are_runs_of_their_length(size: int, length: int, seed: int) -> None:
    found = circular(size, length, np.random.default_rng(seed))
    assert found.size == size
    for begin in range(0, size, length):
        run = found[begin : begin + length]
        assert ((run - run[0]) % size == np.arange(run.size) % size).all()


@given(st.integers(2, 60), SEEDS)
def test_a_block_of_everything_is_a_turned_circle(size: int, seed: int) -> None:
    found = circular(size, size, np.random.default_rng(seed))
    assert sorted(found.tolist()) == list(range(size)), "its mean is the sample's own"


@given(st.integers(1, 60), st.floats(1, 30), SEEDS)
def test_stationary_places_are_days_of_the_sample(size: int, length: float, seed: int) -> None:
    found = stationary(size, length, np.random.default_rng(seed))
    assert found.size == size
    assert set(found.tolist()) <= set(range(size))
    again = stationary(size, length, np.random.default_rng(seed))
    assert found.tolist() == again.tolist()


@pytest.mark.parametrize("mean", [1.0, 4.0, 20.0])
def test_stationary_blocks_have_a_geometric_length(mean: float) -> None:
    """Politis and Romano (1994): a new block begins with probability 1/mean at each day."""
    size = 40_000
    found = stationary(size, mean, np.random.default_rng(3))
    broken = int(((found[1:] - found[:-1]) % size != 1).sum())
    share, error = 1 / mean, math.sqrt(max(1 / mean * (1 - 1 / mean), 1e-9) / size)
    assert broken / (size - 1) == pytest.approx(share, abs=4 * error + 1e-4)


def test_the_mean_of_drawn_means_has_the_error_that_theory_gives() -> None:
    """Blocks of one day are the ordinary bootstrap: the variance of its mean is s^2/n."""
    own = np.random.default_rng(1).normal(size=200)
    source = np.random.default_rng(2)
    means = np.array([own[circular(200, 1, source)].mean() for _ in range(4_000)])
    assert means.var() == pytest.approx(own.var() / 200, rel=0.08)
    assert means.mean() == pytest.approx(own.mean(), abs=4 * math.sqrt(own.var() / 200 / 4_000))


def autoregressive(rho: float, size: int, seed: int) -> Floats:
    shocks = np.random.default_rng(seed).normal(size=size)
    found = np.zeros(size)
    for at in range(1, size):
        found[at] = rho * found[at - 1] + shocks[at]
    return found


@pytest.mark.parametrize("rho", [0.3, 0.6])
def test_block_lengths_of_an_autoregression_are_those_of_the_theory(rho: float) -> None:
    """Politis and White (2004), equation 6: G = 2 rho s^2 / (1-rho)^2, g(0) = s^2 (1+rho)/(1-rho);
    lengths (2 G^2 N / D)^(1/3) with D of Patton et al. (2009).
    """
    size = 20_000
    total, level = 2 * rho / (1 - rho) ** 2, (1 + rho) / (1 - rho)
    theory = [(2 * total**2 * size / (d * level**2)) ** (1 / 3) for d in (2, 4 / 3)]
    found = np.array([block_lengths(autoregressive(rho, size, seed)) for seed in range(4)])
    assert found.mean(axis=0) == pytest.approx(theory, rel=0.2)


def test_block_lengths_of_noise_are_those_of_arch() -> None:
    """Where no lag counts arch begins with the same lag; elsewhere it takes one more."""
    bootstrap = pytest.importorskip("arch.bootstrap")
    seen = 0
    for seed in range(40):
        own = np.random.default_rng(seed).normal(size=400)
        theirs = bootstrap.optimal_block_length(own).iloc[0]
        ours = block_lengths(own)
        if abs(ours[0] - max(theirs["stationary"], 1.0)) < 1e-9:
            assert ours[1] == pytest.approx(max(theirs["circular"], 1.0))
            seen += 1
    assert seen >= 20


@given(st.lists(st.floats(-0.5, 0.5), max_size=80))
def test_block_lengths_are_between_one_and_a_third(values: list[float]) -> None:
    first, second = block_lengths(np.array(values))
    most = max(1.0, math.ceil(min(3 * math.sqrt(len(values)), len(values) / 3)))
    assert 1 <= first <= most
    assert 1 <= second <= most


def test_what_is_no_length_is_refused() -> None:
    source = np.random.default_rng(1)
    with pytest.raises(ValueError, match="0 places in blocks of 3"):
        circular(0, 3, source)
    with pytest.raises(ValueError, match=r"5 places in blocks of 0\.5"):
        stationary(5, 0.5, source)
