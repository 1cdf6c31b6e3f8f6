"""What a question to a running core costs while its journal is written to a hundred times a second.

Real processes: heart, the core on a journal of 10,000 records, the emulated gateway. One client
asks what the command line asks, each question in turn; another makes the core write: a check-in is
one durable record and is answered when it is on the disk (F46).
"""

from __future__ import annotations

import statistics
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bench.recovery import running, until, write
from bench.scratch import scratch
from robotrader.app.control_client import ControlClient
from robotrader.domain import control

if TYPE_CHECKING:
    from robotrader.config import Config

RECORDS: Final = 10_000
WRITES_A_S: Final = 100
_DAY_NS: Final = 86_400 * 10**9


def questions() -> list[Any]:
    """Return what is asked: each once, then each again."""
    now_ns = time.time_ns()
    return [
        control.Status(),
        control.Orders(),
        control.Orders(ended=True),
        control.Positions(),
        control.Trades(from_ns=now_ns - _DAY_NS, to_ns=now_ns),
        control.Pnl(period=control.Period.DAY),
        control.Account(),
        control.JournalTail(after=0, count=20, last=True),
        control.RiskLimits(),
    ]


class Writer:
    """Makes the core write at its rate until it is stopped."""

    def __init__(self, config: Config) -> None:
        self._config, self._over = config, threading.Event()
        self.written, self.took_s = 0, 0.0
        self._thread = threading.Thread(target=self._write)
        self._thread.start()

    def _write(self) -> None:
        begun = time.monotonic()
        with ControlClient.of(self._config) as client:
            while not self._over.is_set():
                client.ask(control.CheckIn(who="bench"))
                self.written += 1
                ahead_s = begun + self.written / WRITES_A_S - time.monotonic()
                self._over.wait(max(0.0, ahead_s))
        self.took_s = time.monotonic() - begun

    def stop(self) -> float:
        """Stop; return how many records a second were written."""
        self._over.set()
        self._thread.join()
        return self.written / self.took_s


def queries(_system: str, size: int) -> dict[str, float]:
    """Milliseconds from a question to its answer, of ``size`` questions; the writer's rate."""
    with scratch() as folder:
        write(Path(folder) / "journal", RECORDS, snapshot=True)
        with running(Path(folder)) as resolved, ControlClient.of(resolved.config) as client:
            asked, took_ms = questions(), []
            for each in asked:
                client.ask(each)
            writer = Writer(resolved.config)
            try:
                until(lambda: writer.written >= WRITES_A_S // 10)
                for number in range(size):
                    begun = time.perf_counter()
                    client.ask(asked[number % len(asked)])
                    took_ms.append((time.perf_counter() - begun) * 1_000)
            finally:
                rate = writer.stop()
    steps = statistics.quantiles(took_ms, n=100)
    return {"p50_ms": steps[49], "p95_ms": steps[94], "writes": rate}


SPECIAL: Final = {"queries": queries}
