"""What is known of all kills and hangs so far: a line of JSON each, and the table made of them.

The ledger is a file of this repository, so that what was done is added to and never told from
memory: ``python -m tests.chaos.cycles`` appends, ``--write`` puts the table into the documentation
(and ``make bench`` into the page that it writes anew), and a test holds both together. Facts count
whoever else used the machine; times are kept apart by how busy it was, because those of a busy
machine say how busy it was.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from robotrader.chaos import quantile

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

DOCS: Final = Path(__file__).resolve().parents[1] / "docs"
LEDGER: Final = DOCS / "cycles.jsonl"
PAGES: Final = (DOCS / "reliability.md", DOCS / "benchmarks.md")
QUIET: Final = 1.0
"""Processes that want a processor, a processor: more, and some of them wait for one."""

TIMES: Final = ("judged_s", "detected_s", "protected_s", "ready_s", "trading_s")
BEGIN: Final = "<!-- cycles: begin -->\n"
END: Final = "<!-- cycles: end -->\n"
MOST_S: Final = {"detected_s": 2.1, "protected_s": 4.0, "trading_s": 20.0}
"""What is promised of a machine of its own (issue 6); a hung order manager has a budget of 2 s."""

_BETWEEN: Final = re.compile(f"(?<={BEGIN}).*?(?={END})", re.DOTALL)


class Cycle(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One kill or hang: seconds until each state was seen, and what was wrong afterwards."""

    kind: str
    seed: int
    judged_s: float | None = None
    """From the begin of a hang, as the hung actor wrote it down, until the watchdog ended it."""

    detected_s: float | None = None
    """From the begin of a hang until heart saw that the process had ended, or found it late."""

    protected_s: float
    ready_s: float
    trading_s: float
    intents: int
    load: float | None = None
    """Processes that wanted a processor, in the last minute, a processor of the machine."""

    build: str = ""
    wrong: tuple[str, ...] = ()

    @property
    def quiet(self) -> bool:
        """Whether its times are those of the system, and not of those who ran beside it."""
        return self.load is not None and self.load <= QUIET


def line_of(cycle: Cycle) -> bytes:
    """Return the line of a cycle; a time has no more digits than anybody measures."""
    rounded = {
        name: round(value, 3) for name in TIMES if (value := getattr(cycle, name)) is not None
    }
    return msgspec.json.encode(msgspec.structs.replace(cycle, **rounded)) + b"\n"


def of_ledger(ledger: Path) -> list[Cycle]:
    """Return what was done so far."""
    if not ledger.exists():
        return []
    return [msgspec.json.decode(line, type=Cycle) for line in ledger.read_bytes().splitlines()]


def summary(cycles: Sequence[Cycle]) -> str:
    """Return the table of a ledger, as Markdown: facts of all cycles, times p50, p99, max."""
    heads = ["cycles", "facts wrong", *(name.removesuffix("_s") for name in TIMES)]
    lines = [_row(heads), _row(["---"] * len(heads))]
    for kind in sorted({each.kind for each in cycles}):
        for quiet in (True, False):
            mine = [each for each in cycles if each.kind == kind and each.quiet is quiet]
            if mine:
                lines.append(_row(_cells(f"{kind}, {'quiet' if quiet else 'busy'}", mine)))
    return "\n".join([*lines, *_promises(cycles)]) + "\n"


def _promises(cycles: Sequence[Cycle]) -> Iterable[str]:
    """Say what the quiet ones took at the 99th percentile, and what was promised."""
    for kind in sorted({each.kind for each in cycles}):
        said = []
        for name, most_s in MOST_S.items():
            known = _known(name, [each for each in cycles if each.kind == kind and each.quiet])
            if (p99 := quantile(known, 0.99)) is not None:
                verdict = "yes" if p99 <= most_s else "NO"
                said.append(
                    f"{name.removesuffix('_s')} {p99:.2f} s (at most {most_s:g}: {verdict})"
                )
        if said:
            yield f"\n{kind.capitalize()}s on a quiet machine, p99: {', '.join(said)}."


def _known(name: str, cycles: Iterable[Cycle]) -> list[float]:
    return [value for each in cycles if (value := getattr(each, name)) is not None]


def _cells(what: str, mine: Sequence[Cycle]) -> Iterable[str]:
    yield f"{len(mine)} of {what}"
    yield str(sum(len(each.wrong) for each in mine))
    for name in TIMES:
        known = _known(name, mine)
        p50, p99 = quantile(known, 0.5), quantile(known, 0.99)
        told = p50 is not None and p99 is not None
        yield f"{p50:.2f}, {p99:.2f}, {max(known):.2f}" if told else ""


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def written(page: str, cycles: Sequence[Cycle]) -> str:
    """Return the page with the table of these cycles in its place."""
    return _BETWEEN.sub(summary(cycles), page)
