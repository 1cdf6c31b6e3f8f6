"""Makes the mistakes and counts who sees them: ``python -m tests.mutation.run [GROUP ...]``.

Every change is judged in a forked child of its own by the tests that run its line, the quickest
first; one that no test runs survives. What was judged already is kept in a file and not judged
again while the changed file stays as it is, so that a run may be interrupted. ``--sample 50`` takes
so many changes of each group by ``--seed``; ``--again`` judges survivors anew, after a new test.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final, NamedTuple

# What ours stands on is imported once, before the forks.
import hypothesis.stateful  # noqa: F401
import msgspec  # noqa: F401
import numpy as np  # noqa: F401
import pytest  # noqa: F401

from tests.mutation import changes as changes_made_by
from tests.mutation import inside
from tests.mutation.changes import changes
from tests.mutation.equivalent import EQUIVALENT
from tests.mutation.groups import GROUPS, ROOT

LONGEST_S: Final = 180
"""How long the tests of one change may take; one that hangs is seen."""

_RECORD_S: Final = 1_500
_WHOLE_GROUP: Final = 400
"""Tests for a line that is run by an import: all of the group, up to so many."""


class Case(NamedTuple):
    """A change to judge: ``number`` is its place among the changes of the file."""

    group: str
    file: str
    number: int
    name: str
    line: int
    last_line: int
    key: str


def cases(group: str) -> list[Case]:
    """Return all changes of a group, without those that change nothing."""
    found = []
    maker = Path(str(changes_made_by.__file__)).read_text()  # another maker, other numbers
    for file in GROUPS[group].sources():
        source = (ROOT / file).read_text()
        digest = blake2b((maker + source).encode(), digest_size=6).hexdigest()
        for number, each in enumerate(changes(ast.parse(source))):
            name = each.name(file)
            if name not in EQUIVALENT:
                key = f"{file}:{digest}:{number}"
                found.append(Case(group, file, number, name, each.line, each.last_line, key))
    return found


class Tests:
    """Which tests run a line, the quickest first."""

    def __init__(self, recorded: dict[str, Any]) -> None:
        self._seconds: dict[str, float] = recorded["seconds"]
        self._ran: dict[str, dict[str, list[str]]] = recorded["ran"]

    def of(self, case: Case) -> list[str]:
        """Return the tests of a change; of one that is made at an import, all of its group."""
        ran = self._ran.get(case.file, {})
        lines = [ran.get(str(line), []) for line in range(case.line, case.last_line + 1)]
        who = {test for each in lines for test in each if test}
        if not who and any(lines):
            who = set(self._seconds)
        return sorted(who, key=lambda test: (self._seconds.get(test, 0.0), test))[:_WHOLE_GROUP]


def fork(work: Callable[[], int]) -> int:
    """Do some work in a child; return its number. Its result is its exit code."""
    pid = os.fork()
    if pid:
        return pid
    code = inside.KILLED
    try:
        code = work()
    except BaseException:  # noqa: BLE001 - a child never returns to the parent's code
        traceback.print_exc()
    finally:
        os._exit(code)


def recorded(group: str, folder: Path) -> Tests:
    """Run a group's tests on the code as it is.

    Raises:
        RuntimeError: they fail, so that they would see anything.
    """
    result = folder / f"{group}.json"
    pid = fork(lambda: inside.record(GROUPS[group].tests, result, _RECORD_S))
    _, status = os.waitpid(pid, 0)
    if status:
        said = result.with_suffix(".log").read_text()[-2_000:]
        msg = f"the tests of {group!r} fail without a change: they would see anything\n{said}"
        raise RuntimeError(msg)
    return Tests(json.loads(result.read_text()))


class Run:
    """Judges cases, ``jobs`` at a time, and keeps what was found in a file of lines of JSON."""

    def __init__(self, kept: Path, jobs: int) -> None:
        self._kept, self._jobs = kept, jobs
        self.verdicts: dict[str, str] = {}
        self._running: dict[int, tuple[Case, float]] = {}
        if kept.exists():
            rows = map(json.loads, kept.read_text().splitlines())
            self.verdicts = {row["key"]: row["verdict"] for row in rows}

    def judge(self, todo: list[Case], tests: Tests, until: float) -> None:
        """Judge what was not judged yet, as long as there is time."""
        for case in todo:
            if time.monotonic() > until:
                break
            chosen = tests.of(case)
            if not chosen:
                self._say(case, "survived", 0.0)
                continue
            files = sorted({test.partition("::")[0] for test in chosen})
            while len(self._running) >= self._jobs:
                self._wait()
            work = (case.file, case.number, chosen, files, LONGEST_S)
            pid = fork(lambda work=work: inside.judge(*work))  # type: ignore[misc]
            self._running[pid] = (case, time.monotonic())
        while self._running:
            self._wait()

    def _wait(self) -> None:
        pid, status = os.waitpid(-1, 0)
        case, began = self._running.pop(pid)
        verdict = "killed" if status else "survived"
        self._say(case, verdict, time.monotonic() - began)

    def _say(self, case: Case, verdict: str, seconds: float) -> None:
        self.verdicts[case.key] = verdict
        row = {"key": case.key, "verdict": verdict, "line": case.line, "name": case.name}
        with self._kept.open("a") as file:
            file.write(json.dumps({**row, "s": round(seconds, 1)}) + "\n")
        if verdict == "survived":
            sys.stdout.write(f"SURVIVED {case.file}:{case.line} {case.name}\n")
            sys.stdout.flush()


def run(group: str, given: argparse.Namespace) -> tuple[int, int]:
    """Judge a group's changes, or a sample of them; return how many were seen, of how many."""
    todo = cases(group)
    if given.sample:
        todo = random.Random(given.seed).sample(todo, min(given.sample, len(todo)))
    judged = Run(given.kept, given.jobs)
    done = {key for key, was in judged.verdicts.items() if not (given.again and was == "survived")}
    left = [case for case in todo if case.key not in done]
    if left:
        with tempfile.TemporaryDirectory() as folder:
            tests = recorded(group, Path(folder))
        judged.judge(left, tests, time.monotonic() + given.seconds)
    found = [judged.verdicts[case.key] for case in todo if case.key in judged.verdicts]
    return found.count("killed"), len(found)


def main() -> int:
    """Run the groups that are named, or all; return 1 if too few mistakes are seen in one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("groups", nargs="*", default=list(GROUPS), metavar="GROUP")
    parser.add_argument("--sample", type=int, default=0, help="how many of each group; 0: all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=86_400, help="the longest for each group")
    parser.add_argument("--kept", type=Path, default=ROOT / "build" / "mutation.jsonl")
    parser.add_argument("--again", action="store_true", help="judge survivors again")
    given = parser.parse_args()
    given.kept.parent.mkdir(parents=True, exist_ok=True)
    few = False
    for group in given.groups:
        seen, judged = run(group, given)
        share = seen / judged if judged else 1.0
        few = few or share < GROUPS[group].least
        sys.stdout.write(f"{group}: {seen} of {judged} seen, {share:.1%}\n")
        sys.stdout.flush()
    return int(few)


if __name__ == "__main__":
    sys.exit(main())
