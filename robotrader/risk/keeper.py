"""The gate, and what it has to remember from an approval until the journal says how it went on.

Pure: whoever drives it (the risk gate's actor, a backtest) says what the world is, and passes on
what the order manager and the journal tell. An approval counts until its order is written down, a
reservation until the ledger has the fill; so nothing is counted twice, and nothing is forgotten.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

import msgspec

from robotrader.domain import Approved, CancelWish, Funds, Intent, OrderState, Refusal
from robotrader.domain.records import SymbolHalted, SymbolResumed
from robotrader.ledger import FOLDED, KEPT
from robotrader.risk.past import REMEMBERED
from robotrader.risk.switch import budget_of
from robotrader.sizing import funds_of

if TYPE_CHECKING:
    from collections.abc import Collection

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
_NOT_SHOWN: Final = frozenset({OrderState.INTENDED, OrderState.SENT, OrderState.UNKNOWN})


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
        self._judged: set[tuple[str, str]] = set()
        self._given: dict[int, Reservation] = {}
        """They can be held again when a fill is taken back."""

        self._marks: dict[int, float] = {}
        self._seen: LedgerView | None = None
        """The account as it was looked at last; None: a price or a holding in it is new."""

    def restore(self, ledger: Ledger, standings: Standings, halted: Collection[int]) -> None:
        """Begin with a snapshot; the records behind it follow by ``fold``."""
        self.ledger, self.standings, self.halted = ledger, standings, set(halted)
        self._seen = None

    # -- before an order --

    def judge(self, intent: Intent, view: RiskView, now_ns: int) -> Approved | tuple[Refusal, News]:
        """Approve an intent, or say why not, and what its strategy has to be told."""
        verdict = self.gate.judge(intent, view, now_ns)
        if isinstance(verdict, Refusal):
            why = f"{verdict.code}: {verdict.why}"
            return verdict, self.standings.declined(intent, why)
        self._approved(verdict, self.gate.reserved[-1])
        return verdict

    def _approved(self, approved: Approved, held: Reservation) -> None:
        self._judged.add((approved.intent.strategy, approved.intent.cause))
        self._given[approved.reservation] = held
        if len(self._given) > REMEMBERED:
            del self._given[next(iter(self._given))]
        self.standings.approved(approved.intent)

    def hold(self, approved: Approved, reservation: Reservation) -> None:
        """Take over what an earlier gate approved and what is no order yet."""
        self.gate.hold(reservation)
        self._approved(approved, reservation)

    def give_back(self, approved: Approved, why: str) -> News:
        """Take back an approval that became no order; return what its strategy has to be told."""
        intent = approved.intent
        self._release(approved.reservation, intent.qty)
        self._judged.discard((intent.strategy, intent.cause))
        return self.standings.declined(intent, why)

    # -- what orders do --

    def told(self, order: OrderView) -> None:
        """Take it that an order stands differently."""
        if order.reserved > 0:
            self._open[order.ref] = order
        else:
            self._open.pop(order.ref, None)
            if not order.parent_ref:
                self._judged.discard((order.strategy, order.cause))

    def released(self, effect: Released) -> None:
        """Hold less; or hold again, where a fill was taken back and the order may go on."""
        if effect.qty >= 0:
            self._release(effect.reservation, effect.qty)
        elif effect.reservation in self._given:
            given = self._given[effect.reservation]
            held = {each.number: each.qty for each in self.gate.reserved}
            qty = held.get(given.number, ZERO) - effect.qty
            self.gate.hold(msgspec.structs.replace(given, qty=qty))

    def _release(self, number: int, qty: Decimal) -> None:
        """Release what is held; a number of an earlier gate's is not."""
        held = {each.number: each.qty for each in self.gate.reserved}
        if number in held and qty > 0:
            self.gate.release(number, min(qty, held[number]))

    def others(self) -> list[OrderView]:
        """Return the open orders that no reservation of this gate stands for."""
        return [
            each
            for each in self._open.values()
            if each.parent_ref or (each.strategy, each.cause) not in self._judged
        ]

    def all_shown(self) -> bool:
        """Say whether the broker has every entry that was approved: its margin counts them."""
        shown = {
            (each.strategy, each.cause)
            for each in self._open.values()
            if each.state not in _NOT_SHOWN and not each.parent_ref
        }
        held = (each for each in self.gate.reserved if not each.reduces)
        return all((each.strategy, each.cause) in shown for each in held)

    def cancels(self, wish: CancelWish) -> list[CancelWish]:
        """Return a wish for each order that a strategy's own intent became.

        Its stops and legs are not its to cancel.
        """
        return [
            msgspec.structs.replace(wish, ref=order.ref)
            for order in self._open.values()
            if (order.strategy, order.cause) == (wish.strategy, wish.ref) and not order.yields
        ]

    # -- the account --

    def priced(self, quote: Quote) -> None:
        """Take a price: what is held is worth so much from now on."""
        con_id, mark = quote.con_id, (quote.bid + quote.ask) / 2
        if self._marks.get(con_id) != mark:
            self._marks[con_id] = mark
            if self.ledger.has_traded(con_id):
                self._seen = None

    def account(self) -> LedgerView:
        """Return the account at the prices of now; the last view if nothing in it has changed."""
        if self._seen is None:
            self._seen = self.ledger.view(self._marks)
        return self._seen

    def funds(self, strategy: str) -> Funds:
        """Return what a size is made of; of the trades, those of the whole strategy's section."""
        return funds_of(self.account(), self.ledger.closed(budget_of(strategy), KEPT))

    def fold(self, seq: int, record: Record) -> tuple[News, ...]:
        """Take in a record of the journal; return what strategies have to be told."""
        if isinstance(record, FOLDED):
            self.ledger.apply(record)
            self._seen = None
        if isinstance(record, SymbolHalted):
            self.halted.add(record.con_id)
        elif isinstance(record, SymbolResumed):
            self.halted.discard(record.con_id)
        return self.standings.apply(seq, record)
