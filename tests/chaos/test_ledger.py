"""The table of kills and hangs is that of the ledger, and says nothing that was not done."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.cycles import LEDGER, PAGES, Cycle, line_of, of_ledger, summary, written
from tests.chaos.cycles import missing

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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_table_in_the_documentation_is_that_of_the_ledger(page: Path) -> None:
    """``python -m tests.chaos.cycles --write`` makes it so."""
    done = of_ledger(LEDGER)
    assert done
    assert summary(done) in page.read_text()
    assert written(page.read_text(), done) == page.read_text()
    assert [each.wrong for each in done if each.wrong] == []


@given(CYCLES)
def test_every_cycle_is_in_one_row_and_every_wrong_fact_is_counted(cycles: list[Cycle]) -> None:
    lines = summary(cycles).splitlines()
    rows = [line.split("|")[1:-1] for line in lines[2:] if line.startswith("|")]
    counted = [int(re.findall(r"\d+", row[0])[0]) for row in rows]
    assert sum(counted) == len(cycles)
    assert sum(int(row[1]) for row in rows) == sum(len(each.wrong) for each in cycles)
    busy = sum(many for many, row in zip(counted, rows, strict=True) if "busy" in row[0])
    assert busy == sum(each.load is None or each.load > 1 for each in cycles)
    quiet = {each.kind for each in cycles if each.quiet}
    assert sum("quiet machine, p99" in line for line in lines) == len(quiet)


def test_a_promise_that_is_not_kept_is_said_so() -> None:
    of = partial(Cycle, kind="kill", seed=0, ready_s=1, trading_s=2, intents=1)
    kept, broken = of(protected_s=4.0, load=0.5), of(protected_s=4.1, load=0.5)
    assert "protected 4.00 s (at most 4: yes)" in summary([kept])
    assert "protected 4.10 s (at most 4: NO)" in summary([kept] * 9 + [broken])
    assert "p99" not in summary([of(protected_s=4.1, load=1.5)])


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
