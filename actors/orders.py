"""The order manager's actor: carries out what ``robotrader.execution.OrderManager`` decides.

It lives on the broker's loop, next to the gateway and the risk gate, so that an approved intent
reaches the socket without a change of thread, but for the journal's commit in between. At its start
it folds the journal; until then what it is told waits in its mailbox. After a crash it does so
again, under a new epoch, and compares with the broker before anything is sent.
"""

from __future__ import annotations

import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import msgspec

from actors.following import Following
from actors.order_answers import samples, sides, trading
from actors.say import (
    AskMeters,
    AskOrders,
    AskSettled,
    AskSides,
    AskTrading,
    CancelAll,
    Commit,
    Committed,
    NotCommitted,
    Raised,
    Reconcile,
    Recorded,
    Replayed,
    Restored,
    SwitchChanged,
    tell,
    unknown,
)
from actors.steady import Steady
from robotrader.domain import (
    Approved,
    AskLink,
    AskMargin,
    AskSnapshot,
    BrokerSnapshot,
    CancelOrder,
    CancelWish,
    CommissionReport,
    ExecutionReport,
    LinkChanged,
    MarginSaid,
    OrderFailed,
    OrderReport,
    PlaceOrder,
    Refusal,
    StopWish,
)
from robotrader.domain import records as rec
from robotrader.execution import Adoption
from robotrader.execution import effects as do
from robotrader.execution.desk import Times
from robotrader.execution.manager import OrderManager
from robotrader.meters import OrderMeters
from robotrader.recovery import BOOK
from supervision import DEFERRED, Actor, MailboxSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from actors.say import Address

_NS: Final = 1_000_000_000
_ZERO: Final = Decimal(0)
_LEAST_S: Final = 0.001
"""Whoever is woken too early waits again: not in circles while a slewed clock stands still."""

HANDED_NS: Final = 250_000_000
"""How long an order that adds may wait for the gateway's actor, which does nothing else for longer
than a few milliseconds unless it hangs: the switch may have tripped meanwhile."""

_FROM_BROKER: Final = (
    LinkChanged, OrderReport, OrderFailed, ExecutionReport, CommissionReport, BrokerSnapshot,
)  # fmt: skip
_OWN: Final = (
    rec.SessionBegan, rec.OrderIntended, rec.ModifyIntended, rec.CancelIntended, rec.OrderAcked,
    rec.FillBooked, rec.FillCorrected, rec.CommissionBooked, rec.OrderDone, rec.Reconciled,
    rec.ExternalOrderSeen, rec.SymbolHalted,
)  # fmt: skip
"""Records that the manager applies itself, at their commit; all others come from the journal."""

_OTHERS: Final = tuple(
    kind for kind in rec.TYPE_IDS.values() if kind not in {*_OWN, rec.StrategySaved}
)

_INTENTS: Final = {rec.OrderIntended}
_REST: Final = object()
"""To itself: what was sent has left, now the rest."""


class _Wake:
    """To itself: a timer of the manager's is due."""

    __slots__ = ("token",)

    def __init__(self, token: str) -> None:
        self.token = token


