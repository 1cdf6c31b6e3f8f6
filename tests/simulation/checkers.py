"""The invariants of ``orders.md`` (I1-I12) and ``tws.md`` 5.6 (W1-W8) as objects with a name.

``watching()`` gives those that hold after every event: each keeps its place in the world's lists
and looks at what is new, so that a run can afford it. ``resting()`` gives those that hold once
faults have stopped and everything had time to settle. Both are new objects for every run.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from robotrader.domain import Order, OrderKey
from robotrader.domain import records as rec
from robotrader.execution.identity import is_ours, parts
from robotrader.risk import Level, Switch
from tests.simulation.agreement import NothingInDoubt, SentOnAgreement
from tests.simulation.arriving import AsIntended
from tests.simulation.at_rest import (
    AccountAgrees,
    BackToReady,
    BooksAgree,
    CashAgrees,
    FillsAgree,
    NothingOwed,
    ReplayAgrees,
)
from tests.simulation.emergency import Emergency
from tests.simulation.exposure import ExposureWithinLimits
from tests.simulation.lively import OnlyFaultsCrash, StillTrades, StrategiesKnow
from tests.simulation.outcome import Breach
from tests.simulation.protection import LegsComeFirst, StopsRatchet
from tests.simulation.watch import ALWAYS, ASKED, EXECUTIONS, RECORDS, SENT, of

if TYPE_CHECKING:
    from tests.simulation.lapsed import Lapsed
    from tests.simulation.watch import Checker, Watcher
    from tests.simulation.world import Sent, World

ZERO: Final = Decimal(0)
S: Final = 1_000_000_000
CANCEL_WITHIN_S: Final = 5
HANDED_NS: Final = 250_000_000
"""``actors.orders.HANDED_NS`` is what the product allows; said here anew, as it is promised."""


class OneOrderPerRef:
    """I1: at most one order at the broker for a reference. W5: a number is never used again."""

    name = "I1 one order per reference"
    reads = ASKED

    def __init__(self) -> None:
        self._at = 0
        self._by_ref: dict[str, OrderKey] = {}
        self._by_key: dict[OrderKey, str] = {}

    def check(self, world: World) -> list[Breach]:
        """Look at the requests that reached the venue since."""
        found: list[Breach] = []
        for asked in world.asked[self._at :]:
            order = asked.order
            if order is None or asked.key.client_id != world.client_id:
                continue
            ref = order.order_ref
            key = self._by_ref.setdefault(ref, asked.key)
            known = self._by_key.setdefault(asked.key, ref)
            if key != asked.key:
                found.append(Breach(self.name, asked.at_ns, f"{ref} is {key} and {asked.key}"))
            if known != ref:
                text = f"number {asked.key} was {known} and is {ref}"
                found.append(Breach(self.name, asked.at_ns, text))
        self._at = len(world.asked)
        return found


class IntentBeforeOrder:
    """I6: every order that leaves us has a durable intent. I10: only the newest epoch sends new."""

    name = "I6 intent before order, I10 one sender"
    reads = SENT

    def __init__(self) -> None:
        self._sent = self._log = 0
        self._intents: dict[str, int] = {}
        self._epoch = 0
        self._known: set[OrderKey] = set()

    def check(self, world: World) -> list[Breach]:
        """Look at what left us since, with what was durable when it did."""
        found: list[Breach] = []
        for sent in world.sent[self._sent :]:
            self._read(world, sent.log)
            if sent.order is not None:
                found += self._judge(sent, sent.order)
        self._sent = len(world.sent)
        return found

    def _judge(self, sent: Sent, order: Order) -> list[Breach]:
        ref, at_ns = order.order_ref, sent.at_ns
        if ref not in self._intents:
            return [Breach(self.name, at_ns, f"{ref} was sent without a durable intent")]
        new = sent.key not in self._known
        self._known.add(sent.key)
        if new and parts(ref)[0] != self._epoch:
            return [Breach(self.name, at_ns, f"{ref} was sent in epoch {self._epoch}")]
        return []

    def _read(self, world: World, until: int) -> None:
        for _, record in world.log[self._log : until]:
            if isinstance(record, rec.OrderIntended):
                self._intents[record.ref] = record.order_id
            elif isinstance(record, rec.SessionBegan):
                self._epoch = record.epoch
        self._log = max(self._log, until)


class _SwitchRead:
    """Reads what the journal has of the switch and of intents."""

    def __init__(self) -> None:
        self._log = 0
        self._switch = Switch()
        self._tripped_ns = 0
        self._intents: dict[str, rec.OrderIntended] = {}

    def _read(self, world: World) -> None:
        for _, record in world.log[self._log :]:
            if isinstance(record, rec.OrderIntended):
                self._intents[record.ref] = record
                continue
            switch = self._switch.after(record)
            if switch is not self._switch and isinstance(record, rec.SwitchTripped):
                self._tripped_ns = world.now_ns
            self._switch = switch
        self._log = len(world.log)


class NoEntryAfterKill(_SwitchRead):
    """I5: once a trip of the kill switch is durable, nothing leaves us that adds, in its scope.

    What was handed to the gateway's actor before that may still be on its way inside of our
    process: for a quarter of a second, then the actor refuses it.
    """

    name = "I5 no entry after a kill"
    reads = SENT | of(rec.SwitchTripped)

    def __init__(self) -> None:
        super().__init__()
        self._sent = 0
        self._known: set[OrderKey] = set()

    def check(self, world: World) -> list[Breach]:
        """Look at what left us since, with the switch as it is durable."""
        self._read(world)
        found: list[Breach] = []
        for sent in world.sent[self._sent :]:
            if sent.order is None or sent.key in self._known:
                continue
            self._known.add(sent.key)
            late = sent.at_ns > self._tripped_ns + HANDED_NS
            why = self._refuses(world, sent, sent.order) if late else ""
            if why:
                found.append(Breach(self.name, sent.at_ns, f"{sent.order.order_ref}: {why}"))
        self._sent = len(world.sent)
        return found

    def _refuses(self, world: World, sent: Sent, order: Order) -> str:
        intent = self._intents.get(order.order_ref)
        if intent is None:
            return ""  # the intent's own checker says so
        return self._switch.refuses(
            account=world.account,
            symbol=intent.symbol,
            strategy=intent.strategy,
            reduces=intent.reduces or sent.reduces or bool(intent.parent_ref),
        )


class KillCancels(_SwitchRead):
    """I5': 5 calm seconds after a kill that cancels, no order that adds works any more."""

    name = "I5' a kill cancels"
    reads = ALWAYS

    def __init__(self) -> None:
        super().__init__()
        self._told: set[str] = set()

    def check(self, world: World) -> list[Breach]:
        """Look at the orders that work, if it is time."""
        self._read(world)
        calm_ns = world.calm_ns
        if not self._switch.trips or calm_ns is None:
            return []
        if world.now_ns < max(calm_ns, self._tripped_ns) + CANCEL_WITHIN_S * S:
            return []
        return [Breach(self.name, world.now_ns, f"{ref} still works") for ref in self._late(world)]

    def _late(self, world: World) -> list[str]:
        late = []
        for working in list(world.venue.live.values()):
            intent = self._intents.get(working.order.order_ref)
            if intent is None or intent.reduces or intent.parent_ref or intent.ref in self._told:
                continue
            level = self._switch.level(
                account=world.account, symbol=intent.symbol, strategy=intent.strategy
            )
            if level >= Level.REDUCE:
                self._told.add(intent.ref)
                late.append(intent.ref)
        return late


