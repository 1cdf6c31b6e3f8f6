"""Hunts mistakes, each in a process of its own, and keeps what was found in a file.

What is kept is not done again while mistake and level stay the same: a hunt may be interrupted, and
one with more seeds goes on behind those that were run already.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

import msgspec

from tests.simulation.mutants.catalogue import CATALOGUE, ROOT
from tests.simulation.mutants.inside import Seen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from tests.simulation.mutants.catalogue import Seeded

SEEDS: Final = 300
"""How many seeds a mistake may take."""

JOBS: Final = 2
ENDLESS: Final = "the run does not end"


class Found(msgspec.Struct, frozen=True):
    """What came of a mistake: by which checker it was found (empty: not yet) and in which seed."""

    id: str
    key: str
    tried: int = 0
    simulated_s: float = 0.0
    checker: str = ""
    seed: int = 0
    text: str = ""


def key_of(seeded: Seeded) -> str:
    """Return what makes a mistake another one: its level and its texts."""
    mutant = seeded.mutant
    whole = f"{seeded.level}\0{mutant.file}\0{mutant.old}\0{mutant.new}"
    return blake2b(whole.encode(), digest_size=8).hexdigest()


def hunt(name: str, seeds: int = SEEDS, before: Found | None = None) -> Found:
    """Simulate seed after seed with a mistake until it is found, at most so many seeds.

    Raises:
        RuntimeError: it could not be hunted.
    """
    key = key_of(CATALOGUE[name])
    known = before if before is not None and before.key == key else Found(name, key)
    if known.checker or known.tried >= seeds:
        return known
    command = [sys.executable, "-m", "tests.simulation.mutants.inside", name]
    done = subprocess.run(
        [*command, str(known.tried), str(seeds - known.tried)],
        cwd=ROOT, text=True, capture_output=True, check=False,
    )  # fmt: skip
    seen = [msgspec.json.decode(line, type=Seen) for line in done.stdout.splitlines()]
    tried = known.tried + len(seen)
    simulated_s = known.simulated_s + sum(each.simulated_s for each in seen)
    if done.returncode == -signal.SIGALRM:
        return Found(name, key, tried + 1, simulated_s, ENDLESS, tried)
    if done.returncode not in {0, 1}:
        msg = f"{name}: ended with {done.returncode} after {tried} seeds\n{done.stderr[-2000:]}"
        raise RuntimeError(msg)
    last = seen[-1]
    return Found(name, key, tried, simulated_s, last.checker, last.seed, last.text)


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


def hunt_all(names: Iterable[str], kept: Kept, seeds: int, jobs: int = JOBS) -> Iterator[Found]:
    """Hunt many, so many at a time; yield each in the order of the names once it is done."""
    with ThreadPoolExecutor(jobs) as threads:
        hunts = [threads.submit(hunt, name, seeds, kept.found.get(name)) for name in names]
        try:
            for each in hunts:
                found = each.result()
                kept.add(found)
                yield found
        finally:
            threads.shutdown(wait=False, cancel_futures=True)
