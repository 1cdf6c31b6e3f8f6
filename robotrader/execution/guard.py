"""Keeps every position and its working stops equal, whatever happened (F74, F76).

It looks at a contract after each change, and at all of them once broker and journal agree: so what
a restart finds at the broker is adopted as it is. Stops that would close more than is held are made
smaller or end; one that is missing is asked for, by the way of every order, with the price of the
newest that there was. An exit waits until the stops have given its shares back: both together never
close more than is held, so a position never flips.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from robotrader.domain import Intent, LinkState, OrderType, Purpose, Side, TimeInForce
from robotrader.domain.records import ZERO
from robotrader.execution.asking import Asks
from robotrader.execution.closing import Closing, side_of
from robotrader.execution.cover import Closer, Cover, assess, closing
from robotrader.execution.desk import Plan, together
from robotrader.execution.doubt import Doubts
from robotrader.execution.effects import Alert, Declined, Effect, Level, Wake
from robotrader.execution.ratchet import begins, ratchets
from robotrader.execution.tracked import SIGNS

if TYPE_CHECKING:
    from decimal import Decimal

    from robotrader.domain import Approved, Refusal, StopWish
    from robotrader.execution.desk import Desk
    from robotrader.execution.placing import Placing

_UNSETTLED: Final = "a cancel or a change of its stops was not answered in time"


@dataclass(frozen=True, slots=True)
class _Waiting:
    """An exit that waits for stops to give way, at most until then."""

    approved: Approved
    until_ns: int


class Guard:
    """See the module's prose. Every method returns a plan."""

    def __init__(self, desk: Desk, placing: Placing) -> None:
        self._desk, self._placing, self._there = desk, placing, Closing(desk)
        self._changed: dict[int, None] = {}
        self._exits: dict[int, list[_Waiting]] = {}
        self._over_since: dict[int, int] = {}
        self._armed: dict[int, int] = {}
        self._link: tuple[LinkState | None, int, int] = (None, 0, 0)
        self._doubts, self._asks = Doubts(desk), Asks(desk)

    # -- what is told --

    @property
    def waiting(self) -> tuple[Approved, ...]:
        """The exits that wait for stops to give way."""
        return tuple(each.approved for exits in self._exits.values() for each in exits)

    def touch(self, con_id: int) -> None:
        """Look at a contract when nothing else is to be done."""
        self._changed[con_id] = None

    def rang(self, con_id: int) -> Plan:
        """A timer of this guard's is due."""
        self._armed.pop(con_id, None)
        self.touch(con_id)
        return Plan()

    def gate_moved(self, con_id: int | None = None) -> None:
        """What the gate has refused in a contract, or in all, it may see otherwise now."""
        for each in self._asks.anew(con_id):
            self.touch(each)

    def refused(self, refusal: Refusal, _now_ns: int) -> Plan:
        """Take it that the gate does not let a stop pass that was asked for."""
        return Plan(effects=self._asks.refused(refusal))

    def submit(self, approved: Approved, now_ns: int) -> Plan:
        """Place an approved intent; an exit only once the stops have given way."""
        intent = approved.intent
        if self._asks.of(intent.con_id):
            self.gate_moved(intent.con_id)
        if not approved.reduces or not self._desk.ready:
            return self._placing.submit(approved, now_ns)
        waiting = self._exits.get(intent.con_id, [])
        if any(each.approved.reservation == approved.reservation for each in waiting):
            text = f"reservation {approved.reservation} was submitted twice: waits once"
            return Plan(effects=[Alert(Level.WARNING, "submitted_twice", text)])
        self.touch(intent.con_id)
        if intent.purpose is Purpose.STOP:
            return self._stop(approved, now_ns)
        if not self._wanted(intent) and intent.con_id in self._desk.book.halted:
            why = f"{intent.symbol} is halted, and the broker has none to close: a person adopts it"
            return Plan(effects=[Declined(approved, "halted", why)])
        if not waiting and (plan := self._exit(approved, now_ns)):
            return plan
        until_ns = now_ns + self._desk.times.exit_ns
        self._exits.setdefault(intent.con_id, []).append(_Waiting(approved, until_ns))
        return Plan(effects=self._arm(intent.con_id, until_ns))

    def _stop(self, approved: Approved, now_ns: int) -> Plan:
        """A stop is placed only if it is still missing."""
        intent = approved.intent
        cover = self._cover(intent.con_id)
        missing = cover.missing.get(intent.strategy, ZERO)
        if intent.qty > missing:
            why = f"{missing} of {intent.symbol} lack a stop, not {intent.qty}"
            return Plan(effects=[Declined(approved, "covered", why)])
        unfit = self._unfit(intent.con_id, intent.strategy, intent.qty, cover)
        if unfit:
            why = f"{len(unfit)} orders of {intent.symbol} work to take profit: they give way first"
            return Plan(effects=[Declined(approved, "covered", why)])
        lonely = self._lonely(intent.con_id, intent.strategy)
        group = self._desk.book.orders[lonely[0].ref].intent.oca_group if lonely else ""
        return self._placing.submit(approved, now_ns, oca_group=group)

    def _lonely(self, con_id: int, strategy: str) -> list[Closer]:
        """Return the legs that take a profit and whose stop has gone."""
        closers = self._there.closers(con_id)
        mine = [each for each in closers if each.strategy == strategy and each.most]
        stopped = {each.group for each in mine if each.protects}
        return [each for each in mine if each.group not in stopped]

    def _unfit(
        self, con_id: int, strategy: str, qty: Decimal, cover: Cover
    ) -> list[tuple[Closer, Decimal]]:
        """Return what has to give way before a stop for so many shares, and what is left of it.

        A stop can join a leg that is as large as it; a stop matters more than a profit.
        """
        lonely = self._lonely(con_id, strategy)
        if len(lonely) > 1 or any(each.most != qty for each in lonely):
            return [(each, ZERO) for each in lonely]
        mine = (each for each in self._there.closers(con_id) if each.strategy == strategy)
        left = cover.uneven
        return [
            (each, left[each.group]) for each in mine if each.most > left.get(each.group, each.most)
        ]

    def move(self, wish: StopWish, now_ns: int) -> Plan:
        """Move stops to a nearer trigger: a stop only ever ratchets (F75)."""
        mine = [
            each
            for each in self._there.orders(wish.con_id)
            if each.protective
            and each.intent.strategy == wish.strategy
            and each.intent.order_type == OrderType.STOP
        ]
        moved = [each for each in mine if ratchets(each, wish.trigger)]
        if not moved:
            text = f"{wish.strategy} has no stop further away than {wish.trigger}: none is moved"
            return Plan(effects=[Alert(Level.INFO, "stop_stays", text)])
        return together(
            [self._placing.modify(each.ref, each.qty, None, wish.trigger, now_ns) for each in moved]
        )

    def next(self, now_ns: int) -> Plan | None:
        """Return what a changed contract needs, None if none has changed."""
        desk = self._desk
        link, generation, agreed = self._link
        if desk.link is not link or desk.agreed != agreed or desk.generation != generation:
            self._link = (desk.link, desk.generation, desk.agreed)
            open_ids = (each.intent.con_id for each in desk.book.open.values())
            held = (con_id for _, con_id in desk.book.positions)
            self._changed |= dict.fromkeys((*open_ids, *held, *self._exits))
        if self._doubts.judged != desk.judged:
            self._changed |= self._doubts.heard()
        if not self._changed:
            return None
        con_id = next(iter(self._changed))
        del self._changed[con_id]
        return self._look(con_id, now_ns)

    # -- what there is --

    def _cover(self, con_id: int) -> Cover:
        exits = self._there.exiting(con_id)
        for each in self._exits.get(con_id, ()):
            intent = each.approved.intent
            exits[intent.strategy] = exits.get(intent.strategy, ZERO) + self._wanted(intent)
        book = self._desk.book
        holdings = {name: qty for (name, _), qty in book.holdings.of(con_id).items()}
        return assess(self._there.position(con_id), holdings, exits, self._there.closers(con_id))

    def _fits(self, approved: Approved) -> bool:
        """Whether an exit can work beside the stops as they are."""
        intent = approved.intent
        stops = closing(self._there.closers(intent.con_id), intent.side.sign)
        return not stops or self._wanted(intent) + stops <= self._closable(intent)

    def _wanted(self, intent: Intent) -> Decimal:
        """Return how much of an exit is placed: where books differ, what both still have."""
        halted = intent.con_id in self._desk.book.halted
        return min(intent.qty, max(self._closable(intent), ZERO)) if halted else intent.qty

    def _closable(self, intent: Intent) -> Decimal:
        open_ = -self._there.position(intent.con_id) * intent.side.sign
        if open_ <= 0:
            return ZERO
        return open_ - sum(self._there.exiting(intent.con_id).values(), ZERO)

    # -- what has to be done --

    def _look(self, con_id: int, now_ns: int) -> Plan:
        waiting = self._exits.get(con_id)
        if not self._desk.ready:
            return self._not_ready(con_id, now_ns)
        if waiting:
            plan = self._release(waiting[0], now_ns)
            if plan is not None:
                self._pop(con_id)
                return plan
        if not waiting and self._there.is_plain(con_id, self._asked):
            self._doubts.forget(con_id, ())
            return Plan()  # nothing closes anything here, and nothing should
        torn = self._torn(con_id)
        if torn:
            plans = [self._placing.cancel(ref, "its stop has ended", now_ns) for ref in torn]
            return together(plans)
        cover = self._cover(con_id)
        if cover.cut:
            return self._cut(con_id, cover.cut, now_ns)
        self._over_since.pop(con_id, None)
        return self._ask(con_id, cover, now_ns)

    def _asked(self, con_id: int) -> bool:
        return self._doubts.any or self._asks.of(con_id)

    def _torn(self, con_id: int) -> list[str]:
        """Return the entries that still work although their stop does not.

        A leg that is refused leaves its parent at the broker, where it was never released.
        """
        legs = self._desk.book.legs
        return [
            parent.intent.ref
            for parent in self._desk.book.open.of(con_id).values()
            if parent.intent.ref in legs
            and not parent.cancel
            and any(leg.protective and leg.over for leg in self._there.legs(parent.intent.ref))
        ]

    def _pop(self, con_id: int) -> None:
        self._exits[con_id].pop(0)
        if not self._exits[con_id]:
            del self._exits[con_id]
        self.touch(con_id)

    def _not_ready(self, con_id: int, now_ns: int) -> Plan:
        why = f"the link is {self._desk.link.value} and not reconciled: wait for ready"
        gone = self._exits.pop(con_id, [])
        declined: list[Effect] = [Declined(each.approved, "not_ready", why) for each in gone]
        if self._desk.link is LinkState.READY:  # otherwise its return is the sign to look again
            declined += self._arm(con_id, now_ns + self._desk.times.again_ns)
        return Plan(effects=declined)

    def _release(self, exit_: _Waiting, now_ns: int) -> Plan | None:
        """Place an exit that waited, or say why it becomes no order; None while it waits."""
        plan = self._exit(exit_.approved, now_ns)
        if plan is None and now_ns >= exit_.until_ns:
            return Plan(effects=[Declined(exit_.approved, "stop_holds", _UNSETTLED)])
        return plan

    def _exit(self, approved: Approved, now_ns: int) -> Plan | None:
        """Place an exit, or say that it is closed: the gate may not know of a stop's fill yet."""
        intent = approved.intent
        left, wanted = self._closable(intent), self._wanted(intent)
        if wanted > left or not wanted:
            why = f"{left} of {intent.symbol} are left to close: a stop has filled meanwhile"
            return Plan(effects=[Declined(approved, "closed_already", why)])
        return self._placing.submit(approved, now_ns, most=wanted) if self._fits(approved) else None

    def _cut(self, con_id: int, cut: dict[str, Decimal], now_ns: int) -> Plan:
        """Make stops smaller: at once for an exit, else when the broker has not done it itself."""
        since_ns = self._over_since.setdefault(con_id, now_ns)
        due_ns = since_ns + self._desk.times.settle_ns
        if con_id not in self._exits and now_ns < due_ns:
            return Plan(effects=self._arm(con_id, due_ns))
        closers = self._there.closers(con_id)
        chosen = [each for each in closers if each.group in cut and not each.fixed]
        plans = [
            self._smaller(each, cut[each.group], now_ns)
            for each in chosen
            if each.most > cut[each.group]
        ]
        wake = self._arm(con_id, now_ns + self._desk.times.again_ns)
        return together([*plans, Plan(effects=wake)])

    def _smaller(self, closer: Closer, left: Decimal, now_ns: int) -> Plan:
        """Cut one order; a leg of an entry that still works by ending the entry first."""
        book = self._desk.book
        order = book.orders[closer.ref]
        parent = book.open.get(order.intent.parent_ref)
        if parent is not None:
            return self._placing.cancel(parent.ref, "its position is being closed", now_ns)
        if left <= 0:
            return self._placing.cancel(closer.ref, "nothing is left for it to close", now_ns)
        return self._placing.modify(closer.ref, order.seen + left, None, None, now_ns)

    # -- what is missing --

    def _ask(self, con_id: int, cover: Cover, now_ns: int) -> Plan:
        effects: list[Effect] = []
        missing = cover.missing
        closers = self._there.closers(con_id)
        unsettled = {each.strategy for each in closers if each.fixed}
        profits = {each.strategy for each in closers if each.most and not each.protects}
        self._doubts.forget(con_id, missing)
        self._asks.forget(con_id, missing, now_ns)
        for name, qty in missing.items():
            intent = self._missing(name, con_id, qty, now_ns)
            if intent is None or name in unsettled:
                continue
            until_ns, looks = self._doubts.wait(name, con_id, now_ns, beside=name in profits)
            if until_ns:
                effects += [*looks, *self._arm(con_id, until_ns)]
                continue
            unfit = self._unfit(con_id, name, qty, cover)
            if unfit:
                return together([self._smaller(each, left, now_ns) for each, left in unfit])
            wanted, due_ns = self._asks.ask(intent, now_ns)
            effects += [*wanted, *self._arm(con_id, due_ns)]
        return Plan(effects=effects)

    def _missing(self, name: str, con_id: int, qty: Decimal, now_ns: int) -> Intent | None:
        """Return the wish for a stop like the newest; None where there was none to be like.

        What a halted contract really holds is not known: a new stop could open a position there.
        """
        book = self._desk.book
        last = book.orders.get(book.stops.get((name, con_id), ""))
        sign = -side_of(self._there.position(con_id))
        if last is None or con_id in book.halted or SIGNS[last.intent.side] != sign:
            return None
        return Intent(
            strategy=name,
            con_id=con_id,
            symbol=last.intent.symbol,
            side=Side.BUY if sign > 0 else Side.SELL,
            qty=qty,
            purpose=Purpose.STOP,
            cause=f"stop:{name}:{con_id}:{now_ns}",
            order_type=OrderType(last.intent.order_type),
            limit_price=last.limit_price,
            aux_price=last.aux_price,
            trail_percent=last.intent.trail_percent,
            trail_stop_price=begins(last),
            tif=TimeInForce.GTC,
            outside_rth=last.intent.outside_rth,
            reason="the position lacks its stop",
            decided_ns=now_ns,
        )

    def _arm(self, con_id: int, at_ns: int) -> list[Effect]:
        """Look again at a time, unless that is arranged already."""
        if self._armed.get(con_id, at_ns + 1) <= at_ns:
            return []
        self._armed[con_id] = at_ns
        return [Wake(f"guard:{con_id}", at_ns)]
