"""What is measured, how big a sample is, and what the figures have to reach.

Sizes are such that a sample takes 0.1 to 3 s in each system; a rate does not depend on the size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Message:
    """A message workload: messages in all for our pool, our threads, pykka and Erlang.

    ``pykka_times`` and ``erlang_times`` are the least ratios of the pool to the other system.
    """

    name: str
    title: str
    pool: int
    threads: int
    erlang: int
    pykka_times: float | None = None
    erlang_times: float | None = None


MESSAGES: Final = (
    Message("pingpong", "ping-pong", 400_000, 40_000, 1_000_000, pykka_times=12),
    Message("counting", "counting", 1_000_000, 200_000, 2_000_000, pykka_times=6),
    Message("ring", "thread ring, 100", 400_000, 40_000, 1_000_000, 18, 0.3),
    Message("fanout10", "fan-out to 10", 1_000_000, 100_000, 1_000_000),
    Message("fanout1000", "ticks to 1,000", 1_000_000, 50_000, 1_000_000, 50, 0.3),
    Message("fanout10000", "fan-out to 10,000", 1_000_000, 20_000, 1_000_000, pykka_times=120),
    Message("big", "big, 100", 400_000, 40_000, 1_000_000, pykka_times=12),
)

SPAWNED: Final = 10_000
SPAWN_TIMES: Final = 40.0


RECORDS: Final = 100_000
"""In the journal on which the core is killed."""

BARS: Final = 1_000_000
"""Of a minute, in a backtest of one symbol."""

SWEPT: Final = 100_000
"""Bars that each combination of a sweep is run on."""

VECTORBT: Final = "vectorbt's environment: `make bench` builds it where there is python3.12"
NAUTILUS: Final = "NautilusTrader's environment: `make bench` builds it where there is python3.12"

WORLD_S: Final = 1_200
"""Simulated seconds of the whole system: ten seeds."""

QUESTIONS: Final = 2_000
"""To a core whose journal is written to."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of ours with a bound: ``most`` or ``least``, in the unit of the title."""

    workload: str
    key: str
    title: str
    size: int
    most: float | None = None
    least: float | None = None
    needs: str = ""
    """What may not be there, so that it is not measured."""


