"""What all slices of deep runs have come to: a file for each level, written after every block.

They are in this repository (``docs/simulation``), so that slices add up from one machine to the
next; ``--write`` puts where they stand into the documentation, and a test compares both.

Simulated time is the market's. At core and wire level that is also the product's own time; at the
long level an hour of the market takes the product a minute, and the ledger says both.
"""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from tests.simulation import rows
from tests.simulation.run import LEVELS, length_of, run
from tests.simulation.seeds import NOTHING, Sum, blocks, run_block
from tests.simulation.week import PACE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from robotrader.jobs import Executor
    from tests.simulation.seeds import Block

DOCS: Final = Path(__file__).resolve().parents[2] / "docs"
LEDGER: Final = DOCS / "simulation"
PAGE: Final = DOCS / "reliability.md"
_BETWEEN: Final = re.compile(
    r"(?<=<!-- simulated: begin -->\n).*?(?=<!-- simulated: end -->)", re.DOTALL
)

FIRST_DEEP: Final = 1_000_000
"""Where the seeds of deep slices begin: they are not those of ``make test``."""

HOUR_S: Final = 3_600.0
YEAR_S: Final = 365 * 24 * HOUR_S
CORE_YEARS: Final = 10
WIRE_HOURS: Final = 500
GOALS: Final = (
    (("core", "long"), CORE_YEARS * YEAR_S, "core level, seeds and weeks"),
    (("wire",), WIRE_HOURS * HOUR_S, "wire level"),
)
"""Simulated time that deep slices have to add up to (issue 6), and at which levels."""


class Ledger(msgspec.Struct, frozen=True):
    """What the seeds of a level have come to; ``cpu_s`` is processor time of the runs alone."""

    sum: Sum = NOTHING
    market_s: float = 0.0
    own_s: float = 0.0
    cpu_s: float = 0.0
    mended: tuple[int, ...] = ()
    """Seeds that failed once, and hold on code that was mended since."""

    def plus(self, other: Ledger) -> Ledger:
        """Return both together."""
        return Ledger(
            self.sum.plus(other.sum),
            self.market_s + other.market_s,
            self.own_s + other.own_s,
            self.cpu_s + other.cpu_s,
            self.mended + other.mended,
        )

    def speed(self) -> str:
        """Return how fast it went, of one processor."""
        cpu_s = self.cpu_s or 1.0
        return (
            f"{self.sum.events / cpu_s:,.0f} events/s a core, "
            f"{self.market_s / HOUR_S / cpu_s:,.3f} simulated hours/s"
        )


def timed(block: Block) -> Ledger:
    """Run a block, and say how long it took."""
    begun_s = time.process_time()
    done = run_block(block)
    cpu_s = time.process_time() - begun_s
    seeds = range(block.first, block.first + block.count)
    own_s = sum(length_of(seed, block.level) for seed in seeds)
    return Ledger(done, own_s * pace_of(block.level), own_s, cpu_s)


def pace_of(level: str) -> int:
    """Return how many seconds of the market a second of ours takes."""
    return PACE if level == "long" else 1


def path_of(folder: Path, level: str) -> Path:
    """Return where the ledger of a level is."""
    return folder / f"simulation-{level}.json"


def read(folder: Path, level: str) -> Ledger:
    """Return where a level stands."""
    path = path_of(folder, level)
    return msgspec.json.decode(path.read_bytes(), type=Ledger) if path.exists() else Ledger()


def write(folder: Path, level: str, ledger: Ledger) -> None:
    """Put it there whole: a slice may be interrupted at any moment."""
    folder.mkdir(parents=True, exist_ok=True)
    path = path_of(folder, level)
    fresh = path.with_suffix(".new")
    fresh.write_bytes(msgspec.json.encode(ledger))
    fresh.replace(path)


def run_slice(executor: Executor, folder: Path, level: str, count: int) -> Iterator[Ledger]:
    """Run the next seeds of a level; write and yield the ledger after every block, in order."""
    total = read(folder, level)
    todo = blocks(FIRST_DEEP + total.sum.seeds, count, level)
    for each in executor.run(timed, todo):
        total = total.plus(each)
        write(folder, level, total)
        yield total


def run_again(folder: Path, level: str) -> Ledger:
    """Run the seeds that failed; those that hold by now are mended."""
    total, failed, mended = read(folder, level), [], []
    for text in total.sum.failed:
        seed = seed_of(text)
        outcome = run(seed, level)
        if outcome.ok:
            mended.append(seed)
        else:
            failed.append(outcome.text())
    made = msgspec.structs.replace(
        total,
        sum=msgspec.structs.replace(total.sum, failed=tuple(failed)),
        mended=(*total.mended, *mended),
    )
    write(folder, level, made)
    return made


def seed_of(text: str) -> int:
    """Return the seed of a failed run, whose text ends with the command that runs it again."""
    words = text.rsplit("again: ", 1)[1].split()
    return int(words[words.index("--seed") + 1])


def standing(folder: Path) -> str:
    """Return where all levels stand against what they have to add up to."""
    found = {level: read(folder, level) for level in LEVELS}
    lines = []
    for levels, goal_s, name in GOALS:
        done_s = sum(found[level].market_s for level in levels)
        lines.append(
            f"{name}: {done_s / HOUR_S:,.1f} of {goal_s / HOUR_S:,.0f} simulated hours "
            f"({done_s / goal_s:.3%})"
        )
    for level, each in found.items():
        if each.sum.seeds:
            lines.append(
                f"  {level}: {each.sum.seeds:,} seeds, {each.market_s / HOUR_S:,.1f} h of the "
                f"market, {each.own_s / HOUR_S:,.1f} h of the product's own time, "
                f"{each.sum.events:,} events, {each.cpu_s / HOUR_S:.2f} processor hours, "
                f"{each.speed()}, {len(each.sum.failed)} failed"
            )
        if each.mended:
            seeds = ", ".join(map(str, sorted(each.mended)))
            lines.append(f"    failed first and hold since the mend: {seeds}")
    return "\n".join(lines) + "\n"


def written(page: str, folder: Path) -> str:
    """Return the page with where the ledger of a folder stands in its place."""
    said = f"```text\n{standing(folder)}```\n"
    return _BETWEEN.sub(lambda _: said, page)


def table(folder: Path) -> str:
    """Return the crash rows that the levels which have them have hit together."""
    both = read(folder, "core").sum.plus(read(folder, "long").sum).coverage
    return f"{rows.table(both)}\nrows not hit yet: {rows.missed(both) or 'none'}\n"
