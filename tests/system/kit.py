"""Real processes: heart, the core and the emulated gateway, and the truth of both sides.

The day that is replayed is a real one of 20 US stocks: the 16th of March 2020, on which the market
fell by twelve percent, from real daily prices; what happens inside of it is drawn.
"""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from robotrader.adapters import bundled
from robotrader.app import run
from robotrader.app.control_client import ControlClient
from robotrader.config import Resolved, layers, resolve
from robotrader.domain import control
from robotrader.domain.errors import RoboTraderError
from robotrader.emulator.times import local

ACCOUNT = "DU1234567"
CASH = Decimal(1_000_000)
SYMBOLS = ("AAPL", "BAC", "KO", "PFE")
CON_IDS = {each.symbol: each.con_id for each in bundled.instruments()}
SPEED = 60.0
PATIENCE_S = 90.0
DAY = date(2020, 3, 16)
OPEN = f"{DAY}T09:30"
_FIRST = date(2020, 3, 1)
QUIET = 'row = "-"\ntitle = "no prices"\n[[rule]]\ndo = "quiet"\n'


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(
    condition: Callable[[], Any],
    timeout_s: float = PATIENCE_S,
    said: Callable[[], Any] = lambda: "",
) -> Any:
    """Wait for a condition and return what it is."""
    deadline = time.monotonic() + timeout_s
    waiting = threading.Event()
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {timeout_s:g} s: {said()}"
        waiting.wait(0.05)
    return found


class Books(msgspec.Struct, frozen=True):
    """One side's account: what has to be equal on both, to the cent and to the share."""

    cash: Decimal
    commissions: Decimal
    equity: Decimal
    positions: dict[str, Decimal]

    def rounded(self) -> Books:
        """Return the same in whole cents."""
        cents = {name: round(getattr(self, name), 2) for name in self.__struct_fields__[:-1]}
        return msgspec.structs.replace(self, **cents)


class Venue:
    """The emulated gateway's own truth, by its control port."""

    def __init__(self, control_port: int) -> None:
        self._control = control_port

    def say(self, **command: Any) -> Any:
        with socket.create_connection(("127.0.0.1", self._control), 10) as sock:
            sock.sendall(json.dumps(command).encode() + b"\n")
            return json.loads(sock.makefile().readline())["ok"]

    def answers(self) -> bool:
        try:
            return bool(self.say(do="tempo"))
        except OSError:
            return False

    def refs(self, symbol: str = "") -> list[str]:
        """The references of our orders, of one symbol if it is named; oldest first."""
        orders = [each["order"] for each in self.say(do="orders")]
        wanted = [each for each in orders if not symbol or each["con_id"] == CON_IDS[symbol]]
        found = [each["order_ref"] for each in wanted]
        return sorted(found, key=lambda ref: [int(part) for part in re.findall(r"\d+", ref)])

    def local_time(self) -> str:
        """The time of day in New York, as ``09:30``."""
        return local(self.say(do="time")).strftime("%H:%M")

    def realized(self) -> Decimal:
        """What was earned by closing; positions are closed as a whole here, so every method of
        matching lots says the same."""
        return round(Decimal(self.say(do="books")[ACCOUNT]["realized"]), 2)

    def books(self) -> Books:
        return msgspec.convert(self.say(do="books")[ACCOUNT], Books, strict=False).rounded()

    def stop_prices(self) -> None:
        self.say(do="fault", toml=QUIET)

    @contextmanager
    def no_prices(self) -> Iterator[None]:
        """Stop the market: who decides by prices decides nothing, and equity stands still."""
        self.stop_prices()
        try:
            yield
        finally:
            self.say(do="clear")


def real_day(folder: Path, symbols: Sequence[str] = SYMBOLS) -> Path:
    """Write the days round the replayed one as somebody's own prices."""
    folder.mkdir()
    for symbol, series in bundled.load(symbols).items():
        with (folder / f"{symbol}.csv").open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(("date", "open", "high", "low", "close", "volume"))
            for day in series.days:
                if day.day >= _FIRST:
                    rows.writerow((day.day, day.open, day.high, day.low, day.close, day.volume))
    return folder


