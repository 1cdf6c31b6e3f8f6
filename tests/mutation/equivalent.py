"""Changes that change nothing that anybody could see, each with the reason."""

from __future__ import annotations

from typing import Final

_COVER: Final = "robotrader/execution/cover.py assess:"
_SIDE: Final = "in `side = (position > 0) - (position < 0)`"
_FLAT: Final = "a flat position has no side: whatever closes it is cut to nothing on either"
_LEDGER: Final = "robotrader/ledger/"
_PRICE: Final = f"{_LEDGER}money.py market_price:"
_CENTS: Final = "in `cents = round(price * 100) if price < _WHOLE_CENTS else 0`"
_TEXT: Final = "other cents are not the price's, and then its text is asked: the same, more slowly"

EQUIVALENT: Final[dict[str, str]] = {
    f"{_COVER} `position > 0` -> `position >= 0` {_SIDE}": _FLAT,
    f"{_COVER} `position < 0` -> `position <= 0` {_SIDE}": _FLAT,
    f"{_PRICE} `0` -> `1` {_CENTS}": _TEXT,
    f"{_PRICE} `price * 100` -> `price / 100` {_CENTS}": _TEXT,
    f"{_PRICE} `price < _WHOLE_CENTS` -> `price <= _WHOLE_CENTS` {_CENTS}": _TEXT,
    "robotrader/risk/together.py _same_way: `sign * way` -> `sign / way` in `return max((sign * "
    "way * correlation for way in ways))`": "a way is 1 or -1",
    "robotrader/risk/quotes.py Quotes.__init__: `0` -> `1` in `self._begin = 0`": "places are "
    "compared with one another alone, wherever they begin",
    "robotrader/risk/worst.py Worst._take: `context.clear_flags()` -> `pass`": "what was added up "
    "is added up anew, and is what it was",
    f"{_LEDGER}money.py module: `Context(prec=120, traps=[InvalidOperation, DivisionByZero, "
    "Overflow])` -> `Context(prec=120)` in `EXACT: Final = Context(prec=120, traps=["
    "InvalidOperation, DivisionByZero, Overflow])`": "these are the traps of every new context",
    f"{_LEDGER}rows.py Rows._moved: `old is not new and old != new and (con_id in self.positions)` "
    "-> `old is not new or old != new or con_id in self.positions` in `return {con_id for con_id, "
    "old, new in zip(self._con_ids, be ... on_id in self.positions)}`": "a row more is computed "
    "anew, and is what it was",
    f"{_LEDGER}rows.py Rows._show: `del self._of[name]` -> `pass`": "an empty one stays, of which "
    "nothing is shown",
    f"{_LEDGER}state.py LedgerState: `0` -> `1` in `adoptions: int = 0`": "a number that makes "
    "names of adoptions different, wherever it begins",
    f"{_LEDGER}lots.py match: `left > 0` -> `left >= 0` in `while left and held and ((held[0].qty "
    "> 0) != (left > 0)): s ... , gain, lot.fees + paid))`": "it is not 0: the loop would be over",
    f"{_LEDGER}trips.py losing_streak: `for each in trips if each.closed` -> `for each in trips` "
    "in `newest_first = (reversed(each.closed) for each in trips if each.closed)`": "nothing is "
    "merged of those without closed trades",
    f"{_LEDGER}ledger.py Ledger._adopt_position: `missing > 0` -> `missing >= 0` in `trade = Trade("
    "family=f'adopted {self._adoptions}', sign=1 if ... elf._rolled, adopts=True)`": "it is not 0",
}
"""By the name of a change (``changes.Change.name``)."""
