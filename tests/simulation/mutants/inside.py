"""What a process of its own does: it simulates seed after seed with one mistake in the code.

``python -m tests.simulation.mutants.inside ID FIRST COUNT`` says after every seed what came of it,
as a line of JSON, and ends with the first seed in which a checker fires.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sys
from typing import Final

import msgspec

from tests.mutation.finder import Changed
from tests.simulation.mutants.catalogue import CATALOGUE, Seeded, changed_text

MOST_BYTES: Final = 3 << 30
"""A mistake can make a loop that collects for ever."""

LONGEST_S: Final = 240
"""A seed takes a second, on a busy machine ten; the alarm ends what does not end."""

NICE: Final = 10


class Seen(msgspec.Struct, frozen=True):
    """What came of a seed; ``checker`` is empty if none has fired."""

    seed: int
    simulated_s: float
    checker: str = ""
    text: str = ""


def put_in(seeded: Seeded) -> None:
    """Let the mistake be imported instead of its module, which nobody has imported yet.

    Raises:
        RuntimeError: somebody has.
    """
    mutant = seeded.mutant
    code = compile(changed_text(mutant), mutant.file, "exec", dont_inherit=True)
    finder = Changed(mutant.file, code)
    if finder.name in sys.modules:
        msg = f"{finder.name} is imported already: without the mistake"
        raise RuntimeError(msg)
    sys.meta_path.insert(0, finder)


def look(seeded: Seeded, seed: int) -> Seen:
    """Simulate a seed; a mistake that breaks the run itself is seen too."""
    from tests.simulation.run import SECONDS, level_of

    level = level_of(seeded.level)
    try:
        outcome = level.simulate(level.plan_of(seed, SECONDS))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is seen
        return Seen(seed, SECONDS, "the run itself", f"{error!r:.300}")
    first = outcome.breaches[0] if outcome.breaches else None
    if first is None:
        return Seen(seed, outcome.seconds)
    return Seen(seed, outcome.seconds, first.checker, first.text[:300])


def main() -> int:
    """See the module's prose; return 1 if nothing was found."""
    seeded, first, count = CATALOGUE[sys.argv[1]], int(sys.argv[2]), int(sys.argv[3])
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    os.nice(NICE)
    put_in(seeded)
    for seed in range(first, first + count):
        signal.alarm(LONGEST_S)
        with contextlib.redirect_stdout(sys.stderr):
            seen = look(seeded, seed)
        sys.stdout.write(msgspec.json.encode(seen).decode() + "\n")
        sys.stdout.flush()
        if seen.checker:
            return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
