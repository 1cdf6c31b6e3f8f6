"""Seeded mistakes in the simulated exchange; each says what a user would see of it."""

from __future__ import annotations

from typing import Final

from tests.supervision.mutants.mutant import Mutant

_ACCOUNT = "robotrader/venue/account.py"
_ADMIT = "robotrader/venue/admission.py"
_BOOKS = "robotrader/venue/books.py"
_DAY = "robotrader/venue/daytime.py"
_ENTRY = "robotrader/venue/entry.py"
_FEES = "robotrader/venue/commissions.py"
_GROUPS = "robotrader/venue/groups.py"
_MATCH = "robotrader/venue/matching.py"
_SNAP = "robotrader/venue/snapshot.py"
_VENUE = "robotrader/venue/exchange.py"
_WALK = "robotrader/venue/walk.py"
_WORK = "robotrader/venue/working.py"

TESTS: Final = (
    "tests/robotrader/venue/test_families.py",
    "tests/robotrader/venue/test_groups.py",
    "tests/robotrader/venue/test_life.py",
    "tests/robotrader/venue/test_moments.py",
    "tests/robotrader/venue/test_order_types.py",
    "tests/robotrader/venue/test_properties.py",
    "tests/robotrader/venue/accounting",
)
MUTANTS: Final = (
    Mutant(
        "siblings-oversell",
        _WORK,
        "(parent.closed if self._closes(parent) else self.filled)",
        "self.filled",
        "two exits of one entry sell it twice",
    ),
    Mutant(
        "zombie-children",
        _GROUPS,
        "        self.leave(order)\n        self.trim(order)\n",
        "        self.leave(order)\n",
        "a part-filled parent ends and its children stay larger than what is held",
    ),
    Mutant(
        "sibling-not-trimmed",
        _GROUPS,
        "        if order.parent is not None:\n            self.trim(order.parent)\n",
        "",
        "an exit that has nothing left to close stays at work",
    ),
    Mutant(
        "oca-rounds-up",
        _GROUPS,
        "(other.exact + _ROUNDING) // step * step",
        "(other.exact + step) // step * step",
        "orders that reduce each other sell a share too many",
    ),
    Mutant(
        "oca-of-all-groups",
        _GROUPS,
        "self._oca.get(order.oca, ())",
        "(each for members in list(self._oca.values()) for each in members)",
        "a fill cancels orders of other groups",
    ),
    Mutant(
        "later-is-never",
        _VENUE,
        "                daytime.closing_auction(self)\n                self.groups.settle()\n",
        "                daytime.closing_auction(self)\n",
        "an auction does not reduce its group",
    ),
    Mutant(
        "lost-without-family",
        _VENUE,
        "        for each in (order, *order.children):\n",
        "        for each in (order,):\n",
        "the children of a lost order wait for ever",
    ),
    Mutant(
        "over-comes-back",
        _ENTRY,
        "    if working.status.over:\n        return",
        "    if working.status.over:\n        pass",
        "a leg that filled as its family began is announced as working again",
    ),
    Mutant(
        "modify-without-account",
        _ENTRY,
        "    verdict = answer or venue.accounts.check(more, instrument, working.coming())",
        "    verdict = answer",
        "a modification is not judged by the account's funds",
    ),
    Mutant(
        "bracket-is-short",
        _ENTRY,
        "venue.accounts.check(order, instrument, working.coming())",
        "venue.accounts.check(order, instrument, working.filled)",
        "the exits of a bracket are refused as short sales",
    ),
    Mutant(
        "fill-before-order",
        _VENUE,
        "        began_ns = self.now_ns if began_ns is None else began_ns\n",
        "        began_ns = movement.began_ns\n",
        "an order does not meet the quote that stands",
    ),
    Mutant(
        "dated-by-the-quote",
        _VENUE,
        "qty, price, now_ns=self.now_ns",
        "qty, price, now_ns=self.quotes[order.order.con_id].at_ns\n"
        "            if order.order.con_id in self.quotes else self.now_ns",
        "an execution is dated before its order",
    ),
    Mutant(
        "bar-of-the-past",
        _VENUE,
        "            began_ns >= order.asked_ns\n",
        "            began_ns >= 0\n",
        "an order fills on a bar that began before it came",
    ),
    Mutant(
        "due-is-forgotten",
        _VENUE,
        "[] if now_ns < self.next_event_ns else self._pass_time(now_ns)",
        "[]",
        "an order that has expired fills because nobody let time pass",
    ),
    Mutant(
        "halt-is-ignored",
        _VENUE,
        "            and order.order.con_id not in self.halted\n",
        "",
        "a halted contract trades",
    ),
    Mutant(
        "closed-is-open",
        _VENUE,
        "            and self.sessions.is_open(began_ns, outside_rth=order.order.outside_rth)\n",
        "",
        "orders fill while the exchange is closed",
    ),
    Mutant(
        "snapshot-without-quotes",
        _SNAP,
        "quotes=tuple(_taken_quote(each) for each in venue.quotes.values())",
        "quotes=()",
        "after a restart an order does not meet the quote that stood",
    ),
    Mutant(
        "snapshot-without-parents",
        _SNAP,
        "orders.get(kept.parent)",
        "None",
        "after a restart a child no longer waits for its parent",
    ),
    Mutant(
        "snapshot-without-day",
        _SNAP,
        "    venue.day = state.day\n",
        "    venue._set_day()\n",
        "a closing auction that was due is lost by a restart",
    ),
    Mutant(
        "open-all-day",
        _WORK,
        "        if self.at_open:\n            path = path[:1]\n",
        "",
        "an order for the open fills later in the day",
    ),
    Mutant(
        "trail-loosens",
        _WORK,
        "stop = min(stop, follows) if sign > 0 else max(stop, follows)",
        "stop = follows",
        "a trailing stop moves away from the price",
    ),
    Mutant(
        "trail-forgets",
        _WORK,
        "            self.trigger, self.limit = trigger, limit\n",
        "            pass\n",
        "a change of its size resets a trailing stop",
    ),
    Mutant(
        "stop-at-its-price",
        _WALK,
        "    if here >= level:\n        return place, here\n",
        "    if here >= level:\n        return place, level\n",
        "a stop that the market gapped over fills at its own price",
    ),
    Mutant(
        "participation-per-order",
        _MATCH,
        "        movement.take(order.sign, qty)\n",
        "",
        "every order may take the whole volume",
    ),
    Mutant(
        "fok-in-parts",
        _MATCH,
        "    if order.whole and qty < order.remaining:\n        return ZERO\n",
        "",
        "a fill-or-kill order fills in part",
    ),
    Mutant(
        "slippage-helps",
        _MATCH,
        "price + sign * slippage",
        "price - sign * slippage",
        "slippage makes fills better",
    ),
    Mutant(
        "hedge-at-parents-price",
        _MATCH,
        "if child.order.con_id != movement.con_id or child in met:",
        "if child in met:",
        "a child of another contract fills at its parent's price",
    ),
    Mutant(
        "nan-is-a-price",
        _ADMIT,
        "if not (price.is_finite() and ZERO <= price < _NO_PRICE):",
        "if price < ZERO:",
        "a limit that is not a number crashes the venue",
    ),
    Mutant(
        "ticks-unchecked",
        _ADMIT,
        "    return _prices(order) or _ticks(order, instrument) or _collar(order, rules, price)\n",
        "    return _prices(order) or _collar(order, rules, price)\n",
        "a limit between two ticks is taken",
    ),
    Mutant(
        "collar-one-sided",
        _ADMIT,
        "- price) * order.side.sign / price * 100",
        "- price) / price * 100",
        "a sale far below the market passes the collar",
    ),
    Mutant(
        "flip-as-one",
        _ACCOUNT,
        "        if abs(qty) <= abs(held):\n",
        "        if True:\n",
        "a sale of more than is held realizes the wrong profit",
    ),
    Mutant(
        "correction-is-profit",
        _ACCOUNT,
        "        elif self.qty and (self.qty > ZERO) == bought:\n",
        "        elif False:\n",
        "a corrected price is booked as profit instead of cost",
    ),
    Mutant(
        "day-never-rolls",
        _ACCOUNT,
        "            held.day_outlay = ZERO\n",
        "",
        "yesterday's trades stay in today's profit",
    ),
    Mutant(
        "minimum-per-fill",
        _FEES,
        "            charged -= _order_commission(before.qty, before.value, rate, self.minimum)\n",
        "            pass\n",
        "every part of an order costs the whole order's commission again",
    ),
    Mutant(
        "margin-for-free",
        _BOOKS,
        "        if needed <= equity:\n",
        "        if True:\n",
        "an account buys what it cannot pay",
    ),
    Mutant(
        "borrow-anything",
        _BOOKS,
        "        if available is not None and wanted > available:\n",
        "        if False:\n",
        "shares that nobody lends are sold short",
    ),
    Mutant(
        "gtc-expires",
        _DAY,
        "        working.expires_ns = None\n",
        "        working.expires_ns = sessions.next_roll_ns(now_ns)\n",
        "a good-till-cancelled order ends with the day",
    ),
    Mutant(
        "auction-at-any-price",
        _DAY,
        "con_id in venue.halted or not auction(order, price):",
        "con_id in venue.halted:",
        "a limit-on-close order fills beyond its limit",
    ),
)
