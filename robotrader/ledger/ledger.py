"""The ledger: an account's positions, cash and profit, as the fold of the journal's records.

It only ever takes records in: there is nothing in it that deletes or overwrites, a correction is a
record too (F42). Any records in any split give the same ledger; after every record
``cash + cost = capital + realized``, to the last digit.

- A fill is booked once, by the family of its execution id. Its corrections and its commission may
  come in any order and before it; the highest revision counts, also where it says it is a fill.
- Lots close first in, first out, in the order of the journal.
- An adoption moves no money: its difference comes in at its average cost, or goes out at the cost
  of the lots. ``capital`` says how much that was, so that it is never taken for profit.
- A day begins once: daily figures start from the equity that the record says, marked to market.
"""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, Any, Final

import msgspec

from robotrader.domain.errors import DataValidationError
from robotrader.domain.records import (
    CashAdopted,
    CommissionBooked,
    DayRolled,
    FillBooked,
    FillCorrected,
    PositionAdopted,
)
from robotrader.ledger.history import History
from robotrader.ledger.lots import Trade
from robotrader.ledger.money import EXACT, ZERO, exact
from robotrader.ledger.project import project
from robotrader.ledger.reading import day_of, numbers, revision_of, sign_of
from robotrader.ledger.rows import Rows
from robotrader.ledger.state import Early, LedgerState
from robotrader.ledger.trips import Losses, closed_of
from robotrader.ledger.view import DayMark

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from robotrader.domain import Instrument
    from robotrader.domain.records import Record
    from robotrader.ledger.log import Mark
    from robotrader.ledger.trips import Closed
    from robotrader.ledger.view import LedgerView

CORRECTABLE_DAYS: Final = 10
"""Exchange days for which a fill can still be corrected: a trade settles the day after it."""

KEPT_DAYS: Final = 10_000
"""Days' starts that are remembered: forty years."""


