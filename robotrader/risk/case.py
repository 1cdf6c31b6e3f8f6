"""One intent before the gate: what every check needs, computed once and only when asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from robotrader.domain import Purpose
from robotrader.ledger.money import ZERO, market_price
from robotrader.risk.exposure import (
    Exposure,
    Pending,
    Reservation,
    coming,
    exposure_of,
    worst_price,
)
from robotrader.risk.heat import StopAt, heat_of, stop_of
from robotrader.risk.past import echo_of
from robotrader.risk.worst import After

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from robotrader.domain import Instrument, Intent
    from robotrader.risk.limits import Limits
    from robotrader.risk.past import Echo, Past
    from robotrader.risk.view import RiskView
    from robotrader.risk.worst import Worst


T = TypeVar("T")


class _once(Generic[T]):  # noqa: N801 - used as a decorator
    """A property that is computed once: ``functools.cached_property`` without its lock.

    The lock of Python 3.11 costs more than most of what is computed here, and a case is one
    thread's. As it is no data descriptor, the value in the object's dictionary comes first.
    """

    def __init__(self, compute: Callable[[Any], T]) -> None:
        self._compute = compute
        self._name = compute.__name__
        self.__doc__ = compute.__doc__

    @overload
    def __get__(self, case: None, _owner: type) -> _once[T]: ...
    @overload
    def __get__(self, case: Case, _owner: type) -> T: ...
    def __get__(self, case: Case | None, _owner: type) -> T | _once[T]:
        if case is None:
            return self
        value = case.__dict__[self._name] = self._compute(case)
        return value


@dataclass
class Case:
    """See the module's prose. The intent is well formed."""

    intent: Intent
    view: RiskView
    limits: Limits
    reserved: tuple[Reservation, ...]
    past: Past
    now_ns: int
    before: Worst

    @_once
    def instrument(self) -> Instrument | None:
        """The contract, None if it is not known."""
        return self.view.instruments.get(self.intent.con_id)

    @_once
    def pending(self) -> tuple[Pending, ...]:
        """What is on its way in this contract without this intent."""
        return self.before.own(self.intent.con_id)

    @_once
    def market(self) -> tuple[Decimal | None, Decimal | None]:
        """Bid and ask as money; what is no price is None."""
        last = self.view.quotes.get(self.intent.con_id)
        return (None, None) if last is None else (market_price(last.bid), market_price(last.ask))

    @_once
    def echo(self) -> Echo:
        """What an intent that repeats it would have in common with it."""
        return echo_of(self.intent)

    @_once
    def position(self) -> Decimal:
        """What is held; 0 where the ledger is not known, which passes nothing."""
        return ZERO if self.view.ledger is None else self.view.ledger.position(self.intent.con_id)

    @_once
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

    @_once
    def reduces(self) -> bool:
        """Whether it can only make the position smaller, whatever it is called (F69)."""
        return not self.intent.legs and self.intent.qty <= self.closable

    @_once
    def price(self) -> Decimal | None:
        """The highest price that it could have."""
        return worst_price(self.intent, self.market[self.intent.side.sign > 0])

    @_once
    def after(self) -> After:
        """The worst case of every contract, this intent included."""
        return After(self.before, self.intent.con_id, self.mine, self._heat)

    @_once
    def mine(self) -> Exposure:
        """The worst case of its own contract."""
        return exposure_of(self.view, self.intent.con_id, self._all)

    @_once
    def worth(self) -> Decimal | None:
        """What its contract would be worth in the worst case."""
        return self.after.mine

    @_once
    def stop(self) -> StopAt | None:
        """Where it stops, or the stop that it brings."""
        return stop_of(self.intent)

    @_once
    def _all(self) -> tuple[Pending, ...]:
        """What would be on its way in its contract."""
        wanted = self.intent
        order = Pending(wanted.con_id, wanted.side.sign, wanted.qty, self.price, stop=self.stop)
        return (*self.pending, order)

    @_once
    def _heat(self) -> Decimal | None:
        """What its contract would lose if its stops were hit; 0 where nobody looks at that."""
        if self.limits.max_heat is None:
            return ZERO
        bare = self.limits.heat_without_stop
        return heat_of(self.view, self.intent.con_id, self._all, self.mine, bare)