class NoIntentBeforeReconciled:
    """I8: no intent is made in a session and generation that was not compared with the broker."""

    name = "I8 no intent before reconciled"
    reads = of(rec.OrderIntended)

    def __init__(self) -> None:
        self._log = 0
        self._agreed = 0

    def check(self, world: World) -> list[Breach]:
        """Look at the records since."""
        found: list[Breach] = []
        for _, record in world.log[self._log :]:
            if isinstance(record, rec.SessionBegan):
                self._agreed = 0
            elif isinstance(record, rec.Reconciled):
                self._agreed = record.generation
            elif (
                isinstance(record, rec.OrderIntended)
                and record.order_type  # one that was adopted has none
                and record.generation != self._agreed
            ):
                text = f"{record.ref} of {record.generation}, compared {self._agreed or 'never'}"
                found.append(Breach(self.name, world.now_ns, text))
        self._log = len(world.log)
        return found


class DenseLog:
    """I9 and W7: the numbers of the records have no hole and none twice."""

    name = "I9 dense journal"
    reads = RECORDS

    def __init__(self) -> None:
        self._log = 0
        self._last = 0

    def check(self, world: World) -> list[Breach]:
        """Look at the numbers since."""
        found: list[Breach] = []
        for seq, _ in world.log[self._log :]:
            if self._last and seq != self._last + 1:
                found.append(Breach(self.name, world.now_ns, f"{seq} follows {self._last}"))
            self._last = seq
        self._log = len(world.log)
        return found


