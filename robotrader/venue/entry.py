"""An order comes to the venue, or its modification: judged, taken in, released, met by a quote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from robotrader.venue import daytime
from robotrader.venue.admission import change_refusal, refusal, rejected
from robotrader.venue.events import Refused, Status, Warned
from robotrader.venue.ports import Hold, Rejection
from robotrader.venue.working import Working

if TYPE_CHECKING:
    from robotrader.domain import Order, OrderKey
    from robotrader.venue.exchange import Venue


_SUBMITTED: Final = Status.SUBMITTED  # a member of an enum takes fifty times as long to look up


def admit(venue: Venue, key: OrderKey, order: Order) -> None:
    """Take a new order in, or refuse it."""
    instrument = venue.instruments.get(order.con_id)
    if instrument is None:
        text = "No security definition has been found for the request"
        venue.out.append(Refused(key, 200, text))
        return
    working = Working(key, order, venue.next_perm_id, venue.next_perm_id, venue.now_ns)
    price = venue.accounts.prices.get(order.con_id)
    answer = refusal(order, instrument, venue.rules, price, venue.now_ns)
    if answer is None and not venue.groups.find_parent(working):
        answer = rejected(f"parent order {order.parent_id} is not there.")
    verdict = answer or venue.accounts.check(order, instrument, working.coming())
    if isinstance(verdict, Rejection):
        venue.out.append(Refused(key, verdict.code, verdict.text))
        return
    venue.next_perm_id += 1
    venue.live[key] = working
    venue.by_contract[order.con_id].append(working)
    venue.groups.join(working)
    _hold(venue, working, verdict)
    _set_times(venue, working)
    begun = venue.groups.released_by(working)
    if not begun:
        venue.show(working)
    for each in begun:
        begin(venue, each)


def _hold(venue: Venue, working: Working, hold: Hold | None) -> None:
    if hold is not None:
        working.why_held = hold.reason
        venue.out.append(Warned(working.key, hold.code, hold.text))


def _set_times(venue: Venue, working: Working) -> None:
    daytime.set_times(working, venue.sessions, venue.now_ns)
    if working.expires_ns is not None:
        venue.next_event_ns = min(venue.next_event_ns, working.expires_ns)


def begin(venue: Venue, working: Working) -> None:
    """Let an order that was just released meet the market as it stands."""
    if working.status.over:
        return  # it ended by what its family did when it began
    order = working.order
    is_open = venue.sessions.is_open(venue.now_ns, outside_rth=order.outside_rth)
    if is_open and not working.queued and not working.waits(venue.now_ns):
        working.status = _SUBMITTED
    venue.show(working)
    if not is_open:
        text = "Order Message: Your order will not be placed at the exchange until it opens."
        venue.out.append(Warned(working.key, 399, text))
    standing = venue.quotes.get(order.con_id)
    if standing is not None:
        venue.match(standing, orders=[working])


def modify(venue: Venue, working: Working, order: Order) -> None:
    """Make a live order another one, or refuse that and leave it as it is."""
    instrument = venue.instruments[working.order.con_id]
    price = venue.accounts.prices.get(order.con_id)
    answer = change_refusal(
        working, order, instrument, venue.rules, price=price, now_ns=venue.now_ns
    )
    more = msgspec.structs.replace(order, qty=order.qty - working.filled)
    verdict = answer or venue.accounts.check(more, instrument, working.coming())
    if isinstance(verdict, Rejection):
        venue.out.append(Refused(working.key, verdict.code, verdict.text))
        return
    released = working.released
    working.change(order, venue.now_ns)
    working.released = released or order.transmit
    _hold(venue, working, verdict)
    _set_times(venue, working)
    if working.parent is not None:
        venue.groups.trim(working.parent)
    for each in [working] if released else venue.groups.released_by(working):
        begin(venue, each)
