"""How many orders were approved lately, whatever the clock does."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from robotrader.risk.past import MINUTE_NS, Past

SECOND_NS = 1_000_000_000
STEPS = st.lists(st.integers(-20, 40), min_size=8, max_size=40)


@given(STEPS, st.integers(-100, 100))
def test_the_last_minute_has_what_a_count_of_every_approval_says(
    steps: list[int], later: int
) -> None:
    """The clock runs, stands still and is set back; what was pruned was out of every minute."""
    past, now_ns, known = Past(), 10_000 * SECOND_NS, []
    for number, step in enumerate(steps):
        now_ns += step * SECOND_NS
        past.add(("s", number, "BUY", Decimal(1), "MKT", None, None), now_ns)
        known.append(now_ns)
        while known and known[0] <= now_ns - MINUTE_NS:
            del known[0]
        asked_ns = now_ns + later * SECOND_NS
        for at_ns in (now_ns, asked_ns):
            count = sum(each > at_ns - MINUTE_NS for each in known)
            assert past.last_minute(at_ns) == count
            for most in (0, count - 1, count, count + 1):
                assert past.fewer(most, at_ns - MINUTE_NS) is (count < most)
