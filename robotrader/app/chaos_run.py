"""One chaos run: a steady system first, strikes on a timeline, then the verdict and the report."""

from __future__ import annotations

import os
import signal
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from robotrader.adapters.lease import Lease, holder
from robotrader.app.chaos_eyes import Eyes
from robotrader.app.chaos_hands import Hands, venue
from robotrader.app.control_client import RefusedError
from robotrader.chaos import (
    Moment,
    Report,
    Strike,
    blast,
    holds,
    markdown,
    named,
    recoveries,
    strikes,
    verdict,
)
from robotrader.config import Mode
from robotrader.domain.errors import ConfigurationError, RoboTraderError

if TYPE_CHECKING:
    from collections.abc import Callable

    from robotrader.chaos import Look, Scenario
    from robotrader.config import Config

STEADY_S: Final = 20.0
"""How long it may take before the begin until a look is steady."""

LOOK_EVERY_S: Final = 0.1
QUIET_LOOKS: Final = 10
"""It has settled when so many looks in a row were steady."""

LEASE: Final = "chaos.lease"
FOLDER: Final = "chaos"


class NotSteadyError(RoboTraderError):
    """The system did not hold before anything was broken: nothing was done to it."""


class ChaosRun:
    """See the module's prose.

    Args:
        config: of the running system.
        scenario: what is done.
        who: who does it.
        say: hears a line for each thing that happens.
    """

    def __init__(
        self, config: Config, scenario: Scenario, who: str, say: Callable[[str], None]
    ) -> None:
        self._config, self._scenario, self._say = config, scenario, say
        self._hands, self._eyes = Hands(config, scenario.name, who), Eyes(config)
        self._looks: list[Look] = []
        self._struck: list[Strike] = []
        self._refused: list[str] = []
        self._moments: list[Moment] = []
        self._stopped = ""

    def run(self) -> Report:
        """Run it, and clear everything however it ends; return the report.

        Raises:
            RefusedError: this system may not be broken.
            NotSteadyError: it did not hold before.
            LeaseHeldError: another run is on.
        """
        folder = Path(self._config.data_dir)
        if not folder.is_dir():
            raise ConfigurationError(f"{folder} is not there: start a system with `robotrader run`")
        lease = Lease(folder, LEASE)
        before = signal.signal(signal.SIGTERM, self._stop)
        try:
            self._prepare()
            return self._played()
        finally:
            self._hands.clear()
            self._eyes.close()
            signal.signal(signal.SIGTERM, before)
            lease.release()

    def _stop(self, *_: Any) -> None:
        self._stopped = "by `robotrader chaos stop`"

    def _prepare(self) -> None:
        """Announce, and wait until the system is steady; nothing is broken before."""
        if self._scenario.emulated and self._config.mode is not Mode.SIM:
            msg = f"{self._scenario.name} needs the emulated gateway: use it in mode sim"
            raise RefusedError(msg)
        said = "; ".join(blast(self._scenario))
        self._hands.announce(f"begins: {said}")
        if self._config.mode is Mode.SIM:
            venue(self._config, do="tempo")
        deadline = time.monotonic() + STEADY_S
        look = self._eyes.begin()
        if self._eyes.paused:
            msg = f"nothing trades, so nothing was done: {'; '.join(self._eyes.paused)}"
            raise NotSteadyError(f"{msg}; clear the kill switch first: `robotrader resume`")
        while not look.steady:
            if time.monotonic() > deadline:
                msg = f"not steady within {STEADY_S:g} s, nothing was done: the link is {look.link}"
                raise NotSteadyError(f"{msg}; see `robotrader status`")
            time.sleep(LOOK_EVERY_S)
            look = self._eyes.look(0.0)
        breaks = self._eyes.evidence().breaks
        if breaks is None or breaks:
            said = "; ".join(breaks or ("the comparison did not come",))
            raise NotSteadyError(f"both sides differ before the begin, nothing was done: {said}")

    def _played(self) -> Report:
        begun_at, begun = datetime.now(UTC), time.monotonic()
        waiting = list(strikes(self._scenario))
        over_s = self._scenario.lasts_s
        while waiting or self._goes_on(time.monotonic() - begun, over_s):
            if self._stopped:
                break
            now_s = time.monotonic() - begun
            self._hands.due()
            while waiting and waiting[0].at_s <= now_s:
                self._strike(waiting.pop(0), begun)
            self._looks.append(self._eyes.look(time.monotonic() - begun))
            self._tell_changes()
            time.sleep(LOOK_EVERY_S)
        self._hands.clear()
        return self._judged(begun_at, time.monotonic() - begun)

    def _goes_on(self, now_s: float, over_s: float) -> bool:
        """Return whether there is more to see: faults that last, or a system not yet settled."""
        if now_s <= over_s:
            return True
        last = self._looks[-QUIET_LOOKS:]
        settled = len(last) == QUIET_LOOKS and all(each.steady for each in last)
        settled = settled and last[0].at_s > over_s and self._has_traded(over_s)
        return not settled and now_s <= over_s + self._scenario.settle_s

    def _has_traded(self, over_s: float) -> bool:
        """Return whether there was an order since the faults ended, if one has to be."""
        if self._scenario.hypothesis.trades_within_s is None:
            return True
        after = [each.intents for each in self._looks if each.at_s > over_s and each.steady]
        return bool(after) and after[-1] > after[0]

    def _strike(self, strike: Strike, begun: float) -> None:
        why = self._hands.strike(strike.fault)
        at_s = time.monotonic() - begun
        if why:
            self._refused.append(f"{named(strike.fault)} at {strike.at_s:g} s: {why}")
            self._note(at_s, f"NOT DONE {named(strike.fault)}: {why}")
            return
        self._struck.append(Strike(at_s, strike.fault))
        self._note(at_s, named(strike.fault))

    def _note(self, at_s: float, what: str) -> None:
        self._moments.append(Moment(at_s, what))
        self._say(f"{at_s:6.1f} s  {what}")

    def _tell_changes(self) -> None:
        look, before = self._looks[-1], self._looks[-2:-1]
        if before and (before[0].steady, before[0].pid) == (look.steady, look.pid):
            return
        word = "steady" if look.steady else f"not ready, link {look.link}"
        said = f"core {look.pid} {word}" if look.pid else "the core does not answer"
        self._note(look.at_s, said)

    def _judged(self, begun_at: datetime, lasted_s: float) -> Report:
        felt = recoveries(self._struck, self._looks)
        found = self._eyes.evidence()
        self._looks.append(self._eyes.look(lasted_s))
        lines = verdict(self._scenario.hypothesis, self._looks, felt, found)
        config, status = self._config, self._eyes.status
        assert status is not None, "it was looked at before the begin"
        return Report(
            scenario=self._scenario.name,
            title=self._scenario.title,
            began=begun_at.isoformat(timespec="seconds"),
            mode=config.mode.value,
            account=status.account,
            version=status.version,
            config_hash=status.config_hash,
            holds=holds(lines) and not self._refused and not self._stopped,
            stopped=self._stopped,
            blast=blast(self._scenario),
            lines=lines,
            recoveries=felt,
            looks=len(self._looks),
            lasted_s=lasted_s,
            refused=tuple(self._refused),
            moments=tuple(self._moments),
        )


