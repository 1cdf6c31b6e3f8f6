"""Probes: when they are made, what they measure; one that is not answered ends nothing (F12)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from robotrader.gateway import Liveness, Verdict

S = 1_000_000_000


@given(st.lists(st.integers(1, 4 * S), min_size=40, max_size=200))
def test_it_is_asked_every_half_minute_however_much_comes(gaps_ns: list[int]) -> None:
    liveness, now_ns, probed_ns = Liveness(), 0, 0
    liveness.begin(0)
    for gap_ns in gaps_ns:
        now_ns += gap_ns
        if liveness.check(now_ns) is Verdict.PROBE:
            assert now_ns - probed_ns >= 30 * S, "prices come, so there is no other reason"
            probed_ns = now_ns
            liveness.answered(now_ns)
        liveness.heard(now_ns)
        assert now_ns - probed_ns < 30 * S
    assert (sum(liveness.round_trip.counts) > 0) == (probed_ns > 0)


def test_c5_one_that_talks_and_no_longer_listens_is_found_dead() -> None:
    liveness, verdicts, now_ns = Liveness(), list[Verdict](), 0
    liveness.begin(0)
    for tenth in range(1, 400):
        now_ns = tenth * S // 10
        verdicts.append(liveness.check(now_ns))
        liveness.heard(now_ns)
        if verdicts[-1] is Verdict.DEAD:
            break
    assert now_ns == 34 * S
    assert verdicts.count(Verdict.PROBE) == 2


@given(st.integers(0, 2 * S - 1))
def test_the_round_trip_is_from_a_probe_to_its_answer(took_ns: int) -> None:
    liveness = Liveness()
    liveness.begin(0)
    assert liveness.check(5 * S) is Verdict.PROBE
    liveness.answered(5 * S + took_ns)
    liveness.answered(5 * S + took_ns + 7)
    assert sum(liveness.round_trip.counts) == 1
    assert liveness.round_trip.sum_ns == took_ns
