"""What a chaos run sees of a running system: looks while it lasts, and the evidence at its end."""

from __future__ import annotations

import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from robotrader.adapters import log_files
from robotrader.app.chaos_hands import venue
from robotrader.app.control_client import ControlClient
from robotrader.chaos import Evidence, Look
from robotrader.config import Mode, journal_folder, log_folder
from robotrader.domain import control, records
from robotrader.domain import control_answers as answers
from robotrader.domain.errors import ConfigurationError, RoboTraderError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from robotrader.config import Config
    from robotrader.domain.control import Request
    from robotrader.domain.records import Record

LOOK_S: Final = 1.5
"""A core that says nothing for so long does not answer."""

COMPARE_S: Final = 8.0
"""How long both sides may differ at the end: fills and commissions are on their way."""

AGREE_S: Final = 18.0
"""How long an order may be in doubt that the broker does not know, and longer. With ``COMPARE_S``
it stays below ``kill_switch.stale_data_s``: an emulated market stands still meanwhile."""

ASK_S: Final = 15.0
"""Longer than the core itself waits for both sides to agree."""

_QUIET: Final = 'row = "-"\ntitle = "no prices"\n[[rule]]\ndo = "quiet"\n'
_UNKNOWN: Final = "all: nobody knows how the kill switch is"
_PAGE: Final = 1_000
_MANY: Final = 10_000
_AGAIN_S: Final = 0.2


