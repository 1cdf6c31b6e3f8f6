"""Makes the mistakes and counts who sees them: ``python -m tests.mutation.run [GROUP ...]``.

Every change is judged in a forked child of its own by the tests that run its line: those that have
seen most in its file and the file's own first, then the quickest. One that no test runs survives.
What was judged already is kept (``verdicts.txt``) and not judged again while the changed file stays
as it is, so that a run may be interrupted. ``--sample 50`` takes so many changes of each group by
``--seed``; ``--again`` judges survivors anew, after a new test. ``--only heat`` changes only the
files with that in their path. ``--table`` judges nothing and shows what was found, file by file.
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
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatch
from itertools import accumulate
from pathlib import Path
from typing import Any, Final, NamedTuple

# What ours stands on is imported once, before the forks.
import hypothesis.stateful  # noqa: F401
import msgspec  # noqa: F401
import numpy as np  # noqa: F401
import pytest  # noqa: F401

from tests.mutation import inside, kept, quick
from tests.mutation.changes import changes
from tests.mutation.equivalent import EQUIVALENT
from tests.mutation.groups import GROUPS, ROOT

LONGEST_S: Final = 180
"""How much of a processor the tests of one change may use; one that goes on for ever is seen."""

_A_WHILE_S: Final = 5
_RECORD_S: Final = 1_500
_PLACE: Final = 4
"""Bytes of a change's place in the pipe that the workers take their work from."""

_LIKELY: Final = 3
"""Tests that have seen most in a file: so many are asked first."""

_WHOLE_GROUP: Final = 2_000
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
    for file in GROUPS[group].sources():
        source, digest = (ROOT / file).read_text(), kept.digest(file)
        for number, each in enumerate(changes(ast.parse(source))):
            name = each.name(file)
            if name not in EQUIVALENT:
                key = kept.key(file, digest, number)
                found.append(Case(group, file, number, name, each.line, each.last_line, key))
    return found


class Tests:
    """Which tests run a line, the quickest first."""

    def __init__(self, recorded: dict[str, Any], paths: Sequence[str], most_s: float) -> None:
        self.paths, self.all_of_the_group = paths, paths in [each.tests for each in GROUPS.values()]
        self._seconds: dict[str, float] = recorded["seconds"]
        self._most_s = most_s
        self._ran: dict[str, dict[str, list[str]]] = recorded["ran"]

    def of(self, case: Case) -> list[str]:
        """Return the tests of a change; of one that is made at an import, all of its group."""
        ran = self._ran.get(case.file, {})
        lines = [ran.get(str(line), []) for line in range(case.line, case.last_line + 1)]
        who = {test for each in lines for test in each if test}
        if not who and any(lines):
            who = set(self._seconds)
        in_order = sorted(who, key=lambda test: (self._seconds.get(test, 0.0), test))
        together = accumulate(self._seconds.get(test, 0.0) for test in in_order)
        fit = sum(seconds <= self._most_s for seconds in together)
        return in_order[: min(max(fit, 1), _WHOLE_GROUP)]

    def longest_s(self, chosen: Sequence[str]) -> int:
        """Return how much of a processor tests may use: far more than they did."""
        return min(_A_WHILE_S + round(4 * sum(map(self._seconds.__getitem__, chosen))), LONGEST_S)

    def imported(self, case: Case) -> bool:
        """Whether an import runs a line of it."""
        ran = self._ran.get(case.file, {})
        return any("" in ran.get(str(at), []) for at in range(case.line, case.last_line + 1))


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


def record(group: str, tests: Sequence[str], result: Path) -> None:
    """Run tests on the code as it is, and write down which of them run which line.

    Raises:
        RuntimeError: they fail, so that they would see anything.
    """
    pid = fork(lambda: inside.record(tests, result, _RECORD_S))
    _, status = os.waitpid(pid, 0)
    if status:
        said = result.with_suffix(".log").read_text()[-2_000:]
        msg = f"the tests of {group!r} fail without a change: they would see anything\n{said}"
        raise RuntimeError(msg)


