"""What closes a position and what it holds match: by rules that are said here in another way."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.execution.cover import Closer, assess, closing

D = Decimal
NAMES = ("a", "b")


def closer(group: str, most: int, *, strategy: str = "a", sign: int = -1, **more: object) -> Closer:
    given_: dict[str, object] = {
        "ref": group, "group": group, "strategy": strategy, "sign": sign, "protects": True,
        "most": D(most), "sure": D(most), "fixed": False, **more,
    }  # fmt: skip
    return Closer(**given_)  # type: ignore[arg-type]


def test_only_one_side_counts_and_a_group_once() -> None:
    closers = [closer("g", 5), closer("g", 7), closer("h", 2), closer("i", 4, sign=1)]
    assert closing(closers, -1) == 9
    assert closing(closers, 1) == 4
    assert closing([], 1) == 0


@pytest.mark.parametrize("side", [1, -1])
def test_what_is_exactly_covered_stays(side: int) -> None:
    found = assess(D(5 * side), {"a": D(5 * side)}, {}, [closer("g", 5, sign=-side)])
    assert (found.cut, found.missing) == ({}, {})


@pytest.mark.parametrize("side", [1, -1])
def test_a_position_without_its_stop_lacks_it_whole_and_one_share_too_few_is_missed(
    side: int,
) -> None:
    assert assess(D(5 * side), {"a": D(5 * side)}, {}, []).missing == {"a": D(5)}
    part = D("0.5") * side
    assert assess(part, {"a": part}, {}, []).missing == {"a": D("0.5")}
    one = [closer("g", 4, sign=-side)]
    assert assess(D(5 * side), {"a": D(5 * side)}, {}, one).missing == {"a": D(1)}


def test_the_newest_is_cut_first_and_only_by_what_is_too_much() -> None:
    three = [closer("old", 5), closer("mid", 5), closer("new", 5)]
    assert assess(D(12), {"a": D(12)}, {}, three).cut == {"new": D(2)}
    assert assess(D(9), {"a": D(9)}, {}, three).cut == {"new": D(0), "mid": D(4)}
    assert assess(D(14), {"a": D(14)}, {}, three).cut == {"new": D(4)}
    assert assess(D(10), {"a": D(10)}, {}, three).cut == {"new": D(0)}


def test_what_would_open_or_add_is_cut_to_nothing_and_what_trades_nothing_is_left() -> None:
    wrong = [closer("w", 1, sign=1), closer("done", 0, sign=1)]
    assert assess(D(5), {"a": D(5)}, {}, [*wrong, closer("g", 5)]).cut == {"w": D(0)}
    flat = assess(D(0), {}, {}, [closer("s", 3), closer("b", 2, sign=1)])
    assert (flat.cut, flat.missing) == ({"s": D(0), "b": D(0)}, {})


def test_the_shares_that_an_exit_wants_are_no_stops() -> None:
    found = assess(D(10), {"a": D(10)}, {"a": D(4)}, [closer("g", 10)])
    assert (found.cut, found.missing) == ({"g": D(6)}, {})
    assert assess(D(10), {"a": D(10)}, {"a": D(4)}, []).missing == {"a": D(6)}


def test_two_strategies_never_protect_more_than_the_account_holds() -> None:
    found = assess(D(7), {"a": D(5), "b": D(5)}, {}, [])
    assert found.missing == {"a": D(5), "b": D(2)}
    against = assess(D(3), {"a": D(5), "b": D(-2)}, {}, [])
    assert against.missing == {"a": D(3)}


def test_a_leg_that_takes_the_profit_protects_nothing_and_a_sleeping_stop_not_yet() -> None:
    profit = closer("g", 5, protects=False)
    assert assess(D(5), {"a": D(5)}, {}, [profit]).missing == {"a": D(5)}
    asleep = closer("g", 5, sure=D(2))
    assert assess(D(5), {"a": D(5)}, {}, [asleep]).missing == {"a": D(3)}
    pair = [closer("g", 5, sure=D(2)), closer("g", 5, sure=D(4))]
    assert assess(D(5), {"a": D(5)}, {}, pair).missing == {"a": D(1)}


def test_a_profit_leg_gives_back_what_its_stop_lacks_before_another_stop_is_asked_for() -> None:
    """An exit that was called off had made the stop smaller and not yet the other leg."""
    legs = [closer("g", 29, protects=False), closer("g", 28)]
    found = assess(D(29), {"a": D(29)}, {}, legs)
    assert (found.cut, found.missing, found.uneven) == ({}, {"a": D(1)}, {"g": D(28)})
    even = assess(D(29), {"a": D(29)}, {}, [closer("g", 28, protects=False), closer("g", 28)])
    assert (even.cut, even.missing, even.uneven) == ({}, {"a": D(1)}, {})
    whole = assess(D(28), {"a": D(28)}, {}, legs)
    assert (whole.cut, whole.missing, whole.uneven) == ({"g": D(28)}, {}, {})


LEGS = st.lists(
    st.builds(
        lambda group, most, less, protects: closer(
            group, most, protects=protects, sure=D(max(most - less, 0))
        ),
        st.sampled_from("ghi"), st.integers(0, 12), st.sampled_from([0, 0, 1, 5]), st.booleans(),
    ),
    max_size=6,
)  # fmt: skip


@given(st.integers(0, 12), st.integers(0, 5), LEGS)
def test_a_stop_that_is_asked_for_never_closes_more_than_is_held(
    held: int, leaving: int, legs: list[Closer]
) -> None:
    """What protects now and what is asked for, each at its worst, fit into the position."""
    found = assess(D(held), {"a": D(held)}, {"a": D(leaving)} if leaving else {}, legs)
    stopped = {each.group for each in legs if each.protects}
    if not found.cut and not found.uneven:  # they come first, then all is looked at again
        most = closing([each for each in legs if each.group in stopped], -1)
        assert most + found.missing.get("a", D(0)) <= max(held - leaving, 0)


CLOSERS = st.lists(
    st.builds(
        closer, st.sampled_from("ghij"), st.integers(0, 12), strategy=st.sampled_from(NAMES),
        sign=st.sampled_from([1, -1]),
    ),
    max_size=6, unique_by=lambda each: each.group,
)  # fmt: skip


@given(
    st.tuples(st.integers(-9, 9), st.integers(-9, 9)), st.tuples(st.integers(0, 5),
    st.integers(0, 5)), CLOSERS,
)  # fmt: skip
def test_after_what_it_says_a_position_and_its_stops_match(
    held: tuple[int, int], leaving: tuple[int, int], closers: list[Closer]
) -> None:
    """Done as it says, nothing closes more than is held, and what can be protected is."""
    holdings = dict(zip(NAMES, map(D, held), strict=True))
    exits = {name: D(qty) for name, qty in zip(NAMES, leaving, strict=True) if qty}
    position = sum(holdings.values(), D(0))
    side = (position > 0) - (position < 0)
    found = assess(position, holdings, exits, closers)
    left = {each.group: found.cut.get(each.group, each.most) for each in closers}
    assert all(left[each.group] <= each.most for each in closers)
    assert all(not left[each.group] for each in closers if each.sign != -side)
    room = max(abs(position) - sum(exits.values(), D(0)), D(0))
    for name in NAMES:
        mine = [each for each in closers if each.strategy == name and each.sign == -side]
        wanted = min(max(holdings[name] * side - exits.get(name, D(0)), D(0)), room)
        room -= wanted
        had = sum((each.most for each in mine), D(0))
        assert sum((left[each.group] for each in mine), D(0)) == min(had, wanted)
        assert found.missing.get(name, D(0)) == max(wanted - had, D(0))
    assert sum(left.values(), D(0)) + sum(found.missing.values(), D(0)) <= abs(position)
