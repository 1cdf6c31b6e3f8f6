"""Journals of random lives, and everything that a fold holds as plain values."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from random import Random
from typing import Any

import msgspec

from robotrader.domain import records as rec
from robotrader.recovery import Folds, Holder
from tests.robotrader.execution import swarm
from tests.robotrader.execution.broker import ACCOUNT
from tests.robotrader.ledger.kit import fill

HOLDER = Holder.of(ACCOUNT, {1: 1, 2: 100})
"""Contract 9, which the swarm's person trades, is not known: its fills are booked with a doubt."""


def others(rng: Random) -> Iterator[rec.Record]:
    """Yield records of everybody but the order manager, for ever."""
    day = date(2026, 11, 20)
    while True:
        day += timedelta(days=1)
        scope = rng.choice(("all", "symbol:AAPL", "strategy:s", "nonsense"))
        cash = Decimal(rng.randrange(10**9)) / 100
        made: tuple[rec.Record, ...] = (
            rec.DayRolled(day=day.isoformat(), equity=cash),
            rec.CashAdopted(account=ACCOUNT, cash=cash, currency=rng.choice(("USD", "EUR"))),
            rec.LimitChanged(name="max_open_orders", value=Decimal(rng.randrange(9)), who="ann"),
            rec.LimitChanged(name="max_gross", value=Decimal(rng.randrange(9)), who="ann"),
            rec.SwitchTripped(level="reduce", scope=scope, trigger="person", why="w", who="ann"),
            rec.SwitchCleared(scope=scope, who="ann", why="seen"),
            rec.StrategySaved(strategy=f"s{rng.randrange(3)}", state=rng.randbytes(9)),
            rec.MessageQuarantined(actor="s1", message=f"m{rng.random()}", crashes=3, error="e"),
            rec.SuspensionChanged(
                strategy=f"s{rng.randrange(3)}", suspended=rng.random() < 0.7, why="again",
            ),
            rec.PositionAdopted(
                con_id=rng.choice((1, 2)), qty=Decimal(rng.randrange(-5, 6)),
                avg_cost=Decimal("9.99"), who="ann", why="seen",
            ),
            rec.CommissionBooked(family=f"u{rng.randrange(99)}", exec_id="u.01", commission=cash),
            fill(f"o{rng.randrange(99)}", "BUY", 5, "9.5", con_id=1, account="DU9", ref=""),
            rec.OperatorActed(who="ann", command="stop", result="ok"),
        )  # fmt: skip
        yield rng.choice((*made, *made[:1] * 6))


@cache
def journal(seed: int) -> tuple[rec.Record, ...]:
    """The records of a life of orders, with those of everybody else in between."""
    rng = Random(seed)
    other = others(rng)
    mixed: list[rec.Record] = []
    for record in swarm.live(seed, actions=40).journal:
        while rng.random() < 0.7:
            mixed.append(next(other))
        mixed.append(record)
    return tuple(mixed)


def folded(records: tuple[rec.Record, ...], folds: Folds | None = None) -> Folds:
    """Fold the records behind what was folded already."""
    made = folds or Folds(HOLDER)
    for seq, record in enumerate(records[made.seq :], made.seq + 1):
        made.apply(seq, record)
    return made


_NO_FACTS = {"_apply", "_before", "_newest", "_points", "_settled"}
"""How a fold is done, what was heard last, and from where a correction takes it up again."""


def facts(thing: Any) -> Any:
    """Everything in an object, as values that compare: every attribute, every order of a dict."""
    if isinstance(thing, dict):
        return [(key, facts(value)) for key, value in thing.items()]
    if isinstance(thing, list | tuple | deque):
        return [facts(each) for each in thing]
    if isinstance(thing, msgspec.Struct):
        return [(name, facts(getattr(thing, name))) for name in thing.__struct_fields__]
    names = getattr(type(thing), "__slots__", None) or vars(thing) if _ours(thing) else ()
    if names:
        values = {n: facts(getattr(thing, n)) for n in sorted(names) if n not in _NO_FACTS}
        if "_places" in values:  # only ever looked up in, so its order means nothing
            values["_places"] = sorted(values["_places"])
        if "_held" in values:  # which is folded when somebody looks
            values["_held"] = facts(thing.held)
        if "_numbers" in values:  # which count what was settled in this fold, wherever it began
            gone = thing._settled
            values["_numbers"] = sorted((key, at - gone) for key, at in values["_numbers"])
        return list(values.items())
    return thing


def _ours(thing: Any) -> bool:
    own = type(thing).__module__.startswith("robotrader.")
    return own and not isinstance(thing, str | int)