FIGURES: Final = (
    Figure("spawn", "megabytes", "memory of 10,000 actors, MB", SPAWNED, most=30),
    Figure("spawn", "start_s", "start of 10,000 actors, s", SPAWNED, most=0.3),
    Figure("spawn", "stop_s", "stop of 10,000 actors, s", SPAWNED, most=0.5),
    Figure("spawn", "threads", "threads more with 10,000 actors", SPAWNED, most=2),
    Figure("restart", "p50_us", "crash to next handled message, p50, us", 3_000),
    Figure("restart", "p99_us", "crash to next handled message, p99, us", 3_000, most=1_000),
    Figure("storm", "seconds", "10,000 children crash and are up again, s", SPAWNED, most=1),
    Figure("loop_message", "p50_us", "loop: callback to handler, p50, us", 1_000, most=15),
    Figure("loop_chain", "p99_us", "loop: chain of three, p99, us", 1_000, most=300),
    Figure("loop_chain", "busy_p99_us", "the same, a process computing, us", 1_000, most=300),
    Figure("simulation", "rate", "simulation, messages/s", 300_000, least=500_000),
    Figure("simulation", "same_hash", "simulation: same seed, same hash", 300_000, least=1),
    Figure("simulation", "other_hash", "simulation: other seed, other hash", 300_000, least=1),
    Figure("metrics", "ns", "metrics, ns a message", 200_000, most=80),
    Figure("venue", "bars", "venue: bars/s while no order works", 50_000, least=500_000),
    Figure("venue", "trips", "venue: order round trips/s", 50_000, least=50_000),
    Figure("wire", "tick_us", "TWS codec: encode tickPrice, us", 20_000, most=4),
    Figure("wire", "place_us", "TWS codec: decode placeOrder, us", 20_000, most=30),
    Figure("wire", "open_us", "TWS codec: encode openOrder, us", 20_000, most=30),
    Figure("ticks", "one", "gateway: tick messages/s to one client", 200_000, least=20_000),
    Figure("ticks", "each_of_8", "gateway: tick messages/s to each of 8", 200_000, least=5_000),
    Figure(
        "replay", "seconds", "gateway: a day of 100 symbols' minutes to ib_async, s", 100, most=20
    ),
    Figure("replay", "bars", "the same: bars that ib_async has seen whole", 100, least=39_000),
    Figure("replay", "conflated", "the same: ticks left out", 100, most=0),
    Figure("echo", "socket_p50_us", "tick to order, bare socket, p50, us", 1_000),
    Figure("echo", "socket_p99_us", "tick to order, bare socket, p99, us", 1_000),
    Figure("echo", "ib_async_p50_us", "tick to order, ib_async, p50, us", 1_000),
    Figure("echo", "ib_async_p99_us", "tick to order, ib_async, p99, us", 1_000),
    Figure("path", "bare_p50_us", "tick to order, bare ib_async script, p50, us", 400),
    Figure("path", "bare_p99_us", "tick to order, bare ib_async script, p99, us", 400),
    Figure("path", "durable_p50_us", "the whole tree, durable intent, p50, us", 400),
    Figure("path", "durable_p99_us", "the whole tree, durable intent, p99, us", 400),
    Figure("path", "async_p50_us", "the whole tree, not waiting for the disk, p50, us", 400),
    Figure("path", "async_p99_us", "the whole tree, not waiting for the disk, p99, us", 400),
    Figure("path", "durable_times", "durable intent, times the bare script", 400, most=4),
    Figure("path", "async_times", "not waiting for the disk, times the bare script", 400, most=2),
    Figure("path_shared", "bare_p50_us", "processors shared with the gateway: script, us", 400),
    Figure("path_shared", "durable_p50_us", "the same, durable intent, p50, us", 400),
    Figure("path_shared", "durable_p99_us", "the same, p99, us", 400),
    Figure("path_shared", "async_p50_us", "the same, not waiting for the disk, p50, us", 400),
    Figure("path_shared", "async_p99_us", "the same, p99, us", 400),
    Figure("path_shared", "durable_times", "the same, durable, times the script", 400, most=4),
    Figure("path_shared", "async_times", "the same, not waiting, times the script", 400, most=2),
    Figure("gate", "p50_us", "gate, 500 positions and stops: an intent, p50, us", 5_000, most=50),
    Figure("gate", "p99_us", "the same, p99, us", 5_000, most=200),
    Figure("gate", "cpu_p50_us", "the same, time of the processor, p50, us", 5_000, most=50),
    Figure("gate", "cpu_p99_us", "the same, time of the processor, p99, us", 5_000, most=200),
    Figure("gate", "whole_p50_us", "the same with the account's view, processor, p50, us", 5_000),
    Figure("gate", "whole_p99_us", "the same with the account's view, processor, p99, us", 5_000),
    Figure("correlation", "update_ms", "correlations of 500 x 250 days, ms", 15, most=50),
    Figure("correlation", "cpu_ms", "the same, time of the processors, ms", 15),
    Figure("indicators", "sma", "simple average: values/s, exact", 200_000, least=400_000),
    Figure("indicators", "ema", "exponential average: values/s", 200_000, least=1_500_000),
    Figure("indicators", "rsi", "relative strength: values/s", 200_000, least=400_000),
    Figure("indicators", "bollinger", "Bollinger: values/s, exact", 200_000, least=150_000),
    Figure("indicators", "donchian", "Donchian: bars/s", 200_000, least=250_000),
    Figure("indicators", "adx", "directional index: bars/s", 200_000, least=200_000),
    Figure("indicators", "batch_sma", "simple averages at once: values/s", 200_000, least=3e6),
    Figure("indicators", "batch_ema", "exponential at once: values/s", 200_000, least=3e6),
    Figure("load", "p50_ms", "100 symbols of 50 ticks/s: age at the strategy, p50, ms", 200),
    Figure("load", "p99_ms", "the same, p99, ms", 200, most=100),
    Figure("load", "grows_ms", "the same: the last quarter's above the first's, ms", 200, most=5),
    Figure("load", "seen", "the same: part of the quotes that a strategy saw", 200, least=0.99),
    Figure("load", "left_out", "the same: ticks left out on the wire", 200, most=0),
    Figure("load", "cpu", "the same: processors that the core needs", 200, most=1),
    Figure("core_memory", "megabytes", "core: memory with 500 symbols, MB", 500, most=250),
    Figure("core_memory", "mb_a_million", "core: MB more a million ticks", 500, most=10),
    Figure("memory", "mb_an_hour", "gateway: memory, MB more an hour of replay", 48, most=1),
    Figure("journal", "commits_1", "journal: commits/s of 1 record", 500, least=1_000),
    Figure("journal", "commits_16", "journal: commits/s of 16 records", 500, least=800),
    Figure("journal", "commits_128", "journal: commits/s of 128 records", 500, least=400),
    Figure("journal", "appended", "journal: records/s in batches of 128", 500, least=100_000),
    Figure("journal", "copied", "journal: commits/s of 16, second copy", 500, least=600),
    Figure("journal", "replay", "journal: replay, records/s", 500, least=300_000),
    Figure("journal", "verify", "journal: audit, records/s", 500, least=50_000),
    Figure("journal", "step_p50_ms", "snapshot of 50,000 records: a step, p50, ms", 500, most=2),
    Figure("journal", "step_p99_ms", "the same, p99: what a commit waits, ms", 500, most=8),
    Figure(
        "recovery", "protected_s", "core killed, 100,000 records: protected, s", RECORDS, most=4
    ),
    Figure("recovery", "trading_s", "the same: trading again, s", RECORDS, most=20),
    Figure("recovery", "protected_s_folded", "the same without snapshot: protected, s", RECORDS),
    Figure("recovery", "trading_s_folded", "the same without snapshot: trading, s", RECORDS),
    Figure("queries", "p50_ms", "a question to a core that writes, p50, ms", QUESTIONS),
    Figure("queries", "p95_ms", "the same, p95, ms", QUESTIONS, most=50),
    Figure("queries", "writes", "the same: records/s that it writes", QUESTIONS, least=95),
    Figure("backtest", "rate", "callbacks: bars/s, 39 orders in 1,000", BARS, least=1_000_000),
    Figure("backtest", "times", "the same, times backtesting.py", BARS, least=6),
    Figure("backtest", "prepared_s", "the same: of it bars checked, days and limits, s", BARS),
    Figure("backtest", "idle", "the same with a callback that wants nothing, bars/s", BARS),
    Figure("backtest", "engine", "the same by the engine, with its records, bars/s", BARS),
    Figure("backtest", "nautilus", "a tenth of it by NautilusTrader, s", BARS, needs=NAUTILUS),
    Figure("backtest", "nautilus_times", "NautilusTrader's for the engine's", BARS, needs=NAUTILUS),
    Figure("backtest", "quiet", "the engine, a callback that wants nothing, bars/s", BARS),
    Figure(
        "backtest", "grows", "the engine: 10 times the bars take so many times as long", BARS, 12
    ),
    Figure("backtest", "megabytes", "the engine: memory above the data, MB", BARS, most=100),
    Figure("backtest_many", "rate", "callbacks: 100 symbols, bars/s", 2 * BARS, least=500_000),
    Figure("backtest_many", "prepared_s", "the same: of it bars checked, days, s", 2 * BARS),
    Figure("backtest_many", "engine", "the same by the engine, with its records, bars/s", 2 * BARS),
    Figure("backtest_quotes", "rate", "backtest: quotes/s", 5 * BARS, least=1_000_000),
    Figure("backtest_import", "seconds", "backtest: import, s", 5, most=0.3),
    Figure("signals", "rate", "signals: bars/s, compiled loop", BARS, least=12_000_000),
    Figure("signals", "prepared_s", "the same: bars and limits to columns, once, s", BARS),
    Figure("signals", "engine", "the same by the engine, with its records, bars/s", BARS),
    Figure("signals", "vectorbt", "the same by vectorbt, s", BARS, needs=VECTORBT),
    Figure("signals", "vectorbt_times", "vectorbt's for ours", BARS, least=1, needs=VECTORBT),
    Figure("sweep", "seconds", "sweep: 400 x 100,000 bars, compiled loop, s", SWEPT, most=0.5),
    Figure("sweep", "compiling", "the same: the compiler, or its cache, s", SWEPT),
    Figure("sweep", "engine_s", "the same: one combination by the engine, s", SWEPT),
    Figure("sweep", "vectorbt", "the same by vectorbt, s", SWEPT, needs=VECTORBT),
    Figure("sweep", "vectorbt_times", "vectorbt's for ours", SWEPT, least=1, needs=VECTORBT),
    Figure("world_core", "rate", "simulated system, core level: events/s", WORLD_S, least=20_000),
    Figure("world_core", "hours", "the same: simulated hours/s", WORLD_S),
    Figure("world_wire", "rate", "simulated system, wire level: events/s", WORLD_S // 2),
    Figure("world_wire", "hours", "the same: simulated hours/s", WORLD_S // 2),
    Figure("world_long", "rate", "simulated system, a week: events/s", 2 * WORLD_S, least=20_000),
    Figure("world_long", "hours", "the same: hours of the market/s", 2 * WORLD_S),
)
