"""``robotrader logs``: reads the files, whether a system runs or not."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from robotrader.__main__ import main
from robotrader.adapters.log_files import LogFiles, follow

ROOT = Path(__file__).resolve().parents[3]


def wrote(folder: Path, *events: str, level: str = "info") -> LogFiles:
    files = LogFiles(folder / "logs", file_bytes=300, total_bytes=3000)
    for event in events:
        files.write(json.dumps({"time": "T", "level": level, "event": event, "n": 1}).encode())
    files.close()
    return files


def test_the_newest_lines_are_shown_for_people(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrote(tmp_path, "one", "two", "three\x1b[31m\u202e")
    assert main(["logs", "-n", "2", "--set", f"data_dir={tmp_path}"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "T info two n=1",
        "T info three\ufffd[31m\ufffd n=1",
    ]


def test_json_lines_are_as_they_were_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrote(tmp_path, *map(str, range(20)))
    wrote(tmp_path, "bad", level="error")
    options = ["--json", "--min-level", "warning", "--set", f"data_dir={tmp_path}"]
    assert main(["logs", *options]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line) == {"time": "T", "level": "error", "event": "bad", "n": 1}


def test_no_log_at_all_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["logs", "--set", f"data_dir={tmp_path}"]) == 2
    assert "no system has run in this data_dir" in capsys.readouterr().err


@pytest.mark.parametrize("between", [1, 2, 7, 20])
def test_following_goes_over_rotations_and_loses_nothing(tmp_path: Path, between: int) -> None:
    """A writer that rotates once or several times between any two looks of the reader."""
    numbers = itertools.count()
    files = LogFiles(tmp_path / "logs", file_bytes=100, total_bytes=100_000)

    def waited(_seconds: float) -> None:
        for number in itertools.islice(numbers, between):
            files.write(json.dumps({"event": number, "text": "x" * 20}).encode())

    found = list(itertools.islice(follow(tmp_path / "logs", waited), 200))
    files.close()
    assert [entry["event"] for entry in found] == list(range(200))


def test_following_ends_with_an_interrupt_and_shows_what_came_meanwhile(tmp_path: Path) -> None:
    wrote(tmp_path, "before")
    process = subprocess.Popen(
        [sys.executable, "-m", "robotrader", "logs", "-f", "--set", f"data_dir={tmp_path}"],
        cwd=ROOT, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert process.stdout is not None
    assert "before" in process.stdout.readline()
    written = threading.Event()

    def go_on() -> None:
        while not written.wait(0.1):
            wrote(tmp_path, "after")

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        assert "after" in process.stdout.readline()
    finally:
        written.set()
        thread.join(10)
        process.send_signal(2)
        process.communicate(timeout=20)
    assert process.returncode == 130
