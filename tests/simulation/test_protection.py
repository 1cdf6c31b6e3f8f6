"""P1 leaves out what a person adopted and no strategy bought, to the share, and nothing else."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest

from robotrader.domain import FLATTENER
from robotrader.domain import records as rec
from robotrader.domain.records import Record
from tests.robotrader.ledger.kit import adopted as adopts
from tests.robotrader.ledger.kit import fill
from tests.simulation.protection import MOMENT_S, Move, WholeProtected, adopted
from tests.simulation.world import World

S = 1_000_000_000
MUCH = "much"


def bought(qty: int, strategy: str = MUCH, number: str = "a") -> rec.FillBooked:
    return fill(number, "BUY" if qty > 0 else "SELL", abs(qty), "60", con_id=1, strategy=strategy)


@pytest.mark.parametrize(
    ("moves", "left"),
    [
        ([bought(14)], 0),
        ([adopts(14, "60", con_id=1)], 14),
        ([adopts(14, "60", con_id=2)], 0),
        ([bought(8), adopts(14, "60", con_id=1)], 6),
        ([bought(14), adopts(8, "60", con_id=1)], 0),
        ([adopts(14, "60", con_id=1), bought(14), bought(-14)], 14),
        ([adopts(14, "60", con_id=1), bought(14), bought(-20, FLATTENER)], 0),
        ([bought(14), adopts(28, "60", con_id=1), bought(-20, FLATTENER)], 8),
        ([adopts(14, "60", con_id=1), bought(-14, FLATTENER), bought(14)], 0),
        ([adopts(14, "60", con_id=1), adopts(0, "0", con_id=1), bought(14)], 0),
        ([adopts(-3, "60", con_id=1)], -3),
        ([bought(14, strategy="")], 0),
    ],
)
def test_nobodys_shares_are_those_that_a_person_adopted_and_no_fill_brought(
    moves: list[Move], left: int
) -> None:
    assert adopted(moves, 1) == left


def world_of(log: list[Record], held: int) -> Any:
    """A world at rest, ready since long ago, in which nothing works at the venue."""
    switch, trading = SimpleNamespace(trips=()), SimpleNamespace(ready=True, halted=())
    return SimpleNamespace(
        log=[*enumerate((*log, rec.Reconciled(generation=1)), 1)], now_ns=S, executions=[],
        positions=lambda: {1: Decimal(held)}, venue=SimpleNamespace(live={}), ready=True,
        exchange=SimpleNamespace(changes=1), weather=SimpleNamespace(only=lambda _: True),
        core=SimpleNamespace(trading=lambda: trading, switch=lambda: switch),
    )  # fmt: skip


def breaches(world: Any) -> list[str]:
    checker = WholeProtected()
    assert checker.check(cast("World", world)) == []
    world.now_ns += (MOMENT_S + 1) * S
    return [each.text for each in checker.check(cast("World", world))]


def test_what_a_person_adopted_gets_no_stop_and_what_a_strategy_bought_does() -> None:
    """Long, 1000343: an entry filled while the machine was off, and no fill ever told it."""
    mine = adopts(14, "60", con_id=1)
    assert breaches(world_of([mine], 14)) == []
    assert breaches(world_of([], 14)) == ["1: 14 more held than would be closed"]
    assert breaches(world_of([mine, bought(10)], 24)) == ["1: 24 more held than would be closed"]
    assert breaches(world_of([mine], 20)) == ["1: 20 more held than would be closed"]
    assert breaches(world_of([bought(14)], 14)), "which the product booked as a strategy's"
    assert breaches(world_of([bought(14, strategy="")], 14)), "which it booked as nobody's"


def test_an_adoption_that_a_disk_has_lost_excuses_nothing() -> None:
    world = world_of([], 14)
    world.log = [(1, adopts(14, "60", con_id=1)), (1, rec.Reconciled(generation=1))]
    assert breaches(world)
