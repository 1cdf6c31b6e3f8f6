"""The best of many, never without its doubts."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.research import METRICS, Trial, best_of, ranked_by, worth
from tests.robotrader.research.kit import PLAIN, noise, trial

VALUES = st.lists(st.one_of(st.none(), st.floats(-5, 5)), min_size=1, max_size=20)


def figured(number: int, sharpe: float | None, **more: object) -> Trial:
    given = msgspec.structs.replace(PLAIN, sharpe=sharpe, skew=0.0, kurtosis=3.0, days=1000, **more)
    return Trial(number=number, params={"a": number}, figures=given)


def test_the_papers_example_is_deflated_as_the_paper_says() -> None:
    """Bailey and Lopez de Prado (2014), p. 9: 2.5 a year over 1250 days, skewness -3, kurtosis 10,
    100 trials whose ratios have a variance of a half: 0.9004.
    """
    to_year = math.sqrt(252 / 250)
    others = np.random.default_rng(1).normal(size=99)
    others = (others - others.mean()) / others.std()

    def spread(scale: float) -> float:
        return float(np.var([2.5, *(scale * others)], ddof=1))

    low, high = 0.0, 2.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if spread(middle) < 0.5 else (low, middle)
    ratios = [2.5, *(low * others)]
    trials = [figured(at, each * to_year) for at, each in enumerate(ratios)]
    assert trials[0].figures is not None
    first = msgspec.structs.replace(trials[0].figures, skew=-3.0, kurtosis=10.0, days=1250)
    found = best_of([msgspec.structs.replace(trials[0], figures=first), *trials[1:]], "sharpe")
    assert found is not None
    assert (found.trials, found.trial.number) == (100, 0)
    assert found.deflated == pytest.approx(0.9004, abs=2e-4)


@given(VALUES)
def test_the_best_is_the_first_of_the_greatest(values: list[float | None]) -> None:
    trials = [figured(at, each) for at, each in enumerate(values)]
    found, known = best_of(trials, "sharpe"), [each for each in values if each is not None]
    if not known:
        assert found is None
        return
    assert found is not None
    assert found.value == max(known)
    assert found.trial.number == values.index(max(known))
    assert found.trials == len(values)
    assert [value for _, value in ranked_by(trials, "sharpe")] == sorted(known, reverse=True)


def test_failed_trials_are_counted_and_not_chosen() -> None:
    bad = Trial(number=0, params={"a": 0}, error="Boom")
    found = best_of([bad, figured(1, -1.0), figured(2, 3.0, trades=0)], "sharpe")
    assert found is not None
    assert (found.trial.number, found.trials, found.failed) == (1, 2, 1)
    assert best_of([bad], "sharpe") is None


def test_more_trials_make_the_same_result_worth_less() -> None:
    good = trial(0, noise(500, 7, mean=0.003))
    worse = [trial(at, noise(500, 100 + at)) for at in range(1, 60)]
    few, many = best_of([good, *worse[:5]], "sharpe"), best_of([good, *worse], "sharpe")
    assert few is not None
    assert many is not None
    assert few.deflated is not None
    assert many.deflated is not None
    assert few.trial == many.trial == good
    assert many.deflated < few.deflated
    assert many.luck is not None
    assert few.luck is not None
    assert many.luck > few.luck


@pytest.mark.parametrize("metric", METRICS)
def test_a_figure_that_is_not_defined_is_worth_nothing(metric: str) -> None:
    assert worth(Trial(number=0, params={}, figures=PLAIN), metric) is None
    infinite = msgspec.structs.replace(PLAIN, **{metric: math.inf})
    assert worth(Trial(number=0, params={}, figures=infinite), metric) is None
    two = msgspec.structs.replace(PLAIN, **{metric: 2.0})
    assert worth(Trial(number=0, params={}, figures=two), metric) == 2.0
