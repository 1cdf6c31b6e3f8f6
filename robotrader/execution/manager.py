"""The order manager: orders happen exactly once, however often things crash.

What it believes is the fold of the journal's records, so one input is worked on at a time: while
records are being made durable, further inputs wait. Two things do not wait, because a send looks
at them: the connection's generation and the kill switch.

The protocol (orders.md 4.3): intend, commit, look again, send, and from then on believe only the
broker. An order that is not heard of is in doubt; doubt ends by comparing, never by sending again.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from robotrader.domain import BrokerSnapshot, LinkChanged, LinkState
from robotrader.domain import records as r
from robotrader.execution import kept
from robotrader.execution.adopting import Adopting, Adoption
from robotrader.execution.beginning import BEGIN, HELD, Beginning, check
from robotrader.execution.desk import Desk, Plan, Times
from robotrader.execution.ears import Ears
from robotrader.execution.effects import (
    Alert,
    Declined,
    Effect,
    Level,
    Settled,
    Told,
    Wake,
)
from robotrader.execution.guard import Guard
from robotrader.execution.placing import Placing
from robotrader.execution.rounds import Rounds
from robotrader.execution.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from decimal import Decimal

    from robotrader.domain import Approved, FromBroker, Refusal, StopWish
    from robotrader.execution.effects import OrderView


class OrderManager(Turns):
    """See the module's prose. Every method but ``replay`` returns effects, to be done in order.

    Feed the whole journal to ``replay``, call ``begin``, then forward what comes. An exception is
    a defect or a journal that does not fit: drop the object and start again from the journal.

    Args:
        times: how long to wait for what.
    """

    def __init__(self, times: Times | None = None) -> None:
        desk = Desk(times or Times())
        self._placing = Placing(desk)
        super().__init__(desk, Guard(desk, self._placing))
        self._rounds = Rounds(self._desk, self._placing)
        self._adopting = Adopting(self._desk, self._rounds)
        self._ears = Ears(self._desk, self._placing, self._rounds)
        self._beginning = Beginning(self._desk.times)
        self._heard: dict[type, Callable[[Any, int], Plan]] = {
            **self._ears.by_kind(),
            BrokerSnapshot: self._rounds.answered,
        }

    # -- what it believes --

    @property
    def ready(self) -> bool:
        """Whether an order may be sent now."""
        return self._desk.ready

    def number(self) -> int:
        """Return an order id that no order has or gets; raises OrderError if none is left."""
        return self._desk.book.identities.next()[1]

    @property
    def generation(self) -> int:
        """The connection that is current."""
        return self._desk.generation

    def orders(self, *, ended: bool = False) -> list[OrderView]:
        """Return every order that is open or of which fills are awaited; or all, ``ended`` too."""
        book = self._desk.book
        return [
            each.view() for each in book.orders.values() if ended or not each.over or each.reserved
        ]

    def positions(self) -> dict[int, Decimal]:
        """Return the account's shares of each contract that it has had, by the journal."""
        book = self._desk.book
        return {con: qty for (name, con), qty in book.positions.items() if name == book.account}

    def order(self, ref: str) -> OrderView | None:
        """Return an order by its reference."""
        order = self._desk.book.orders.get(ref)
        return order.view() if order else None

    def position(self, con_id: int) -> Decimal:
        """Return the account's shares of a contract, by the fills in the journal."""
        book = self._desk.book
        return book.positions.get((book.account, con_id), r.ZERO)

    def durable(self) -> dict[str, object]:
        """Return everything that a replay of the journal must give back."""
        return self._desk.book.durable()

    @property
    def halted(self) -> frozenset[int]:
        """The contracts in which only reductions may be traded."""
        return frozenset(self._desk.book.halted)

    @property
    def counts(self) -> dict[str, int]:
        """How often something was left out: each is a number to watch."""
        return {
            "dropped_reports": self._ears.dropped,
            "repeated_fills": self._ears.repeated,
            "stale_snapshots": self._rounds.stale,
            "stale_answers": self.stale_answers,
            "ignored_records": self._desk.book.ignored,
        }

    # -- the journal --

    def restore(self, state: kept.BookState) -> None:
        """Begin with a snapshot; the records behind it follow by ``replay``."""
        kept.restore(self._desk.book, state)

    @property
    def epoch(self) -> int:
        """The epoch of the journal's newest session; 0 before the first."""
        return self._desk.book.epoch

    def replay(self, record: r.Record) -> None:
        """Take in a record that is durable: at the start, and those that others commit."""
        self._desk.book.apply(record)
        if isinstance(record, r.PositionAdopted | r.SymbolResumed):
            self._guard.touch(record.con_id)

    def begin(
        self,
        epoch: int,
        account: str,
        client_id: int,
        now_ns: int,
        *,
        config_hash: str = "",
        build: str = "",
    ) -> list[Effect]:
        """Begin a session, in an epoch that no process had before.

        Raises:
            OrderError: the epoch or the account is not what the journal says it must be.
        """
        check(self._desk.book, epoch, account)
        record = r.SessionBegan(
            epoch=epoch, account=account, client_id=client_id, config_hash=config_hash, build=build
        )
        return self._take(lambda _: Plan(records=[record], then=self._began), now_ns)

    def _began(self, now_ns: int) -> Plan:
        told: list[Effect] = [Told(each) for each in self.orders()]
        return Plan(effects=[*told, *self._rounds.want(now_ns)])

    def commit_failed(self, token: int, why: str, now_ns: int) -> list[Effect]:
        """The records of a ``Commit`` are not durable, none of them: nothing became true.

        What came from the broker is there still: comparing with it finds it again.
        """
        if self._flight is None or self._flight[0] != token:
            self.stale_answers += 1
            return []
        plan, self._flight = self._flight[1], None
        if any(isinstance(record, r.SessionBegan) for record in plan.records):
            self._flight = (HELD, plan)
            return self._beginning.refused(why, now_ns)
        out: list[Effect] = plan.failed(why) if plan.failed else []
        if not plan.entering:
            text = f"{len(plan.records)} records were not kept: {why}; compared again soon"
            out.append(Alert(Level.CRITICAL, "journal", text))
            self._desk.agreed = -1
            self._rounds.restart()
            out.append(Wake("ask", now_ns + self._desk.times.again_ns))
        return self._pump(now_ns, out)

    # -- what comes in --

    def submit(self, approved: Approved, now_ns: int) -> list[Effect]:
        """Make an order, or a bracket, of an approved intent."""
        if len(self._waiting) * 2 >= self._desk.times.most_waiting:
            why = f"{len(self._waiting)} inputs wait for the journal: slow down"
            return [Declined(approved, "busy", why)]
        return self._hand(self._guard.submit, approved, now_ns)

    def refused(self, refusal: Refusal, now_ns: int) -> list[Effect]:
        """Take it that the gate refuses a stop that was ``Wanted``; others are no concern here."""
        return self._take(partial(self._guard.refused, refusal), now_ns)

    def settle(self, gate: int, now_ns: int) -> list[Effect]:
        """Answer ``Settled`` once all that was submitted before is recorded or declined."""
        self._guard.gate_moved()
        return self._take(lambda _: Plan(effects=[Settled(gate, self._guard.waiting)]), now_ns)

    def modify(
        self,
        ref: str,
        now_ns: int,
        *,
        qty: Decimal,
        limit_price: Decimal | None = None,
        aux_price: Decimal | None = None,
    ) -> list[Effect]:
        """Change a working order: to fewer shares, or to other prices."""
        change = partial(self._placing.modify, ref, qty, limit_price, aux_price)
        return self._take(change, now_ns)

    def cancel(self, ref: str, reason: str, now_ns: int) -> list[Effect]:
        """Cancel an order."""
        return self._take(partial(self._placing.cancel, ref, reason), now_ns)

    def move_stops(self, wish: StopWish, now_ns: int) -> list[Effect]:
        """Move a strategy's stops nearer to the market; further away is refused."""
        return self._take(partial(self._guard.move, wish), now_ns)

    def adopt(self, number: int, wish: Adoption, now_ns: int) -> list[Effect]:
        """Accept the broker's position; ``AdoptionEnded`` answers, once that is durable."""
        return self._take(partial(self._adopting.ask, number, wish), now_ns)

    def cancel_all(self, now_ns: int, scope: str = "all") -> list[Effect]:
        """Cancel every open order in a scope but the stops that protect a position."""
        return self._take(partial(self._placing.cancel_all, scope), now_ns)

    def on_switch(self, blocked: Mapping[str, str], now_ns: int) -> list[Effect]:
        """Take the kill switch's word, at once: its level by scope, empty if it is off."""
        if self._desk.block(blocked):
            cancel = partial(self._placing.resume_cancels, reason="the kill switch")
            return self._take(cancel, now_ns)
        return self._pump(now_ns, [])

    def on_broker(self, event: FromBroker, now_ns: int) -> list[Effect]:
        """Take in what the gateway says."""
        if type(event) is LinkChanged:
            if event.generation < self._desk.generation:
                return []
            self._relink(event)
        return self._hand(self._hear, event, now_ns)

    def awaits(self, token: str) -> bool:
        """Whether something is to be done if a timer rings: not for an order that was answered."""
        kind, _, what = token.partition(":")
        order = self._desk.book.open.get(what)
        return kind != "ack" or (order is not None and not order.acked)

    def wake(self, token: str, now_ns: int) -> list[Effect]:
        """A timer rang. One that nobody waits for changes nothing."""
        if token == BEGIN and self._flight is not None and self._flight[0] == HELD:
            out: list[Effect] = []
            self._start(self._flight[1], now_ns, out)
            return out
        return self._take(partial(self._woken, token), now_ns)

    # -- how --

    def _relink(self, change: LinkChanged) -> None:
        """Nothing is sent on a connection that ended, not even what is being committed."""
        desk = self._desk
        desk.turn += 1
        if change.generation != desk.generation or change.state is not LinkState.READY:
            desk.agreed = -1
        desk.generation, desk.link = change.generation, change.state

    def _hear(self, event: FromBroker, now_ns: int) -> Plan:
        if type(event) is BrokerSnapshot and self._adopting.waits:  # after its fills and orders
            self._waiting.appendleft(partial(self._adopting.look, event))
        return self._heard[type(event)](event, now_ns)

    def _woken(self, token: str, now_ns: int) -> Plan:
        kind, what, due = (*token.split(":"), "", "")[:3]
        order = self._desk.book.open.get(what)
        if kind in {"guard", "adopt"}:
            guards, number = kind == "guard", int(what)
            return self._guard.rang(number) if guards else self._adopting.rang(number, now_ns)
        if kind == "round":
            return self._rounds.due(what, now_ns)
        if kind == "snapshot":
            return self._rounds.late(int(what), now_ns)
        if kind == "ask" or (kind == "modify" and order and order.modify):
            return Plan(effects=self._rounds.want(now_ns))
        if kind == "ack" and order and not order.acked:
            return self._rounds.unanswered(order, now_ns)
        if kind == "fills" and (ended := self._desk.book.orders.get(what)) and ended.reserved:
            return Plan(effects=self._rounds.want(now_ns))
        if kind == "cancel" and order and order.cancel:
            late = now_ns >= order.cancel_due_ns
            plan = self._placing.cancel_again(order, due, now_ns)
            plan.effects += self._rounds.want(now_ns) if late else []
            return plan
        return Plan()