class SentOnlyWhenReady:
    """W3: no order is sent while the link is not READY. W4: the client's number never changes."""

    name = "W3 sent only when ready, W4 one client"
    reads = SENT

    def __init__(self) -> None:
        self._sent = 0

    def check(self, world: World) -> list[Breach]:
        """Look at what left us since."""
        found: list[Breach] = []
        for sent in world.sent[self._sent :]:
            if sent.order is not None and not sent.ready:
                text = f"{sent.order.order_ref} left in generation {sent.generation}, not ready"
                found.append(Breach(self.name, sent.at_ns, text))
            if sent.key.client_id != world.client_id:
                text = f"{sent.key} is not of client {world.client_id}"
                found.append(Breach(self.name, sent.at_ns, text))
        self._sent = len(world.sent)
        return found


class NoMoreThanIntended:
    """W1: what the venue executes for an intent is never more than the intended quantity."""

    name = "W1 no more than intended"
    reads = EXECUTIONS

    def __init__(self) -> None:
        self._at = self._log = 0
        self._intents: dict[str, Decimal] = {}
        self._newest: dict[str, tuple[str, Decimal]] = {}
        self._filled: dict[str, Decimal] = {}

    def check(self, world: World) -> list[Breach]:
        """Look at the executions since."""
        for _, record in world.log[self._log :]:
            if isinstance(record, rec.OrderIntended):
                self._intents[record.ref] = record.qty
        self._log = len(world.log)
        found: list[Breach] = []
        for each in world.executions[self._at :]:
            if not is_ours(each.order_ref):
                continue
            filled, ref = self._add(each.exec_id, each.order_ref, each.qty), each.order_ref
            if filled > self._intents.get(ref, ZERO):
                text = f"{ref}: {filled} done of {self._intents.get(ref, ZERO)}"
                found.append(Breach(self.name, each.time_ns, text))
        self._at = len(world.executions)
        return found

    def _add(self, exec_id: str, ref: str, qty: Decimal) -> Decimal:
        family = exec_id.rpartition(".")[0]
        before = self._newest.get(family, ("", ZERO))[1]
        self._newest[family] = (exec_id, qty)
        self._filled[ref] = self._filled.get(ref, ZERO) + qty - before
        return self._filled[ref]


class SendsInTime:
    """W8: no second has more requests than the limit (orders and cancels; 0: not looked at)."""

    name = "W8 rate limit"
    reads = SENT

    def __init__(self, per_s: int = 0) -> None:
        self._per_s = per_s
        self._sent = 0

    def check(self, world: World) -> list[Breach]:
        """Look at what left us since, each with as many before it as a second may have."""
        found: list[Breach] = []
        if self._per_s:
            for index in range(max(self._sent, self._per_s), len(world.sent)):
                first, last = world.sent[index - self._per_s], world.sent[index]
                if last.at_ns - first.at_ns < S:
                    text = f"more than {self._per_s} requests in a second"
                    found.append(Breach(self.name, last.at_ns, text))
        self._sent = len(world.sent)
        return found


def watching(*, sends_per_s: int = 0) -> list[Watcher]:
    """Return new checkers of what holds after every event."""
    return [
        OneOrderPerRef(),
        IntentBeforeOrder(),
        AsIntended(),
        ExposureWithinLimits(),
        NoEntryAfterKill(),
        KillCancels(),
        NoIntentBeforeReconciled(),
        DenseLog(),
        SentOnlyWhenReady(),
        NoMoreThanIntended(),
        SendsInTime(sends_per_s),
        OnlyFaultsCrash(),
        LegsComeFirst(),
        StopsRatchet(),
        SentOnAgreement(),
        NothingInDoubt(),
        Emergency(),
    ]


def resting(lapsed: Lapsed | None = None, *, patient: bool = False) -> list[Checker]:
    """Return new checkers of what holds once faults have stopped and time has passed.

    ``lapsed``: what nobody could tell our process; ``patient``: as of ``StillTrades``.
    """
    return [
        BackToReady(),
        FillsAgree(lapsed),
        BooksAgree(),
        AccountAgrees(),
        CashAgrees(lapsed),
        ReplayAgrees(),
        NothingOwed(),
        StillTrades(patient=patient),
        StrategiesKnow(),
    ]
