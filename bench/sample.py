"""One sample: ``python -m bench.sample SYSTEM WORKLOAD SIZE`` prints one JSON line of figures."""

from __future__ import annotations

import json
import logging
import sys
from typing import TYPE_CHECKING, Final

from bench import gateway, lives, load, path, replay, workloads
from bench.systems import base_class

if TYPE_CHECKING:
    from collections.abc import Callable


OF_BACKTESTS: Final = "backtest"
OF_SWEEPS: Final = ("sweep", "engines", "signals")
OF_WORLDS: Final = "world_"
OF_THE_CORE: Final = ("journal", "recovery", "gate", "correlation", "queries", "indicators")
"""They import the whole core, which is no part of the other samples' memory and start."""


def _special(workload: str) -> Callable[[str, int], dict[str, float]] | None:
    if workload in OF_THE_CORE:
        from bench import gate, indicators, journal, queries, recovery

        special = journal.SPECIAL | recovery.SPECIAL | gate.SPECIAL | queries.SPECIAL
        special = special | indicators.SPECIAL
        return special[workload]
    if workload.startswith(OF_BACKTESTS):
        from bench import backtest

        return backtest.SPECIAL[workload]
    if workload in OF_SWEEPS:
        from bench import sweeps

        return sweeps.SPECIAL[workload]
    if workload.startswith(OF_WORLDS):
        from bench import worlds

        return worlds.SPECIAL[workload]
    others = lives.SPECIAL | gateway.SPECIAL | replay.SPECIAL | path.SPECIAL | load.SPECIAL
    return others.get(workload)


def main() -> None:
    """Run the workload that the arguments name and print its figures."""
    system, workload, size = sys.argv[1], sys.argv[2], int(sys.argv[3])
    logging.disable(logging.CRITICAL)  # crash logs are not what is measured, in no system
    special = _special(workload)
    if special is not None:
        figures = special(system, size)
    else:
        figures = {"rate": workloads.run(base_class(system), workload, size)}
    sys.stdout.write(json.dumps(figures) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
