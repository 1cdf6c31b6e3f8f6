"""Draws messages that a client can read: random, but for what it parses.

Clients make dates, masks and conditions of some fields; those get values of that form. Everything
else is as ``values`` draws it, unset values included.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Any

from robotrader.tws.layout import Group
from robotrader.tws.replies import REPLIES
from tests.robotrader.tws.values import fields as draw
from tests.robotrader.tws.values import message, parse

CONDITION_TYPES = (1, 3, 4, 5, 6, 7)
TICK_TYPES = (1, 2, 3, 4)
TIMES = ("20261121 10:00:00", "20270101 00:00:01")
DATES = ("", "20261218", "202612")
NUMBERS = ("", "0", "1", "100")


def reply(name: str, version: int, rng: Random, *, ascii_only: bool) -> dict[str, Any]:
    """Values for a reply that clients can read."""
    layout = REPLIES[name][1]
    drawn = message(layout, rng, version, ascii_only=ascii_only)
    while name == "tickByTick" and drawn["tickType"] not in TICK_TYPES:
        drawn = message(layout, rng, version, ascii_only=ascii_only)
    if isinstance(drawn.get("conditions"), list):
        drawn["conditions"] = _conditions(layout, version, rng, len(drawn["conditions"]))
    for field, repair in REPAIRS.get(name, {}).items():
        drawn[field] = repair(drawn[field], rng)
    return drawn


def _conditions(layout: str, version: int, rng: Random, many: int) -> list[dict[str, Any]]:
    group = next(
        item
        for item in parse(layout, version)
        if isinstance(item, Group) and item.name == "conditions"
    )
    rows: list[dict[str, Any]] = []
    while len(rows) < many:
        row = draw(group.items, rng, version, ascii_only=True)
        if row["condType"] in CONDITION_TYPES:
            rows.append({**row, "conjunction": rng.choice("ao")})
    return rows


def _one_of(choices: tuple[str, ...]) -> Repair:
    return lambda _, rng: rng.choice(choices)


def _in_order(values: list[Any], _: Random) -> list[Any]:
    return sorted({value for value in values if value is not None})


def _whole_sizes(rows: list[dict[str, Any]], _: Random) -> list[dict[str, Any]]:
    return [{**row, "size": Decimal(int(row["size"]))} for row in rows]


Repair = Callable[[Any, Random], Any]


def _number(value: Any, _: Random) -> Any:
    return value or 0.0


REPAIRS: dict[str, dict[str, Repair]] = {
    # They split it into a date, a time and a zone.
    "contractDetails": {"lastTradeDate": _one_of(DATES), "evMultiplier": _one_of(NUMBERS)},
    "bondContractDetails": {
        "lastTradeDate": _one_of(DATES),
        "evMultiplier": _one_of(NUMBERS),
        "coupon": lambda _, rng: float(rng.randrange(9)),  # ibapi reads an integer
    },
    # They read an empty multiplier as 0.
    "execDetails": {"time": _one_of(TIMES), "evMultiplier": _number},
    "commissionReport": {"yieldRedemptionDate": _one_of(NUMBERS)},
    # ibapi makes sets of them.
    "secDefOptParam": {"expirations": _in_order, "strikes": _in_order},
    # They read it as an integer even where sizes may have decimals.
    "histogramData": {"rows": _whole_sizes},
    # ibapi tells the size of these only.
    "tickPrice": {"tickType": lambda _, rng: rng.choice((1, 2, 4, 66, 67, 68))},
    # They take a negative volatility, and -2 of another value, for unset.
    "tickOptionComputation": {"impliedVol": lambda value, _: abs(value or 0.0)},
}
