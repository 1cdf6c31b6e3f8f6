"""What a code of TWS means for the connection, for a line of market data and for an order.

``robotrader.tws.errors`` says what each code says; here is what it does. A code that is not known
changes nothing by itself: an order is asked about, a line and the connection stay (O11).
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

from robotrader.gateway.messages import DataClass, HistoryStatus
from robotrader.tws.errors import explain

NOT_SENT: Final = 504
"""The code of an ``OrderFailed`` for an order that never left: there was no connection for it."""

CANCELLED_UNSENT: Final = 202
"""The code of an ``OrderFailed`` for an order that was cancelled while it waited to be sent."""


class LinkNews(StrEnum):
    """What a code says about the connection."""

    LOST = "lost"
    RESTORED_EMPTY = "restored_empty"
    """Back, and every subscription is gone."""

    RESTORED_KEPT = "restored_kept"
    ID_IN_USE = "id_in_use"
    PORT_MOVED = "port_moved"
    FARM_BROKEN = "farm_broken"
    FARM_OK = "farm_ok"


ABOUT_LINK: Final = {
    1100: LinkNews.LOST,
    2110: LinkNews.LOST,
    1101: LinkNews.RESTORED_EMPTY,
    1102: LinkNews.RESTORED_KEPT,
    326: LinkNews.ID_IN_USE,
    1300: LinkNews.PORT_MOVED,
    2103: LinkNews.FARM_BROKEN,
    2105: LinkNews.FARM_BROKEN,
    2104: LinkNews.FARM_OK,
    2106: LinkNews.FARM_OK,
}


class LineNews(StrEnum):
    """What a code says about one stream of market data."""

    NO_PERMISSION = "no_permission"
    DELAYED = "delayed"
    PARTIAL = "partial"
    """Part of it needs a subscription; the rest flows."""

    COMPETING = "competing"
    NO_LINE = "no_line"
    AGAIN = "again"
    """It has ended at the broker's side and is to be asked for again at once."""

    RESET = "reset"
    """A book is to be emptied and filled anew."""

    REFUSED = "refused"


ABOUT_LINE: Final = {
    101: LineNews.NO_LINE,
    200: LineNews.REFUSED,
    309: LineNews.NO_LINE,
    317: LineNews.RESET,
    321: LineNews.REFUSED,
    322: LineNews.NO_LINE,
    354: LineNews.NO_PERMISSION,
    420: LineNews.NO_PERMISSION,
    10089: LineNews.NO_PERMISSION,
    10090: LineNews.PARTIAL,
    10091: LineNews.NO_PERMISSION,
    10167: LineNews.DELAYED,
    10168: LineNews.NO_PERMISSION,
    10182: LineNews.AGAIN,
    10186: LineNews.NO_LINE,
    10190: LineNews.NO_LINE,
    10197: LineNews.COMPETING,
    10225: LineNews.AGAIN,
}

DATA_TYPES: Final = {
    1: DataClass.LIVE,
    2: DataClass.DELAYED,
    3: DataClass.DELAYED,
    4: DataClass.DELAYED,
}
"""marketDataType: live, frozen, delayed, delayed and frozen."""


class OrderNews(StrEnum):
    """What a code says about one order."""

    LIVES = "lives"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    GONE = "gone"
    """There is nothing (left) to cancel: a wait for the cancel is over, its end is to be asked."""

    DUPLICATE_ID = "duplicate_id"
    ASK = "ask"
    """The code alone does not say: ask the broker for the order before anything else."""


_ORDER_CODES: Final = {
    103: OrderNews.DUPLICATE_ID,
    202: OrderNews.CANCELLED,
    135: OrderNews.GONE,
    10147: OrderNews.GONE,
    10148: OrderNews.GONE,
    NOT_SENT: OrderNews.REJECTED,
}
_NEW_ORDERS_ONLY: Final = frozenset({110, 321, 434, 391, 387, 320, 200})
"""They refuse a new order; of a change they refuse the change, and the order lives."""


def about_order(code: int, *, acked: bool) -> OrderNews:
    """Say what a code means for an order.

    Args:
        code: of the error message that carries the order's id.
        acked: whether the broker has already shown the order (openOrder or orderStatus): then a
            rejection may concern a change only.
    """
    if code in _ORDER_CODES:
        return _ORDER_CODES[code]
    meaning = explain(code)
    kind = "" if meaning is None else meaning.kind
    if kind in {"warning", "info"}:
        return OrderNews.LIVES
    if kind == "reject" or code in _NEW_ORDERS_ONLY:
        return OrderNews.ASK if acked else OrderNews.REJECTED
    return OrderNews.ASK


_HISTORY_TEXTS: Final = (
    ("pacing violation", HistoryStatus.PACING),
    ("no data", HistoryStatus.NO_DATA),
    ("permission", HistoryStatus.PERMISSION),
    ("cancelled", HistoryStatus.TIMEOUT),
)


def about_history(code: int, text: str) -> HistoryStatus:
    """Say how a request for history ended that got an error: 162 has four meanings (P3)."""
    if code == 162:
        lower = text.lower()
        for part, status in _HISTORY_TEXTS:
            if part in lower:
                return status
    elif code in {354, 420}:
        return HistoryStatus.PERMISSION
    elif code in {100, 322}:
        return HistoryStatus.PACING
    return HistoryStatus.REFUSED


_FARM: Final = re.compile(r"[:.]\s*([a-z0-9]+)\.?\s*$")


def farm(text: str) -> str:
    """Return the name of the farm that a notice is about, empty if it names none."""
    found = _FARM.search(text)
    return found[1] if found else ""
