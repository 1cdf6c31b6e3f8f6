"""One sample: ``python -m bench.sample SYSTEM WORKLOAD SIZE`` prints one JSON line of figures."""

from __future__ import annotations

import json
import logging
import sys

from bench import gateway, journal, lives, load, path, replay, workloads
from bench.systems import base_class


def main() -> None:
    """Run the workload that the arguments name and print its figures."""
    system, workload, size = sys.argv[1], sys.argv[2], int(sys.argv[3])
    logging.disable(logging.CRITICAL)  # crash logs are not what is measured, in no system
    special = (
        lives.SPECIAL
        | gateway.SPECIAL
        | journal.SPECIAL
        | replay.SPECIAL
        | path.SPECIAL
        | load.SPECIAL
    ).get(workload)
    if special is not None:
        figures = special(system, size)
    else:
        figures = {"rate": workloads.run(base_class(system), workload, size)}
    sys.stdout.write(json.dumps(figures) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
