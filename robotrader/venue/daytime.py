"""What time does to orders: when they begin, closing auctions, expiry."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Protocol

import msgspec

from robotrader.domain import TimeInForce
from robotrader.venue.events import Status
from robotrader.venue.matching import auction
from robotrader.venue.rules import to_tick

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

    from robotrader.domain import Instrument, OrderKey
    from robotrader.venue.ports import Accounts
    from robotrader.venue.sessions import Sessions
    from robotrader.venue.working import Working


# A member of an enum takes fifty times as long to look up as a name.
_GTD, _DAY = TimeInForce.GTD, TimeInForce.DAY


class Day(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A trading day, when its closing auction is due, and when it ends (nanoseconds UTC)."""

    date: dt.date
    close_ns: int
    roll_ns: int


class Host(Protocol):
    """What time needs of the venue."""

    accounts: Accounts
    halted: set[int]
    instruments: dict[int, Instrument]
    live: dict[OrderKey, Working]
    now_ns: int

    def filled(self, order: Working, qty: Decimal, price: Decimal) -> Iterable[Working]:
        """Book a fill; return the orders that came alive by it."""
        ...

    def finish(self, order: Working, status: Status, why: str) -> None:
        """End an order, and what depends on it."""
        ...


def set_times(working: Working, sessions: Sessions, now_ns: int) -> None:
    """Work out when an order begins and ends.

    An order for the open that comes while trading is on waits for the next day's.
    """
    order = working.order
    if working.at_open:
        is_open = sessions.is_open(now_ns, outside_rth=False)
        working.opens_ns = sessions.next_roll_ns(now_ns) if is_open else now_ns
        working.expires_ns = sessions.next_close_ns(working.opens_ns)
    elif order.tif is _GTD:
        working.expires_ns = order.good_till_ns
    elif order.tif is _DAY:
        ends = sessions.next_roll_ns if order.outside_rth else sessions.next_close_ns
        working.expires_ns = ends(now_ns)
    else:
        working.expires_ns = None


def closing_auction(venue: Host) -> None:
    """Fill what wants the closing price."""
    for order in list(venue.live.values()):
        con_id = order.order.con_id
        price = venue.accounts.prices.get(con_id)
        if not order.at_close or price is None or order.status.over:
            continue
        if order.waits(venue.now_ns) or con_id in venue.halted or not auction(order, price):
            continue
        paid = to_tick(venue.instruments[con_id], price, up=order.sign < 0)
        venue.filled(order, order.allowed(), paid)


def expire(venue: Host) -> None:
    """End what has reached its time."""
    for order in list(venue.live.values()):
        ends_ns = order.expires_ns
        if ends_ns is not None and ends_ns <= venue.now_ns and not order.status.over:
            venue.finish(order, Status.CANCELLED, f"{order.order.tif} expired")
