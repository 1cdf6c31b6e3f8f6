"""Kills and hangs of the core under load, in slices that add up.

    python -m tests.chaos.cycles --kills 1000 --hangs 100 --ledger cycles.jsonl

Every cycle adds a line to the ledger; a run that is interrupted goes on where the ledger ends. A
cycle counts once both sides were compared after it. The summary says what the whole ledger has.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

import msgspec

from robotrader.app.chaos_eyes import Eyes
from robotrader.chaos import Evidence, Hypothesis, Line, quantile, verdict
from robotrader.domain import control
from tests.chaos.kit import Broken, breakable, heart_events
from tests.system.kit import until

SLICE = 20
"""Cycles in one system: then a new one begins, on a journal of its own."""

_CONNECTED = {"syncing", "ready", "degraded"}
_FOUND = {"late", "exited"}
_FACTS = {"both sides agree", "one order of each intent", "no acknowledged intent is lost",
          "every execution is booked once", "no limit is exceeded"}  # fmt: skip


class Cycle(msgspec.Struct, frozen=True, kw_only=True):
    """One kill or hang: seconds until each state was seen, and what was wrong afterwards."""

    kind: str
    seed: int
    detected_s: float | None = None
    """Of a hang: until heart found the core late, or it had ended itself."""

    protected_s: float
    ready_s: float
    trading_s: float
    intents: int
    wrong: tuple[str, ...] = ()


class Cycles:
    """Cycles on one running system; ``seed`` repeats the moments that were drawn."""

    def __init__(self, one: Broken, folder: Path, seed: int) -> None:
        self._one, self._folder, self._seed = one, folder, seed
        self._draw, self._eyes = Random(seed), Eyes(one.resolved.config)
        one.ready()
        one.trades_on()
        self._eyes.begin()

    def kill(self) -> Cycle:
        """Kill the core at a drawn moment."""
        pid = self._moment()
        begun = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        return self._recovered("kill", pid, begun)

    def hang(self) -> Cycle:
        """Have the order manager hang at a drawn moment."""
        pid = self._moment()
        begun = time.monotonic()
        asked = control.Chaos(
            who="cycles", scenario="cycles", what=control.Damage.HANG, path="/desk/orders", for_s=60
        )
        assert self._one.ask(asked) is not None
        return self._recovered("hang", pid, begun)

    def _moment(self) -> int:
        self._one.ready()
        end = time.monotonic() + self._draw.uniform(0.0, 1.5)
        looked = self._eyes.look(0.0)
        while time.monotonic() < end or not looked.pid:
            looked = self._eyes.look(0.0)
            threading.Event().wait(0.02)
        return looked.pid

    def _recovered(self, kind: str, pid: int, begun: float) -> Cycle:
        one, status = self._one, self._one.status

        def protected() -> bool:
            found = status()
            return found is not None and found.pid != pid and found.link in _CONNECTED

        until(protected, 120, said=status)
        times = [time.monotonic() - begun]
        before = one.venue.refs()
        one.ready()
        times.append(time.monotonic() - begun)
        until(lambda: one.venue.refs() != before, 120, said=status)
        times.append(time.monotonic() - begun)
        self._eyes.look(0.0)
        found = self._eyes.evidence()
        return Cycle(
            kind=kind, seed=self._seed, detected_s=self._late_s(begun) if kind == "hang" else None,
            protected_s=times[0], ready_s=times[1], trading_s=times[2],
            intents=len(found.intents), wrong=wrong(found),
        )  # fmt: skip

    def _late_s(self, begun: float) -> float | None:
        late = (
            each["at_s"] - begun
            for each in heart_events(self._folder)
            if each["child"] == "core" and each["event"] in _FOUND and each["at_s"] >= begun
        )
        return next(late, None)

    def close(self) -> None:
        """End the looking."""
        self._eyes.close()


def wrong(found: Evidence) -> tuple[str, ...]:
    """Return what of the facts does not hold, in words; what was not measured does not."""
    lines: Sequence[Line] = verdict(Hypothesis(), (), (), found)
    return tuple(
        f"{each.what}: {each.measured}"
        for each in lines
        if each.what in _FACTS and each.holds is False
    )


def run_slice(kinds: Sequence[str], seed: int, ledger: Path) -> list[Cycle]:
    """Run cycles on a system of their own; each is in the ledger once it was compared."""
    made = []
    with tempfile.TemporaryDirectory(prefix="chaos-") as name:
        folder = Path(name)
        with breakable(folder) as one:
            cycles = Cycles(one, folder, seed)
            for kind in kinds:
                made.append(cycles.kill() if kind == "kill" else cycles.hang())
                with ledger.open("ab") as file:
                    file.write(msgspec.json.encode(made[-1]) + b"\n")
            cycles.close()
    return made


def of_ledger(ledger: Path) -> list[Cycle]:
    """Return what was done so far."""
    if not ledger.exists():
        return []
    return [msgspec.json.decode(line, type=Cycle) for line in ledger.read_bytes().splitlines()]


def summary(cycles: Sequence[Cycle]) -> str:
    """Say what a ledger has: counts, what was wrong, p50 and p99."""
    lines = []
    for kind in sorted({each.kind for each in cycles}):
        mine = [each for each in cycles if each.kind == kind]
        bad = [fact for each in mine for fact in each.wrong]
        lines.append(f"{kind}: {len(mine)} cycles, {len(bad)} facts wrong {bad[:3]}")
        for name in ("detected_s", "protected_s", "ready_s", "trading_s"):
            known = [value for each in mine if (value := getattr(each, name)) is not None]
            if known:
                p50, p99 = quantile(known, 0.5), quantile(known, 0.99)
                lines.append(f"  {name:12} p50 {p50:.2f}  p99 {p99:.2f}  max {max(known):.2f}")
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Go on until the ledger has as many cycles as are wanted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1_000)
    parser.add_argument("--hangs", type=int, default=100)
    parser.add_argument("--ledger", type=Path, required=True)
    arguments = parser.parse_args(argv)
    wanted = {"kill": arguments.kills, "hang": arguments.hangs}
    while True:
        done = of_ledger(arguments.ledger)
        missing = [
            kind
            for kind, many in wanted.items()
            for _ in range(many - sum(each.kind == kind for each in done))
        ]
        sys.stdout.write(f"{summary(done)}\n{len(missing)} are left\n")
        sys.stdout.flush()
        if not missing or any(each.wrong for each in done):
            return int(any(each.wrong for each in done))
        run_slice(missing[:SLICE], len(done), arguments.ledger)


if __name__ == "__main__":
    sys.exit(main())