class Run:
    """Judges cases, ``jobs`` at a time, and writes what it finds into a log of lines of JSON."""

    def __init__(self, log: Path, jobs: int, verdicts: dict[str, str] | None = None) -> None:
        self._log, self._jobs = log, jobs
        self.verdicts = verdicts or {}
        self._running: dict[int, Case] = {}
        self._seen: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._lines = 0
        self._read()

    def _read(self, since: int = 0) -> set[str]:
        """Take over what others wrote behind so many lines; return of which changes."""
        lines = self._log.read_text().splitlines()[since:] if self._log.exists() else []
        found = {row["key"]: row["verdict"] for row in map(json.loads, lines)}
        self.verdicts |= found
        self._lines = since + len(lines)
        return {*found}

    def judge(self, group: str, todo: list[Case], tests: Tests, until: float) -> None:
        """Judge as long as there is time: quickly what can be, then the rest."""
        given, taken = os.pipe()
        os.write(taken, b"".join(at.to_bytes(_PLACE, "big") for at in range(len(todo))))
        os.close(taken)

        def work(worker: quick.Worker) -> None:
            while (place := os.read(given, _PLACE)) and time.monotonic() < until:
                self._quickly(todo[int.from_bytes(place, "big")], tests, worker)

        files = GROUPS[group].sources()
        pids = [
            fork(lambda: inside.collect(tests.paths, quick.Worker(files, work)))
            for _ in range(self._jobs)
        ]
        os.close(given)
        for pid in pids:
            if os.waitpid(pid, 0)[1]:
                sys.stderr.write("a worker has ended early\n")
        done = self._read(self._lines)
        self._slowly([case for case in todo if case.key not in done], tests, until)

    def _quickly(self, case: Case, tests: Tests, worker: quick.Worker) -> None:
        """Judge a change in a worker, unless only an import of everything could."""
        chosen = self._likely_first(case.file, tests.of(case))
        functions = quick.changed_functions(case.file, case.number)
        if not chosen or functions is None or not worker.has(case.file, functions, chosen):
            return

        def child() -> int:
            inside.limit(tests.longest_s(chosen))
            return worker.run(case.file, functions, chosen)

        _, status, used = os.wait4(fork(child), 0)
        by = worker.seen_by()
        if status or not tests.imported(case):
            self._say(case, status, used.ru_utime + used.ru_stime, by)

    def _likely_first(self, file: str, chosen: list[str]) -> list[str]:
        """Put first what has seen most of a file's mistakes, then the tests that are its own."""
        asked, own = {*chosen}, f"/test_{Path(file).stem}"
        first = [test for test, _ in self._seen[file].most_common(_LIKELY) if test in asked]
        first += [test for test in chosen if own in test and test not in first]
        return [*first, *(test for test in chosen if test not in first)]

    def _slowly(self, todo: list[Case], tests: Tests, until: float) -> None:
        for case in todo:
            if time.monotonic() > until:
                break
            chosen = tests.of(case)
            if not chosen:
                if tests.all_of_the_group:
                    self._say(case, 0, 0.0)
                continue
            files = sorted({test.partition("::")[0] for test in chosen})
            while len(self._running) >= self._jobs:
                self._wait()
            work = (case.file, case.number, chosen, files, LONGEST_S)
            pid = fork(lambda work=work: inside.judge(*work))  # type: ignore[misc]
            self._running[pid] = case
        while self._running:
            self._wait()

    def _wait(self) -> None:
        pid, status, used = os.wait4(-1, 0)
        self._say(self._running.pop(pid), status, used.ru_utime + used.ru_stime)

    def _say(self, case: Case, status: int, seconds: float, by: str = "") -> None:
        if by:
            self._seen[case.file][by] += 1
        verdict = "killed" if status else "survived"
        self.verdicts[case.key] = verdict
        row = {"key": case.key, "verdict": verdict, "line": case.line, "name": case.name}
        row |= {"s": round(seconds, 1), "signal": os.WTERMSIG(status), "by": by}
        with self._log.open("a") as file:
            file.write(json.dumps(row) + "\n")