class Ledger:
    """See the module's prose.

    Args:
        account: whose; records of another account's fills change nothing.
        instruments: gives the multipliers. A fill in another contract is booked with multiplier 1,
            and equity is unknown from then on.
        currency: of all money; a commission in another makes equity unknown too.
        correctable_days: how long a fill can be corrected; what is older is folded for good.
    """

    def __init__(
        self,
        account: str,
        instruments: Iterable[Instrument],
        *,
        currency: str = "USD",
        correctable_days: int = CORRECTABLE_DAYS,
        state: LedgerState | None = None,
    ) -> None:
        self.account = account
        self.currency = currency
        self.multipliers = {each.con_id: each.multiplier for each in instruments}
        self._correctable_days = correctable_days
        with localcontext(EXACT):
            self._load(state or LedgerState(account=account))

    def _load(self, state: LedgerState) -> None:
        if state.account != self.account:
            msg = f"a snapshot of account {state.account!r} cannot begin one of {self.account!r}"
            raise DataValidationError(msg)
        self._granted = state.granted
        self._histories = {con_id: History(each) for con_id, each in state.histories.items()}
        self._places: dict[str, int] = {}
        for con_id, history in self._histories.items():
            self._places.update((trade.family, con_id) for trade in history.trades)
        self._outlay = state.outlay
        self._commissions = dict(state.commissions)
        self._charged = sum(self._commissions.values(), ZERO)
        """What trading has cost so far: the sum of those."""

        self._early = dict(state.early)
        self._elsewhere = dict(state.elsewhere)
        self._losses = Losses(self._histories)

        self._rows = Rows(self.multipliers)
        self._traded, self._paid = set(self._histories), set(self._commissions)
        """Contracts whose holding is new since the last view, and strategies that paid since."""

        self._days = list(state.days)
        self._best = state.best
        self._rolled = state.rolled
        self._adoptions = state.adoptions
        self._doubts = state.doubts
        self.ignored = state.ignored
        """Fills, revisions and days that came again, days before there was cash: no effect."""
        self.forgotten = state.forgotten
        """Corrections and commissions that never found their fill."""

    def snapshot(self) -> LedgerState:
        """Return everything, as a value: ``Ledger(..., state=it)`` goes on from there."""
        return LedgerState(
            account=self.account,
            granted=self._granted,
            histories={con_id: each.state() for con_id, each in self._histories.items()},
            outlay=self._outlay,
            commissions=dict(self._commissions),
            early=dict(self._early),
            elsewhere=dict(self._elsewhere),
            days=tuple(self._days),
            best=self._best,
            rolled=self._rolled,
            adoptions=self._adoptions,
            ignored=self.ignored,
            forgotten=self.forgotten,
            doubts=self._doubts,
        )

    # -- records --

    def apply(self, record: Record) -> None:
        """Fold one record in; those that say nothing about money or positions change nothing.

        Raises:
            DataValidationError: a number, side or day in it is none; nothing has changed.
        """
        fold = _FOLDS.get(type(record))
        if fold is not None:
            with localcontext(EXACT):
                fold(self, record)

    def _book_fill(self, record: FillBooked) -> None:
        size, price = numbers(record.exec_id, record.qty, record.price)
        sign = sign_of(record.side, record.exec_id)
        if record.family in self._places or record.family in self._elsewhere:
            self._correct(record)
            return
        early = self._early.pop(record.family, None)
        if record.account != self.account:
            self._elsewhere[record.family] = self._rolled
            return
        multiplier = self._multiplier(record.con_id)
        trade = Trade(
            family=record.family,
            sign=sign,
            revision=revision_of(record.exec_id),
            size=size,
            unit=price * multiplier,
            fees=ZERO,
            fees_revision=-1,
            strategy=record.strategy,
            rolled=self._rolled,
            time_ns=record.time_ns,
        )
        if early is not None:
            trade = trade.charged(early.commission_revision, early.commission)
            trade = trade.corrected(early.revision, early.size, early.price * multiplier)
        self._enter(record.con_id, trade)

    def _correct(self, record: FillCorrected | FillBooked) -> None:
        size, price = numbers(record.exec_id, record.qty, record.price)
        revision = revision_of(record.exec_id)
        if (con_id := self._places.get(record.family)) is not None:
            unit = price * self._multiplier(con_id)
            old = self._histories[con_id].find(record.family)
            self._replace(con_id, old, old.corrected(revision, size, unit))
        elif record.family not in self._elsewhere:
            early = self._early.get(record.family) or Early(rolled=self._rolled)
            if revision > early.revision:
                early = _replaced(early, revision=revision, size=size, price=price)
            self._early[record.family] = early

    def _charge(self, record: CommissionBooked) -> None:
        fees = exact(record.commission, "commission of", record.exec_id)
        if record.family in self._elsewhere:
            return
        if record.currency != self.currency:
            self._doubt(f"a commission was in {record.currency}")
            return
        revision = revision_of(record.exec_id)
        if (con_id := self._places.get(record.family)) is not None:
            old = self._histories[con_id].find(record.family)
            self._replace(con_id, old, old.charged(revision, fees))
        else:
            early = self._early.get(record.family) or Early(rolled=self._rolled)
            if revision >= early.commission_revision:
                early = _replaced(early, commission_revision=revision, commission=fees)
            self._early[record.family] = early

    def _adopt_position(self, record: PositionAdopted) -> None:
        target = exact(record.qty, f"adopted quantity of {record.con_id}")
        unit = exact(record.avg_cost, f"adopted cost of {record.con_id}")
        self._multiplier(record.con_id)
        history = self._histories.get(record.con_id)
        missing = target - (ZERO if history is None else history.held.qty)
        if missing:
            self._adoptions += 1
            trade = Trade(
                family=f"adopted {self._adoptions}",
                sign=1 if missing > 0 else -1,
                revision=0,
                size=abs(missing),
                unit=unit,
                fees=ZERO,
                fees_revision=0,
                strategy="",
                rolled=self._rolled,
                adopts=True,
            )
            self._enter(record.con_id, trade)

    def _adopt_cash(self, record: CashAdopted) -> None:
        cash = exact(record.cash, f"adopted cash of {record.account}")
        if record.account != self.account:
            return
        if record.currency != self.currency:
            self._doubt(f"cash was in {record.currency}")
            return
        self._granted = cash + self._outlay

    def _roll(self, record: DayRolled) -> None:
        equity = exact(record.equity, f"equity at the start of {record.day}")
        day = day_of(record.day)
        capital = self.capital()
        if capital is None or (self._days and day <= self._days[-1].day):
            self.ignored += 1
            return
        mark = DayMark(day, equity, capital, self.realized(), self.commissions())
        self._days = [*self._days[1 - KEPT_DAYS :], mark]
        gained = equity - capital
        self._best = gained if self._best is None else max(self._best, gained)
        self._rolled += 1
        self._settle(self._rolled - self._correctable_days)

    def _settle(self, before: int) -> None:
        for history in self._histories.values():
            for family in history.settle(before):
                del self._places[family]
        self._traded |= self._histories.keys()
        self._elsewhere = {f: day for f, day in self._elsewhere.items() if day >= before}
        kept = {family: each for family, each in self._early.items() if each.rolled >= before}
        self.forgotten += len(self._early) - len(kept)
        self._early = kept

    # -- what the folds share --

    def _enter(self, con_id: int, trade: Trade) -> None:
        history = self._histories.get(con_id)
        if history is None:
            history = self._histories[con_id] = History()
        history.add(trade)
        self._traded.add(con_id)
        self._losses.traded(con_id)
        self._places[trade.family] = con_id
        self._pay(trade.strategy, trade.outlay, trade.fees)

    def _replace(self, con_id: int, old: Trade, new: Trade) -> None:
        if new is old:
            self.ignored += 1
            return
        self._histories[con_id].replace(new)
        self._traded.add(con_id)
        self._losses.traded(con_id)
        self._pay(new.strategy, new.outlay - old.outlay, new.fees - old.fees)

    def _pay(self, strategy: str, outlay: Decimal, commission: Decimal) -> None:
        self._outlay += outlay
        if commission:
            self._commissions[strategy] = self._commissions.get(strategy, ZERO) + commission
            self._charged += commission
            self._paid.add(strategy)

    def _multiplier(self, con_id: int) -> int:
        multiplier = self.multipliers.get(con_id)
        if multiplier is None:
            self._doubt(f"contract {con_id} is not known: its multiplier was taken for 1")
            return 1
        return multiplier

    def _doubt(self, why: str) -> None:
        if why not in self._doubts:
            self._doubts = (*self._doubts, why)

    # -- what others ask --

    def realized(self) -> Decimal:
        """Return what all closes realized, net of commissions."""
        with localcontext(EXACT):
            each = (sum(h.held.realized.values(), ZERO) for h in self._histories.values())
            return sum(each, ZERO)

    def commissions(self) -> Decimal:
        """Return what trading has cost so far."""
        return self._charged

    def capital(self) -> Decimal | None:
        """Return what came in by adoption; None before cash was adopted."""
        if self._granted is None:
            return None
        with localcontext(EXACT):
            return self._granted + sum((h.held.adopted for h in self._histories.values()), ZERO)

    def days(self, newest: int) -> tuple[DayMark, ...]:
        """Return the starts of the newest days, the oldest of them first (F48)."""
        return tuple(self._days[-newest:]) if newest > 0 else ()

    def closed(self, strategy: str, newest: int) -> tuple[Closed, ...]:
        """Return the newest trades of a strategy that are over, the oldest of them first (F78).

        ``strategy`` stands for itself and for everything below it: ``sma`` for ``sma/AAPL``.
        """
        return closed_of(strategy, (h.held.trips for h in self._histories.values()), newest)

    def losses_ns(self) -> tuple[int, ...]:
        """Return when the newest trades that lost were over, back to the last that did not."""
        return self._losses.ns()

    def quantities(self) -> dict[int, Decimal]:
        """Return what is held of each contract that is or was held, signed."""
        return {con_id: each.held.qty for con_id, each in self._histories.items()}

    def has_traded(self, con_id: int) -> bool:
        """Whether a contract is or was held."""
        return con_id in self._histories

    @property
    def moved(self) -> tuple[Mark[int], Mark[str]]:
        """Where the logs of contracts and of strategies were that looks have changed."""
        return self._rows.moved.mark(), self._rows.shown.mark()

    def view(self, marks: Mapping[int, float]) -> LedgerView:
        """Return the account at these prices, which is what everybody reads."""
        now = self.now(marks)
        return _replaced(
            now,
            positions=dict(now.positions),
            strategies=dict(now.strategies),
            reduced_ns=dict(now.reduced_ns),
        )

    def now(self, marks: Mapping[int, float]) -> LedgerView:
        """Return the account at these prices, for who reads it before the next look at it.

        What it says of each contract and strategy goes on with the ledger: copies take longer.
        """
        with localcontext(EXACT):
            traded, self._traded = self._traded, set()
            paid, self._paid = self._paid, set()
            self._rows.look(self._histories, marks, traded, self._commissions, paid)
            return project(
                account=self.account,
                currency=self.currency,
                cash=None if self._granted is None else self._granted - self._outlay,
                granted=self._granted,
                rows=self._rows,
                paid=self._charged,
                day=self._days[-1] if self._days else None,
                best=self._best,
                unmatched=tuple(self._early),
                doubts=self._doubts,
                losses_ns=self.losses_ns(),
            )


_replaced: Final = msgspec.structs.replace

_FOLDS: Final[dict[type, Callable[[Ledger, Any], None]]] = {
    FillBooked: Ledger._book_fill,
    FillCorrected: Ledger._correct,
    CommissionBooked: Ledger._charge,
    PositionAdopted: Ledger._adopt_position,
    CashAdopted: Ledger._adopt_cash,
    DayRolled: Ledger._roll,
}

FOLDED: Final = tuple(_FOLDS)
"""The records that change a ledger; all others it leaves alone."""
