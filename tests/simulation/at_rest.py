"""What holds once faults have stopped and everything had 60 seconds to settle (the liveness phase).

I7: READY and nothing unknown. I2, I3, I11, W2: fills, positions, orders, cash and commissions are
the venue's. I3b, I12, W7: the journal's fold is what lives in memory. W6: nothing is still awaited.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from robotrader.domain import records as rec
from robotrader.domain.lifecycle import OVER
from robotrader.domain.orders import OrderKey
from robotrader.execution.identity import is_ours
from tests.simulation.lapsed import Lapsed
from tests.simulation.outcome import Breach

if TYPE_CHECKING:
    from tests.simulation.world import World

ZERO: Final = Decimal(0)
OPEN_QUESTIONS: Final = frozenset({"unknown", "fenced", "intended", "sent"})
"""States of an order of which the broker has not said how it stands."""


class BackToReady:
    """I7: the process lives, is READY, and knows of every order how it stands."""

    name = "I7 back to ready"

    def check(self, world: World) -> list[Breach]:
        """Look at what the order manager says."""
        trading = None if world.core is None else world.core.trading()
        if trading is None:
            return [Breach(self.name, world.now_ns, "there is no order manager")]
        found = [] if trading.ready else [f"not ready: link {trading.link} {trading.why}"]
        found += [
            f"{each.ref} is {each.state.value}"
            for each in trading.orders
            if each.state.value in OPEN_QUESTIONS
        ]
        return [Breach(self.name, world.now_ns, text) for text in found]


class FillsAgree:
    """I2: the journal has every execution of the venue's in its newest revision, and no other.

    But for revisions that ``lapsed``: where nobody could tell us of the newest one, an older one.
    """

    name = "I2 fills agree"

    def __init__(self, lapsed: Lapsed | None = None) -> None:
        self._lapsed = Lapsed() if lapsed is None else lapsed

    def check(self, world: World) -> list[Breach]:
        """Compare both sides, by family."""
        ours: dict[str, tuple[str, Decimal]] = {}
        for _, record in world.log:
            if isinstance(record, rec.FillBooked):
                ours.setdefault(record.family, (record.exec_id, record.qty))
            elif isinstance(record, rec.FillCorrected):
                ours[record.family] = _newer(ours.get(record.family), record.exec_id, record.qty)
        theirs: dict[str, tuple[str, Decimal]] = {}
        for each in world.executions:
            if each.account == world.account:
                theirs[each.exec_id.rpartition(".")[0]] = (each.exec_id, each.qty)
        adopted = {record.con_id for _, record in world.log
                   if isinstance(record, rec.PositionAdopted)}  # fmt: skip
        con_ids = {each.exec_id.rpartition(".")[0]: each.con_id for each in world.executions}
        wrong = sorted(
            family
            for family in {*ours, *theirs}
            if ours.get(family) != theirs.get(family)
            and con_ids.get(family) not in adopted
            and not (family in ours and self._lapsed.may_be(family, *ours[family]))
        )
        return [
            Breach(
                self.name,
                world.now_ns,
                f"{family}: ours {ours.get(family)}, theirs {theirs.get(family)}",
            )
            for family in wrong
        ]


def _newer(known: tuple[str, Decimal] | None, exec_id: str, qty: Decimal) -> tuple[str, Decimal]:
    return max((known, (exec_id, qty)), key=lambda each: "" if each is None else each[0]) or (
        exec_id,
        qty,
    )


class BooksAgree:
    """W2: every order that works at the venue is ours and open here, and the other way round."""

    name = "W2 open orders agree"

    def check(self, world: World) -> list[Breach]:
        """Compare both sides, by number."""
        trading = None if world.core is None else world.core.trading()
        if trading is None:
            return []  # said by I7
        theirs = {
            key: (each.order.order_ref, each.remaining)
            for key, each in world.venue.live.items()
            if key.client_id == world.client_id and is_ours(each.order.order_ref)
        }
        ours = {
            OrderKey(world.client_id, each.order_id): (each.ref, each.qty - each.filled)
            for each in trading.orders
            if each.state not in OVER
        }
        return [
            Breach(
                self.name, world.now_ns, f"{key}: ours {ours.get(key)}, theirs {theirs.get(key)}"
            )
            for key in sorted({*ours, *theirs})
            if ours.get(key) != theirs.get(key)
        ]


class AccountAgrees:
    """I3, W2: positions of order manager and ledger are the venue's."""

    name = "I3 positions agree"

    def check(self, world: World) -> list[Breach]:
        """Compare them, by contract."""
        held = world.positions()
        says: dict[str, dict[int, Decimal]] = {"venue": {c: q for c, q in held.items() if q}}
        core = world.core
        if core is None:
            return []  # said by I7
        orders, ledger = core.positions(), core.ledger()
        if orders is not None:
            says["orders"] = {con: qty for con, qty in orders.items() if qty}
        if ledger is not None:
            says["ledger"] = {con: each.qty for con, each in ledger.positions.items() if each.qty}
        agree = all(each == says["venue"] for each in says.values())
        return [] if agree else [Breach(self.name, world.now_ns, f"{says}")]


class CashAgrees:
    """I11, W2: the ledger's cash and commissions are the venue's, to the last digit.

    But for what ``lapsed``: by that they are apart, and by no more.
    """

    name = "I11 cash agrees"

    def __init__(self, lapsed: Lapsed | None = None) -> None:
        self._lapsed = Lapsed() if lapsed is None else lapsed

    def check(self, world: World) -> list[Breach]:
        """Compare both sides."""
        ledger = None if world.core is None else world.core.ledger()
        if ledger is None or ledger.cash is None:
            return [] if ledger is None else [Breach(self.name, world.now_ns, "no cash is known")]
        cash, commissions = world.cash()
        if ledger.cash == cash and ledger.commissions == commissions:
            return []
        more, fees = self._lapsed.apart(world.log, world.account)
        cash, commissions = cash - more, commissions - fees
        if ledger.cash == cash and ledger.commissions == commissions:
            return []
        text = f"cash {ledger.cash}, {cash}; commissions {ledger.commissions}, {commissions}"
        return [Breach(self.name, world.now_ns, f"ours first: {text}")]


class ReplayAgrees:
    """I3b, I12, W7: a replay of the whole journal is the state that lives in memory."""

    name = "I3b replay is the live state"

    def check(self, world: World) -> list[Breach]:
        """Compare both."""
        live = None if world.core is None else world.core.durable()
        folded = world.replayed()
        if live is None or folded is None or live == folded:
            return []
        return [Breach(self.name, world.now_ns, f"in memory {live}, replayed {folded}")]


class NothingOwed:
    """W6: every request has ended: no commit, no answer is still awaited."""

    name = "W6 nothing awaited"

    def check(self, world: World) -> list[Breach]:
        """Look at what is still awaited."""
        waiting = () if world.core is None else world.core.waiting()
        return [Breach(self.name, world.now_ns, f"still awaited: {each}") for each in waiting]
