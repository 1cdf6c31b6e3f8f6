"""The measured difference of two clocks never exceeds the true one, and misses at most a second."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from robotrader.gateway.skew import SECOND_NS, Skew

NOW = 1_800_000_000 * SECOND_NS


@given(
    st.lists(
        st.tuples(
            st.integers(-90 * SECOND_NS, 90 * SECOND_NS),
            st.integers(0, 3 * SECOND_NS),
            st.integers(0, 3 * SECOND_NS),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_it_says_no_more_than_is_true_and_less_by_at_most_the_way_and_a_second(
    rounds: list[tuple[int, int, int]],
) -> None:
    skew, now_ns = Skew(), NOW
    for true_ns, there_ns, back_ns in rounds:
        skew.asked(now_ns)
        seconds = (now_ns + there_ns + true_ns) // SECOND_NS
        now_ns += there_ns + back_ns
        found = skew.answered(seconds, now_ns)
        assert found * true_ns >= 0
        assert abs(found) <= abs(true_ns)
        assert abs(true_ns - found) <= SECOND_NS + there_ns + back_ns


def test_answers_belong_to_questions_in_their_order_and_to_none_of_an_earlier_connection() -> None:
    skew = Skew()
    skew.asked(NOW - 50 * SECOND_NS)
    skew.begin()
    skew.asked(NOW)
    skew.asked(NOW + 10 * SECOND_NS)
    later = NOW + 10 * SECOND_NS
    assert skew.answered(NOW // SECOND_NS, later) == 0, "a late answer is no wrong clock"
    assert skew.answered(NOW // SECOND_NS, later) == -9 * SECOND_NS