class Orders(Actor):
    """See the module's prose.

    Args:
        account: whose orders they are.
        client_id: under which number they are placed.
        journal, gateway, risk, alerts: addresses by role.
        told: who hears of the connection and of what the broker knows.
        durable: whether an intent waits for the disk before it is sent.
        config_hash, build: what the session ran with, for the journal.
        now_ns: the time of day.
        pace: how many seconds of it a second takes; only simulated days have another than 1.
    """

    runtime = "broker"
    mailbox = MailboxSpec(capacity=100_000)
    hang_policy = "exit"
    gives_way = True

    def __init__(
        self,
        *,
        account: str,
        client_id: int,
        journal: Address,
        gateway: Address,
        risk: Address,
        alerts: Address,
        told: Sequence[Address] = (),
        durable: bool = True,
        config_hash: str = "",
        build: str = "",
        now_ns: Callable[[], int] = time.time_ns,
        pace: float = 1.0,
    ) -> None:
        super().__init__()
        self.manager = OrderManager(Times().at_pace(pace))
        self._meters = OrderMeters()
        self._asked = 0
        self._adoptions: dict[int, Any] = {}
        self._writing: dict[int, tuple[rec.Record, ...]] = {}
        self._session = (account, client_id)
        self._provenance = {"config_hash": config_hash, "build": build}
        self._journal, self._gateway, self._risk = journal, gateway, risk
        self._told, self._alerts = tuple(told), alerts
        self._durable = durable
        self._now_ns: Callable[[], int] = now_ns
        self._pace = pace
        self._following, self._epoch = Following(self, journal), 0
        self._rest: tuple[list[do.Effect], int, Sequence[rec.Record]] | None = None
        """What follows what was sent, when that was, and what is not counted yet of it."""

        self._answering: dict[type, Callable[[Any], Any]] = {
            Replayed: self._replay,
            Restored: self._restore,
            AskOrders: lambda ask: tuple(self.manager.orders(ended=ask.ended)),
            AskSides: lambda _: sides(self.manager, self._compared),
            AskTrading: lambda _: trading(self.manager, self._epoch + 1, self._link, self._values),
            AskMeters: lambda _: samples(self.manager, self._meters),
            Adoption: self._adopt,
        }
        self._link: LinkChanged | None = None
        self._values: BrokerSnapshot | None = None
        self._compared: BrokerSnapshot | None = None

    def on_start(self) -> Any:
        """Ask for the journal; the start is over when it was folded."""
        self._now_ns = Steady(self._now_ns, self._cell.system.now_ns, self._pace)
        self._own = self.incarnation  # making one spells out where it is in the tree
        return self._following.begin((BOOK.name,), _OTHERS)

    def on_receive(self, message: Any) -> Any:
        """Fold the past, then serve the present."""
        if self._rest is not None:
            self._finish()
        answer = self._answering.get(type(message))
        if answer is not None:
            return answer(message)
        self._serve(message)
        return None

    def _restore(self, message: Restored) -> None:
        state = message.base.part(BOOK)
        if state is not None:
            self.manager.restore(state)

    def _replay(self, message: Replayed) -> None:
        for _, record in message.records:
            self.manager.replay(record)
        if message.last:
            self._epoch = self.manager.epoch
            self._begin()

    def _begin(self) -> None:
        (account, client_id), now_ns = self._session, self._now_ns()
        effects = self.manager.begin(
            self._epoch + 1, account, client_id, now_ns, **self._provenance
        )
        self._following.told()
        tell(self._gateway, AskLink())
        self._do(effects, now_ns)

    def _symbol_of(self, ref: str) -> str:
        order = self.manager.order(ref)
        return "" if order is None else order.symbol

    def _serve(self, message: Any) -> None:
        now_ns = self._now_ns()
        manager = self.manager
        if isinstance(message, Approved):
            self._meters.approved(message, now_ns)
            self._do(manager.submit(message, now_ns), now_ns)
        elif isinstance(message, Committed):
            self._believe(message.token, now_ns)
            self._count(message)
        elif isinstance(message, _FROM_BROKER):
            if isinstance(message, OrderReport | OrderFailed):
                self._meters.shown(message.order_id, now_ns)
            self._do(manager.on_broker(message, now_ns), now_ns)
            if isinstance(message, LinkChanged):
                self._link = message
            if isinstance(message, BrokerSnapshot):
                self._keep(message)
            if isinstance(message, LinkChanged | BrokerSnapshot):
                for who in self._told:
                    tell(who, message)
        elif isinstance(message, NotCommitted):
            self._writing.pop(message.token, None)
            self._do(manager.commit_failed(message.token, message.why, now_ns), now_ns)
        elif isinstance(message, _Wake):
            self._do(manager.wake(message.token, now_ns), now_ns)
        elif isinstance(message, Recorded):
            self._follow(message)
        elif message is _REST:
            pass  # every message has it done first
        else:
            self._command(message, now_ns)

    def _keep(self, snapshot: BrokerSnapshot) -> None:
        """Keep for who asks what works and what is held: of what is over there is a day's worth."""
        kept = msgspec.structs.replace(snapshot, completed=(), executions=(), commissions=())
        self._values = kept if snapshot.values else self._values
        self._compared = self._compared if snapshot.missing else kept

    def _command(self, message: Any, now_ns: int) -> None:
        manager = self.manager
        if isinstance(message, SwitchChanged):
            blocked = {trip.scope: str(trip.level) for trip in message.switch.trips}
            self._do(manager.on_switch(blocked, now_ns), now_ns)
        elif isinstance(message, Refusal):
            self._do(manager.refused(message, now_ns), now_ns)
        elif isinstance(message, CancelWish):
            self._do(manager.cancel(message.ref, message.cause, now_ns), now_ns)
        elif isinstance(message, StopWish):
            self._do(manager.move_stops(message, now_ns), now_ns)
        elif isinstance(message, CancelAll):
            self._do(manager.cancel_all(now_ns, message.scope), now_ns)
        elif isinstance(message, AskLink):
            tell(self._gateway, message)
            for view in manager.orders():
                tell(self._risk, do.Told(view))
        elif isinstance(message, AskMargin):
            self._ask_margin(message)
        elif isinstance(message, MarginSaid):
            tell(self._risk, message)
        elif isinstance(message, AskSettled):
            self._do(manager.settle(message.gate, now_ns), now_ns)
        elif isinstance(message, Reconcile):
            self._do(manager.wake("ask", now_ns), now_ns)
        else:
            raise unknown(self, message)

    def _adopt(self, wish: Adoption) -> Any:
        """Accept the broker's position; the answer is why not, empty once it is durable."""
        self._asked += 1
        self._adoptions[self._asked] = self.reply_later()
        now_ns = self._now_ns()
        self._do(self.manager.adopt(self._asked, wish, now_ns), now_ns)
        return DEFERRED

    def _ask_margin(self, ask: AskMargin) -> None:
        """Have the broker asked, under a number that no order gets."""
        if self.manager.ready:
            tell(self._gateway, msgspec.structs.replace(ask, order_id=self.manager.number()))
        else:
            why = "orders cannot be sent now"
            tell(self._risk, MarginSaid(ask.request, _ZERO, _ZERO, _ZERO, why))

    def _follow(self, message: Recorded) -> None:
        """Take in what others had recorded: no other records are told here while it lives."""
        for _, record in message.records:
            self.manager.replay(record)

    def _count(self, message: Committed) -> None:
        """Count what was written; a fill that was known already was not."""
        for record, new in zip(self._writing.pop(message.token, ()), message.written, strict=False):
            if new:
                self._meters.recorded(record, self._symbol_of)

    # -- effects --

    def _do(self, effects: Iterable[do.Effect], now_ns: int) -> None:
        waiting = list(effects)
        while waiting:
            effect = waiting.pop(0)
            if isinstance(effect, do.Commit):
                waiting = [*self._commit(effect, now_ns), *waiting]
            else:
                self._carry_out(effect)

    def _commit(self, effect: do.Commit, now_ns: int) -> list[do.Effect]:
        """Have records written; without durability, go on with intents at once.

        What came from the broker is waited for all the same: a reservation is not given back before
        the ledger has the fill.
        """
        records = effect.records
        awaited = self._durable or set(map(type, records)) != _INTENTS
        reply_to = self.actor_ref if awaited else None
        asked = Commit(effect.token, records, reply_to, entering=effect.entering)
        if not tell(self._journal, asked, wakes=awaited):
            return self.manager.commit_failed(effect.token, "no journal", now_ns)
        if awaited:
            self._meters.intended(records)
            self._writing[effect.token] = records
        else:
            self._believe(effect.token, now_ns, records)
        return []

    def _believe(self, token: int, now_ns: int, uncounted: Sequence[rec.Record] = ()) -> None:
        """Send what may be sent now; tell of orders in a turn of its own, behind the gateway's."""
        effects = self.manager.believe(token, now_ns)
        self._rest = (effects, now_ns, uncounted)
        places = False
        for each in effects:
            if isinstance(each, do.Send):
                self._hand(each.command)
                places = places or isinstance(each.command, PlaceOrder)
        if places:
            self._cell.ref.tell(_REST)
        else:
            self._finish()

    def _finish(self) -> None:
        """Do what follows what was sent; before any other message."""
        assert self._rest is not None, "both callers have looked, or just set it"
        (effects, now_ns, uncounted), self._rest = self._rest, None
        if not self._durable:
            self._journal.wake()
        self._meters.intended(uncounted)
        for effect in effects:
            if isinstance(effect, do.Send):
                self._sent(effect.command, now_ns)
            else:
                self._carry_out(effect)
        self._do(self.manager.go_on(now_ns), now_ns)

    def _carry_out(self, effect: do.Effect) -> None:
        match effect:
            case do.Send():
                self._hand(effect.command)
                self._sent(effect.command, self._now_ns())
            case do.Told() | do.Released() | do.Declined() | do.Settled():
                tell(self._risk, effect)
            case do.Wanted():
                tell(self._risk, effect.intent)
            case do.FillTold() | do.Tripped():
                pass  # the journal tells everybody
            case do.Wake():
                left_s = (effect.at_ns - self._now_ns()) / _NS / self._pace
                self.send_after(max(left_s, _LEAST_S) if left_s > 0 else 0.0, _Wake(effect.token))
            case do.AdoptionEnded():
                self._adoptions.pop(effect.number).set(effect.why)
            case do.Alert():
                tell(self._alerts, Raised(effect.level.value, effect.kind, effect.text))

    def _hand(self, command: do.Command) -> None:
        """Hand a command to the gateway; an order only as the incarnation that decided it."""
        if not isinstance(command, AskSnapshot):
            self._own.check()
        if isinstance(command, PlaceOrder) and not command.reduces:
            until_ns = self._cell.system.now_ns() + HANDED_NS
            command = msgspec.structs.replace(command, until_ns=until_ns)
        tell(self._gateway, command)

    def _sent(self, command: do.Command, now_ns: int) -> None:
        if isinstance(command, PlaceOrder):
            self._meters.placed(command, self._symbol_of(command.order.order_ref), now_ns)
        elif isinstance(command, CancelOrder):
            self._meters.cancels += 1
