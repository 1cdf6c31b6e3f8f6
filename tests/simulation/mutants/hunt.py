"""Hunts mistakes, each in a process of its own, and keeps what was found in a file.

What is kept is not done again while mistake and aim stay the same: a hunt may be interrupted, and
one with more runs goes on behind those that were made already.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from hashlib import blake2b
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Final, Self

import msgspec

from tests.simulation.mutants.catalogue import CATALOGUE, ROOT
from tests.simulation.mutants.inside import ENDLESS, Job, Seen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from types import TracebackType

    from tests.simulation.mutants.catalogue import Seeded

RUNS: Final = 300
"""How many runs a mistake may take."""

JOBS: Final = 2
FOUND: Final = ROOT / "tests" / "simulation" / "mutants" / "found.jsonl"
"""What the newest hunt has found: ``make test`` looks whether it still is."""


class Found(msgspec.Struct, frozen=True):
    """What came of a mistake: by which checker it was found (empty: not yet) and in which run."""

    id: str
    key: str
    tried: int = 0
    simulated_s: float = 0.0
    checker: str = ""
    run: int = 0
    text: str = ""


def key_of(seeded: Seeded) -> str:
    """Return what makes a mistake another one: where it is looked for, and its texts."""
    mutant = seeded.mutant
    whole = f"{seeded.aim}\0{seeded.level}\0{mutant.file}\0{mutant.old}\0{mutant.new}"
    return blake2b(whole.encode(), digest_size=8).hexdigest()


class Worker:
    """A process that does jobs (see ``inside``); to be used in a ``with``."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.simulation.mutants.inside"]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End it: it has no more jobs."""
        self._process.communicate()

    def do(self, job: Job) -> list[Seen]:
        """Return what was seen in each run of a job.

        Raises:
            RuntimeError: it could not be done.
        """
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None, "it is a pipe"
        assert stdout is not None, "it is a pipe"
        stdin.write(msgspec.json.encode(job) + b"\n")
        stdin.flush()
        seen: list[Seen] = []
        while line := stdout.readline():
            each = msgspec.json.decode(line, type=Seen)
            if not each.last:
                seen.append(each)
            elif each.checker in {"", ENDLESS}:
                again = msgspec.structs.replace(each, run=job.first + len(seen))
                return [*seen, again] if each.checker else seen
            else:
                break
        msg = f"{job.id or 'the product'}: could not be run, see above; {len(seen)} runs were made"
        raise RuntimeError(msg)


def hunt(worker: Worker, name: str, runs: int = RUNS, before: Found | None = None) -> Found:
    """Simulate run after run with a mistake until it is found, at most so many."""
    key = key_of(CATALOGUE[name])
    known = before if before is not None and before.key == key else Found(name, key)
    if known.checker or known.tried >= runs:
        return known
    seen = worker.do(Job(name, known.tried, runs - known.tried))
    last = seen[-1]
    tried = known.tried + len(seen)
    simulated_s = known.simulated_s + sum(each.simulated_s for each in seen)
    return Found(name, key, tried, simulated_s, last.checker, last.run, last.text)


def without(worker: Worker, name: str, run: int) -> Seen:
    """Return what is seen in a run of a mistake when it is not in the code."""
    return worker.do(Job("", run, 1, aim_of=name))[0]


class Kept:
    """What earlier hunts have found, in a file of lines of JSON; the last of a name counts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        lines = path.read_text().splitlines() if path.exists() else ()
        rows = (msgspec.json.decode(line, type=Found) for line in lines)
        self.found = {row.id: row for row in rows}

    def add(self, found: Found) -> None:
        """Keep one more."""
        if self.found.get(found.id) == found:
            return
        self.found[found.id] = found
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a") as file:
            file.write(msgspec.json.encode(found).decode() + "\n")

    def tidy(self) -> None:
        """Write the file anew: one line for each mistake, in the catalogue's order."""
        rows = [self.found[name] for name in CATALOGUE if name in self.found]
        self._path.write_text("".join(msgspec.json.encode(row).decode() + "\n" for row in rows))


def hunt_all(names: Iterable[str], kept: Kept, runs: int, jobs: int = JOBS) -> Iterator[Found]:
    """Hunt many, so many at a time; yield each once it is done.

    Raises:
        RuntimeError: one could not be run.
    """
    left: SimpleQueue[str | None] = SimpleQueue()
    done: SimpleQueue[Found | Exception] = SimpleQueue()
    wanted = list(names)
    for name in wanted:
        left.put(name)

    def work(worker: Worker) -> None:
        while (name := left.get()) is not None:
            try:
                done.put(hunt(worker, name, runs, kept.found.get(name)))
            except Exception as error:  # noqa: BLE001 - raised where it is read
                done.put(error)

    with ExitStack() as stack:
        threads = [Thread(target=work, args=(stack.enter_context(Worker()),)) for _ in range(jobs)]
        for thread in threads:
            left.put(None)
            thread.start()
        for _ in wanted:
            found = done.get()
            if isinstance(found, Exception):
                raise found
            kept.add(found)
            yield found
        for thread in threads:
            thread.join()
