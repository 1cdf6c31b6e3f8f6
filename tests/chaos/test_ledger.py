"""The table of kills and hangs is that of the ledger, and says nothing that was not done."""

from __future__ import annotations

import re

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tests.chaos.cycles import missing
from tests.chaos.ledger import LEDGER, PAGE, Cycle, line_of, of_ledger, summary, written

TIMES = st.floats(0, 1_000, allow_nan=False)
CYCLES = st.lists(
    st.builds(
        Cycle, kind=st.sampled_from(["kill", "hang"]), seed=st.integers(0, 99),
        detected_s=st.none() | TIMES, protected_s=TIMES, ready_s=TIMES, trading_s=TIMES,
        intents=st.integers(0, 99), load=st.none() | st.floats(0, 30),
        wrong=st.lists(st.text(max_size=5), max_size=2).map(tuple),
    ),
    max_size=30,
)  # fmt: skip


def test_the_table_in_the_documentation_is_that_of_the_ledger() -> None:
    """``python -m tests.chaos.cycles --write`` makes it so."""
    done = of_ledger(LEDGER)
    assert done
    assert written(PAGE.read_text(), done) == PAGE.read_text()
    assert [each.wrong for each in done if each.wrong] == []


@given(CYCLES)
def test_every_cycle_is_in_one_row_and_every_wrong_fact_is_counted(cycles: list[Cycle]) -> None:
    rows = [line.split("|")[1:-1] for line in summary(cycles).splitlines()[2:]]
    counted = [int(re.findall(r"\d+", row[0])[0]) for row in rows]
    assert sum(counted) == len(cycles)
    assert sum(int(row[1]) for row in rows) == sum(len(each.wrong) for each in cycles)
    busy = sum(many for many, row in zip(counted, rows, strict=True) if "busy" in row[0])
    assert busy == sum(each.load is None or each.load > 1 for each in cycles)


@given(CYCLES)
def test_a_line_is_read_as_it_was_written_to_the_millisecond(cycles: list[Cycle]) -> None:
    lines = b"".join(map(line_of, cycles))
    assert lines.count(b"\n") == len(cycles)
    read = [msgspec.json.decode(line, type=Cycle) for line in lines.splitlines()]
    assert b"".join(map(line_of, read)) == lines
    for one, other in zip(cycles, read, strict=True):
        assert abs(one.ready_s - other.ready_s) <= 0.0005
        assert (one.kind, one.wrong, one.quiet) == (other.kind, other.wrong, other.quiet)


@given(CYCLES, st.integers(0, 40), st.integers(0, 40))
def test_what_is_left_is_what_was_wanted_less_what_was_done(
    cycles: list[Cycle], kills: int, hangs: int
) -> None:
    wanted = {"kill": kills, "hang": hangs}
    left = missing(cycles, wanted)
    for kind, many in wanted.items():
        done = sum(each.kind == kind for each in cycles)
        assert left.count(kind) == max(0, many - done)
