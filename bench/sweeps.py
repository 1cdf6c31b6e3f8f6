"""What a sweep costs, and what it costs others: 400 combinations on 100,000 bars of a minute.

Everything is the user's own way: strategies are made, compute their signals of the same columns
and are followed by the compiled loop of ``sweep run --signals``, with IBKR's fixed commissions and
every limit of ``bench.backtest``. Seconds are of the processor. The compiler is not counted
(``compiling`` says what it or its cache takes), nor is the engine that runs the best again
(``engine_s`` is what it takes for one).

``signals`` is one combination on more bars: what it costs to follow signals, where bars and limits
are columns already, as other engines are given them (``prepared_s`` is what that takes).

vectorbt has an environment of its own, which ``make bench`` builds where there is a Python 3.12,
and its scripts in ``bench/others``, which say in what they differ.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from bench.backtest import bars, engine
from bench.others import theirs
from bench.walks import FAST, FASTS, QTY, SLOW, SLOWS
from robotrader.adapters.compiled import compiled
from robotrader.backtest import batches, report_of_run
from robotrader.domain import Instrument
from robotrader.research import Follower, figures_of
from robotrader.strategies import SmaCross, SmaParams, StrategyHost

if TYPE_CHECKING:
    from collections.abc import Sequence

    from robotrader.domain import Bar
    from robotrader.research import Figures

PART: Final = 20
"""So many times fewer bars for the engine, which makes a record of everything."""

STOCK: Final = Instrument(con_id=1, symbol="S1")


def host_of(fast: int, slow: int) -> StrategyHost:
    """Return the host of one combination."""
    strategy = SmaCross(SmaParams(fast=fast, slow=slow, qty=QTY))
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
    return own | theirs("vectorbt", "sweep", size, took_s)


def signals(_system: str, size: int) -> dict[str, float]:
    """Follow one strategy's signals on ``size`` bars, of which the engine runs a part, too."""
    loops = compiled()
    assert loops is not None, "the bench needs the extra research"
    data, setup = bars(1, size), engine([1]).setup
    begun = time.process_time()
    follower = Follower(setup, data, begin_ns=0, name="s/S1", loops=loops)
    prepared_s = time.process_time() - begun
    host = host_of(FAST, SLOW)
    begun = time.process_time()
    follower.figures(host, follower.signals(host.strategy))
    took_s = time.process_time() - begun
    part = data[: size // PART]
    follower = Follower(setup, part, begin_ns=0, name="s/S1", loops=loops)
    engine_s = _checked(part, (FAST, SLOW), follower.figures(host, follower.signals(host.strategy)))
    own = {"rate": size / took_s, "prepared_s": prepared_s, "engine": len(part) / engine_s}
    return own | theirs("vectorbt", "signals", size, took_s)


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


SPECIAL: Final = {"sweep": sweep, "signals": signals}
