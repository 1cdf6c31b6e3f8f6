"""How far each limit is used: the same worst case that the gate compares, before any new order."""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import TYPE_CHECKING

import msgspec

from robotrader.ledger.money import EXACT, ZERO
from robotrader.ledger.view import total
from robotrader.risk.exposure import exposures, pending

if TYPE_CHECKING:
    from robotrader.risk.exposure import Exposure, Reservation
    from robotrader.risk.limits import Limits
    from robotrader.risk.past import Past
    from robotrader.risk.view import RiskView


class Use(msgspec.Struct, frozen=True, gc=False):
    """One limit by its name, in its own unit. ``used`` is None where it is not known."""

    name: str
    used: Decimal | None
    limit: Decimal

    @property
    def part(self) -> float | None:
        """How much of it is used: 1 is all."""
        if self.used is None or not self.limit:
            return None
        return float(self.used / self.limit)


def usage(
    view: RiskView, limits: Limits, reserved: tuple[Reservation, ...], past: Past, now_ns: int
) -> tuple[Use, ...]:
    """Return the use of every limit of the account as a whole and of its largest position."""
    with localcontext(EXACT):
        return (*_worths(view, limits, reserved), *_losses(view, limits),
                *_counts(view, limits, reserved, past, now_ns))  # fmt: skip


def _after(view: RiskView, reserved: tuple[Reservation, ...]) -> list[Exposure] | None:
    if view.ledger is None or view.others is None:
        return None
    on_its_way = pending(reserved, view.others)
    return list(exposures(view, view.ledger.positions, on_its_way).values())


def _worths(view: RiskView, limits: Limits, reserved: tuple[Reservation, ...]) -> tuple[Use, ...]:
    after = _after(view, reserved)
    gross = largest = net = None
    if after is not None:
        values = [each.value for each in after]
        gross = total(values)
        largest = None if gross is None else max((each or ZERO for each in values), default=ZERO)
        high = total(None if each.unit is None else each.high * each.unit for each in after)
        low = total(None if each.unit is None else each.low * each.unit for each in after)
        net = None if high is None or low is None else max(high, -low)
    return (
        Use("max_gross", _per_equity(view, gross), limits.max_gross),
        Use("max_gross_usd", gross, limits.max_gross_usd),
        Use("max_net", _per_equity(view, net), limits.max_net),
        Use("max_symbol_weight", _per_equity(view, largest), limits.max_symbol_weight),
        Use("max_symbol_usd", largest, limits.max_symbol_usd),
    )


def _per_equity(view: RiskView, worth: Decimal | None) -> Decimal | None:
    equity = None if view.ledger is None else view.ledger.equity
    return _ratio(worth, equity)


def _ratio(value: Decimal | None, whole: Decimal | None) -> Decimal | None:
    """Return a fraction, to a hundred-millionth, because it is for people."""
    if value is None or whole is None or whole <= 0:
        return None
    return (value / whole).quantize(Decimal("1e-8"))


def _losses(view: RiskView, limits: Limits) -> tuple[Use, ...]:
    ledger = view.ledger
    loss = fall = None
    if ledger is not None:
        loss = _ratio(None if ledger.daily is None else max(-ledger.daily, ZERO), ledger.day_equity)
        fall = _ratio(ledger.drawdown, ledger.peak)
    return (
        Use("max_daily_loss", loss, limits.max_daily_loss),
        Use("max_drawdown", fall, limits.max_drawdown),
    )


def _counts(
    view: RiskView, limits: Limits, reserved: tuple[Reservation, ...], past: Past, now_ns: int
) -> tuple[Use, ...]:
    after = _after(view, reserved)
    held = None if after is None else sum(each.qty != 0 for each in after)
    orders = None if view.others is None else len(pending(reserved, view.others))
    minute = None if view.ledger is None else past.last_minute(now_ns)
    today = None if view.ledger is None else past.today
    counts = (
        ("max_open_positions", held, limits.max_open_positions),
        ("max_open_orders", orders, limits.max_open_orders),
        ("max_orders_per_min", minute, limits.max_orders_per_min),
        ("max_orders_per_day", today, limits.max_orders_per_day),
    )
    return tuple(
        Use(name, None if used is None else Decimal(used), Decimal(limit))
        for name, used, limit in counts
    )
