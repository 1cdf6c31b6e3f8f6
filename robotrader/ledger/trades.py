"""The fills and what they cost, one by one, for who asks for them: a fold of the journal."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

import msgspec

from robotrader.domain.records import CashAdopted, CommissionBooked, FillBooked, FillCorrected

if TYPE_CHECKING:
    from robotrader.domain.records import Record


_SAYING: Final = frozenset({FillBooked, CommissionBooked, FillCorrected, CashAdopted})


class Traded(msgspec.Struct, frozen=True, gc=False):
    """A fill and what it cost, as far as that is known."""

    fill: FillBooked
    commission: Decimal | None = None


class TradesState(msgspec.Struct, frozen=True, kw_only=True):
    """What a snapshot keeps of them, in the order in which it came."""

    fills: tuple[FillBooked, ...] = ()
    corrected: tuple[FillCorrected, ...] = ()
    charged: tuple[tuple[str, Decimal], ...] = ()
    has_cash: bool = False


class Trades:
    """Every fill, a few hundred bytes each; ``has_cash``: whether the account's cash was said.

    A fill, its correction and its commission are facts that may come in any order.
    """

    def __init__(self, state: TradesState | None = None) -> None:
        state = state or TradesState()
        self._fills = {each.family: each for each in state.fills}
        self._corrected = {each.family: each for each in state.corrected}
        self._charged = dict(state.charged)
        self.has_cash = state.has_cash

    def state(self) -> TradesState:
        """Return them as a value."""
        return TradesState(
            fills=tuple(self._fills.values()),
            corrected=tuple(self._corrected.values()),
            charged=tuple(self._charged.items()),
            has_cash=self.has_cash,
        )

    def apply(self, record: Record) -> None:
        """Fold one record in."""
        if type(record) not in _SAYING:
            return
        if isinstance(record, FillBooked):
            self._fills[record.family] = record
        elif isinstance(record, FillCorrected):
            self._corrected[record.family] = record
        elif isinstance(record, CommissionBooked):
            self._charged[record.family] = record.commission
        else:
            self.has_cash = True

    def between(self, from_ns: int, to_ns: int, strategy: str = "") -> tuple[Traded, ...]:
        """Return the fills from one time up to another, of a strategy or of all, as of now."""
        return tuple(
            Traded(self._now(fill), self._charged.get(family))
            for family, fill in self._fills.items()
            if from_ns <= fill.time_ns < to_ns and strategy in {"", fill.strategy}
        )

    def _now(self, fill: FillBooked) -> FillBooked:
        newer = self._corrected.get(fill.family)
        if newer is None:
            return fill
        return msgspec.structs.replace(
            fill, exec_id=newer.exec_id, qty=newer.qty, price=newer.price
        )
