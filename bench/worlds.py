"""How fast the whole system is simulated, at each level: processor time, of one processor.

Seeds are those of ``make test``, faults and checkers included; the first one is not timed, since it
imports what the level needs. A size is seconds of the product's own time; at the long level a
second of it is a minute of the market.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

SEED_S: Final = 120.0
WEEK_SEED: Final = 3
HOUR_S: Final = 3_600.0


def simulated(level: str, _system: str, size: int) -> dict[str, float]:
    """Run seeds of 120 s, or of the long level so much of one week."""
    from tests.simulation.run import run
    from tests.simulation.week import PACE

    long = level == "long"
    seeds = [WEEK_SEED] if long else list(range(1, 1 + max(1, round(size / SEED_S))))
    length_s, pace = (float(size), PACE) if long else (SEED_S, 1)
    run(0, level, SEED_S)
    begun_s = time.process_time()
    done = [run(seed, level, length_s) for seed in seeds]
    took_s = time.process_time() - begun_s
    return {
        "rate": sum(each.events for each in done) / took_s,
        "hours": sum(each.seconds for each in done) * pace / HOUR_S / took_s,
        "broken": float(sum(not each.ok for each in done)),
    }


SPECIAL: Final[dict[str, Callable[[str, int], dict[str, float]]]] = {
    f"world_{level}": partial(simulated, level) for level in ("core", "wire", "long")
}
