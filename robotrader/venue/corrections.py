"""Executions, and what is done to a venue from outside of trading: halts, corrections, losses.

A correction keeps the id but for the number after its last dot, which counts up. Its difference in
quantity and money is booked; the order that it came from stays as it was, as at a real broker.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from robotrader.venue.events import Execution

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from robotrader.domain import Instrument
    from robotrader.venue.ports import Accounts
    from robotrader.venue.working import Working


def executed(
    exec_id: str,
    order: Working,
    instrument: Instrument,
    qty: Decimal,
    price: Decimal,
    *,
    now_ns: int,
) -> Execution:
    """Return the execution of a fill that the order has counted already."""
    return Execution(
        exec_id=exec_id,
        key=order.key,
        perm_id=order.perm_id,
        con_id=order.order.con_id,
        account=order.order.account,
        bought=order.sign > 0,
        qty=qty,
        price=price,
        time_ns=now_ns,
        cum_qty=order.filled,
        avg_price=order.avg_price,
        exchange=instrument.primary_exchange or instrument.exchange,
        order_ref=order.order.order_ref,
        took_liquidity=order.takes,
    )


def find(executions: Sequence[Execution], exec_id: str) -> tuple[int, Execution]:
    """Return the place and the execution of that id.

    Raises:
        KeyError: there is none.
    """
    for index, execution in enumerate(executions):
        if execution.exec_id == exec_id:
            return index, execution
    msg = f"no execution {exec_id!r} today"
    raise KeyError(msg)


def corrected(old: Execution, qty: Decimal, price: Decimal | None) -> Execution:
    """Return the correction of an execution."""
    family, _, revision = old.exec_id.rpartition(".")
    return msgspec.structs.replace(
        old,
        exec_id=f"{family}.{int(revision) + 1:02d}",
        qty=qty,
        price=old.price if price is None else price,
        cum_qty=old.cum_qty - old.qty + qty,
    )


def book(accounts: Accounts, old: Execution, new: Execution, multiplier: int) -> None:
    """Book the difference that a correction makes."""
    sign = 1 if old.bought else -1
    value = (new.qty * new.price - old.qty * old.price) * multiplier * sign
    qty = (new.qty - old.qty) * sign
    accounts.correct(old.account, old.con_id, qty=qty, value=value, bought=old.bought)
