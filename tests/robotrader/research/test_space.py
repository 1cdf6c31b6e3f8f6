"""What may be tried: every point is within the strategy's own bounds, and none stands twice."""

from __future__ import annotations

import math
from itertools import islice
from typing import Annotated, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta

from robotrader.domain.errors import ConfigurationError
from robotrader.research import Axis, Space, axis_of, drawn, grid
from robotrader.strategies import Params


class Own(Params, frozen=True):
    fast: Annotated[int, Meta(ge=1, le=50)] = 10
    above: Annotated[int, Meta(gt=0, lt=4)] = 1
    share: Annotated[float, Meta(gt=0, lt=1)] = 0.5
    stop: Annotated[float, Meta(ge=0.5, le=9)] | None = None
    short: bool = False
    kind: Literal["a", "b"] = "a"
    word: str = "x"
    free: int = 1


INTS = st.integers(1, 50)
AXES = st.builds(
    lambda name, low, more, step: Axis(name=name, low=low, high=low + more, step=step),
    st.sampled_from("abcd"), st.integers(-20, 20), st.integers(1, 12), st.integers(1, 4),
)  # fmt: skip
SPACES = st.lists(AXES, min_size=1, max_size=3, unique_by=lambda axis: axis.name).map(
    lambda axes: Space(tuple(axes))
)


@given(INTS, INTS, st.integers(1, 60))
def test_a_range_has_its_low_end_and_every_step_up_to_the_high_one(
    low: int, high: int, step: int
) -> None:
    if low >= high:
        with pytest.raises(ConfigurationError, match=f"{low} is not below {high}"):
            axis_of(Own, f"fast={low}:{high}:{step}")
        return
    axis = axis_of(Own, f"fast={low}:{high}:{step}")
    assert axis.points == tuple(range(low, high + 1, step))


def test_steps_of_floats_are_the_numbers_that_are_written() -> None:
    assert axis_of(Own, "share=0.1:0.5:0.1").points == (0.1, 0.2, 0.3, 0.4, 0.5)
    assert axis_of(Own, "share=0.5").points == (0.5,)
    assert axis_of(Own, "share=0.1:0.5").points == ()


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("fast", tuple(range(1, 51))),
        ("above", (1, 2, 3)),
        ("short", (False, True)),
        ("kind", ("a", "b")),
        ("kind=b", ("b",)),
        ("word=up,down,up", ("up", "down")),
        ("fast=7,3", (7, 3)),
        ("free=1:9:4", (1, 5, 9)),
        ("stop=1,2.5", (1.0, 2.5)),
    ],
)
def test_what_is_written_is_what_is_tried(text: str, points: tuple[object, ...]) -> None:
    assert axis_of(Own, text).points == points


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("fast=0:10", r"parameter fast = 0: expected `int` >= 1"),
        ("fast=5:51:5", r"parameter fast = 51: expected `int` <= 50"),
        ("fast=5,60", r"parameter fast = 60: expected `int` <= 50"),
        ("share=0:0.5", r"parameter share = 0: expected `float` > 0"),
        ("fast=2.5:9", r"parameter fast = 2.5: expected `int`, got `float`"),
        ("fast=x", r"parameter fast = x: expected `int`, got `str`"),
        ("kind=c", r"parameter kind = c: invalid enum value 'c'"),
        ("fats=1:2", r"no parameter 'fats' \(did you mean fast\?\): those of the strategy: fast"),
        ("fast=1:9:0", "the step is no whole number above 0"),
        ("fast=1:9:0.5", "the step is no whole number above 0"),
        ("share=0.1:0.9:nan", "the step is no number above 0"),
        ("share=0.1:0.9:1e-9", "over 100000 steps"),
        ("fast=1:2:3:4", "write fast=LOW:HIGH or fast=LOW:HIGH:STEP"),
        ("word=a:b", "a range is of numbers"),
        ("free", "it has no bounds of its own: write free=LOW:HIGH:STEP"),
        ("stop=null", "only numbers, words and true or false vary"),
    ],
)
def test_each_mistake_names_the_parameter(text: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        axis_of(Own, text)


def test_open_bounds_are_left_out() -> None:
    axis = axis_of(Own, "share")
    assert 0 < axis.low < axis.high < 1
    for each in (axis.low, axis.high):
        assert msgspec.convert({"share": each}, Own).share == each
    assert math.nextafter(axis.low, -1) == 0


@given(SPACES)
def test_a_grid_has_every_point_once_the_last_axis_fastest(space: Space) -> None:
    points = [tuple(each.values()) for each in grid(space)]
    assert len(points) == len(set(points)) == space.size
    assert points == sorted(points)
    assert all(list(each) == [axis.name for axis in space.axes] for each in grid(space))


@given(SPACES, st.integers(0, 2**32 - 1), st.integers(1, 30))
def test_chance_draws_points_of_the_grid_none_twice(space: Space, seed: int, count: int) -> None:
    known = {tuple(each.values()) for each in grid(space)}
    points = [tuple(each.values()) for each in drawn(space, count, seed)]
    assert set(points) <= known
    assert len(set(points)) == len(points) == min(count, len(known))
    assert points == [tuple(each.values()) for each in drawn(space, count, seed)]
    assert points == [tuple(each.values()) for each in islice(drawn(space, 90, seed), len(points))]


@given(st.integers(0, 2**32 - 1))
def test_chance_draws_numbers_between_the_ends(seed: int) -> None:
    space = Space((axis_of(Own, "share=0.2:0.4"), axis_of(Own, "short")))
    points = list(drawn(space, 20, seed))
    assert all(0.2 <= float(each["share"]) <= 0.4 for each in points)
    assert {each["short"] for each in points} <= {False, True}
    assert points[:7] == list(drawn(space, 7, seed))


def test_a_grid_needs_steps_and_an_end() -> None:
    with pytest.raises(ConfigurationError, match=r"share=0.1:0.5 has no step: write share=0.1:0"):
        grid(Space((axis_of(Own, "share=0.1:0.5"),)))
    wide = tuple(Axis(name=name, low=0, high=999, step=1) for name in "ab")
    with pytest.raises(ConfigurationError, match="a grid of 1000000 points, at most 100000"):
        grid(Space(wide))


def test_a_parameter_is_given_once() -> None:
    axis = axis_of(Own, "short")
    with pytest.raises(ConfigurationError, match="--param short is given twice"):
        Space((axis, axis))
    with pytest.raises(ConfigurationError, match="no parameter is varied"):
        Space(())