class Eyes:
    """See the module's prose. ``intents`` are the decided orders that were seen acknowledged."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._client = ControlClient.of(config)
        """One connection as long as it holds: it is made anew when a core is."""

        self._cursor: int | None = None
        self._tripped_before: frozenset[str] = frozenset()
        self._began = ""
        self.paused: tuple[str, ...] = ()
        """Why nothing traded at the begin."""

        self.intents: dict[int, str] = {}
        self.status: answers.StatusAnswer | None = None

    def begin(self) -> Look:
        """Look for the first time: what is there now is not of this run."""
        tail = self._client.ask(control.JournalTail(after=0, count=1, last=True))
        status = self._client.ask(control.Status())
        assert isinstance(tail, answers.JournalAnswer), tail
        assert isinstance(status, answers.StatusAnswer), status
        self._cursor, self.status = tail.tip, status
        self._tripped_before = frozenset(_tripped(status))
        self.paused = tuple(
            (_UNKNOWN,)
            if status.switches is None
            else (_switch(each) for each in status.switches if _everything(each.scope))
        )
        self._began = _last_time(self._config)
        return self._seen(0.0, status)

    def look(self, at_s: float) -> Look:
        """Look; a system that does not answer is a look too."""
        try:
            status = self._client.ask(control.Status(), within_s=LOOK_S)
            self._read_on()
        except (RoboTraderError, OSError):
            return Look(at_s=at_s, intents=len(self.intents))
        return self._seen(at_s, status)

    def _seen(self, at_s: float, status: Any) -> Look:
        return Look(
            at_s=at_s, pid=status.pid, ready=status.reconciled, link=status.link,
            restarts=status.restarts, intents=len(self.intents),
            switches=tuple(
                each for each in _tripped(status) if each not in self._tripped_before
            ),
        )  # fmt: skip

    def _read_on(self) -> None:
        """Take in what the journal has acknowledged since the last look."""
        request = control.JournalTail(after=self._cursor or 0, count=_PAGE, last=False)
        tail = self._client.ask(request, within_s=LOOK_S)
        if isinstance(tail, answers.JournalAnswer) and tail.records:
            self._cursor = tail.records[-1].seq
            found = (each for each in tail.records if each.kind == records.OrderIntended.__name__)
            self.intents.update((each.seq, each.fields["ref"]) for each in found)

    def close(self) -> None:
        """End the connection."""
        self._client.close()

    # -- the end --

    def evidence(self) -> Evidence:
        """Compare everything; what nobody could say is None.

        An emulated market stands still meanwhile: who trades all the time is never quite equal.
        """
        with self._still():
            return self._compared()

    @contextmanager
    def _still(self) -> Iterator[None]:
        sim = self._config.mode is Mode.SIM
        try:
            if sim:
                self._venue("fault", toml=_QUIET)
            yield
        finally:
            if sim:
                self._venue("clear")

    def _compared(self) -> Evidence:
        breaks = self._breaks()
        executions, booked, kept = self._books()
        sim = self._config.mode is Mode.SIM
        return Evidence(
            breaks=breaks,
            intents=dict(self.intents),
            kept=kept,
            at_venue=self._refs() if sim else None,
            venue_why="" if sim else f"mode {self._config.mode}: its records cannot be asked for",
            executions=executions,
            booked=booked,
            limits=self._limits(),
            alerts=self._alerts(),
        )

    def _asked(self, request: Request, within_s: float = 5.0) -> Any:
        try:
            return self._client.ask(request, within_s=within_s)
        except (RoboTraderError, OSError):
            return None

    def _breaks(self) -> tuple[str, ...] | None:
        """Compare until both sides agree, or for as long as what is on its way may take."""
        deadline, found = time.monotonic() + AGREE_S, None
        while found is None or not found.clean:
            found = self._asked(control.Reconcile(), within_s=ASK_S) or found
            if time.monotonic() > deadline:
                break
        return None if found is None else tuple(_breaks(found))

    def _books(self) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None, dict[int, str]]:
        """Read the journal from the disk, and the venue before and after it."""
        deadline = time.monotonic() + COMPARE_S
        while True:
            before, ours, after = self._executions(), self._on_disk(), self._executions()
            kept, booked = _intended(ours), _booked(ours)
            if before is None or after is None:
                return None, booked, kept
            on_both = [*before, *(each for each in after if each not in before and each in booked)]
            same = sorted(on_both) == sorted(booked)
            if same or time.monotonic() > deadline:
                return tuple(on_both), booked, kept
            time.sleep(_AGAIN_S)

    def _on_disk(self) -> list[tuple[int, Record]]:
        """Read all records of a journal that a core may have open."""
        from robotrader.adapters.lmdb_disk import LmdbDisk
        from robotrader.journal import log
        from robotrader.recovery import CATALOGUE

        disk = LmdbDisk(Path(journal_folder(self._config)), readonly=True)
        found: list[tuple[int, Record]] = []
        try:
            chain, first = disk.read(log.chain_from), 1
            while rows := disk.read(partial(log.page, first=first, count=_PAGE)):
                for seq, data in rows:
                    found.append((seq, CATALOGUE.decode(chain.follow(seq, data))))
                first = rows[-1][0] + 1
        finally:
            disk.close()
        return found

    def _executions(self) -> tuple[str, ...] | None:
        if self._config.mode is not Mode.SIM:
            return None
        found = self._venue("executions")
        return None if found is None else tuple(each["exec_id"] for each in found)

    def _refs(self) -> tuple[str, ...] | None:
        """Return the references of all our orders at the venue, oldest first."""
        found = self._venue("orders")
        if found is None:
            return None
        return tuple(ref for each in found if (ref := each["order"]["order_ref"]))

    def _venue(self, what: str, **more: str) -> Any:
        try:
            return venue(self._config, do=what, **more)
        except (OSError, ConfigurationError, ValueError):
            return None

    def _limits(self) -> dict[str, float] | None:
        found = self._asked(control.RiskLimits())
        if found is None:
            return None
        return {each.name: each.part for each in found.limits if each.part is not None}

    def _alerts(self) -> tuple[str, ...]:
        lines = log_files.newest(Path(log_folder(self._config)), _MANY, min_level="error")
        return tuple(
            str(line["event"]).replace("\n", " ")
            for line in lines
            if line.get("level") == "critical" and line.get("time", "") > self._began
        )


def _breaks(found: answers.ReconcileAnswer) -> Iterator[str]:
    """Yield what differs; that it was never compared as a whole is a difference too."""
    for each in found.breaks:
        yield f"{each.kind} {each.key}: ours {each.ours}, the broker's {each.broker}"
    if not found.clean and not found.breaks:
        yield "an order is in doubt, so not everything could be compared"


def _tripped(status: answers.StatusAnswer) -> tuple[str, ...]:
    """Return why the kill switch is not off; that nobody knows it is a reason too."""
    return (_UNKNOWN,) if status.switches is None else tuple(map(_switch, status.switches))


def _switch(row: answers.Switch) -> str:
    return f"{row.level} {row.scope}: {row.why}"


def _everything(scope: str) -> bool:
    return scope == "all" or scope.startswith("account:")


def _last_time(config: Config) -> str:
    """Return the time of the newest line of the log."""
    lines = log_files.newest(Path(log_folder(config)), 1)
    return str(lines[0].get("time", "")) if lines else ""


def _intended(found: list[tuple[int, Record]]) -> dict[int, str]:
    return {seq: each.ref for seq, each in found if isinstance(each, records.OrderIntended)}


def _booked(found: list[tuple[int, Record]]) -> tuple[str, ...]:
    return tuple(each.exec_id for _, each in found if isinstance(each, records.FillBooked))
