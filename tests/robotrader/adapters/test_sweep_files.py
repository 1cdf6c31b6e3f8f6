"""A sweep's files: whatever a crash leaves of them, the whole lines are there and nothing else."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robotrader.adapters.lease import LeaseHeldError
from robotrader.adapters.sweep_files import RESULTS, appending, read_trials, write_whole
from robotrader.research import Trial

TRIALS = [Trial(number=at, params={"a": at, "b": "é" * at}, error="x" * at) for at in range(12)]


def written(folder: Path, trials: list[Trial]) -> bytes:
    with appending(folder) as append:
        for each in trials:
            append(each)
    return (folder / RESULTS).read_bytes()


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_a_file_that_ends_anywhere_is_gone_on_with(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        whole = written(folder, TRIALS)
        cut = data.draw(st.integers(0, len(whole)))
        (folder / RESULTS).write_bytes(whole[:cut])
        kept = read_trials(folder)
        assert kept == TRIALS[: whole[:cut].count(b"\n")]
        assert written(folder, TRIALS[len(kept) :]) == whole
        assert read_trials(folder) == TRIALS


def test_a_long_half_line_is_cut_off(tmp_path: Path) -> None:
    whole = written(tmp_path, TRIALS[:2])
    (tmp_path / RESULTS).write_bytes(whole + b"x" * 300_000)
    assert written(tmp_path, []) == whole


def test_two_do_not_append_to_one_sweep(tmp_path: Path) -> None:
    with appending(tmp_path) as append:
        append(TRIALS[0])
        with pytest.raises(LeaseHeldError, match="is in use by process"), appending(tmp_path):
            pass
    assert read_trials(tmp_path) == TRIALS[:1]


def test_a_file_is_whole_or_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "one"
    write_whole(path, b"first")
    write_whole(path, b"second")
    assert path.read_bytes() == b"second"
    assert [each.name for each in tmp_path.iterdir()] == ["one"]
