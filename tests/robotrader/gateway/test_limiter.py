"""The rate limiter under a virtual clock: never too fast, cancels first, nothing lost (P1, F31)."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robotrader.domain.errors import IBKRRateLimitError
from robotrader.emulator.pacing import MessageRate
from robotrader.gateway import Lane, Limiter

SECOND_NS = 1_000_000_000
MILLI_NS = 1_000_000

LANES = st.sampled_from(list(Lane))
ARRIVALS = st.lists(
    st.tuples(st.integers(0, 200 * MILLI_NS), LANES, st.integers(1, 40)), max_size=25
)


def drained(
    limiter: Limiter[tuple[Lane, int]], arrivals: list[tuple[int, Lane, int]]
) -> list[tuple[int, tuple[Lane, int]]]:
    """Put arrivals (gap, lane, how many) in and send whatever may be sent, at once."""
    now_ns, number, sent = 0, 0, []

    def send_until(end_ns: int | None) -> None:
        nonlocal now_ns
        while (due_ns := limiter.next_ns(now_ns)) is not None:
            if end_ns is not None and due_ns > end_ns:
                break
            now_ns = due_ns
            item = limiter.take(now_ns)
            assert item is not None, "next_ns said that one may be sent"
            sent.append((now_ns, item))

    for gap_ns, lane, many in arrivals:
        send_until(now_ns + gap_ns)
        now_ns += gap_ns
        for _ in range(many):
            number += 1
            limiter.put(lane, (lane, number))
    send_until(None)
    return sent


@settings(deadline=None)
@given(ARRIVALS)
def test_no_second_has_more_than_the_rate_and_nothing_is_lost(
    arrivals: list[tuple[int, Lane, int]],
) -> None:
    sent = drained(Limiter(), arrivals)
    times = [at_ns for at_ns, _ in sent]
    for number, at_ns in enumerate(times):
        assert sum(each - at_ns < SECOND_NS for each in times[number:]) <= 45
    assert sorted(number for _, (_, number) in sent) == list(range(1, len(sent) + 1))
    assert len(sent) == sum(many for _, _, many in arrivals)


@settings(deadline=None)
@given(ARRIVALS)
def test_the_emulated_gateway_never_counts_too_many(arrivals: list[tuple[int, Lane, int]]) -> None:
    judge = MessageRate()
    counted = [judge.exceeded(at_ns) for at_ns, _ in drained(Limiter(), arrivals)]
    assert not any(counted)


@settings(deadline=None)
@given(ARRIVALS)
def test_a_lane_keeps_its_order(arrivals: list[tuple[int, Lane, int]]) -> None:
    sent = [item for _, item in drained(Limiter(), arrivals)]
    for lane in Lane:
        mine = [number for each, number in sent if each is lane]
        assert all(first < second for first, second in pairwise(mine))


@settings(deadline=None)
@given(st.integers(0, 500), st.sampled_from([Lane.REDUCE, Lane.ORDER, Lane.DATA]))
def test_a_cancel_behind_any_backlog_leaves_at_once(backlog: int, lane: Lane) -> None:
    limiter: Limiter[str] = Limiter()
    now_ns = 0
    for _ in range(backlog):
        limiter.put(lane, "backlog")
    while limiter.take(now_ns) is not None:
        pass
    limiter.put(Lane.CANCEL, "cancel")
    assert limiter.next_ns(now_ns) == now_ns
    assert limiter.take(now_ns) == "cancel"


@settings(deadline=None)
@given(st.lists(st.tuples(LANES, st.integers(0, 3)), max_size=60), st.integers(0, 3))
def test_discard_takes_out_exactly_one_key(items: list[tuple[Lane, int]], key: int) -> None:
    limiter: Limiter[int] = Limiter()
    for lane, each in items:
        limiter.put(lane, each, key=each)
    gone = limiter.discard(key)
    assert gone == [key] * sum(each == key for _, each in items)
    assert sorted(limiter.clear()) == sorted(each for _, each in items if each != key)
    assert len(limiter) == 0


def test_a_full_lane_is_an_error_that_names_it() -> None:
    limiter: Limiter[int] = Limiter(capacity=2)
    limiter.put(Lane.DATA, 1)
    limiter.put(Lane.DATA, 2)
    with pytest.raises(IBKRRateLimitError, match="DATA"):
        limiter.put(Lane.DATA, 3)
    limiter.put(Lane.CANCEL, 4)


@pytest.mark.parametrize(("rate", "burst"), [(45, 45), (45, 5), (10, 20)])
def test_numbers_that_cannot_work_are_refused(rate: int, burst: int) -> None:
    with pytest.raises(ValueError, match="burst"):
        Limiter(rate, burst)
