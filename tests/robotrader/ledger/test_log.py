"""What was changed is told as far back as it is remembered, and never half of it."""

from __future__ import annotations

from itertools import combinations_with_replacement

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.ledger import Log
from robotrader.ledger import log as logs
from robotrader.ledger.marks import Marks


@given(st.integers(0, 30), st.integers(1, 5))
def test_it_tells_what_came_between_two_marks_or_that_nobody_knows(
    count: int, remembered: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(logs, "REMEMBERED", remembered)
        log: Log[int] = Log()
        marks = [log.mark()]
        for key in range(count):
            log.add(key)
            marks.append(log.mark())
    for first, last in combinations_with_replacement(range(count + 1), 2):
        found = marks[last].since(marks[first])
        if count - first <= remembered:
            assert found is not None
        if count - first >= 2 * remembered:
            assert found is None, "it is bounded"
        if found is not None:
            assert list(found) == list(range(first, last))


def test_of_another_log_and_of_none_before_it_tells_nothing() -> None:
    log: Log[int] = Log()
    assert log.mark().since(None) is None
    assert log.mark().since(Log[int]().mark()) is None
    assert log.mark().since(log.mark()) == []


def test_a_price_that_is_assigned_is_kept_and_told_also_if_it_is_the_same() -> None:
    marks = Marks()
    before = marks.mark()
    marks[7] = 100.0
    marks[8] = 50.0
    marks[7] = 100.0
    assert marks == {7: 100.0, 8: 50.0}
    assert marks.mark().since(before) == [7, 8, 7]
