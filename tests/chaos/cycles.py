"""Kills and hangs of the core under load, in slices that add up.

    python -m tests.chaos.cycles --kills 1000 --hangs 100 --at-once 2
    python -m tests.chaos.cycles --write

Every cycle adds a line to the ledger (``docs/cycles.jsonl``); a run that is interrupted goes on
where the ledger ends. A cycle counts once both sides were compared after it. Each system has ports
and a folder of its own, so that some may run beside each other: half of a cycle is waiting.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from random import Random

from bench.cycles import LEDGER, PAGES, Cycle, line_of, of_ledger, summary, written
from robotrader.adapters import log_files
from robotrader.app.chaos_eyes import Eyes
from robotrader.chaos import Evidence, Hypothesis, Line, verdict
from robotrader.config import log_folder
from robotrader.domain import control
from tests.chaos.kit import Broken, breakable, heart_events
from tests.system.kit import until

SLICE = 20
"""Cycles in one system: then a new one begins, on a journal of its own."""

LAST = "14:30"
"""The emulated day ends at four: where the machine is slow, hours of it go by in a cycle."""

_CONNECTED = {"syncing", "ready", "degraded"}
_FOUND = {"late", "exited"}
_HANGS = re.compile(r"hangs from (\d+\.\d+) s on")
_GIVEN_UP = re.compile(r"giving the process up at (\d+\.\d+) s: \S*Orders")
_LINES = 1_000
_FACTS = {"both sides agree", "one order of each intent", "no acknowledged intent is lost",
          "every execution is booked once", "no limit is exceeded"}  # fmt: skip


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
        load = os.getloadavg()[0] / (os.cpu_count() or 1)

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
        judged_s, detected_s = self._found_s(begun) if kind == "hang" else (None, None)
        return Cycle(
            kind=kind, seed=self._seed, judged_s=judged_s, detected_s=detected_s,
            protected_s=times[0], ready_s=times[1], trading_s=times[2],
            intents=len(found.intents), load=round(load, 2),
            build=one.ready().version.partition("+")[2], wrong=wrong(found),
        )  # fmt: skip

    def _found_s(self, asked: float) -> tuple[float, float]:
        """Return how long after its begin the hang was judged, and the process seen to end.

        It begins with the order manager's next message, which the actor itself writes down; all
        three times are those of the machine's one monotonic clock.
        """
        hung = next(at_s for at_s in self._hangs() if at_s >= asked)
        said = (self._folder / "said.txt").read_text(errors="replace")
        judged = next(at_s for each in _GIVEN_UP.findall(said) if (at_s := float(each)) >= hung)
        ended = next(
            each["at_s"]
            for each in heart_events(self._folder)
            if each["child"] == "core" and each["event"] in _FOUND and each["at_s"] >= hung
        )
        return judged - hung, ended - hung

    def _hangs(self) -> Iterator[float]:
        folder = Path(log_folder(self._one.resolved.config))
        for line in log_files.newest(folder, _LINES, min_level="warning"):
            if found := _HANGS.search(str(line["event"])):
                yield float(found[1])

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
                if one.venue.local_time() > LAST:
                    break
                made.append(cycles.kill() if kind == "kill" else cycles.hang())
                with ledger.open("ab", buffering=0) as file:  # one write: others append too
                    file.write(line_of(made[-1]))
            cycles.close()
    return made


def missing(done: Sequence[Cycle], wanted: Mapping[str, int]) -> list[str]:
    """Return the kinds of cycles that are left, hangs among the kills."""
    left = {
        kind: max(0, many - sum(each.kind == kind for each in done))
        for kind, many in wanted.items()
    }
    places = ((place / many, kind) for kind, many in left.items() for place in range(many))
    return [kind for _, kind in sorted(places)]


def main(argv: Sequence[str] | None = None) -> int:
    """Go on until the ledger has as many cycles as are wanted; or write the table of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1_000)
    parser.add_argument("--hangs", type=int, default=100)
    parser.add_argument("--at-once", type=int, default=1, help="systems beside each other")
    parser.add_argument("--ledger", type=Path, default=LEDGER)
    parser.add_argument("--write", action="store_true", help="only write the table into the pages")
    arguments = parser.parse_args(argv)
    if arguments.write:
        for page in PAGES:
            page.write_text(written(page.read_text(), of_ledger(arguments.ledger)))
        return 0
    wanted = {"kill": arguments.kills, "hang": arguments.hangs}
    with ProcessPoolExecutor(arguments.at_once, mp_context=get_context("spawn")) as pool:
        while True:
            done = of_ledger(arguments.ledger)
            left = missing(done, wanted)
            sys.stdout.write(f"{summary(done)}{len(left)} are left\n")
            sys.stdout.flush()
            if not left or any(each.wrong for each in done):
                return int(any(each.wrong for each in done))
            slices = [left[n :: arguments.at_once][:SLICE] for n in range(arguments.at_once)]
            running = [
                pool.submit(run_slice, kinds, len(done) + n, arguments.ledger)
                for n, kinds in enumerate(slices)
                if kinds
            ]
            for each in running:
                each.result()


if __name__ == "__main__":
    sys.exit(main())
