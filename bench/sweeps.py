"""What a sweep costs, and what it costs others: 400 combinations on 100,000 bars of a minute.

Everything is the user's own way: strategies are made, compute their signals of the same columns
and are followed by the compiled loop of ``sweep run --signals``, with IBKR's fixed commissions and
every limit of ``bench.backtest``. Seconds are of the processor. The compiler is not counted
(``compiling`` says what it or its cache takes), nor is the engine that runs the best again
(``engine_s`` is what it takes for one).

vectorbt has an environment of its own, which ``make bench`` builds where there is a Python 3.12,
and its script in ``bench/others``, which says in what it differs.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bench.backtest import bars, engine
from bench.walks import FASTS, SLOWS
from robotrader.adapters.compiled import compiled
from robotrader.backtest import batches, report_of_run
from robotrader.domain import Instrument
from robotrader.research import Follower, figures_of
from robotrader.strategies import SmaCross, SmaParams, StrategyHost

if TYPE_CHECKING:
    from collections.abc import Sequence

    from robotrader.domain import Bar
    from robotrader.research import Figures

STOCK: Final = Instrument(con_id=1, symbol="S1")
ENVIRONMENTS: Final = Path(".venv-bench")
OTHERS: Final = Path(__file__).parent / "others"


def host_of(fast: int, slow: int) -> StrategyHost:
    """Return the host of one combination."""
    strategy = SmaCross(SmaParams(fast=fast, slow=slow, qty=100))
    return StrategyHost(strategy, name="s/S1", instrument=STOCK)


def sweep(_system: str, size: int) -> dict[str, float]:
    """Sweep on ``size`` bars; the best is the engine's, or nothing is measured."""
    loops = compiled()
    assert loops is not None, "the bench needs the extra research"
    data = bars(1, size)
    setup = engine([1]).setup
    begun = time.process_time()
    follower = Follower(setup, data, begin_ns=0, name="s/S1", loops=loops)
    found: dict[tuple[int, int], Figures] = {}
    for fast in FASTS:
        for slow in SLOWS:
            host = host_of(fast, slow)
            found[fast, slow] = follower.figures(host, follower.signals(host.strategy))
    took_s = time.process_time() - begun
    best = max(found, key=lambda each: found[each].sharpe or 0.0)
    engine_s = _checked(data, best, found[best])
    own = {"seconds": took_s, "compiling": loops.seconds, "engine_s": engine_s}
    return own | _theirs("vectorbt", "sweep", size, took_s)


def _checked(data: Sequence[Bar], best: tuple[int, int], figures: Figures) -> float:
    """Return how long the engine takes for one combination; it has to have the same figures."""
    made = engine([1], own=[host_of(*best)])
    begun = time.process_time()
    made.compute_signals({1: data})
    result = made.run(batches({1: data}, {1: "S1"}))
    took_s = time.process_time() - begun
    report = report_of_run(result, name="", config_hash="", provenance=(), seconds=(0.0, 0.0))
    assert figures_of(report) == figures, f"the loop and the engine differ in {best}"
    return took_s


def _theirs(name: str, workload: str, size: int, ours_s: float) -> dict[str, float]:
    """Return another engine's seconds, and for one of ours; nothing if it is not there."""
    python = ENVIRONMENTS / name / "bin" / "python"
    if not python.exists():
        return {}
    script = str(OTHERS / f"{name}_{workload}.py")
    done = subprocess.run(
        [str(python), script, str(size)], capture_output=True, text=True, check=True,
        env={**os.environ, "NUMBA_NUM_THREADS": "1"},
    )  # fmt: skip
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return {name: said["seconds"], f"{name}_times": said["seconds"] / ours_s}


SPECIAL: Final = {"sweep": sweep}
