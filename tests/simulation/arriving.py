"""What reaches the venue is what was written down, to the last field, and what the gate approved.

I6b: an order arrives as its intent says: side, type, shares, prices, how long it works, its group,
its parent, and whether it may trade at once; a change of it as its ``ModifyIntended`` says. R2: an
order is made of an approval that the gate has not taken back. C9: a refused number is told of.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, cast

from robotrader.domain import Side
from robotrader.domain import records as rec
from tests.simulation.lasting import Lasting
from tests.simulation.outcome import Breach
from tests.simulation.protection import HARMLESS, strange
from tests.simulation.watch import ASKED, RECORDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from robotrader.domain import Order, OrderKey
    from tests.simulation.core import CoreWorld
    from tests.simulation.world import Asked, World

FIELDS: Final = (
    "con_id", "order_type", "account", "tif", "outside_rth", "oca_group", "transmit",
    "trail_percent",
)  # fmt: skip
"""Those that no change of an order changes; after one, ``transmit`` is always true."""

CHANGED: Final = ("qty", "limit_price", "aux_price")


class AsIntended:
    """I6b, see the module's prose."""

    name = "I6b arrives as intended"
    reads = ASKED

    def __init__(self) -> None:
        self._asked = self._log = 0
        self._intents: dict[str, rec.OrderIntended] = {}
        self._changes: defaultdict[str, list[rec.ModifyIntended]] = defaultdict(list)
        self._known: set[OrderKey] = set()

    def check(self, world: World) -> list[Breach]:
        """Look at what arrived since."""
        for _, record in world.log[self._log :]:
            if isinstance(record, rec.OrderIntended):
                self._intents[record.ref] = record
            elif isinstance(record, rec.ModifyIntended):
                self._changes[record.ref].append(record)
        self._log = len(world.log)
        found = [
            Breach(self.name, asked.at_ns, f"{asked.order.order_ref}: {text}")
            for asked in world.asked[self._asked :]
            if asked.order is not None and asked.key.client_id == world.client_id
            for text in self._judge(asked, asked.order)
        ]
        self._asked = len(world.asked)
        return found

    def _judge(self, asked: Asked, order: Order) -> Iterator[str]:
        intent = self._intents.get(order.order_ref)
        if intent is None or not intent.order_type:
            return  # said by I6, or adopted
        told = [intent, *self._changes[intent.ref]] if asked.key in self._known else [intent]
        if not any(all(_same(order, each, name) for name in CHANGED) for each in told):
            text = ", ".join(f"{name} {getattr(order, name)}" for name in CHANGED)
            yield f"{text} was never intended"
        fixed = FIELDS if asked.key not in self._known else FIELDS[:-2]
        for name in fixed:
            if not _same(order, intent, name):
                yield f"{name} is {getattr(order, name)}, {getattr(intent, name)} was intended"
        if order.side.sign != Side(intent.side).sign:
            yield f"side is {order.side}, {intent.side} was intended"
        parent = self._intents.get(intent.parent_ref)
        if order.parent_id != (0 if parent is None else parent.order_id):
            yield f"parent is {order.parent_id}, {intent.parent_ref or 'none'} was intended"
        self._known.add(asked.key)


def _same(order: Order, told: object, name: str) -> bool:
    has, wanted = getattr(order, name), getattr(told, name)
    return bool((has or None) == (wanted or None))


class OrdersAreApproved:
    """R2, see the module's prose: a gate forgets a cause only when its order is over.

    A gate that begins judges once it knows what earlier ones approved: from then on it counts.
    """

    name = "R2 an order has its approval"
    reads = RECORDS

    def __init__(self) -> None:
        self._log = 0
        self._settled: Any = None
        """The gate that knew everything when it was looked at last."""

    def check(self, world: World) -> list[Breach]:
        """Look at the intents since."""
        new, self._log = world.log[self._log :], len(world.log)
        if not new:
            return []
        process = cast("CoreWorld", world).process
        gate = None if process is None else process.actor("risk")
        if gate is None or gate is not self._settled:
            self._settled = gate if gate is not None and gate._ready else None
            return []
        return [
            Breach(self.name, world.now_ns, f"{each.ref} of {each.strategy}, {each.cause}")
            for _, each in new
            if isinstance(each, rec.OrderIntended) and each.order_type and not each.parent_ref
            if (each.strategy, each.cause) not in gate.keeper._judged
        ]


class ExitsFit(Lasting):
    """R4: what the gate has approved to close a position is no more than the position.

    Stops and legs are not counted: they give way. The order manager has its own word in that; here
    it is looked at whether the gate lets two exits of the same shares pass.
    """

    name = "R4 exits fit"
    moment_ns = 400_000_000
    harmless = HARMLESS | {"cancel_race"}

    def wrong(self, world: World) -> dict[str, str]:
        """Compare the gate's exits with its positions, where only we have traded."""
        process = cast("CoreWorld", world).process
        gate = None if process is None else process.actor("risk")
        if gate is None or not gate._ready:
            return {}
        closing: defaultdict[int, Decimal] = defaultdict(Decimal)
        for each in gate.gate.reserved:
            if each.reduces and not each.yields:
                closing[each.con_id] += each.sign * each.qty
        for each in gate.keeper.others():
            if each.reduces and not each.yields:
                closing[each.con_id] += Side(each.side).sign * each.reserved
        held = gate.keeper.ledger.quantities() if closing else {}
        wrong = {
            con_id: f"{qty} would be traded, {held.get(con_id, 0)} are held"
            for con_id, qty in closing.items()
            if (held.get(con_id, 0) + qty) * qty > 0
        }
        apart = {*gate.keeper.halted, *strange(world)} if wrong else ()
        return {f"contract {each}": text for each, text in wrong.items() if each not in apart}


class NumbersInUse:
    """C9: as long as somebody else has our number at the gateway, a person knows of it."""

    name = "C9 who has our number is named"

    def __init__(self) -> None:
        self._since_ns: int | None = None

    def check(self, world: World) -> list[Breach]:
        """Look whether it was said, a glance after the gateway has refused our number."""
        port = cast("CoreWorld", world).port
        refused = port is not None and port.refused and not port.named
        if not refused or self._since_ns is None:
            self._since_ns = world.now_ns if refused else None
            return []
        return [Breach(self.name, world.now_ns, "our number is in use, and nobody was told")]
