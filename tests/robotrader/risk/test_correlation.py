"""Correlations: aligned by date, shrunk as scikit-learn shrinks, unknown where there is too little.

F79: unequal, gapped, constant and single series neither crash nor count as uncorrelated.
"""

from __future__ import annotations

import time
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.covariance import ledoit_wolf

from robotrader.risk import Correlations, Gate, aligned, correlations, pct, ratio
from robotrader.risk.correlation import shrunk
from tests.robotrader.ledger.kit import AAPL, KO
from tests.robotrader.risk.kit import NOW, SPY, intent, judged, leaving, limits, other, view

DAYS = [f"2026-{month:02d}-{day:02d}" for month in range(1, 13) for day in range(1, 29)]
A, B, C = AAPL.con_id, KO.con_id, SPY.con_id
SERIES = st.dictionaries(
    st.sampled_from(DAYS[:12]), st.sampled_from([50.0, 51.0, 52.5, 0.0, float("nan")]), max_size=12
)


def prices(seed: int, days: int = 100, like: list[float] | None = None) -> dict[str, float]:
    moves = np.random.default_rng(seed).normal(0, 0.01, days)
    if like is not None:
        moves = 0.5 * moves + np.diff(np.log([like[0], *like]))
    return dict(zip(DAYS, (100 * np.exp(np.cumsum(moves))).tolist(), strict=False))


def known(rho: float) -> Correlations:
    return Correlations({A: 0, B: 1}, ((1.0, rho), (rho, 1.0)), 250)


@pytest.mark.parametrize(("days", "width"), [(30, 2), (60, 5), (250, 40), (20, 50)])
def test_the_shrinkage_is_the_one_of_scikit_learn(days: int, width: int) -> None:
    random = np.random.default_rng(days)
    sample = random.normal(size=(days, 1)) + random.normal(size=(days, width))
    standard = (sample - sample.mean(axis=0)) / sample.std(axis=0)
    theirs, intensity = ledoit_wolf(standard, assume_centered=True)
    ours, own = shrunk(standard)
    assert own == pytest.approx(intensity)
    assert ours == pytest.approx(theirs)


def test_one_series_alone_has_nothing_to_be_shrunk_towards() -> None:
    matrix, intensity = shrunk(np.ones((5, 1)))
    assert matrix.tolist() == [[1.0]]
    assert intensity == 0


def test_what_has_no_correlation_at_all_is_wholly_without() -> None:
    matrix, intensity = shrunk(np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]]))
    assert matrix.tolist() == [[1.0, 0.0], [0.0, 1.0]]
    assert intensity == 1


@settings(max_examples=20)
@given(st.integers(1, 30), st.floats(0.001, 0.1), st.floats(-0.01, 0.01))
def test_what_moves_alike_by_the_same_steps_is_one_to_the_last_digit_and_never_more(
    pairs: int, step: float, drift: float
) -> None:
    """Nothing is drawn towards 0 there, and a sum of products would be a digit above 1."""
    moves = np.array([step, -step] * pairs) + drift
    both = np.stack([moves, moves, -moves], axis=1)
    matrix, _ = shrunk((both - both.mean(axis=0)) / both.std(axis=0))
    assert matrix.diagonal().tolist() == [1.0] * 3
    assert matrix.max() == 1
    assert -1 <= matrix.min() < -0.99


def test_where_no_past_is_long_enough_each_says_so_and_nothing_was_shrunk() -> None:
    found = correlations({A: {"a": 1.0}, B: {"a": 1.0, "b": 2.0}}, least_days=2)
    needed = "3 are needed in common with the others"
    assert found.why(A) == f"1 days of prices, {needed}"
    assert found.why(B) == f"2 days of prices, {needed}"
    assert (found.places, found.days, found.shrinkage) == ({}, 0, 0.0)


def test_what_moves_alike_is_found_and_what_does_not_is_not() -> None:
    first = prices(1)
    found = correlations(
        {A: first, B: prices(2, like=list(first.values())), C: prices(3)}, least_days=60
    )
    near, far = found.of(A, B), found.of(A, C)
    assert near is not None
    assert far is not None
    assert near > 0.7
    assert abs(far) < 0.3
    assert (found.of(A, A), found.of(B, A)) == (1.0, near)
    assert found.days == 99


@given(st.sets(st.sampled_from(DAYS[1:99]), max_size=30))
def test_f79_a_gap_in_one_series_does_not_shift_it_against_another(gone: set[str]) -> None:
    first = prices(1)
    doubled = {day: 2 * price for day, price in first.items() if day not in gone}
    moves = aligned({A: first, B: doubled}, least_days=60).returns
    assert moves[:, 0] == pytest.approx(moves[:, 1])
    assert len(moves) == 99 - len(gone & set(first))


