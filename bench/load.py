"""A hundred symbols with fifty ticks a second each, and a core on one processor.

The gateway, a process of its own on another processor, shows ticks by the clock and notes when.
Each tick's quote carries its number as the bid's size, by which the strategy that sees it at the
end of the way tells when it came. A core that falls behind shows older and older quotes.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import statistics
import time
from array import array
from typing import TYPE_CHECKING, Any, Final

from bench.replay import series_of
from bench.scratch import scratch
from bench.trader import TraderProcess, Wanted
from robotrader.domain import Quote
from robotrader.emulator import Gateway, Limits, Server, Settings

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

FIRST: Final = 1_000_000
SYMBOLS: Final = 100
TICKS_A_SECOND: Final = 50
MANY_SYMBOLS: Final = 500
STEP_S: Final = 0.002
TAIL_S: Final = 0.5
"""Until the last ticks are at the end of their way."""

LOOKS: Final = 8
"""In how many parts a run is looked at."""


async def _show(
    gateway: Gateway, server: Server, first: int, rate: int, seconds: float
) -> array[int]:
    """Show ``rate`` ticks a second, the symbols in turn; return when each was shown.

    Their numbers begin with ``first``: a late one of another time is then known as one.
    """
    tickers = list(gateway.market.tickers.values())
    prices = [ticker.trade.price for ticker in tickers]
    shown = array("q")
    begun = time.perf_counter()
    while (now := time.perf_counter() - begun) < seconds:
        server.pass_time()
        for number in range(len(shown), int(now * rate)):
            place = number % len(tickers)
            ticker, price = tickers[place], prices[place] + number // len(tickers) % 5 / 100
            bid, ask = round(price - 0.01, 2), round(price + 0.01, 2)
            size = float(first + number)
            quote = Quote(ticker.con_id, gateway.timeline.now_ns, bid, ask, size, 100.0)
            shown.append(time.monotonic_ns())
            gateway.market.show(ticker, round(price, 2), quote)
        await asyncio.sleep(STEP_S)
    return shown


def _serve(pipe: Connection, symbols: int, cpus: frozenset[int]) -> None:
    """Be the gateway's process."""
    os.sched_setaffinity(0, cpus)

    async def run() -> None:
        limits = Limits(messages=1_000_000, lines=10_000)
        gateway = Gateway(series_of(symbols), Settings(limits=limits), now_ns=time.time_ns())
        gateway.market.quiet.update(range(FIRST, FIRST + symbols))
        server = Server(gateway, port=0)
        await server.start()
        pipe.send(server.port)
        loop = asyncio.get_running_loop()
        first = 1
        while (asked := await loop.run_in_executor(None, pipe.recv)) is not None:
            shown = await _show(gateway, server, first, *asked)
            left = sum(link.conflated for link in gateway.links.values())
            pipe.send((first, shown, left))
            first += len(shown)
        await server.stop()

    asyncio.run(run())


class _Run:
    """A gateway and a core before it, each on a processor of its own where there are two."""

    def __init__(self, symbols: int, folder: str) -> None:
        spawning = multiprocessing.get_context("spawn")
        cpus = sorted(os.sched_getaffinity(0))
        self._pipe, child = spawning.Pipe()
        given = (child, symbols, frozenset(cpus[1:] or cpus))
        self._server = spawning.Process(target=_serve, args=given, daemon=True)
        self._server.start()
        child.close()
        wanted = Wanted(
            port=self._pipe.recv(),
            folder=folder,
            instruments=tuple(each.instrument for each in series_of(symbols).values()),
            strategy="watch",
            rate=1_000,
            cpus=frozenset(cpus[:1]),
        )
        self.trader = TraderProcess(wanted)
        self.trader.ready()

    def show(self, rate: int, seconds: float) -> tuple[int, array[int], int]:
        """Show ticks; return the number of the first, when each was shown, how many were not."""
        self._pipe.send((rate, seconds))
        shown: tuple[int, array[int], int] = self._pipe.recv()
        return shown

    def stop(self) -> None:
        """End both."""
        self.trader.stop()
        self._pipe.send(None)
        self._server.join(10)


def load(_system: str, size: int) -> dict[str, float]:
    """How old quotes are at their strategies, in ``size`` tenths of seconds; the core's need."""
    seconds = size / 10
    with scratch() as folder:
        run = _Run(SYMBOLS, folder)
        run.show(SYMBOLS * TICKS_A_SECOND, 2.0)
        before = run.trader.figures()
        first, shown, left = run.show(SYMBOLS * TICKS_A_SECOND, seconds)
        waiting = run.trader.figures()
        time.sleep(TAIL_S)
        after = run.trader.figures()
        run.stop()
    seen = [each for each in (*waiting["seen"], *after["seen"]) if each[0] >= first]
    ages = [(seen_ns - shown[int(number) - first]) / 1e6 for number, seen_ns in seen]
    part = len(ages) // 4
    cuts = statistics.quantiles(ages, n=100)
    return {
        "p50_ms": cuts[49],
        "p99_ms": cuts[98],
        "grows_ms": statistics.median(ages[-part:]) - statistics.median(ages[:part]),
        "seen": len(ages) * after["every"] / len(shown),
        "left_out": float(left),
        "waiting": float(waiting["waiting"]),
        "cpu": (waiting["cpu_s"] - before["cpu_s"]) / seconds,
        "megabytes": after["bytes"] / 1e6,
    }


def core_memory(_system: str, size: int) -> dict[str, float]:
    """Memory of a core with 500 symbols, and how it grows with ``size`` thousand ticks."""
    rate = SYMBOLS * TICKS_A_SECOND
    with scratch() as folder:
        run = _Run(MANY_SYMBOLS, folder)
        rows: list[tuple[float, float]] = []
        for look in range(LOOKS):
            run.show(rate, size * 1_000 / rate / LOOKS)
            found = run.trader.figures()
            rows.append((look * size / LOOKS / 1_000, found["bytes"] / 1e6))
        run.stop()
    late = rows[LOOKS // 2 :]
    slope = statistics.linear_regression([x for x, _ in late], [y for _, y in late]).slope
    return {"megabytes": rows[-1][1], "mb_a_million": slope}


SPECIAL: Final[dict[str, Any]] = {"load": load, "core_memory": core_memory}