def run(group: str, given: argparse.Namespace) -> tuple[int, int]:
    """Judge a group's changes, or a sample of them; return how many were seen, of how many."""
    todo = [case for case in cases(group) if fnmatch(case.file, f"*{given.only}*")]
    # In no order, so that a run that is interrupted has judged a sample.
    count = min(given.sample or len(todo), len(todo))
    todo = random.Random(given.seed).sample(todo, count)
    judged = Run(given.log, given.jobs, kept.read(given.kept))
    done = {key for key, was in judged.verdicts.items() if not (given.again and was == "survived")}
    left = [case for case in todo if case.key not in done]
    if left:
        paths = given.tests or GROUPS[group].tests
        with tempfile.TemporaryDirectory() as folder:
            known = given.recorded or Path(folder) / f"{group}.json"
            if not known.exists():
                record(group, paths, known)
            tests = Tests(json.loads(known.read_text()), paths, given.most_s)
        judged.judge(group, left, tests, time.monotonic() + given.seconds)
        kept.write(given.kept, GROUPS[group].sources(), judged.verdicts)
    found = [judged.verdicts[case.key] for case in todo if case.key in judged.verdicts]
    for case in todo:
        if judged.verdicts.get(case.key) == "survived":
            sys.stdout.write(f"SURVIVED {case.file}:{case.line} {case.name}\n")
    return found.count("killed"), len(found)


def table(group: str, verdicts: Mapping[str, str]) -> str:
    """Return what was found of a group, file by file, as a table of Markdown."""
    rows = [
        "| file | mistakes | seen | change nothing | not seen | not judged |",
        "|---|" + "--:|" * 5,
    ]
    sums, of_group = [0] * 5, cases(group)
    for file in GROUPS[group].sources():
        of_file = [case.key for case in of_group if case.file == file]
        every = len(changes(ast.parse((ROOT / file).read_text())))
        found = [verdicts.get(key, "") for key in of_file]
        counts = [found.count(each) for each in ("killed", "survived", "")]
        row = [every, counts[0], every - len(of_file), *counts[1:]]
        sums = [one + more for one, more in zip(sums, row, strict=True)]
        if every:
            rows.append(f"| `{file.removeprefix('robotrader/')}` | {' | '.join(map(str, row))} |")
    return "\n".join([*rows, f"| {group} | {' | '.join(map(str, sums))} |"])


def main() -> int:
    """Run the groups that are named, or all; return 1 if too few mistakes are seen in one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("groups", nargs="*", default=list(GROUPS), metavar="GROUP")
    parser.add_argument("--sample", type=int, default=0, help="how many of each group; 0: all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="a part of the paths of the files to change")
    parser.add_argument("--tests", nargs="*", help="judge by these tests of the group alone")
    parser.add_argument(
        "--most-s", type=float, default=600, help="judge by the quickest tests, so long together"
    )
    parser.add_argument(
        "--recorded", type=Path, help="who runs which line; made if it is not there"
    )
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=86_400, help="the longest for each group")
    parser.add_argument("--kept", type=Path, default=kept.KEPT, help="what was judged already")
    parser.add_argument("--log", type=Path, default=ROOT / "build" / "mutation.jsonl")
    parser.add_argument("--table", action="store_true", help="show what was found, file by file")
    parser.add_argument("--again", action="store_true", help="judge survivors again")
    given = parser.parse_args()
    given.log.parent.mkdir(parents=True, exist_ok=True)
    few = False
    for group in given.groups:
        if given.table:
            sys.stdout.write(table(group, kept.read(given.kept)) + "\n")
            continue
        seen, judged = run(group, given)
        share = seen / judged if judged else 1.0
        few = few or share < GROUPS[group].least
        sys.stdout.write(f"{group}: {seen} of {judged} seen, {share:.1%}\n")
        sys.stdout.flush()
    return int(few)


if __name__ == "__main__":
    sys.exit(main())