def test_f79_returns_are_of_the_same_days_in_every_column() -> None:
    one = {"2026-01-01": 100.0, "2026-01-02": 110.0, "2026-01-03": 121.0, "2026-01-05": 242.0}
    two = {"2026-01-01": 10.0, "2026-01-03": 20.0, "2026-01-04": 99.0, "2026-01-05": 30.0}
    table = aligned({A: one, B: two}, least_days=2)
    assert table.days == ("2026-01-01", "2026-01-03", "2026-01-05")
    assert table.returns == pytest.approx(np.array([[1.0, 0.21], [0.5, 1.0]])), "KO is first"


def test_f79_a_short_history_does_not_take_the_others_days_away() -> None:
    short = dict(list(prices(3).items())[:5])
    found = correlations({A: prices(1), B: prices(2), C: short}, least_days=60)
    assert found.of(A, B) is not None
    assert found.of(A, C) is None
    assert found.why(C) == "5 days of prices, 61 are needed in common with the others"
    assert found.why(A) == ""
    assert found.why(1) == "there are no daily prices of it"


def test_f79_as_many_days_as_are_needed_are_enough_and_one_less_is_not() -> None:
    both = {A: prices(1, 61), B: prices(2, 61)}
    assert correlations(both, least_days=60).of(A, B) is not None
    assert correlations(both, least_days=61).of(A, B) is None


@pytest.mark.parametrize("growth", [0.0, 0.01])
def test_f79_what_does_not_move_has_no_correlation(growth: float) -> None:
    flat = {day: 100 * (1 + growth) ** n for n, day in enumerate(DAYS[:100])}
    found = correlations({A: prices(1), B: flat}, least_days=60)
    assert found.of(A, B) is None
    assert found.why(B) == "its price does not move"


def test_only_the_newest_days_count() -> None:
    first = prices(1)
    turned = [2 * p if n < 50 else 1e4 / p for n, p in enumerate(first.values())]
    both = {A: first, B: dict(zip(DAYS, turned, strict=False))}
    recent = correlations(both, least_days=20, newest=40).of(A, B)
    assert recent is not None
    assert recent < -0.9


@given(st.dictionaries(st.integers(1, 6), SERIES, max_size=6), st.integers(1, 5))
def test_f79_any_series_give_correlations_between_one_and_minus_one_or_a_reason(
    closes: dict[int, dict[str, float]], least: int
) -> None:
    found = correlations(closes, least_days=least)
    for one in closes:
        assert bool(found.why(one)) == (found.of(one, one) is None)
        for other_id in closes:
            rho = found.of(one, other_id)
            assert rho is None or -1 <= rho <= 1
            assert rho == found.of(other_id, one)


def test_f79_a_pair_that_is_not_known_is_blocked() -> None:
    unlike = {"max_pair_correlation": ratio("0.8")}
    assert judged(intent(qty=1), view(ko=10), **unlike) == "correlation"
    assert (
        judged(intent(qty=1), view(ko=10, correlations=Correlations()), **unlike) == "correlation"
    )
    assert judged(intent(qty=1), view(ko=10, correlations=known(0.8)), **unlike) == ""
    most = {"max_pair_correlation": ratio(1)}
    for ko, rho in ((10, 1.0), (-10, -1.0)):
        assert judged(intent(qty=1), view(ko=ko, correlations=known(rho)), **most) == "", "all may"
    assert judged(intent(qty=1), view(), **unlike) == "", "nothing else is held"


@pytest.mark.parametrize(
    ("side", "ko", "rho", "code"),
    [
        ("BUY", 10, 0.9, "correlation"),
        ("BUY", -10, 0.9, ""),
        ("SELL", -10, 0.9, "correlation"),
        ("SELL", 10, 0.9, ""),
        ("BUY", -10, -0.9, "correlation"),
        ("BUY", 10, -0.9, ""),
        ("BUY", 10, 0.8, ""),
        ("SELL", -10, 0.8, ""),
        ("SELL", 10, -0.8, ""),
        ("BUY", -10, -0.8, ""),
    ],
)
def test_a_pair_counts_in_the_direction_of_both(side: str, ko: int, rho: float, code: str) -> None:
    seen = view(ko=ko, correlations=known(rho))
    assert judged(intent(side, 1), seen, max_pair_correlation=ratio("0.8")) == code


def test_what_moves_alike_and_is_not_held_holds_nothing_back_and_a_stranger_says_why() -> None:
    rows = ((1.0, 0.1, 0.9), (0.1, 1.0, 0.1), (0.9, 0.1, 1.0))
    three = Correlations({A: 0, B: 1, C: 2}, rows, 250)
    assert judged(intent(), view(ko=10, correlations=three), max_pair_correlation=pct(50)) == ""
    strangers = Correlations({A: 0}, ((1.0,),), 250, unknown={B: "it is too young"})
    gate = Gate(limits(max_pair_correlation=pct(50)))
    found = gate.judge(intent(), view(ko=10, correlations=strangers), NOW)
    assert getattr(found, "why", "") == "its correlation with KO is not known: it is too young"


