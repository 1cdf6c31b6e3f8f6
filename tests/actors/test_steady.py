"""A clock's step changes nothing for who waits."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from actors.steady import STEP_NS, Steady

S = 1_000_000_000


class _Clocks:
    """A wall clock that can step, and a monotonic one."""

    def __init__(self) -> None:
        self.wall_ns, self.monotonic_ns = 1_763_994_600 * S, 0

    def pass_ns(self, passed_ns: int, drift_ns: int = 0) -> None:
        self.monotonic_ns += passed_ns
        self.wall_ns += passed_ns + drift_ns


@given(
    st.lists(
        st.tuples(
            st.integers(0, 3_600 * S),
            st.one_of(
                st.just(0), st.integers(STEP_NS + 1, 10**13), st.integers(-(10**13), -STEP_NS - 1)
            ),
        )
    )
)
def test_steps_of_the_clock_are_left_out(steps: list[tuple[int, int]]) -> None:
    """However the wall clock steps, what passes is what the monotonic clock says."""
    clocks = _Clocks()
    steady = Steady(lambda: clocks.wall_ns, lambda: clocks.monotonic_ns)
    begun_ns = steady()
    for passed_ns, step_ns in steps:
        clocks.pass_ns(passed_ns, step_ns)
        assert steady() - begun_ns == clocks.monotonic_ns


@given(st.lists(st.tuples(st.integers(0, S), st.integers(-STEP_NS // 2, STEP_NS // 2))))
def test_a_clock_that_is_slewed_is_followed(steps: list[tuple[int, int]]) -> None:
    """Small differences are the clock's: it is followed, and never back."""
    clocks = _Clocks()
    steady = Steady(lambda: clocks.wall_ns, lambda: clocks.monotonic_ns)
    seen = highest = steady()
    for passed_ns, drift_ns in steps:
        clocks.pass_ns(passed_ns, drift_ns)
        highest = max(highest, clocks.wall_ns)
        now_ns = steady()
        assert now_ns >= seen
        seen = now_ns


def test_a_day_at_another_pace_has_steps_too() -> None:
    """At 60 times real time a second of the wall clock is no step, a minute too much is one."""
    clocks = _Clocks()
    steady = Steady(lambda: clocks.wall_ns, lambda: clocks.monotonic_ns, pace=60)
    begun_ns = steady()
    clocks.monotonic_ns += S
    clocks.wall_ns += 61 * S
    assert steady() - begun_ns == 61 * S
    clocks.monotonic_ns += S
    clocks.wall_ns += 180 * S
    assert steady() - begun_ns == 121 * S
