"""What the risk gate's actor answers to who only wants to know, and what it closes for a kill."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.say import GateUse, GateView
from robotrader.domain import Intent, Purpose, Side
from robotrader.risk import budget_of
from robotrader.risk.changes import value_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from decimal import Decimal

    from actors.say import CloseStrategy
    from robotrader.domain import Instrument
    from robotrader.risk import Gate, RiskView


def how(gate: Gate, facts: Mapping[str, bool]) -> GateView:
    """Return which facts are missing, and what the gate decided."""
    return GateView(
        missing=tuple(name for name, known in facts.items() if not known),
        approvals=gate.approvals,
        refusals=dict(gate.refusals),
    )


def use(gate: Gate, view: RiskView, now_ns: int) -> GateUse:
    """Return how far the limits are used."""
    return GateUse(
        uses=gate.usage(view, now_ns),
        limits_hash=gate.limits.hash,
        refusals=dict(gate.refusals),
        changed=tuple(
            (each, value_of(gate.limits, each.name), value_of(gate.changes.configured, each.name))
            for each in gate.changes.records
        ),
    )


def closing(
    message: CloseStrategy,
    held: Mapping[tuple[str, int], Decimal],
    account: Mapping[int, Decimal],
    instruments: Mapping[int, Instrument],
    now_ns: int,
) -> Iterator[Intent]:
    """Yield what closes a strategy's shares, never more than the account has that way.

    ``held`` are all strategies' shares. Where another strategy holds the opposite, an order of that
    side would open a position of the account: so much is left to a person.
    """
    for (name, con_id), qty in held.items():
        if message.strategy not in {name, budget_of(name)} or con_id not in instruments:
            continue
        there = account.get(con_id, qty * 0)
        if qty * there > 0:
            yield Intent(
                strategy=name,
                con_id=con_id,
                symbol=instruments[con_id].symbol,
                side=Side.SELL if qty > 0 else Side.BUY,
                qty=min(abs(qty), abs(there)),
                purpose=Purpose.FLATTEN,
                cause=f"kill:{now_ns}:{con_id}:{name}",
                reason=f"flatten strategy:{message.strategy}",
                decided_ns=now_ns,
            )
