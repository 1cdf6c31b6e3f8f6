"""Maps and pages: whole, self-contained, and no best without its doubts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from statistics import median

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.research import (
    Axis,
    Listed,
    Point,
    Skipped,
    Span,
    Trial,
    WalkForward,
    Window,
    best_of,
    heat_map,
    montecarlo_page,
    of_days,
    of_trades,
    searched,
    summary_of,
    sweep_page,
    sweep_report,
    walk_page,
)
from tests.robotrader.backtest.test_tearsheet import read
from tests.robotrader.research.kit import noise, track, trial

A, B, C = (Axis(name=name, low=1, high=4, step=1) for name in "abc")


def tried(count: int = 16) -> list[Trial]:
    return [trial(at, noise(100, at), a=1 + at % 4, b=1 + at // 4 % 4) for at in range(count)]


def report(trials: list[Trial], axes: tuple[Axis, ...] = (A, B)) -> str:
    made = sweep_report(
        trials, name="s <1>", method="grid", metric="sharpe", seed=3, axes=axes,
        config_hash="c", provenance=("KO: synthetic",), window="w", planned=20,
    )  # fmt: skip
    return sweep_page(made)


def whole(page: str) -> str:
    tags = read(page)
    assert tags.open == []
    assert tags.refers == [], "nothing is fetched"
    assert "<script" not in page
    return " ".join(tags.text)


def test_a_sweeps_page_has_its_best_with_its_doubts_its_map_and_its_failures() -> None:
    failed = [Trial(number=16 + at, params={"a": 1, "b": 1}, error=f"E: {at}") for at in range(3)]
    trials = [*tried(), *failed]
    best = best_of(trials, "sharpe")
    assert best is not None
    assert best.deflated is not None
    text = whole(report(trials))
    assert "s <1>" in text
    assert "19 of 20 trials" in text
    assert "Prices are partly synthetic" in text
    assert f"deflated Sharpe {best.deflated:.1%}" in text
    assert "of trials 16" in text
    assert "E: 0 3" in text, "errors that differ in numbers are one"
    assert text.count("sharpe; the median") == 1


def test_a_sweep_without_anything_good_says_so() -> None:
    text = whole(report([Trial(number=0, params={"a": 1}, error="Boom")], (A,)))
    assert "nothing can be called the best" in text
    assert "one parameter has no map" in text


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 3)), max_size=20))
def test_a_cell_is_the_median_of_its_trials(points: list[tuple[int, int, int]]) -> None:
    trials = [trial(at, noise(20, at), a=a, b=b, c=c) for at, (a, b, c) in enumerate(points)]
    made = heat_map(trials, (A, B, C), "sharpe")
    assert made is not None
    assert list(made.rows) == sorted({str(a) for a, _, _ in points})
    assert list(made.columns) == sorted({str(b) for _, b, _ in points})
    for row, cells in zip(made.rows, made.cells, strict=True):
        for column, cell in zip(made.columns, cells, strict=True):
            own = [
                each.figures.sharpe for each in trials
                if (str(each.params["a"]), str(each.params["b"])) == (row, column)
                and each.figures is not None and each.figures.sharpe is not None
            ]  # fmt: skip
            assert cell == (median(own) if own else None)


def test_many_numbers_are_shown_as_ranges() -> None:
    wide = Axis(name="a", low=0, high=99, step=1)
    words = Axis(name="b", values=("up", "down"))
    trials = [
        msgspec.structs.replace(trial(at, noise(20, at)), params={"a": at, "b": "up"})
        for at in range(100)
    ]
    made = heat_map(trials, (wide, words), "sharpe")
    assert made is not None
    assert len(made.rows) == 20
    assert (made.rows[0], made.rows[-1], made.columns) == ("0 to 4", "95 to 99", ("up",))
    assert heat_map(trials, (wide,), "sharpe") is None


def walked() -> WalkForward:
    best = best_of(tried(), "sharpe")
    assert best is not None
    own = track(noise(50, 2))
    inside = Span(own.days[0], own.days[20], 21, 1.5, 0.25)
    outside = Span(own.days[21], own.days[40], 20, -0.5, -0.125)
    return WalkForward(
        name="w", scheme="2 rolling windows", skipped=(Skipped(number=1, why="Boom <"),),
        windows=(Window(number=0, inside=inside, outside=outside, best=best),), efficiency=-0.5,
        decay=2.0, held_up=0.0, summary=summary_of(own), track=own, ratios=(0.5, -0.25),
        provenance=("KO: own",), config_hash="c", metric="sharpe", failed=4,
    )  # fmt: skip


def test_a_walk_forwards_page_has_inside_beside_outside() -> None:
    made = walked()
    text = whole(walk_page(made))
    assert re.search(r"1\.50 -0\.50 25\.00% -12\.50%", text)
    assert "Boom <" in text
    assert "paths by Sharpe ratio" in text
    assert "4 trials failed" in text
    empty = msgspec.structs.replace(made, summary=None, track=None, windows=(), ratios=())
    assert "Sharpe outside —" in whole(walk_page(empty)), "what is not known is not shown as known"


def test_a_page_of_paths_has_the_fan_and_every_figure() -> None:
    days = of_days(noise(90, 1), 1e5, "circular", count=30, seed=1, block=5)
    text = whole(montecarlo_page(days, "r", ("KO: own",)))
    assert "30 paths of 90 days, circular in blocks of 5.0 on average" in text
    assert "return a year" in text
    trades = whole(montecarlo_page(of_trades([1.0, -2.0], 10, "shuffle", count=5, seed=1), "r", ()))
    assert "5 paths of 2 trades, shuffle" in trades


def test_a_search_that_is_gone_through_again_runs_only_what_is_missing() -> None:
    points: list[Point] = [{"a": at} for at in range(6)]
    ran: list[int] = []

    def run(asked: Sequence[tuple[int, Point]]) -> Iterator[Trial]:
        for number, point in asked:
            ran.append(number)
            yield Trial(number=number, params=point)

    first = list(searched(Listed(points), run, "sharpe"))
    assert ran == list(range(6))
    for kept in range(7):
        ran.clear()
        again = list(searched(Listed(points), run, "sharpe", first[:kept]))
        assert (again, ran) == (first, list(range(kept, 6)))
    wrong = [Trial(number=0, params={"a": 5})]
    with pytest.raises(ValueError, match="trial 0 is asked for as"):
        list(searched(Listed(points), run, "sharpe", wrong))
