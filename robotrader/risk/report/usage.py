"""How far each limit is used: the same worst case that the gate compares, before any new order.

A limit that is not looked at is not among them; what is not known has no use, and is shown so.
"""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import TYPE_CHECKING

import msgspec

from robotrader.ledger.money import EXACT, ZERO
from robotrader.ledger.view import total
from robotrader.risk.correlation import Correlations
from robotrader.risk.exposure import orders_of
from robotrader.risk.losses import lost_in_a_row
from robotrader.risk.worst import Worst

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from robotrader.risk.exposure import Reservation
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
        after = None
        if view.ledger is not None and view.others is not None:
            after = Worst()  # a new one: what the gate keeps is the gate's
            after.look(view, reserved, limits.heat_without_stop)
        return (*_worths(view, limits, after), *_together(view, limits, after),
                *_losses(view, limits), *_counts(view, limits, reserved, after),
                *_rates(view, limits, past, now_ns))  # fmt: skip


def _worths(view: RiskView, limits: Limits, after: Worst | None) -> Iterator[Use]:
    gross = net = largest = None
    qty = heat = None
    if after is not None:
        sums = after.sums
        gross, heat = sums.gross.total, sums.heat.total
        high, low = sums.high.total, sums.low.total
        net = None if high is None or low is None else max(high, -low)
        largest = _largest(row.value for row in after.rows.values())
        qty = max((row.each.qty for row in after.rows.values()), default=ZERO)
    yield Use("max_gross", _per_equity(view, gross), limits.max_gross)
    yield Use("max_gross_usd", gross, limits.max_gross_usd)
    yield Use("max_net", _per_equity(view, net), limits.max_net)
    yield Use("max_symbol_weight", _per_equity(view, largest), limits.max_symbol_weight)
    yield Use("max_symbol_usd", largest, limits.max_symbol_usd)
    yield Use("max_symbol_qty", qty, limits.max_symbol_qty)
    if limits.max_heat is not None:
        yield Use("max_heat", _per_equity(view, heat), limits.max_heat)


def _together(view: RiskView, limits: Limits, after: Worst | None) -> Iterator[Use]:
    """Yield the use of the limits of sectors, of clusters and of strategies' budgets."""
    if limits.max_sector_weight is not None:
        worth = None if after is None else _largest_sector(after)
        yield Use("max_sector_weight", _per_equity(view, worth), limits.max_sector_weight)
    if limits.max_cluster_weight is not None:
        worth = None if after is None else _largest_cluster(view, limits, after)
        yield Use("max_cluster_weight", _per_equity(view, worth), limits.max_cluster_weight)
    for name, share in sorted(limits.max_strategy_weight.items()):
        parts = None if after is None else (after.budget(name), after.coming[name].total)
        worth = None if parts is None else total(parts)
        yield Use(f"max_strategy_weight of {name}", _per_equity(view, worth), share)


def _largest_sector(after: Worst) -> Decimal | None:
    """Return the worth of the largest; what has no sector could be of any, and counts into it."""
    names = {after.sector_of(con_id) for con_id in after.rows}
    stranger = after.in_sector("").total
    known = _largest(after.in_sector(name).total for name in names if name)
    return total((known, stranger))


def _largest_cluster(view: RiskView, limits: Limits, after: Worst) -> Decimal | None:
    known, least = view.correlations or Correlations(), float(limits.cluster_correlation)
    clusters = {frozenset(known.cluster(each, after.held, least)) for each in after.held}
    return _largest(total(after.rows[each].value for each in members) for members in clusters)


def _largest(worths: Iterable[Decimal | None]) -> Decimal | None:
    """Return the largest, 0 of none, None if one is not known."""
    found = ZERO
    for each in worths:
        if each is None:
            return None
        found = max(found, each)
    return found


def _per_equity(view: RiskView, worth: Decimal | None) -> Decimal | None:
    equity = None if view.ledger is None else view.ledger.equity
    return _ratio(worth, equity)


def _ratio(value: Decimal | None, whole: Decimal | None) -> Decimal | None:
    """Return a fraction, to a hundred-millionth, because it is for people."""
    if value is None or whole is None or whole <= 0:
        return None
    return (value / whole).quantize(Decimal("1e-8"))


def _losses(view: RiskView, limits: Limits) -> Iterator[Use]:
    ledger, switch = view.ledger, view.switch
    lost = part = fall = row = None
    if ledger is not None:
        lost = None if ledger.daily is None else max(-ledger.daily, ZERO)
        part, fall = _ratio(lost, ledger.day_equity), _ratio(ledger.drawdown, ledger.peak)
        row = None if switch is None else lost_in_a_row(ledger, switch.forgiven_ns)
    yield Use("max_daily_loss", part, limits.max_daily_loss)
    if limits.max_daily_loss_usd is not None:
        yield Use("max_daily_loss_usd", lost, limits.max_daily_loss_usd)
    yield Use("max_drawdown", fall, limits.max_drawdown)
    yield Use("switch_daily_loss", part, limits.switch_daily_loss)
    yield Use("switch_drawdown", fall, limits.switch_drawdown)
    if limits.max_losses_row:
        yield _count("max_losses_row", row, limits.max_losses_row)


def _counts(
    view: RiskView, limits: Limits, reserved: tuple[Reservation, ...], after: Worst | None
) -> Iterator[Use]:
    held = None if after is None else len(after.held)
    orders = None if view.others is None else orders_of(reserved, view.others)
    yield _count("max_open_positions", held, limits.max_open_positions)
    yield _count("max_open_orders", orders, limits.max_open_orders)


def _rates(view: RiskView, limits: Limits, past: Past, now_ns: int) -> Iterator[Use]:
    """Yield the use of what is counted in a time; without the journal nothing of it is known."""
    known = view.ledger is not None
    for name, used, limit in (
        ("max_orders_per_s", past.last_second(now_ns), limits.max_orders_per_s),
        ("max_orders_per_min", past.last_minute(now_ns), limits.max_orders_per_min),
        ("max_orders_per_day", past.today, limits.max_orders_per_day),
    ):
        yield _count(name, used if known else None, limit)
    if limits.max_cancel_ratio is not None:
        entries = Decimal(past.entries) if known else None
        share = ZERO if known and not past.entries else _ratio(Decimal(past.cancels), entries)
        yield Use("max_cancel_ratio", share, limits.max_cancel_ratio)


def _count(name: str, used: int | None, limit: int) -> Use:
    return Use(name, None if used is None else Decimal(used), Decimal(limit))
