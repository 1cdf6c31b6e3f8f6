"""What was chosen inside and judged outside: figures by hand, paths day by day."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.performance import sharpe
from robotrader.performance.track import Floats
from robotrader.research import (
    Span,
    Split,
    Window,
    best_of,
    combinatorial,
    days_of,
    decay,
    efficiency,
    held_up,
    path_ratios,
    paths,
    span_of,
    stitched,
    summary_of,
    taken,
)
from tests.robotrader.research.kit import noise, trial

DAY = date(2020, 1, 1)


def window(inside: tuple[float | None, float | None], outside: tuple[float, float]) -> Window:
    best = best_of([trial(0, noise(40, 1, 0.01))], "sharpe")
    assert best is not None
    spans = [Span(DAY, DAY, 10, *figures) for figures in (inside, outside)]
    return Window(number=0, inside=spans[0], outside=spans[1], best=best)


def test_efficiency_and_decay_are_means_over_windows() -> None:
    windows = [window((2.0, 0.3), (1.0, 0.1)), window((1.0, 0.1), (0.5, 0.1))]
    assert efficiency(windows) == pytest.approx(0.5)
    assert decay(windows) == pytest.approx(0.75)
    assert held_up([*windows, window((1.0, 0.1), (-0.5, -0.1))]) == pytest.approx(2 / 3)
    assert efficiency([window((1.0, -0.1), (0.5, 0.1))]) is None
    assert (efficiency([]), decay([]), held_up([])) == (None, None, None)
    assert decay([window((None, None), (0.5, 0.1))]) is None


def test_days_outside_become_one_record() -> None:
    one, other = np.array([0.1, -0.5]), np.array([0.2])
    days = [DAY + timedelta(each) for each in range(3)]
    made = stitched([(days[:2], one), (days[2:], other)], 200.0)
    assert made is not None
    assert made.values == pytest.approx((220.0, 110.0, 132.0))
    seen = summary_of(made)
    assert seen is not None
    assert seen.total_return == pytest.approx(-0.34)
    assert stitched([], 1.0) is None
    assert summary_of(None) is None


@given(st.integers(2, 6), st.data())
def test_a_path_has_each_days_return_from_a_split_that_did_not_see_it(
    folds: int, data: st.DataObject
) -> None:
    tested = data.draw(st.integers(1, folds - 1))
    days = data.draw(st.integers(folds * 3, folds * 6))
    splits = combinatorial(days, folds, tested)
    chosen = [noise(days, seed) for seed in range(len(splits))]
    found = path_ratios(chosen, days, folds, tested)
    assert len(found) == len(paths(folds, tested))
    used: list[list[int]] = [[] for _ in range(days)]
    for at, split in enumerate(splits):
        for part in split.test:
            for day in part:
                used[day].append(at)
    for number, ratio in enumerate(found):
        assert ratio == sharpe(np.array([chosen[used[day][number]][day] for day in range(days)]))


def test_a_path_with_a_hole_is_left_out() -> None:
    chosen: list[Floats | None] = [noise(30, 1), noise(30, 2), None]
    assert path_ratios(chosen, 30, 3, 1) == ()


def test_days_and_returns_of_a_split() -> None:
    days = [DAY + timedelta(each) for each in range(6)]
    split = Split((range(2), range(4, 6)), (range(2, 4),))
    assert days_of(split, days) == ([days[0], days[1], days[4], days[5]], days[2:4])
    assert taken(np.arange(6.0), split.train).tolist() == [0, 1, 4, 5]
    span = span_of(days[:2], np.array([0.01, 0.03]))
    assert msgspec.structs.asdict(span) == {
        "first": days[0], "last": days[1], "days": 2, "sharpe": sharpe([0.01, 0.03]),
        "cagr": pytest.approx((1.01 * 1.03) ** 126 - 1),
    }  # fmt: skip
    with pytest.raises(ValueError, match="0 days with 2 returns"):
        span_of([], np.zeros(2))
