"""Days to choose on and days to judge on: by two independent libraries, and by their rules."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.research import Split, combinatorial, folds_of, paths, purged_folds, walk_forward


def places(ranges: tuple[range, ...]) -> list[int]:
    return [at for each in ranges for at in each]


@given(st.integers(1, 80), st.integers(1, 30), st.integers(1, 20), st.integers(0, 9), st.booleans())
def test_windows_follow_each_other_and_never_look_ahead(
    days: int, train: int, test: int, gap: int, anchored: bool
) -> None:
    if days < train + gap + (test + 1) // 2:
        with pytest.raises(ValueError, match="days are too few"):
            walk_forward(days, train, test, anchored=anchored, gap=gap)
        return
    found = walk_forward(days, train, test, anchored=anchored, gap=gap)
    judged = [at for each in found for at in places(each.test)]
    assert judged == list(range(train + gap, train + gap + len(judged))), "each day once, in order"
    assert days - (train + gap + len(judged)) < (test + 1) // 2, "hardly a day is left out"
    for number, each in enumerate(found):
        chosen = places(each.train)
        assert chosen[-1] + gap + 1 == places(each.test)[0]
        assert chosen[0] == (0 if anchored else number * test)
        assert len(chosen) == train + (number * test if anchored else 0)


@pytest.mark.parametrize(("size", "folds", "gap"), [(100, 4, 0), (103, 5, 3), (250, 9, 10)])
def test_windows_are_those_of_scikit_learn(size: int, folds: int, gap: int) -> None:
    splitting = pytest.importorskip("sklearn.model_selection")
    test = 10
    other = splitting.TimeSeriesSplit(folds, test_size=test, gap=gap)
    theirs = [(list(a), list(b)) for a, b in other.split(np.zeros(size))]
    train = len(theirs[0][0])
    ours = walk_forward(size, train, test, anchored=True, gap=gap)
    assert [(places(each.train), places(each.test)) for each in ours] == theirs


@pytest.mark.parametrize(
    ("folds", "tested", "purge", "embargo"),
    [(6, 2, 0, 0), (6, 2, 3, 0), (5, 3, 2, 4), (4, 1, 1, 1)],
)
def test_combinatorial_splits_and_paths_are_those_of_skfolio(
    folds: int, tested: int, purge: int, embargo: int
) -> None:
    """Its paths are numbered otherwise; which splits judge a fold, and how many, is the same."""
    selection = pytest.importorskip("skfolio.model_selection")

    size = 120
    ours = combinatorial(size, folds, tested, purge=purge, embargo=embargo)
    if tested > 1:
        other = selection.CombinatorialPurgedCV(
            folds, tested, purged_size=purge, embargo_size=embargo
        )
        theirs = [
            (list(a), [int(at) for part in b for at in part])
            for a, b in other.split(np.zeros((size, 1)))
        ]
        assert [(places(each.train), places(each.test)) for each in ours] == theirs
        assert len(paths(folds, tested)) == other.n_test_paths
    for fold in range(folds):
        used = sorted(path[fold] for path in paths(folds, tested))
        part = folds_of(size, folds)[fold]
        own = [at for at, each in enumerate(ours) if set(part) <= set(places(each.test))]
        assert used == own


def test_the_books_example_has_fifteen_splits_and_five_paths() -> None:
    """Lopez de Prado (2018), figures 12.1 and 12.2: six groups, two tested."""
    assert len(combinatorial(60, 6, 2)) == 15
    assert paths(6, 2) == (
        (0, 0, 1, 2, 3, 4), (1, 5, 5, 6, 7, 8), (2, 6, 9, 9, 10, 11), (3, 7, 10, 12, 12, 13),
        (4, 8, 11, 13, 14, 14),
    )  # fmt: skip


@given(st.integers(2, 7), st.data())
def test_nothing_that_is_judged_or_near_it_is_chosen_on(folds: int, data: st.DataObject) -> None:
    tested = data.draw(st.integers(1, folds - 1))
    purge, embargo = data.draw(st.integers(0, 2)), data.draw(st.integers(0, 2))
    days = data.draw(st.integers(folds * 12, folds * 15))
    found = combinatorial(days, folds, tested, purge=purge, embargo=embargo)
    assert len(found) == comb(folds, tested)
    for each in found:
        judged, chosen = set(places(each.test)), set(places(each.train))
        near = {at + off for at in judged for off in range(-purge, purge + embargo + 1)}
        assert chosen == set(range(days)) - near
        assert all(a.stop < b.start for a, b in zip(each.test, each.test[1:], strict=False))


def test_folds_judge_every_day_once() -> None:
    found = purged_folds(50, 4, purge=1, embargo=2)
    assert [at for each in found for at in places(each.test)] == list(range(50))
    assert found[1] == Split((range(12), range(29, 50)), (range(13, 26),))


@pytest.mark.parametrize(
    ("given_", "says"),
    [((10, 1, 1), "test fewer folds than there are"), ((10, 4, 4), "test fewer folds"),
     ((3, 4, 1), "at least a day each"), ((10, 2, 0), "0 of them tested")],
)  # fmt: skip
def test_what_cannot_be_split_is_refused(given_: tuple[int, int, int], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        combinatorial(*given_)
    with pytest.raises(ValueError, match="leave nothing to choose on"):
        combinatorial(12, 3, 1, purge=12)
    with pytest.raises(ValueError, match="give 1 or more"):
        walk_forward(10, 0, 1)
