"""What is measured of a restart: the core is killed with SIGKILL on a journal of 100,000 records.

Real processes: heart, the core, the emulated gateway. Protected is when the kill switch, folded
from the journal, answers on the control socket; trading is when broker and journal were compared.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from actors.snapshots import Snapshots
from bench.scratch import scratch
from robotrader.adapters.lmdb_store import LmdbStore
from robotrader.app import run
from robotrader.app.control_client import ControlClient
from robotrader.config import layers, resolve
from robotrader.domain import control
from robotrader.domain import records as rec
from robotrader.domain.errors import RoboTraderError
from robotrader.journal import Entry
from robotrader.recovery import CATALOGUE, Holder
from supervision import heart

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from robotrader.config import Resolved

RECORDS: Final = 100_000
ACCOUNT: Final = "DU1234567"
AAPL: Final = 265598
HOLDER: Final = Holder.of(ACCOUNT, {AAPL: 1})
BATCH: Final = 1_000
PATIENCE_S: Final = 120.0
_BEGUN_NS: Final = 1_795_000_000_000_000_000
_NS: Final = 1_000_000_000
_DAY: Final = 2_000
"""Orders in an exchange day."""


def records() -> Iterator[rec.Record]:
    """Yield the journal of somebody who buys and sells ten shares in turn, for ever."""
    yield rec.SessionBegan(epoch=1, account=ACCOUNT, client_id=1, config_hash="")
    yield rec.CashAdopted(account=ACCOUNT, cash=Decimal(1_000_000))
    number = 0
    while True:
        number += 1
        yield from _order(number)
        if number % _DAY == 0:
            day = f"20{26 + number // _DAY // 336}-{number // _DAY // 28 % 12 + 1:02d}"
            yield rec.DayRolled(day=f"{day}-{number // _DAY % 28 + 1:02d}", equity=Decimal(10**6))


def _order(number: int) -> Iterator[rec.Record]:
    """Yield an order's life, and what its strategy remembers."""
    ref, family = f"rt1-1-{number}", f"0000e0d5.{number:08x}.01"
    side, ten, at_ns = ("SELL", "BUY")[number % 2], Decimal(10), _BEGUN_NS + number * _NS
    yield rec.OrderIntended(
        ref=ref, order_id=number, generation=1, strategy="s/AAPL", con_id=AAPL, symbol="AAPL",
        account=ACCOUNT, side=side, order_type="MKT", qty=ten, cause=f"s/AAPL:{number}",
        wall_ns=at_ns,
    )  # fmt: skip
    yield rec.OrderAcked(ref=ref, perm_id=10**9 + number, status="Submitted", wall_ns=at_ns)
    yield rec.FillBooked(
        family=family, exec_id=f"{family}.01", ref=ref, order_id=number, perm_id=10**9 + number,
        con_id=AAPL, account=ACCOUNT, side=side, qty=ten, price=Decimal("191.25"), time_ns=at_ns,
        strategy="s/AAPL", wall_ns=at_ns,
    )  # fmt: skip
    fee = Decimal("1.00")
    yield rec.CommissionBooked(family=family, exec_id=f"{family}.01", commission=fee)
    yield rec.OrderDone(ref=ref, ending=rec.Ending.FILLED, cum_filled=ten, wall_ns=at_ns)
    yield rec.StrategySaved(strategy="s/AAPL", state=bytes(60), wall_ns=at_ns)


def write(path: Path, count: int, *, snapshot: bool) -> None:
    """Write a journal of about ``count`` records, flat at its end, with a snapshot or without."""
    store = LmdbStore(path, ballast_bytes=0)
    whole = count // 12 * 12 + 2 + count // 12 * 2 // _DAY
    rest = islice(records(), whole)
    while batch := list(islice(rest, BATCH)):
        store.append([Entry(*CATALOGUE.encode(record)) for record in batch])
    if snapshot:
        taking = Snapshots(store, HOLDER, time.time_ns, every_records=store.tip.seq)
        while taking.step():
            pass
        assert taking.base.tip == store.tip
    store.close()


def until(condition: Callable[[], Any]) -> None:
    """Wait for something.

    Raises:
        TimeoutError: it does not come.
    """
    deadline, nothing = time.monotonic() + PATIENCE_S, threading.Event()
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError
        nothing.wait(0.02)


@contextlib.contextmanager
def _venue() -> Iterator[int]:
    """Run the emulated gateway; yield its port."""
    argv = [sys.executable, "-m", "robotrader", "gateway", "emulate", "--port", "0"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline().split(",")[0].rpartition(":")[2])
        finally:
            process.terminate()


@contextlib.contextmanager
def _core(folder: Path, port: int) -> Iterator[Resolved]:
    """Run heart and the core without strategies."""
    says = [
        'mode="sim"', f'account="{ACCOUNT}"', f"data_dir={str(folder)!r}", f"ib.port={port}",
        "metrics.enabled=false", 'universe.symbols=["AAPL"]', "supervision.core_max_restarts=100",
    ]  # fmt: skip
    resolved = resolve([layers.from_settings(says)], "demo")
    run.prepare(resolved)
    spec = folder / "only-core.json"
    spec.write_text(json.dumps({"children": [run.children_of(resolved, folder)[1]]}))
    with subprocess.Popen(heart.command(spec), stderr=subprocess.DEVNULL) as process:
        try:
            yield resolved
        finally:
            process.terminate()


def _ask(resolved: Resolved) -> Any:
    try:
        with ControlClient.of(resolved.config) as client:
            return client.ask(control.Status())
    except (RoboTraderError, OSError):
        return None


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Resolved]:
    """Run a core without strategies on the journal in ``folder``, compared with its venue."""
    with _venue() as port, _core(folder, port) as resolved:
        until(lambda: (answer := _ask(resolved)) is not None and answer.reconciled)
        yield resolved


def restart(folder: Path) -> dict[str, float]:
    """Start on the journal in ``folder``, kill the core; return the seconds until it is back."""
    with running(folder) as resolved:
        old = _ask(resolved).pid
        begun = time.monotonic()
        os.kill(old, signal.SIGKILL)
        until(lambda: (answer := _ask(resolved)) is not None and answer.pid != old)
        protected_s = time.monotonic() - begun
        until(lambda: (answer := _ask(resolved)) is not None and answer.reconciled)
        return {"protected_s": protected_s, "trading_s": time.monotonic() - begun}


def recovery(_system: str, size: int) -> dict[str, float]:
    """Seconds from SIGKILL to protected and to trading, with a snapshot and without."""
    figures: dict[str, float] = {}
    for name, snapshot in (("", True), ("_folded", False)):
        with scratch() as folder:
            write(Path(folder) / "journal", size, snapshot=snapshot)
            measured = restart(Path(folder))
        figures |= {key + name: value for key, value in measured.items()}
    return figures


SPECIAL: Final = {"recovery": recovery}
