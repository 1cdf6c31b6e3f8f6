"""What of a venue outlives its process: orders, executions, numbers, accounts, prices.

A venue that is restored from its snapshot goes on as if nothing had been: same ids, same fills.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from robotrader.domain import Order, OrderKey
from robotrader.venue.account import Account
from robotrader.venue.commissions import OrderCharges
from robotrader.venue.events import Execution, Status
from robotrader.venue.working import Working

if TYPE_CHECKING:
    from robotrader.venue.exchange import Venue


class OrderSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A ``Working``, field by field; its parent by key."""

    key: OrderKey
    order: Order
    perm_id: int
    number: int
    status: Status
    filled: Decimal
    remaining: Decimal
    value: Decimal
    last_price: Decimal
    avg_price: Decimal
    charges: OrderCharges
    why_held: str
    released: bool
    oca: str
    parent: OrderKey | None
    limit: float | None
    trigger: float | None
    triggered: bool
    asked_ns: int
    opens_ns: int
    expires_ns: int | None
    hidden_until_ns: int
    done_ns: int
    done_text: str


class VenueState(msgspec.Struct, frozen=True, kw_only=True):
    """A venue and its accounts at one moment."""

    now_ns: int
    run_number: int
    next_perm_id: int
    next_execution: int
    live: tuple[OrderSnapshot, ...]
    done: tuple[OrderSnapshot, ...]
    executions: tuple[Execution, ...]
    halted: frozenset[int]
    prices: dict[int, float]
    accounts: dict[str, Account]


_PLAIN = tuple(
    name for name in OrderSnapshot.__struct_fields__ if name not in {"key", "order", "parent"}
)


def _taken(order: Working) -> OrderSnapshot:
    fields = {name: getattr(order, name) for name in _PLAIN}
    parent = None if order.parent is None else order.parent.key
    return OrderSnapshot(key=order.key, order=order.order, parent=parent, **fields)


def _made(kept: OrderSnapshot) -> Working:
    order = Working(kept.key, kept.order, kept.perm_id, kept.number, kept.asked_ns)
    for name in _PLAIN:
        setattr(order, name, getattr(kept, name))
    return order


def take(venue: Venue, accounts: dict[str, Account]) -> VenueState:
    """Return the state of a venue and its accounts, sharing nothing with them."""
    state = VenueState(
        now_ns=venue.now_ns,
        run_number=venue.run_number,
        next_perm_id=venue.next_perm_id,
        next_execution=venue.next_execution,
        live=tuple(_taken(order) for order in venue.live.values()),
        done=tuple(_taken(order) for order in venue.done.values()),
        executions=tuple(venue.executions),
        halted=frozenset(venue.halted),
        prices=dict(venue.accounts.prices),
        accounts=accounts,
    )
    return msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=VenueState)


def restore(venue: Venue, state: VenueState) -> dict[str, Account]:
    """Put ``state`` into a venue that was just made; return the accounts to use."""
    venue.now_ns = state.now_ns
    venue.run_number = state.run_number
    venue.next_perm_id, venue.next_execution = state.next_perm_id, state.next_execution
    venue.executions = list(state.executions)
    venue.halted = set(state.halted)
    venue.accounts.prices.clear()
    venue.accounts.prices.update(state.prices)
    orders = {kept.key: _made(kept) for kept in (*state.done, *state.live)}
    for kept in (*state.done, *state.live):
        if kept.parent is not None:
            orders[kept.key].parent = orders.get(kept.parent)
    venue.adopt(
        [orders[kept.key] for kept in state.live], [orders[kept.key] for kept in state.done]
    )
    return state.accounts
