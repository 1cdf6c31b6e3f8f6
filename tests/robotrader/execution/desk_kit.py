"""A guard with a desk whose book is made of records: no venue, no clock."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from robotrader.domain import (
    Approved,
    Intent,
    LinkState,
    OrderType,
    Purpose,
    Side,
)
from robotrader.domain import records as r
from robotrader.execution.desk import Desk, Plan, Times
from robotrader.execution.effects import Alert, Declined, Wake, Wanted
from robotrader.execution.guard import Guard
from robotrader.execution.placing import Placing

D = Decimal
NOW = 1_000_000_000_000
TIMES = Times()
BOTH = pytest.mark.parametrize("side", [Side.BUY, Side.SELL])


class World:
    """A desk that is ready, with a guard; what happens is told by records."""

    def __init__(self) -> None:
        self.desk = Desk(TIMES)
        self.guard = Guard(self.desk, Placing(self.desk))
        self.number = 0
        self.apply(r.SessionBegan(epoch=1, account="DU1", client_id=1, config_hash=""))
        self.desk.generation = 1
        self.link(LinkState.READY)
        assert self.guard.next(NOW) is None, "it has seen the link"

    def link(self, state: LinkState, agreed: int = 1) -> None:
        self.desk.link, self.desk.agreed = state, agreed

    def apply(self, *records: r.Record) -> None:
        for record in records:
            self.desk.book.apply(record)

    def order(self, side: Side, qty: int, kind: str = "MKT", **fields: Any) -> str:
        """An order that works."""
        self.number += 1
        ref = f"rt1-1-{self.number}"
        known: dict[str, Any] = {
            "ref": ref, "order_id": self.number, "generation": 1, "account": "DU1", "con_id": 7,
            "symbol": "AAPL", "strategy": "s", "side": side.value, "order_type": kind,
            "qty": D(qty), "aux_price": D(95) if kind == "STP" else None, "wall_ns": NOW,
        }  # fmt: skip
        self.apply(r.OrderIntended(**{**known, **fields}))
        ref = fields.get("ref", ref)
        self.apply(r.OrderAcked(ref=ref, perm_id=900 + self.number, status="", wall_ns=NOW))
        return str(ref)

    def stop(self, side: Side, qty: int, kind: str = "STP", **fields: Any) -> str:
        return self.order(side, qty, kind, **{"reduces": True, **fields})

    def fill(self, ref: str, qty: int) -> None:
        self.number += 1
        order = self.desk.book.orders[ref]
        told = order.intent
        self.apply(
            r.FillBooked(
                family=f"f{self.number}", exec_id=f"f{self.number}.01", ref=ref,
                order_id=told.order_id, perm_id=0, con_id=told.con_id, account="DU1",
                side=told.side, qty=D(qty), price=D(100), time_ns=NOW, strategy=told.strategy,
                wall_ns=NOW,
            )
        )  # fmt: skip
        if order.seen == order.qty:
            self.done(ref, r.Ending.FILLED, qty)

    def done(self, ref: str, ending: r.Ending = r.Ending.CANCELLED, cum: int = 0) -> None:
        self.apply(r.OrderDone(ref=ref, ending=ending, cum_filled=D(cum), wall_ns=NOW))

    def hold(self, side: Side, qty: int, **fields: Any) -> str:
        """A position; return the order that made it."""
        ref = self.order(side, qty, **fields)
        self.fill(ref, qty)
        return ref

    def bracket(self, side: Side, qty: int, *, filled: bool = True) -> tuple[str, str, str]:
        """An entry with a leg that takes the profit and a stop, which are a group."""
        entry = self.order(side, qty)
        away = against(side)
        legs = {"reduces": True, "parent_ref": entry, "oca_group": entry, "oca_type": 2}
        take = self.order(away, qty, "LMT", limit_price=D(105), **legs)
        stop = self.order(away, qty, "STP", **legs)
        self.desk.book.legs.setdefault(entry, (take, stop))
        if filled:
            self.fill(entry, qty)
        return entry, take, stop

    def look(self, now_ns: int = NOW, con_id: int = 7) -> Plan:
        """What the guard does about a contract."""
        self.guard.touch(con_id)
        plan = self.guard.next(now_ns)
        assert plan is not None
        return plan

    def submit(self, wanted: Intent, *, reduces: bool = True, number: int = 0) -> Plan:
        self.number += 1
        approved = Approved(
            intent=wanted, reservation=number or 100 + self.number, account="DU1",
            limits_hash="h", reduces=reduces,
        )  # fmt: skip
        return self.guard.submit(approved, NOW)


def against(side: Side) -> Side:
    return Side.SELL if side is Side.BUY else Side.BUY


def wish(side: Side, qty: int, purpose: Purpose = Purpose.EXIT, **fields: Any) -> Intent:
    known: dict[str, Any] = {"strategy": "s", "cause": "c", "con_id": 7, "symbol": "AAPL"}
    if purpose is Purpose.STOP:
        known |= {"order_type": OrderType.STOP, "aux_price": D(95)}
    return Intent(side=side, qty=D(qty), purpose=purpose, decided_ns=NOW, **{**known, **fields})


def done(plan: Plan | None) -> list[tuple[str, str, Decimal | None]]:
    """What becomes of orders: what kind of record, of which order, for how many shares."""
    assert plan is not None
    return [
        (type(each).__name__, getattr(each, "ref", ""), getattr(each, "qty", None))
        for each in plan.records
    ]


def declined(plan: Plan) -> list[tuple[str, str]]:
    return [(each.code, each.why) for each in plan.effects if isinstance(each, Declined)]


def wakes(plan: Plan) -> list[tuple[str, int]]:
    return [(each.token, each.at_ns) for each in plan.effects if isinstance(each, Wake)]


def wanted(plan: Plan) -> list[Intent]:
    return [each.intent for each in plan.effects if isinstance(each, Wanted)]


def alerts(plan: Plan) -> list[str]:
    return [each.kind for each in plan.effects if isinstance(each, Alert)]
