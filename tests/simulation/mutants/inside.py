"""What a process of its own does: it simulates run after run with one mistake in the code.

``python -m tests.simulation.mutants.inside`` reads jobs, a line of JSON each, forks for each and
says what came of every run, as lines of JSON; a job ends with the first run in which a checker
fires. A child that does not end, or ends otherwise, is told of by the last line of its job.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sys
import traceback
from typing import Final

import msgspec

from tests.simulation.core import CoreWorld
from tests.simulation.mutants.catalogue import CATALOGUE, Seeded, changed_text
from tests.simulation.mutants.patched import patch
from tests.simulation.run import SECONDS, level_of

MOST_BYTES: Final = 3 << 30
"""A mistake can make a loop that collects for ever."""

LONGEST_S: Final = 30.0
"""Processor time: a run takes less than a second; the alarm ends what does not end."""

ENDLESS: Final = "the run does not end"


class Job(msgspec.Struct, frozen=True):
    """Runs of a mistake; an empty ``id``: of the product as it is.

    ``aim_of``: whose aim and level the runs have, if not its own.
    """

    id: str
    first: int = 0
    count: int = 1
    aim_of: str = ""


class Seen(msgspec.Struct, frozen=True):
    """What came of a run; ``checker`` is empty if none has fired."""

    id: str
    run: int
    simulated_s: float = 0.0
    checker: str = ""
    text: str = ""
    hash: str = ""
    last: bool = False


def look(seeded: Seeded, job: Job, run: int) -> Seen:
    """Simulate a run; a mistake that breaks the simulation itself is seen too."""
    name, seed, aim = seeded.run(run)
    level = level_of(name)
    plan = level.plan_of(seed, SECONDS, aim)
    try:
        outcome = level.simulate(plan)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is seen
        return Seen(job.id, run, SECONDS, "the run itself", f"{error!r:.300}")
    first = outcome.breaches[0] if outcome.breaches else None
    checker, text = ("", "") if first is None else (first.checker, first.text[:300])
    trace = f"{outcome.trace_hash:x}"
    return Seen(job.id, run, outcome.seconds, checker, text, trace)


def _child(job: Job) -> None:
    """Put the mistake in and run; say what comes of each."""
    seeded = CATALOGUE[job.aim_of or job.id]
    if job.id:
        mutant = CATALOGUE[job.id].mutant
        patch(mutant.file, changed_text(mutant))
    CoreWorld.most_breaches = 1
    for run in range(job.first, job.first + job.count):
        signal.setitimer(signal.ITIMER_PROF, LONGEST_S)
        with contextlib.redirect_stdout(sys.stderr):
            seen = look(seeded, job, run)
        _say(seen)
        if seen.checker:
            return


def _say(seen: Seen) -> None:
    os.write(1, msgspec.json.encode(seen) + b"\n")


def work(job: Job) -> None:
    """Do a job in a child, and say how that ended."""
    child = os.fork()
    if child == 0:
        code = 70
        try:
            _child(job)
            code = 0
        except BaseException:  # noqa: BLE001 - it is a process's end
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    what = {0: "", -signal.SIGPROF: ENDLESS}.get(ended, f"ended with {ended}")
    _say(Seen(job.id, job.first, checker=what, last=True))


def main() -> int:
    """See the module's prose."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    level_of("wire")  # imported once, for all children
    for line in sys.stdin.buffer:
        work(msgspec.json.decode(line, type=Job))
    return 0


if __name__ == "__main__":
    sys.exit(main())