def configuration(folder: Path, symbols: Sequence[str] = SYMBOLS, *more: str) -> Resolved:
    """Return the settings of a trader that trades every minute of the real day."""
    names = json.dumps(symbols)
    says = [
        'mode="sim"', f'account="{ACCOUNT}"', f"data_dir={str(folder / 'run')!r}",
        f"ib.port={free_port()}", "metrics.enabled=false", f"universe.symbols={names}",
        'strategy.flip.class="tests.system.flipper:Flipper"',
        f"strategy.flip.symbols={names}", 'strategy.flip.bar="1m"',
        "kill_switch.losses_max=0",  # it loses its commissions, trade by trade
        "supervision.core_max_restarts=100", f"sim.speed={SPEED}", f'sim.start="{OPEN}"',
        f"sim.data={str(folder / 'prices')!r}", "sim.calendar=true",
        f"sim.control_port={free_port()}", *more,
    ]  # fmt: skip
    return resolve([layers.from_settings(says)], "demo")


class Running:
    """heart, the core and the emulated gateway."""

    def __init__(self, resolved: Resolved, process: subprocess.Popen[bytes]) -> None:
        self.resolved, self.process = resolved, process
        self.venue = Venue(resolved.config.sim.control_port)

    def ask(self, request: Any) -> Any:
        """Ask the core; None while it does not answer."""
        try:
            with ControlClient.of(self.resolved.config) as client:
                return client.ask(request)
        except (RoboTraderError, OSError):
            return None

    def status(self) -> Any:
        return self.ask(control.Status())

    def ready(self) -> Any:
        def looks() -> Any:
            status = self.status()
            return status if status is not None and status.reconciled else None

        return until(looks, said=self.status)

    def trades_on(self, symbol: str = "") -> None:
        """Wait until an order, of this symbol if it is named, arrives that was not there."""
        before = self.venue.refs(symbol)
        until(lambda: self.venue.refs(symbol) != before, said=self.status)

    def kill_core(self) -> tuple[float, float, float]:
        """SIGKILL; return the seconds until it is protected, ready, and trades again.

        Protected: the new process answers and is connected, so that it cancels, and sends nothing.
        """
        status = self.ready()
        begun = time.monotonic()
        os.kill(status.pid, signal.SIGKILL)

        def protected() -> bool:
            found = self.status()
            return found is not None and found.pid != status.pid and found.link in _CONNECTED

        until(protected, said=self.status)
        times = [time.monotonic() - begun]
        before = self.venue.refs()
        self.ready()
        times.append(time.monotonic() - begun)
        until(lambda: self.venue.refs() != before, said=self.status)
        return times[0], times[1], time.monotonic() - begun

    def books(self) -> Books | None:
        """Our side, from what the core shows: its fills, its positions, its equity."""
        trades = self.ask(control.Trades(from_ns=0, to_ns=1 << 62))
        held = self.ask(control.Positions())
        status = self.status()
        if trades is None or held is None or status is None or status.net_liquidation is None:
            return None
        cash = CASH
        commissions = Decimal(0)
        for row in trades.trades:
            sign = 1 if row.side == "BUY" else -1
            commissions += row.commission or 0
            cash -= sign * row.qty * row.price + (row.commission or 0)
        positions = {row.symbol: row.qty for row in held.positions}
        return Books(cash, commissions, status.net_liquidation, positions).rounded()

    def agrees(self) -> None:
        """Stop the market, and wait until both sides say the same."""
        with self.venue.no_prices():
            until(
                lambda: self.books() == self.venue.books(),
                said=lambda: f"ours {self.books()}, the venue's {self.venue.books()}",
            )


_CONNECTED = {"syncing", "ready", "degraded"}


@contextmanager
def running(folder: Path, resolved: Resolved | None = None) -> Iterator[Running]:
    """Everything that ``robotrader run`` starts, on the real day."""
    real_day(folder / "prices")
    resolved = resolved or configuration(folder)
    env = {**os.environ, "PYTHONUNBUFFERED": "1"}
    said = folder / "said.txt"
    with (
        said.open("wb") as file,
        subprocess.Popen(run.prepare(resolved), stdout=file, stderr=file, env=env) as process,
    ):
        try:
            yield Running(resolved, process)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