def keep(report: Report, data_dir: Path) -> Path:
    """Write a report as JSON and Markdown; return the Markdown's path."""
    folder = data_dir / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    stamp = report.began.partition("+")[0].replace(":", "").replace("-", "")
    base = folder / f"{stamp}-{report.scenario}"
    base.with_suffix(".json").write_bytes(msgspec.json.format(msgspec.json.encode(report)))
    path = base.with_suffix(".md")
    path.write_text(markdown(report), encoding="utf-8")
    return path


def kept(data_dir: Path, wanted: str) -> Path:
    """Return the newest report, of a scenario if one is named, as its JSON's path.

    Raises:
        ConfigurationError: there is none.
    """
    folder = data_dir / FOLDER
    found = sorted(folder.glob(f"*-{wanted}.json" if wanted else "*.json"))
    if not found:
        of = f" of {wanted}" if wanted else ""
        msg = f"no report{of} in {folder}: make one with `robotrader chaos run SCENARIO`"
        raise ConfigurationError(msg)
    return found[-1]


def stop_other(data_dir: Path) -> str:
    """Tell a run that is on to end; return its process, empty if there is none."""
    who = holder(data_dir, LEASE)
    if who is None or not who.isdigit():
        return ""
    os.kill(int(who), signal.SIGTERM)
    return who
