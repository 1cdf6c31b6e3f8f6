"""The search that learns: of its seed alone, within its axes, better than chance, and an extra."""

from __future__ import annotations

import sys
from itertools import islice

import pytest

from robotrader.adapters.tpe import BATCH, TpeSearch
from robotrader.domain.errors import ConfigurationError
from robotrader.research import Axis, Point, Space, drawn

SPACE = Space(
    (
        Axis(name="a", low=1, high=200, step=1),
        Axis(name="b", low=0.0, high=1.0),
        Axis(name="c", low=0.5, high=2.4, step=0.5),
        Axis(name="d", values=("x", "y")),
    )
)


def worth(point: Point) -> float | None:
    """Best at a = 120, b = 0.3; the word y is never worth anything."""
    if point["d"] == "y":
        return None
    return -(((float(point["a"]) - 120) / 200) ** 2) - (float(point["b"]) - 0.3) ** 2


def searched(seed: int, count: int = 60) -> list[Point]:
    pytest.importorskip("optuna")
    search = TpeSearch(SPACE, count, seed)
    found: list[Point] = []
    while points := search.ask():
        assert len(points) <= BATCH
        found += points
        search.tell([worth(each) for each in points])
    assert len(found) == count
    return found


def test_points_are_of_the_seed_and_of_what_was_told() -> None:
    assert searched(3) == searched(3)
    assert searched(3) != searched(4)


def test_points_are_of_their_axes() -> None:
    for point in searched(1):
        assert list(point) == ["a", "b", "c", "d"]
        assert type(point["a"]) is int
        assert 1 <= point["a"] <= 200
        assert 0 <= float(point["b"]) <= 1
        assert point["c"] in {0.5, 1.0, 1.5, 2.0}
        assert point["d"] in {"x", "y"}


def test_it_learns() -> None:
    """Its later points are better than chance's on average, and leave the worthless word."""

    def mean(points: list[Point]) -> float:
        known = [value for each in points if (value := worth(each)) is not None]
        return sum(known) / len(known)

    seeds = range(5)
    late = [searched(seed)[40:] for seed in seeds]
    chance = [list(islice(drawn(SPACE, 60, seed), 40, None)) for seed in seeds]
    assert sum(map(mean, late)) > sum(map(mean, chance))
    assert sum(point["d"] == "y" for own in late for point in own) < 0.4 * 20 * len(seeds)


def test_it_is_an_extra_that_an_error_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'robotrader\[research\]'"):
        TpeSearch(SPACE, 5, 1)
