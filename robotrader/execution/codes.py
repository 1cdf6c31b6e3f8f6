"""What an error code about an order means to our book: a table of our own.

Clients mark a live order cancelled for codes that are remarks (ib_async does for 10349, 201 on a
change, 460, 10147, 10268). The rule here: an error never ends an order that the broker has
acknowledged; it makes us ask. Only an order without an acknowledgement can be rejected by a code.
What is not in the table is asked about too.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Verdict(StrEnum):
    """What to do about a code."""

    REMARK = "remark"
    """The order lives; the text is worth reading."""

    REJECT = "reject"
    """The order was refused, if it was never acknowledged; otherwise ask."""

    DUPLICATE = "duplicate"
    """The order id was used before: never cancel by it, it may be another order's."""

    GONE = "gone"
    """The answer to a cancel: no such order. Nothing is left to wait for: ask at once."""

    CANCELLED = "cancelled"
    """Said next to the status Cancelled, which is what ends it: ask if nobody wanted a cancel."""

    ASK = "ask"
    """Says nothing certain: compare with the broker."""


_WORDS: Final = {
    Verdict.REMARK: (399, 404, 2109, 2137, 2148, 2161, 10349),
    Verdict.REJECT: (109, 163, 200, 201, 203, 387, 391, 434, 460, 10268, 10289, 10293),
    Verdict.DUPLICATE: (103,),
    Verdict.GONE: (135, 161, 10147, 10148),
    Verdict.CANCELLED: (202,),
}
_TABLE: Final = {code: verdict for verdict, codes in _WORDS.items() for code in codes}


def classify(code: int) -> Verdict:
    """Return what a code about an order asks for (tws.md 5.4, O11 to O14 and O19)."""
    return _TABLE.get(code, Verdict.ASK)
