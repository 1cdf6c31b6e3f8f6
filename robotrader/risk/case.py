"""One intent before the gate: what every check needs, computed once and only when asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from robotrader.domain import Purpose
from robotrader.ledger.money import ZERO
from robotrader.risk.exposure import (
    Exposure,
    Pending,
    Reservation,
    coming,
    exposures,
    pending,
    worst_price,
)

if TYPE_CHECKING:
    from decimal import Decimal

    from robotrader.domain import Instrument, Intent
    from robotrader.risk.limits import Limits
    from robotrader.risk.past import Past
    from robotrader.risk.view import RiskView


@dataclass(frozen=True)
class Case:
    """See the module's prose. The intent is well formed."""

    intent: Intent
    view: RiskView
    limits: Limits
    reserved: tuple[Reservation, ...]
    past: Past
    now_ns: int

    @property
    def instrument(self) -> Instrument | None:
        """The contract, None if it is not known."""
        return self.view.instruments.get(self.intent.con_id)

    @cached_property
    def pending(self) -> tuple[Pending, ...]:
        """What is on its way without this intent."""
        return pending(self.reserved, self.view.others or ())

    @cached_property
    def position(self) -> Decimal:
        """What is held; 0 where the ledger is not known, which passes nothing."""
        return ZERO if self.view.ledger is None else self.view.ledger.position(self.intent.con_id)

    @cached_property
    def closable(self) -> Decimal:
        """How many shares an order of this side can close: those no pending order closes.

        Stops and legs give way to an exit; to a stop, what takes the profit does.
        """
        sign = self.intent.side.sign
        if self.view.ledger is None or self.view.others is None or self.position * sign >= 0:
            return ZERO
        stop = self.intent.purpose is Purpose.STOP
        firm = [each for each in self.pending if not each.yields or (stop and each.protects)]
        return abs(self.position) - coming(firm, self.intent.con_id, sign)

    @cached_property
    def reduces(self) -> bool:
        """Whether it can only make the position smaller, whatever it is called (F69)."""
        return not self.intent.legs and self.intent.qty <= self.closable

    @cached_property
    def price(self) -> Decimal | None:
        """The highest price that it could have."""
        return worst_price(self.intent, self.view)

    @cached_property
    def after(self) -> dict[int, Exposure]:
        """The worst case of every contract, this intent included."""
        mine = Pending(self.intent.con_id, self.intent.side.sign, self.intent.qty, self.price)
        ledger = self.view.ledger
        held = {} if ledger is None else {c: p.qty for c, p in ledger.positions.items()}
        return exposures(self.view, held, (*self.pending, mine))

    @property
    def mine(self) -> Exposure:
        """The worst case of its own contract."""
        return self.after[self.intent.con_id]
