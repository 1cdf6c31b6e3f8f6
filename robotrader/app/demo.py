"""``robotrader demo``: the whole system on the emulated gateway, with real prices of 20 stocks.

Makes a configuration that is thrown away afterwards, starts what ``robotrader run`` starts, shows
every few seconds how it is, and ends with what the session brought, as the journal knows it. Kill
any of its processes by hand: it goes on. Ctrl-C ends it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from robotrader.adapters import bundled, journal_tools
from robotrader.app import exits, run, tables
from robotrader.app.chaos_cli import scenario_of
from robotrader.app.control_client import ControlClient
from robotrader.config import layers, resolve
from robotrader.domain import control
from robotrader.domain.errors import RoboTraderError
from robotrader.recovery import CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from robotrader.config import Resolved
    from robotrader.domain import control_answers as answers

UNWATCHED_S: Final = 90.0
"""How long it runs where nobody can press Ctrl-C."""

UNWATCHED_CHAOS_S: Final = 180.0
"""And with a scenario, which begins when it trades."""

_CONF: Final = "conf"
"""A folder that other commands read, so that they find this system."""

STARTS_S: Final = 60.0
SHOWN_EVERY_S: Final = 5.0
STRATEGY: Final = "robotrader.strategies.sma_cross:SmaCross"


def main(seconds: float | None = None, chaos: str = "") -> int:
    """Run the demo for so many seconds (None: until Ctrl-C, or 90 s without a terminal).

    With ``chaos``, a scenario of that name is run against it as soon as it trades.
    Returns 0 if it traded, its books agree with the venue's and it ended in order; with a scenario,
    if that held too.
    """
    if chaos and (status := exits.guarded(lambda: _known(chaos))):
        return status
    if seconds is None and not sys.stdout.isatty():
        seconds = UNWATCHED_CHAOS_S if chaos else UNWATCHED_S
    with tempfile.TemporaryDirectory(prefix="robotrader-demo-") as folder:
        resolved = _configuration(Path(folder), may_break=bool(chaos))
        environ = {**os.environ, "PYTHONUNBUFFERED": "1"}
        with subprocess.Popen(
            run.prepare(resolved), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environ
        ) as heart:
            return _Session(resolved, heart, chaos).play(seconds)


def _known(scenario: str) -> int:
    """Say at once if there is no such scenario."""
    scenario_of(scenario)
    return exits.OK


def _configuration(folder: Path, *, may_break: bool) -> Resolved:
    symbols = ",".join(f'"{each.symbol}"' for each in bundled.instruments() if each.tradable)
    says = [
        'mode="sim"',
        'account="DU1234567"',
        f"data_dir={str(folder)!r}",
        f"ib.port={_free_port()}",
        f'metrics.bind="127.0.0.1:{_free_port()}"',
        f"universe.symbols=[{symbols}]",
        f'strategy.cross.class="{STRATEGY}"',
        f"strategy.cross.symbols=[{symbols}]",
        'strategy.cross.bar="5s"',
        "strategy.cross.params={fast=1, slow=2, qty=10}",
        "kill_switch.losses_max=0",  # it pays for each trade: five in a row soon lose
    ]
    if may_break:
        says += ["chaos.enabled=true", f"chaos.link_port={_free_port()}"]
        says += [f"sim.control_port={_free_port()}"]
    profiles = folder / _CONF / "profiles"
    profiles.mkdir(parents=True)
    (profiles / "demo.toml").touch()
    (folder / _CONF / "robotrader.toml").write_text("\n".join(says))
    return resolve([layers.from_settings(says)], "demo")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class _Session:
    """One run of the demo: what is shown, and what it came to."""

    def __init__(
        self, resolved: Resolved, heart: subprocess.Popen[bytes], scenario: str = ""
    ) -> None:
        self._resolved, self._heart, self._scenario = resolved, heart, scenario
        self._chaos: subprocess.Popen[bytes] | None = None
        self._out = tables.console(no_color=False, quiet=False)
        self._begun, self._begun_ns = time.monotonic(), time.time_ns()
        self._pids: set[int] = set()
        self._fills: list[answers.TradeRow] = []
        self._last: answers.StatusAnswer | None = None

    def play(self, seconds: float | None) -> int:
        """Show the system until it is over; return the exit status."""
        metrics = self._resolved.config.metrics.bind
        try:
            self._out.print(
                f"starting in {self._resolved.config.data_dir}; metrics at http://{metrics}"
            )
            with contextlib.suppress(KeyboardInterrupt):
                self._watch(seconds)
        finally:
            status = self._end()
        return self._sum_up(status)

    def _watch(self, seconds: float | None) -> None:
        until = None if seconds is None else self._begun + seconds
        shown = 0  # the process whose tree was shown: a new one has a new tree
        while self._heart.poll() is None and (until is None or time.monotonic() < until):
            status = self._ask(control.Status())
            if status is None:
                if self._last is None and time.monotonic() - self._begun > STARTS_S:
                    return
                time.sleep(0.2)
                continue
            self._last = status
            self._greet(status)
            if status.pid != shown and status.reconciled:
                shown = status.pid
                self._show_tree()
            self._say(status)
            if self._broken(status):
                return
            time.sleep(SHOWN_EVERY_S if shown == status.pid else 0.5)

    def _broken(self, status: answers.StatusAnswer) -> bool:
        """Begin the scenario once something is held; return whether it is over."""
        if self._chaos is None and self._scenario and status.reconciled and status.open_positions:
            conf = Path(self._resolved.config.data_dir) / _CONF
            self._chaos = subprocess.Popen(
                [sys.executable, "-m", "robotrader", "chaos", "run", self._scenario,
                 "--conf", str(conf), "--profile", "demo"]
            )  # fmt: skip
        return self._chaos is not None and self._chaos.poll() is not None

    def _ask(self, request: Any) -> Any:
        """Ask the core; None if it does not answer, because it is being started."""
        try:
            with ControlClient.of(self._resolved.config) as client:
                return client.ask(request)
        except (RoboTraderError, OSError):
            return None

    def _show_tree(self) -> None:
        found = self._ask(control.ActorsList())
        if found is not None:
            self._out.print(tables.actor_tree(found.actors))

    def _greet(self, status: answers.StatusAnswer) -> None:
        if status.pid not in self._pids:
            again = "again, " if self._pids else ""
            self._pids.add(status.pid)
            self._out.print(f"core is up {again}process {status.pid}, epoch {status.epoch}")

    def _say(self, status: answers.StatusAnswer) -> None:
        switches = tables.SWITCH_UNKNOWN
        if status.switches is not None:
            switches = ", ".join(f"{each.level} {each.scope}" for each in status.switches) or "off"
        self._out.print(
            f"{time.monotonic() - self._begun:6.1f} s",
            f"gateway {status.link}{', reconciled' if status.reconciled else ''}",
            f"equity {_money(status.net_liquidation)}",
            f"today {_money(status.pnl_day)}",
            f"positions {status.open_positions}",
            f"working {status.working_orders}",
            f"actors {status.actors}",
            f"kill switch {switches}",
            sep="  ",
        )

    def _end(self) -> int:
        """End everything in order; return heart's exit status."""
        if self._chaos is not None and self._chaos.poll() is None:
            self._chaos.send_signal(signal.SIGTERM)
            self._chaos.wait()
        if self._heart.poll() is None:
            self._heart.send_signal(signal.SIGTERM)
        with contextlib.suppress(KeyboardInterrupt):
            _, said = self._heart.communicate(timeout=60)
            if self._heart.returncode:
                self._out.print(said.decode(errors="replace")[-4000:])
        return self._heart.wait()

    def _sum_up(self, status: int) -> int:
        records = list(_records(Path(self._resolved.config.data_dir)))
        fills = [each for each in records if type(each).__name__ == "FillBooked"]
        costs = [each for each in records if type(each).__name__ == "CommissionBooked"]
        paid = sum((each.commission for each in costs), Decimal(0))
        orders = [each for each in records if type(each).__name__ == "OrderIntended"]
        last = self._last
        self._out.print(
            f"first order after {self._after(orders)}, first fill after {self._after(fills)}"
        )
        self._out.print(
            f"session: {len(records)} records, {len(fills)} fills, commissions {paid:.2f}, "
            f"equity {_money(None if last is None else last.net_liquidation)}, "
            f"core processes {len(self._pids)}, heart's exit status {status}"
        )
        return 0 if fills and status == 0 and self._held() else 1

    def _after(self, records: Sequence[Any]) -> str:
        """Say how long after the begin the first of these records was made."""
        first_ns = min((each.wall_ns for each in records), default=None)
        return tables.age(None if first_ns is None else (first_ns - self._begun_ns) / 1e9)

    def _held(self) -> bool:
        """Return whether the scenario held, if there was to be one."""
        if not self._scenario:
            return True
        return self._chaos is not None and self._chaos.returncode == 0


def _records(data_dir: Path) -> Iterator[Any]:
    """Yield what the journal holds, now that nobody has it open."""
    folder = data_dir / "journal"
    if folder.exists():
        for frame in journal_tools.read(folder):
            yield CATALOGUE.decode(frame)


def _money(value: Decimal | None) -> str:
    return "unknown" if value is None else f"{value:,.2f}"