def test_a_pending_order_counts_as_a_position() -> None:
    seen = view(correlations=known(0.9), others=(other("BUY", 1, con_id=B),))
    assert judged(intent(qty=1), seen, max_pair_correlation=ratio("0.8")) == "correlation"


@pytest.mark.parametrize("side", ["BUY", "SELL"])
def test_a_position_that_could_become_either_is_in_the_direction_of_both(side: str) -> None:
    either = (other("BUY", 1, con_id=B), other("SELL", 1, con_id=B))
    seen = view(correlations=known(0.9), others=either)
    assert judged(intent(side, 1), seen, max_pair_correlation=ratio("0.8")) == "correlation"


@pytest.mark.parametrize(("side", "against"), [("BUY", "SELL"), ("SELL", "BUY")])
def test_what_can_only_become_the_opposite_is_no_pair(side: str, against: str) -> None:
    seen = view(correlations=known(0.9), others=(other(against, 1, con_id=B),))
    assert judged(intent(side, 1), seen, max_pair_correlation=ratio("0.8")) == ""


def test_an_exit_passes_whatever_moves_together() -> None:
    seen = view(aapl=5, ko=10, correlations=known(1.0))
    assert judged(leaving(qty=5), seen, max_pair_correlation=ratio("0.1")) == ""


def test_a_cluster_holds_what_is_linked_through_others_and_what_is_not_known() -> None:
    chain = Correlations({1: 0, 2: 1, 3: 2, 4: 3}, (
        (1.0, 0.9, 0.1, 0.0), (0.9, 1.0, -0.9, 0.0), (0.1, -0.9, 1.0, 0.0), (0.0, 0.0, 0.0, 1.0)
    ))  # fmt: skip
    assert chain.cluster(1, {2, 3, 4}, 0.9) == {1, 2, 3}
    assert chain.cluster(1, {2, 3, 4}, 0.91) == {1}
    assert chain.cluster(1, {3, 4}, 0.9) == {1}
    assert chain.cluster(1, {9}, 0.9) == {1, 9}


@given(st.integers(0, 50), st.integers(2, 6), st.sampled_from((0.0, 0.3, 0.7, 1.0, 1.5)))
def test_what_is_known_to_be_nearest_changes_nothing_of_what_is_near(
    seed: int, count: int, least: float
) -> None:
    first = prices(seed)
    closes = {1: first} | {n: prices(n, like=[*first.values()]) for n in range(2, count)}
    found = correlations(closes | {count: prices(count)}, least_days=20)
    asked = replace(found, nearest=())
    for con_id, place in found.places.items():
        others = [abs(part) for at, part in enumerate(found.rows[place]) if at != place]
        assert found.nearest[place] == max(others), "to the last bit"
        for limit in (least, *others):
            assert found.near(con_id, limit) == asked.near(con_id, limit)


def test_two_that_say_the_same_are_the_same_whatever_was_looked_up_in_one_of_them() -> None:
    first = prices(1)
    found = correlations({1: first, 2: prices(2, like=[*first.values()])}, least_days=20)
    asked = replace(found, nearest=())
    assert found.nearest
    said = repr(asked)
    for con_id in found.places:
        assert asked.near(con_id, 0.5)
    assert asked == found
    assert repr(asked) == said == repr(found), "what is looked up is not shown"


def test_a_cluster_is_worth_what_its_members_are_whichever_way_they_go() -> None:
    limits: dict[str, Any] = {"max_cluster_weight": pct(2)}
    for ko in (10, -10):
        seen = view(ko=ko, correlations=known(-0.9))
        assert judged(intent(qty=10), seen, **limits) == ""
        assert judged(intent(qty=11), seen, **limits) == "cluster"
        apart = view(ko=ko, correlations=known(0.1))
        assert judged(intent(qty=20), apart, **limits) == ""
    assert judged(intent(qty=11), view(ko=10), **limits) == "cluster", "not known: it could be"


def test_five_hundred_symbols_of_250_days_are_done_in_a_fraction_of_a_second() -> None:
    table = np.random.default_rng(1).normal(0, 0.01, (250, 500))
    paths = 100 * np.exp(table.cumsum(axis=0))
    closes = {n: dict(zip(DAYS[:250], paths[:, n].tolist(), strict=True)) for n in range(500)}
    begin = time.perf_counter()
    found = correlations(closes, least_days=60)
    assert time.perf_counter() - begin < 5
    assert len(found.places) == 500
    assert Decimal(found.days) == 249
