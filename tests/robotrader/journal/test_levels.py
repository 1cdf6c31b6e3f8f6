"""What is decided without a disk: group commits, the map's growth, the watermarks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.journal import GroupCommit, InvalidEntry, Level, Watermarks
from robotrader.journal.levels import GIB, MAX_MAP_BYTES, grown_map

sizes = st.integers(0, 1 << 40)


class Clock:
    """Each look at it takes ``step_ns``."""

    def __init__(self, step_ns: int) -> None:
        self.now_ns, self.step_ns = 0, step_ns

    def __call__(self) -> int:
        self.now_ns += self.step_ns
        return self.now_ns


@given(st.lists(st.integers(1, 300)), st.integers(1, 300), st.integers(0, 300_000))
def test_a_commit_takes_the_first_and_what_waits_up_to_256_entries_or_1_ms(
    waiting: list[int], first: int, step_ns: int
) -> None:
    queue, clock, policy = iter(waiting), Clock(step_ns), GroupCommit()
    taken = policy.drain(first, lambda: next(queue, None), clock, lambda size: size)
    left = list(queue)
    assert [*taken[1:], *left] == waiting
    assert taken[0] == first
    assert sum(taken[:-1]) < policy.entries_max
    in_time = clock.now_ns <= policy.drain_ns + step_ns * 2
    assert in_time
    assert not left or sum(taken) >= 256 or clock.now_ns >= policy.drain_ns


def test_nobody_waits_for_requests_that_have_not_come() -> None:
    clock = Clock(0)
    assert GroupCommit().drain("one", lambda: None, clock, len) == ["one"]


@given(sizes, sizes, sizes, st.booleans())
def test_a_map_grows_when_it_must_and_stays_within_its_bounds(
    size: int, used: int, free: int, full: bool
) -> None:
    grown = grown_map(size, used, free, full=full)
    assert size <= grown <= max(size, min(size * 2, MAX_MAP_BYTES, free // 2))
    if not full and used < size * 0.7:
        assert grown == size


def test_a_map_doubles_at_70_percent() -> None:
    assert grown_map(16 * GIB, 11 * GIB, 1000 * GIB) == 16 * GIB
    assert grown_map(16 * GIB, 12 * GIB, 1000 * GIB) == 32 * GIB
    assert grown_map(16 * GIB, 12 * GIB, 40 * GIB) == 20 * GIB


@given(sizes)
def test_the_watermarks_are_5_and_2_gib(free: int) -> None:
    level = Watermarks().level(free)
    expected = Level.LOW if free < 2 * GIB else Level.WARN if free < 5 * GIB else Level.OK
    assert level is expected


def test_watermarks_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(InvalidEntry, match="0 <= low <= warn"):
        Watermarks(warn_bytes=1, low_bytes=2)
