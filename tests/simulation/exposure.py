"""I4: what could become of our orders at the broker stays within the limits, at every moment.

Exposure can only grow when an order reaches the venue, so it is looked at then, with everything
that works: filled shares, those of an order that fills on its arrival too, and all that may still
fill; what others have working is theirs, and nobody here can know of it. Orders of one OCA group
count once. An order that closes is judged by the fills that were booked here: what the broker has
not told cannot be known, and a stop that is put in place of one that has ended cannot wait for it.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from robotrader.domain import records as rec
from robotrader.execution.identity import is_ours
from tests.simulation.outcome import Breach
from tests.simulation.watch import ASKED, of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from robotrader.domain import Order
    from robotrader.risk import Limits
    from robotrader.venue.working import Working
    from tests.simulation.world import Asked, World

ZERO: Final = Decimal(0)
SETTLE_NS: Final = 2_000_000_000
"""An order whose approval is older than a limit's change is judged by the limit before it."""


class ExposureWithinLimits:
    """See the module's prose; quantities a symbol and an order, and orders at work."""

    name = "I4 exposure within limits"
    reads = ASKED | of(rec.LimitChanged)

    def __init__(self) -> None:
        self._asked = self._log = self._at = 0
        self._limits: list[tuple[int, Limits]] = []
        self._ours: defaultdict[int, Decimal] = defaultdict(lambda: ZERO)
        self._moved: set[int] = set()
        self._family: dict[str, Decimal] = {}
        self._reduces: set[str] = set()
        self._untold: dict[str, tuple[int, str, Decimal]] = {}
        self._traded: set[str] = set()
        self._told: set[str] = set()

    def check(self, world: World) -> list[Breach]:
        """Look at the orders that reached the venue since."""
        self._read(world)
        found: list[Breach] = []
        for asked in world.asked[self._asked :]:
            if asked.order is not None and asked.key.client_id == world.client_id:
                found += self._judge(world, asked, asked.order)
        self._asked = len(world.asked)
        return found

    def _judge(self, world: World, asked: Asked, order: Order) -> list[Breach]:
        con_id = order.con_id
        if con_id in self._moved:
            return []  # somebody else trades it too, or a fill was taken back: not only ours
        works = [
            each for each in world.venue.live.values()
            if each.order.con_id == con_id and is_ours(each.order.order_ref)
        ]  # fmt: skip
        held, ref = self._ours[con_id], order.order_ref
        over = not any(each.key == asked.key for each in works)
        if over and ref not in self._traded:
            return []  # refused, or cancelled already
        untold = self._not_told(con_id, but=ref if over else "")
        most, least = held + worst(works, 1), held - untold - worst(works, -1)
        in_force = [each for at, each in self._limits if at >= world.now_ns - SETTLE_NS]
        limits = in_force or [self._limits[-1][1]]
        adds = ref not in self._reduces
        text = _beyond(order, most, limits) if adds else _short(least, limits)
        return [Breach(self.name, asked.at_ns, f"{ref}: {text}")] if text else []

    def _not_told(self, con_id: int, but: str) -> Decimal:
        """Return what was sold of a contract and is not booked here, but for one order's part."""
        return sum(
            (qty for con, ref, qty in self._untold.values() if con == con_id and ref != but), ZERO
        )

    def _read(self, world: World) -> None:
        if not self._limits:
            self._limits.append((0, world.limits))
        for _, record in world.log[self._log :]:
            if isinstance(record, rec.FillBooked):
                self._untold.pop(record.family, None)
                self._told.add(record.family)
            elif isinstance(record, rec.OrderIntended):
                if record.reduces or record.parent_ref:
                    self._reduces.add(record.ref)
            elif isinstance(record, rec.LimitChanged):
                before = self._limits[-1][1]
                self._limits[-1] = (world.now_ns, before)
                self._limits.append((world.now_ns, before.changed(record.name, record.value)))
        self._log = len(world.log)
        for each in world.executions[self._at :]:
            family = each.exec_id.rpartition(".")[0]
            if family in self._family or not is_ours(each.order_ref):
                self._moved.add(each.con_id)
            before_qty = self._family.get(family, ZERO)
            self._family[family] = each.qty
            if is_ours(each.order_ref):
                sign = 1 if each.bought else -1
                self._ours[each.con_id] += sign * (each.qty - before_qty)
                self._traded.add(each.order_ref)
                if family not in self._told and sign < 0:
                    self._untold[family] = (each.con_id, each.order_ref, sign * each.qty)
        self._at = len(world.executions)


def worst(works: Iterable[Working], sign: int) -> Decimal:
    """Return the most shares that orders of one direction may still trade."""
    groups: dict[str, Decimal] = {}
    for each in works:
        if each.sign == sign:
            group = each.oca or each.key.__repr__()
            groups[group] = max(groups.get(group, ZERO), _left(each))
    return sum(groups.values(), ZERO)


def _left(working: Working) -> Decimal:
    """Return what an order may still fill; a child no more than its parent brings."""
    if working.parent is None:
        return working.remaining
    return min(working.remaining, max(working.allowed(), ZERO))


def _beyond(order: Order, most: Decimal, limits: list[Limits]) -> str:
    qty = max(each.max_symbol_qty for each in limits)
    if most > qty:
        return f"up to {most} shares, {qty} allowed"
    if order.qty > max(each.max_order_qty for each in limits):
        return f"{order.qty} shares in one order"
    return ""


def _short(least: Decimal, limits: list[Limits]) -> str:
    if least < ZERO and not any(each.allow_short for each in limits):
        return f"down to {least} shares, none may be sold short"
    return ""
