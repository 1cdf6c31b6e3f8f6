"""``python -m bench``: measure ours, pykka's and Erlang's actors, and write docs/benchmarks.md."""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench import report
from bench.plan import FIGURES, MESSAGES, SPAWNED
from bench.systems import erlang_beam, erlang_sample, python_sample, settle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Samples = dict[tuple[str, str, str], list[float]]
    """Values by system, workload and figure."""

    Take = Callable[[], dict[str, float]]

REPORT: Final = Path("docs/benchmarks.md")

QUICK: Final = 20
"""By how much ``--quick`` makes the samples smaller."""

_ERLANG_KEYS: Final = {
    "spawn": ("rate", "bytes"),
    "restart": ("p50_us", "p99_us"),
    "storm": ("seconds",),
}


def _erlang(workload: str, size: int) -> dict[str, float]:
    keys = _ERLANG_KEYS.get(workload, ("rate",))
    return dict(zip(keys, erlang_sample(workload, size), strict=True))


def _takes(shrink: int) -> Iterator[tuple[str, list[tuple[str, Take]]]]:
    """Workloads, each with the systems that take turns in it."""
    erlang = erlang_beam() is not None

    def ours(system: str, workload: str, size: int) -> tuple[str, Take]:
        return system, lambda: python_sample(system, workload, size)

    def theirs(workload: str, size: int) -> list[tuple[str, Take]]:
        return [("erlang", lambda: _erlang(workload, size))] if erlang else []

    for one in MESSAGES:
        least = int(one.name.removeprefix("fanout")) if one.name.startswith("fanout") else 1_000
        small = max(one.threads // shrink, least)
        turns = [ours("pool", one.name, max(one.pool // shrink, least))]
        if least < SPAWNED:  # ten thousand threads of our own are nothing to recommend
            turns.append(ours("thread", one.name, small))
        turns.append(ours("pykka", one.name, small))
        yield one.name, turns + theirs(one.name, max(one.erlang // shrink, least))
    yield (
        "spawn",
        [
            ours("pool", "spawn", SPAWNED // shrink),
            ours("pykka", "spawn", SPAWNED // shrink),
            *theirs("spawn", SPAWNED // shrink),
        ],
    )
    for workload, size in {figure.workload: figure.size for figure in FIGURES}.items():
        if workload == "spawn":
            continue
        small = max(size // shrink, 100)
        others = theirs(workload, small) if workload in _ERLANG_KEYS else []
        yield workload, [ours("pool", workload, small), *others]


def measure(names: set[str] | None, count: int, shrink: int) -> Samples:
    """Take ``count`` samples of every workload, the systems in turn, after one warm-up each.

    A quick run measures nothing, and warms nothing up.
    """
    samples: defaultdict[tuple[str, str, str], list[float]] = defaultdict(list)
    for workload, turns in _takes(shrink):
        if names is not None and workload not in names:
            continue
        print(f"{workload}: {', '.join(system for system, _ in turns)}", flush=True)
        for round_ in range(0 if shrink == 1 else 1, count + 1):
            for system, take in turns:
                if shrink == 1:
                    settle()
                for key, value in take().items():
                    if round_:
                        samples[system, workload, key].append(value)
    return dict(samples)


def main() -> None:
    """Measure what the arguments ask for and write the report."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small samples: a check, no figures")
    parser.add_argument("--only", nargs="+", metavar="WORKLOAD", help="only these workloads")
    parser.add_argument("--samples", type=int, default=7, help="samples each (default 7)")
    parser.add_argument("--out", type=Path, help=f"report (default {REPORT})")
    options = parser.parse_args()
    if options.quick and options.out is None:
        parser.error(f"--quick measures nothing that belongs into {REPORT}: name a file with --out")
    known = [workload for workload, _ in _takes(1)]
    if missing := [name for name in options.only or () if name not in known]:
        parser.error(f"no workload {', '.join(missing)}; there are {', '.join(known)}")
    out = options.out or REPORT
    try:  # an hour later would be late
        report.earlier(out)
    except ValueError as error:
        parser.error(str(error))
    names = set(options.only) if options.only else None
    samples = measure(names, options.samples, QUICK if options.quick else 1)
    print(report.write(samples, options.samples, out))


if __name__ == "__main__":
    main()
