"""The gate, and what it has to remember from an approval until the journal says how it went on.

Pure: whoever drives it (the risk gate's actor, a backtest) says what the world is, and passes on
what the order manager and the journal tell. An approval counts until its order is written down, a
reservation until the ledger has the fill; so nothing is counted twice, and nothing is forgotten.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from robotrader.domain import Approved, CancelWish, Funds, Intent, OrderState, Refusal
from robotrader.domain.records import SymbolHalted, SymbolResumed
from robotrader.ledger import FOLDED, KEPT, Marks
from robotrader.risk.past import REMEMBERED
from robotrader.risk.switch import budget_of
from robotrader.risk.view import Moved, OpenOrders, WorkingOrder
from robotrader.sizing import funds_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from robotrader.domain import Quote
    from robotrader.domain.records import Record
    from robotrader.execution import OrderView
    from robotrader.execution.effects import Released
    from robotrader.ledger import Ledger, LedgerView
    from robotrader.risk.exposure import Reservation
    from robotrader.risk.gate import Gate
    from robotrader.risk.view import RiskView
    from robotrader.strategies import News, Standings

ZERO: Final = Decimal(0)
_FOLDED: Final = frozenset(FOLDED)
_HALTING: Final = frozenset({SymbolHalted, SymbolResumed})
_NOT_SHOWN: Final = frozenset({OrderState.INTENDED, OrderState.SENT, OrderState.UNKNOWN})


class World(NamedTuple):
    """The account at one moment, the orders that no reservation stands for, and what has moved."""

    ledger: LedgerView
    others: tuple[WorkingOrder, ...]
    moved: Moved


class Keeper:
    """See the module's prose.

    Args:
        gate: judges.
        ledger: the account, as the journal's records say.
        standings: what each strategy has, likewise.
    """

    def __init__(self, gate: Gate, ledger: Ledger, standings: Standings) -> None:
        self.gate, self.ledger, self.standings = gate, ledger, standings
        self.halted: set[int] = set()
        self._open: dict[str, OrderView] = {}
        self._refs: defaultdict[tuple[str, str], dict[str, None]] = defaultdict(dict)
        """The open orders of a strategy and a cause."""

        self._working = OpenOrders()
        self._unseen: dict[str, None] = {}
        """Orders that may be another's now, or another, since the world was looked at."""

        self._judged: set[tuple[str, str]] = set()
        self._early: dict[tuple[str, str], CancelWish] = {}
        """Cancels of what was approved and is no order yet, by strategy and cause."""

        self._given: dict[int, Reservation] = {}
        """They can be held again when a fill is taken back."""

        self._marks = Marks()
        self._seen: LedgerView | None = None
        """The account as it was looked at last; None: a price or a holding in it is new."""

        self._news = self._noticed = False
        """Whether something is new that ``settle`` has not seen, and whether what it saw waits."""

    def restore(self, ledger: Ledger, standings: Standings, halted: Collection[int]) -> None:
        """Begin with a snapshot; the records behind it follow by ``fold``."""
        self.ledger, self.standings, self.halted = ledger, standings, set(halted)
        self._seen, self._news = None, True

    # -- before an order --

    def settle(self, look: Callable[[], RiskView]) -> bool:
        """Take over a little of what is new before somebody wants to order; True: there is more.

        First what is new is found in a view, then each contract is taken over by itself: an intent
        that comes meanwhile waits for one of them, and finds the rest as if nobody had settled
        anything. What is said of an intent does not depend on it.
        """
        if self._noticed:
            self._noticed = self.gate.settle()
        elif self._news:
            self._news, self._noticed = False, True
            self.gate.notice(look())
        return self._news or self._noticed

    def judge(self, intent: Intent, view: RiskView, now_ns: int) -> Approved | tuple[Refusal, News]:
        """Approve an intent, or say why not, and what its strategy has to be told."""
        verdict = self.gate.judge(intent, view, now_ns)
        if isinstance(verdict, Refusal):
            return self._refused(verdict)
        return self._approved(verdict, self.gate.newest)

    def judge_or_ask(
        self, intent: Intent, view: RiskView, now_ns: int
    ) -> Approved | tuple[Refusal, News] | None:
        """Judge; None if nothing is against it but that the broker has not said its margin."""
        verdict = self.gate.judge(intent, view, now_ns, asks=True)
        if verdict is None:
            return None
        if isinstance(verdict, Refusal):
            return self._refused(verdict)
        return self._approved(verdict, self.gate.newest)

    def _refused(self, refusal: Refusal) -> tuple[Refusal, News]:
        intent = refusal.intent
        self._early.pop((intent.strategy, intent.cause), None)
        return refusal, self.standings.declined(intent, f"{refusal.code}: {refusal.why}")

    def _approved(self, approved: Approved, held: Reservation) -> Approved:
        """Take it that from now on a reservation of this gate stands for a strategy's cause."""
        intent = approved.intent
        key = intent.strategy, intent.cause
        self._judged.add(key)
        shown = self._refs.get(key)
        if shown:
            self._unseen.update(shown)
        self._news = True
        self._given[approved.reservation] = held
        if len(self._given) > REMEMBERED:
            del self._given[next(iter(self._given))]
        self.standings.approved(intent)
        return approved

    def hold(self, approved: Approved, reservation: Reservation) -> None:
        """Take over what an earlier gate approved and what is no order yet."""
        self.gate.hold(reservation)
        self._approved(approved, reservation)

    def give_back(self, approved: Approved, why: str) -> News:
        """Take back an approval that became no order; return what its strategy has to be told."""
        intent = approved.intent
        self._release(approved.reservation, intent.qty)
        self._forget((intent.strategy, intent.cause))
        self._early.pop((intent.strategy, intent.cause), None)
        return self.standings.declined(intent, why)

    def _forget(self, key: tuple[str, str]) -> None:
        """Take it that no reservation of this gate stands for a strategy's cause any more."""
        self._judged.discard(key)
        self._unseen.update(self._refs.get(key, {}))

    # -- what orders do --

    def told(self, order: OrderView) -> CancelWish | None:
        """Take it that an order stands differently; return the cancel that came before it."""
        self._news = True
        key = (order.strategy, order.cause)
        own = not (order.parent_ref or order.yields)
        early = self._early.pop(key, None) if own and self._early else None
        self._forget_order(order.ref)
        if order.reserved > 0:
            self._open[order.ref] = order
            self._refs[key][order.ref] = None
            return None if early is None else msgspec.structs.replace(early, ref=order.ref)
        self._open.pop(order.ref, None)
        if not order.parent_ref:
            self._forget(key)
        return None

    def _forget_order(self, ref: str) -> None:
        """Take an order from its strategy's cause; it keeps its place among the open ones."""
        self._unseen[ref] = None
        before = self._open.get(ref)
        if before is not None:
            key = (before.strategy, before.cause)
            del self._refs[key][ref]
            if not self._refs[key]:
                del self._refs[key]

    def released(self, effect: Released) -> None:
        """Hold less; or hold again, where a fill was taken back and the order may go on."""
        if effect.qty >= 0:
            self._release(effect.reservation, effect.qty)
        elif effect.reservation in self._given:
            given = self._given[effect.reservation]
            qty = self.gate.held(given.number) - effect.qty
            self.gate.hold(msgspec.structs.replace(given, qty=qty))

    def _release(self, number: int, qty: Decimal) -> None:
        """Release what is held; a number of an earlier gate's is not."""
        self._news = True
        held = self.gate.held(number)
        if held and qty > 0:
            self.gate.release(number, min(qty, held))

    def others(self, among: Iterable[OrderView] | None = None) -> list[OrderView]:
        """Return the open orders, or those of some, that no reservation of this gate stands for."""
        return [
            each
            for each in (self._open.values() if among is None else among)
            if each.parent_ref or (each.strategy, each.cause) not in self._judged
        ]

    def world(self) -> World:
        """Return what a view of the account is made of."""
        if self._unseen:
            open_now = (self._open[ref] for ref in self._unseen if ref in self._open)
            shown = {each.ref: each for each in self.others(open_now)}
            for ref in self._unseen:
                if ref in shown:
                    self._working.put(WorkingOrder.of(shown[ref]))
                else:
                    self._working.drop(ref)
            self._unseen = {}
        ledger, working = self.account(), self._working
        moved = Moved(*self.ledger.moved, working.mark(), working)
        return World(ledger, working.all(), moved)

    def all_shown(self) -> bool:
        """Say whether the broker has every entry that was approved: its margin counts them."""
        shown = {
            (each.strategy, each.cause)
            for each in self._open.values()
            if each.state not in _NOT_SHOWN and not each.parent_ref
        }
        held = (each for each in self.gate.reserved if not each.reduces)
        return all((each.strategy, each.cause) in shown for each in held)

    def cancels(self, wish: CancelWish, *, waits: bool = False) -> list[CancelWish]:
        """Return a wish for each order that a strategy's own intent became.

        What was approved, or ``waits`` to be judged, and is no order yet, is cancelled once it is
        one (``told``). A strategy's stops and legs are not its to cancel.
        """
        key = (wish.strategy, wish.ref)
        found = [
            msgspec.structs.replace(wish, ref=order.ref)
            for order in self._open.values()
            if (order.strategy, order.cause) == key and not order.yields
        ]
        if not found and (waits or key in self._judged):
            self._early[key] = wish
        return found

    # -- the account --

    def priced(self, quote: Quote) -> None:
        """Take a price: what is held is worth so much from now on."""
        self._news = True
        con_id, mark = quote.con_id, (quote.bid + quote.ask) / 2
        if self._marks.get(con_id) != mark:
            self._marks[con_id] = mark
            if self.ledger.has_traded(con_id):
                self._seen = None

    def account(self) -> LedgerView:
        """Return the account at the prices of now; the last view if nothing in it has changed.

        For who reads it at once: see ``Ledger.now``.
        """
        if self._seen is None:
            self._seen = self.ledger.now(self._marks)
        return self._seen

    def funds(self, strategy: str) -> Funds:
        """Return what a size is made of; of the trades, those of the whole strategy's section."""
        return funds_of(self.account(), self.ledger.closed(budget_of(strategy), KEPT))

    def fold(self, seq: int, record: Record) -> tuple[News, ...]:
        """Take in a record of the journal; return what strategies have to be told."""
        kind = type(record)
        if kind in _FOLDED:
            self.ledger.apply(record)
            self._seen, self._news = None, True
        elif kind in _HALTING:
            if isinstance(record, SymbolHalted):
                self.halted.add(record.con_id)
            elif isinstance(record, SymbolResumed):
                self.halted.discard(record.con_id)
        return self.standings.apply(seq, record)
