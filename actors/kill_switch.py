"""The kill switch's actor: the one owner of the switch, which is a fold of the journal.

A trip is acknowledged when it is durable, and in force before that: whoever sends orders is told
at once. Everybody is told again every second, the gate and whoever was restarted at the next look.
What trips it by itself is looked at four times a second and at every change. What a full disk did
not take is in force and written again (``unwritten``). The file ``KILL`` in the data directory
trips it too, so that a shell is enough.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from actors.flatten import Flattener
from actors.following import Following
from actors.messages import AskLatched, Latched
from actors.say import (
    AskMeters,
    AskSwitch,
    CancelAll,
    Clear,
    ClockCompared,
    Commit,
    Committed,
    Heard,
    LedgerChanged,
    NotCommitted,
    Raised,
    Recorded,
    Replayed,
    Restored,
    SwitchChanged,
    Trip,
    tell,
    unknown,
)
from actors.unwritten import SwitchMemory, Unwritten, lacking, record_of
from robotrader.domain import BrokerSnapshot, LinkChanged
from robotrader.domain.errors import KillSwitchTriggeredError
from robotrader.domain.records import (
    LimitChanged,
    OperatorActed,
    OrderDone,
    SwitchCleared,
    SwitchTripped,
    SymbolHalted,
    SymbolResumed,
)
from robotrader.meters import of_switch
from robotrader.recovery import GATE, SWITCH
from robotrader.risk import (
    Level,
    LimitChanges,
    Lookout,
    Switch,
    SwitchFold,
    Trigger,
    due,
    healed,
    scope_of,
)
from supervision import DEFERRED, Actor, ActorRef, NamedRef, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from decimal import Decimal
    from pathlib import Path

    from actors.progress import Progress
    from actors.say import Address
    from actors.unwritten import Change
    from robotrader.domain import Instrument
    from robotrader.domain.records import Record
    from robotrader.risk import Limits, TripRules
    from robotrader.risk import Trip as Tripped

LOOK_S: Final = 0.25
"""What trips by itself is in force this long after its threshold was passed."""

LOOKS: Final = 4
"""So many looks are a second: after it everybody is told again."""

_LOOK: Final = "look"
_NS: Final = 1_000_000_000
_MS_NS: Final = 1_000_000
_FOLDED: Final = (
    SwitchTripped, SwitchCleared, OperatorActed, OrderDone, SymbolHalted, SymbolResumed,
    LimitChanged,
)  # fmt: skip


class KillSwitch(Actor):
    """See the module's prose.

    Args:
        account: whose positions a flatten closes.
        instruments: what can be held, by contract.
        limits, ceilings, rules: what trips it by itself; limits that a person changes.
        is_open: whether a contract's market is open at a time.
        flag: the file whose existence trips it; its text may name the level.
        progress: who is looked at for making no progress.
        person_ns: when a person gave the last sign of life, besides what the journal says.
        journal, orders, risk, alerts: addresses by role.
        readers: who else is told how it is.
        memory: what an earlier incarnation held that is not durable.
        now_ns: the time of day.
    """

    runtime = "thread"
    hang_policy = "exit"

    def __init__(
        self,
        *,
        account: str,
        instruments: Mapping[int, Instrument],
        limits: Limits,
        ceilings: Mapping[str, Decimal] | None = None,
        rules: TripRules,
        is_open: Callable[[int, int], bool],
        flag: Path,
        journal: Address,
        orders: Address,
        risk: Address,
        alerts: Address,
        readers: Sequence[Address] = (),
        progress: Progress,
        person_ns: int | None = None,
        memory: SwitchMemory | None = None,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        super().__init__()
        self._limits = LimitChanges(limits, ceilings)
        self._rules, self._flag = rules, flag
        self._journal, self._orders, self._risk, self._alerts = journal, orders, risk, alerts
        self._readers, self._now_ns = tuple(readers), now_ns
        self.switch = Switch()
        self._following, self._ready = Following(self, journal), False
        self._players: dict[Address, ActorRef[Any] | None] = {}
        """Who was told last, by address."""

        self._looks = self._token = 0
        self._asked: dict[int, tuple[Any, tuple[Change, ...]]] = {}
        self._memory, self._unwritten = memory or SwitchMemory(), Unwritten()
        self._lookout = Lookout(instruments, rules, is_open, now_ns())
        self._durable = SwitchFold()
        self._progress, self._person_ns = progress, person_ns
        self._flattener = Flattener(account, instruments, risk, now_ns)

    def on_start(self) -> Any:
        """Fold the journal; the start is over when it was."""
        return self._following.begin((SWITCH.name, GATE.name), _FOLDED)

    def on_receive(self, message: Any) -> Any:
        """Trip, clear, look."""
        match message:
            case Trip():
                return self._trip(message)
            case Clear():
                return self._clear(message)
            case AskSwitch():
                return self.switch
            case AskMeters():
                return of_switch(self.switch)
            case AskLatched():
                return Latched(self.switch, self._lacking())
            case Restored():
                self._durable = SwitchFold(message.base.part(SWITCH))
                self.switch = self._durable.switch
                gate = message.base.part(GATE)
                self._limits.restore(() if gate is None else gate.changed)
            case Replayed():
                self._replay(message)
            case Recorded():
                self._recorded(message)
            case Committed() | NotCommitted():
                self._answered(message)
            case _:
                self._sign(message)
        return None

    def _sign(self, message: Any) -> None:
        """Take in one of the signs that the triggers look at."""
        match message:
            case LedgerChanged():
                self._lookout.account(message.view)
                self._flattener.close(self.switch, message.view)
            case Heard():
                self._lookout.heard(message.at_ns)
                return
            case BrokerSnapshot():
                return
            case ClockCompared():
                self._lookout.compared(message.skew_ns)
            case LinkChanged():
                self._lookout.linked(message, self._now_ns())
            case "look":
                self.send_after(LOOK_S, _LOOK)
                self._look_at_flag()
                allowed_ns = self._rules.hung_ms * _MS_NS
                self._lookout.hung(self._progress.hung(self._cell.system.now_ns(), allowed_ns))
                self._looks += 1
                self._tell(again=self._looks % LOOKS != 0)
                self._write_again()
            case _:
                raise unknown(self, message)
        if self._ready:
            self._look()

    # -- people --

    def _trip(self, ask: Trip) -> Any:
        record = SwitchTripped(
            level=str(ask.level), scope=scope_of(ask.scope), trigger=Trigger.PERSON, why=ask.why,
            who=ask.who, wall_ns=self._now_ns(),
        )  # fmt: skip
        return self._write(record)

    def _clear(self, ask: Clear) -> Any:
        if not ask.who.strip() or not ask.why.strip():
            msg = "the kill switch is cleared by a person with a reason: give both"
            # A refusal and no crash: a wrong word must not restart the switch.
            self.reply_later().set_exception(_refusal(msg))
            return DEFERRED
        scope = scope_of(ask.scope)
        return self._write(
            SwitchCleared(scope=scope, who=ask.who, why=ask.why, wall_ns=self._now_ns())
        )

    def _write(self, record: Change) -> Any:
        """Make it durable and answer then; a trip is in force at once."""
        if isinstance(record, SwitchTripped):
            self._become(self.switch.after(record))
        self._commit((record,), self.reply_later())
        return DEFERRED

    def _commit(self, records: tuple[Change, ...], reply: Any = None) -> None:
        """Ask the journal for it; whatever it answers is looked at."""
        self._token += 1
        self._asked[self._token] = (reply, records)
        self._unwritten.sent(records, self._steady_ns())
        if not tell(self._journal, Commit(self._token, records, self.actor_ref)):
            self._answered(NotCommitted(self._token, "the journal is being restarted"))

    def _answered(self, message: Committed | NotCommitted) -> None:
        reply, records = self._asked.pop(message.token, (None, ()))
        if isinstance(message, Committed):
            if reply is not None:
                reply.set(self.switch)
            return
        self._unwritten.refused(records, self._steady_ns())
        if reply is not None:
            cleared = any(isinstance(each, SwitchCleared) for each in records)
            so = "is not cleared, clear it again" if cleared else "is in force but not durable"
            reply.set_exception(_refusal(f"the switch {so}: {message.why}"))
        if self._unwritten.alarms(self._lacking()):
            why = (
                f"the kill switch is in force but not durable, and is written again: {message.why}"
            )
            tell(self._alerts, Raised("critical", "switch_not_durable", why))

    # -- the journal --

    def _replay(self, message: Replayed) -> None:
        for _, record in message.records:
            self._fold(record)
        if message.last:
            self._ready = True
            self._following.told()
            for trip in self._memory.trips:
                self._become(self.switch.after(record_of(trip)))
            self.send_after(0.0, _LOOK)

    def _recorded(self, message: Recorded) -> None:
        before = self.switch
        for _, record in message.records:
            self._fold(record)
        if self.switch != before:
            self._become(self.switch)
        self._remember()
        self._look()

    def _fold(self, record: Record) -> None:
        self._durable.apply(record)
        self._lookout.changed()
        if isinstance(record, LimitChanged):
            self._limits.apply(record)
        elif isinstance(record, SwitchTripped | SwitchCleared):
            self.switch = self.switch.after(record)
            self._unwritten.written(record)

    def _seen_ns(self) -> int | None:
        """When a person last gave a sign of life: with the start, or with whatever was done."""
        signs = (self._person_ns, self._durable.person_ns)
        return max((each for each in signs if each is not None), default=None)

    # -- by itself --

    def _look(self) -> None:
        """Ask the triggers, unless nothing that they read is another and it is not yet time."""
        now_ns = self._now_ns()
        if self._lookout.quiet(now_ns):
            return
        signs = self._lookout.signs(self._durable, self._seen_ns(), self.switch.forgiven_ns, now_ns)
        trips = due(signs, self.switch, self._limits.limits, self._rules, now_ns)
        for trip in trips:
            self._record(trip)
        over = healed(signs, self.switch, now_ns)
        for cleared in over:
            self._record(cleared)
        self._lookout.asked(signs, now_ns, gave=bool(trips or over))

    def _record(self, record: Change) -> None:
        """Write what tripped by itself, once; in force at once."""
        if self._unwritten.waits(record, self._steady_ns()):
            return
        if isinstance(record, SwitchTripped):
            tell(self._alerts, Raised("critical", "switch", f"{record.trigger}: {record.why}"))
            self._become(self.switch.after(record))
        self._commit((record,))

    def _write_again(self) -> None:
        """Write what is in force and which the journal has not taken, or never answered."""
        lacking_ = self._lacking() if self.switch.trips else ()
        due = self._unwritten.due(lacking_, self._steady_ns()) if lacking_ else ()
        if due:
            self._commit(due)

    def _lacking(self) -> tuple[Tripped, ...]:
        return lacking(self.switch, self._durable.switch)

    def _remember(self) -> None:
        """Keep for a next incarnation what it cannot learn from the journal."""
        self._memory.trips = self._lacking()
        if not self._memory.trips:
            self._unwritten.alarms(())

    def _steady_ns(self) -> int:
        """A time that no clock sets back."""
        return self._cell.system.now_ns()

    def _look_at_flag(self) -> None:
        try:
            word = self._flag.read_bytes().decode("utf-8", "replace").strip().lower()
        except FileNotFoundError:
            return
        except OSError:
            word = ""  # what cannot be read counts as tripped
        level = Level.read(word) or Level.CANCEL
        trip = self.switch.find("all", Trigger.PERSON)
        if trip is None or trip.level < level:
            why = f"{self._flag} is there"
            now_ns = self._now_ns()
            record = SwitchTripped(
                level=str(level), scope="all", trigger=Trigger.PERSON, why=why, who="file",
                wall_ns=now_ns,
            )  # fmt: skip
            self._record(record)

    # -- what follows --

    def _become(self, switch: Switch) -> None:
        """Take a new state: tell who sends orders, cancel and close what the level says."""
        self.switch = switch
        self._lookout.changed()
        self._remember()
        self._tell()
        for trip in switch.trips:
            if trip.level >= Level.CANCEL:
                tell(self._orders, CancelAll(trip.scope))
        self._flattener.close(self.switch, self._lookout.ledger)

    def _tell(self, *, again: bool = False) -> None:
        """Say how it is; ``again``: to the gate and to those only who were not told yet.

        The gate takes no word that is older than two seconds and is told with every look. Who
        sends orders keeps it: every second is enough, but an incarnation that is new knows nothing.
        """
        changed = SwitchChanged(self.switch)
        for who in (self._orders, self._risk, *self._readers):
            if again and who is not self._risk and _player(who) is self._players.get(who):
                continue
            if tell(who, changed) and who is not self._risk:
                self._players[who] = _player(who)


def _player(who: Address) -> ActorRef[Any] | None:
    """Return the incarnation that is told if it is told now, None if there is none."""
    try:
        return who.resolve() if isinstance(who, NamedRef) else who
    except Unavailable:
        return None


def _refusal(why: str) -> tuple[type[KillSwitchTriggeredError], KillSwitchTriggeredError, None]:
    return KillSwitchTriggeredError, KillSwitchTriggeredError(why), None
