"""The fills and what they cost, one by one, for who asks for them: a fold of the journal."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from robotrader.domain.records import CashAdopted, CommissionBooked, FillBooked

if TYPE_CHECKING:
    from robotrader.domain.records import Record


class Traded(msgspec.Struct, frozen=True, gc=False):
    """A fill and what it cost, as far as that is known."""

    fill: FillBooked
    commission: Decimal | None = None


class TradesState(msgspec.Struct, frozen=True, kw_only=True):
    """What a snapshot keeps of them."""

    traded: tuple[Traded, ...] = ()
    has_cash: bool = False


class Trades:
    """Every fill, a few hundred bytes each; ``has_cash``: whether the account's cash was said."""

    def __init__(self, state: TradesState | None = None) -> None:
        state = state or TradesState()
        self._traded = {each.fill.family: each for each in state.traded}
        self.has_cash = state.has_cash

    def state(self) -> TradesState:
        """Return them as a value."""
        return TradesState(traded=tuple(self._traded.values()), has_cash=self.has_cash)

    def apply(self, record: Record) -> None:
        """Fold one record in."""
        if isinstance(record, FillBooked):
            self._traded[record.family] = Traded(record)
        elif isinstance(record, CommissionBooked) and record.family in self._traded:
            fill = self._traded[record.family].fill
            self._traded[record.family] = Traded(fill, record.commission)
        elif isinstance(record, CashAdopted):
            self.has_cash = True

    def between(self, from_ns: int, to_ns: int, strategy: str = "") -> tuple[Traded, ...]:
        """Return the fills from one time up to another, of a strategy or of all."""
        return tuple(
            each
            for each in self._traded.values()
            if from_ns <= each.fill.time_ns < to_ns and strategy in {"", each.fill.strategy}
        )
