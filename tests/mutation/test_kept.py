"""What was judged is read as it was written, and a worker judges what was collected."""

from __future__ import annotations

import gc
from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from robotrader.sizing import kelly
from tests.mutation import kept, quick
from tests.mutation.groups import GROUPS, ROOT

FILES = {"a/one.py": "1f", "a/two.py": "2f", "b/one.py": "1f"}
VERDICTS = st.dictionaries(st.integers(0, 60), st.sampled_from([kept.KILLED, kept.SURVIVED]))


@given(st.fixed_dictionaries(dict.fromkeys(FILES, VERDICTS)), st.sets(st.sampled_from([*FILES])))
def test_it_is_read_as_it_was_written_and_other_files_lines_stay(
    judged: dict[str, dict[int, str]], again: set[str]
) -> None:
    named = {
        kept.key(file, FILES[file], number): verdict
        for file, found in judged.items()
        for number, verdict in found.items()
    }
    text = kept.with_verdicts("", FILES, named)
    assert kept.parsed(text) == named
    assert len(text.splitlines()) == sum(map(bool, judged.values()))
    changed = kept.with_verdicts(text, dict.fromkeys(again, "other"), named)
    assert kept.parsed(changed) == {
        name: verdict for name, verdict in named.items() if name.split(":")[0] not in again
    }, "of another file nothing is known"


def test_what_is_kept_is_of_files_that_are_changed_and_small() -> None:
    files = {file for group in GROUPS.values() for file in group.sources()}
    lines = kept.KEPT.read_text().splitlines()
    assert lines == sorted(lines)
    assert {line.split()[0] for line in lines} <= files
    assert kept.KEPT.stat().st_size < 100_000


def test_a_worker_has_the_functions_that_were_frozen_when_they_were_collected() -> None:
    """``tests/conftest.py`` hides them from the collector, which is where they are looked for."""
    file = "robotrader/sizing/kelly.py"
    code = kelly.discrete.__code__
    found: list[bool] = []

    def work(worker: quick.Worker) -> None:
        found.append(worker.has(file, {(code.co_qualname, code.co_firstlineno): code}, []))

    session: Any = SimpleNamespace(items=[])
    gc.freeze()
    assert quick.Worker([file], work).pytest_runtestloop(session)
    assert found == [True]
    assert code.co_filename == str(ROOT / file)
