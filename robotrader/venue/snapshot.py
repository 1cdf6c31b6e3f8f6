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
from robotrader.venue.daytime import Day
from robotrader.venue.events import Execution, Status
from robotrader.venue.matching import Movement
from robotrader.venue.working import Working

if TYPE_CHECKING:
    from robotrader.venue.exchange import Venue


class OrderSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A ``Working``, field by field."""

    key: OrderKey
    order: Order
    perm_id: int
    number: int
    status: Status
    filled: Decimal
    remaining: Decimal
    exact: Decimal
    closed: Decimal
    value: Decimal
    last_price: Decimal
    avg_price: Decimal
    charges: OrderCharges
    why_held: str
    released: bool
    oca: str
    parent: int
    """Its permanent id, 0 for none."""

    limit: float | None
    trigger: float | None
    triggered: bool
    asked_ns: int
    opens_ns: int
    expires_ns: int | None
    hidden_until_ns: int
    done_ns: int
    done_text: str


class StandingQuote(msgspec.Struct, frozen=True, kw_only=True):
    """What a quote still offers: its prices and sizes, as left by who traded against it."""

    con_id: int
    time_ns: int
    ask: float
    bid: float
    ask_left: Decimal | None
    bid_left: Decimal | None
    triggers: bool


class VenueState(msgspec.Struct, frozen=True, kw_only=True):
    """A venue and its accounts at one moment."""

    now_ns: int
    run_number: int
    next_perm_id: int
    next_execution: int
    live: tuple[OrderSnapshot, ...]
    done: tuple[OrderSnapshot, ...]
    executions: tuple[Execution, ...]
    parents: tuple[OrderSnapshot, ...]
    """Orders of earlier days that children at work still depend on."""

    halted: frozenset[int]
    printed: frozenset[int]
    quotes: tuple[StandingQuote, ...]
    prices: dict[int, float]
    day: Day
    accounts: dict[str, Account]


_PLAIN = tuple(
    name for name in OrderSnapshot.__struct_fields__ if name not in {"key", "order", "parent"}
)


def _taken(order: Working) -> OrderSnapshot:
    fields = {name: getattr(order, name) for name in _PLAIN}
    parent = 0 if order.parent is None else order.parent.perm_id
    return OrderSnapshot(key=order.key, order=order.order, parent=parent, **fields)


def _made(kept: OrderSnapshot) -> Working:
    order = Working(kept.key, kept.order, kept.perm_id, kept.number, kept.asked_ns)
    for name in _PLAIN:
        setattr(order, name, getattr(kept, name))
    return order


def _taken_quote(standing: Movement) -> StandingQuote:
    return StandingQuote(
        con_id=standing.con_id,
        time_ns=standing.at_ns,
        ask=standing.paths[1][0],
        bid=standing.paths[-1][0],
        ask_left=standing.left[1],
        bid_left=standing.left[-1],
        triggers=standing.triggers,
    )


def _made_quote(kept: StandingQuote) -> Movement:
    standing = Movement(kept.con_id, kept.time_ns, kept.time_ns, (kept.ask,), (kept.bid,))
    standing.left = {1: kept.ask_left, -1: kept.bid_left}
    standing.triggers = kept.triggers
    return standing


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
        parents=tuple(_taken(each) for each in _forgotten_parents(venue)),
        halted=frozenset(venue.halted),
        printed=frozenset(venue.printed),
        quotes=tuple(_taken_quote(each) for each in venue.quotes.values()),
        day=venue.day,
        prices=dict(venue.accounts.prices),
        accounts=accounts,
    )
    return msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=VenueState)


def _forgotten_parents(venue: Venue) -> list[Working]:
    parents = {order.parent.perm_id: order.parent for order in venue.live.values() if order.parent}
    return [
        each
        for each in parents.values()
        if venue.done.get(each.key) is not each and venue.live.get(each.key) is not each
    ]


def restore(venue: Venue, state: VenueState) -> dict[str, Account]:
    """Put ``state`` into a venue that was just made; return the accounts to use."""
    venue.now_ns = state.now_ns
    venue.run_number = state.run_number
    venue.next_perm_id, venue.next_execution = state.next_perm_id, state.next_execution
    venue.executions = list(state.executions)
    venue.halted, venue.printed = set(state.halted), set(state.printed)
    venue.quotes = {kept.con_id: _made_quote(kept) for kept in state.quotes}
    venue.day = state.day
    venue.accounts.prices.clear()
    venue.accounts.prices.update(state.prices)
    orders = {kept.perm_id: _made(kept) for kept in (*state.parents, *state.done, *state.live)}
    for kept in (*state.done, *state.live):
        orders[kept.perm_id].parent = orders.get(kept.parent)
    venue.adopt(
        [orders[kept.perm_id] for kept in state.live], [orders[kept.perm_id] for kept in state.done]
    )
    return state.accounts
