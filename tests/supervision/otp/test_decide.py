"""The decisions by themselves, as tables."""

from __future__ import annotations

from typing import Any

import pytest

from supervision.decide import (
    ChildCounts,
    ChildFacts,
    State,
    count_children,
    may_change,
    may_start,
    plan_restart,
    plan_stop,
)
from supervision.spec import ChildType
from supervision.starting import OK, Refused

UP, AGAIN, GONE = State.RUNNING, State.RESTARTING, State.UNDEFINED
CHILDREN = [
    ChildFacts("a", "permanent", UP),
    ChildFacts("b", "permanent", GONE),
    ChildFacts("c", "temporary", UP),
    ChildFacts("d", "transient", AGAIN),
    ChildFacts("e", "permanent", UP),
]


@pytest.mark.parametrize(
    ("strategy", "index", "stop", "forget", "start"),
    [
        pytest.param("one_for_one", 1, "", "", "b", id="otp_057-one_for_one"),
        pytest.param("one_for_all", 1, "eca", "c", "abde", id="otp_063-one_for_all"),
        pytest.param("rest_for_one", 1, "ec", "c", "bde", id="otp_074-rest_for_one"),
        pytest.param("rest_for_one", 3, "e", "", "de", id="otp_076-retry-of-a-later-one"),
        pytest.param("one_for_all", 3, "eca", "c", "abde", id="otp_067-retry-of-all"),
    ],
)
def test_a_restart_stops_in_reverse_and_starts_in_order(
    strategy: Any, index: int, stop: str, forget: str, start: str
) -> None:
    plan = plan_restart(strategy, CHILDREN, index)
    assert (plan.stop, plan.forget, plan.start) == (tuple(stop), tuple(forget), tuple(start))


def test_the_final_stop_is_in_reverse_start_order() -> None:
    assert plan_stop(CHILDREN) == ("e", "c", "a")


def test_counts_are_by_type_and_only_the_running_are_active() -> None:
    lines: list[tuple[ChildType, bool]] = [
        ("worker", True),
        ("worker", False),
        ("supervisor", False),
        ("supervisor", True),
    ]
    assert count_children(lines) == ChildCounts(4, 2, 2, 2)
    assert count_children([]) == ChildCounts(0, 0, 0, 0)


def test_requests_are_judged_by_where_the_child_stands() -> None:
    starts = {state: may_start(state, "ref") for state in (None, UP, AGAIN, GONE)}
    present = Refused("already_present")
    assert starts == {
        None: OK,
        UP: Refused("already_started", "ref"),
        AGAIN: present,
        GONE: present,
    }
    changes = {state: may_change(state) for state in (None, UP, AGAIN, GONE)}
    assert changes == {
        None: Refused("not_found"),
        UP: Refused("running"),
        AGAIN: Refused("restarting"),
        GONE: OK,
    }
