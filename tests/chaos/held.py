"""What an order is kept in, and what a round of chaos leaves that only a collection frees.

    python -m tests.chaos.held --orders 300 --rounds 4

The whole tree over a real socket (``tests.actors.rig``) makes so many orders; in each round the
connection breaks, the order manager is killed and the account is poisoned. The collector is off:
in the core it is as good as off for hours. After each round everything is collected once, and what
that freed is counted; last, what the living hold is weighed by who holds it. An object that several
hold is the first one's, in the order of the table.
"""

from __future__ import annotations

import argparse
import gc
import logging
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

import msgspec

from actors.chaos import PoisonPill
from robotrader.domain.records import StrategySaved
from robotrader.execution.book import Book
from robotrader.risk import Limits
from supervision.cell import Cell
from supervision.testing import actor_of
from tests.actors.rig import SYMBOLS, Rig, running

HOLDERS = {
    "the order manager's book": ("orders", "manager"),
    "the broker's newest answer": ("orders", "_compared"),
    "the account's ledger": ("account", "ledger"),
    "the account's list of trades": ("account", "trades"),
    "the gate's ledger": ("risk", "keeper.ledger"),
    "the gate's standings": ("risk", "keeper.standings"),
    "the folds of snapshots": ("journal", "_snapshots"),
    "the newest records": ("journal", "_recent"),
}
_ENDS = (ModuleType, FunctionType, type, Cell)


class Left(NamedTuple):
    """What a round left: objects that the collector frees, blocks of memory in all, books."""

    objects: int
    blocks: int
    books: int


def chaos(rig: Rig) -> Left:
    """One round, and what it left."""
    books = _books()
    rig.exchange.cut()
    rig.kill("orders")
    rig.ready()
    account = rig.trader.role("account").resolve()
    account.tell(PoisonPill())
    rig.until(lambda: not account.is_alive())
    rig.ready()
    books, before = _books() - books, sys.getallocatedblocks()
    objects = gc.collect()
    return Left(objects, before - sys.getallocatedblocks(), books)


def _books() -> int:
    return sum(isinstance(each, Book) for each in gc.get_objects())


def weighed(rig: Rig) -> Iterator[tuple[str, int]]:
    """Yield who holds how many bytes."""
    seen: set[int] = set()
    for name, (role, where) in HOLDERS.items():
        held: Any = actor_of(rig.trader.role(role).resolve())
        for part in where.split("."):
            held = getattr(held, part)
        yield name, sum(map(sys.getsizeof, reached(held, seen)))


def reached(root: object, seen: set[int]) -> Iterator[object]:
    """Yield what can be reached and was not seen; a struct hides its fields from the collector."""
    waiting = [root]
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, _ENDS):
            continue
        seen.add(id(one))
        yield one
        waiting += _inside(one)


def _inside(one: object) -> Iterable[object]:
    if isinstance(one, msgspec.Struct):
        return [getattr(one, name) for name in one.__struct_fields__]
    return gc.get_referents(one)


def measured(folder: Path, orders: int, rounds: int) -> Iterator[str]:
    """Yield the lines of both tables."""
    limits = Limits(
        allowed_symbols=frozenset(SYMBOLS), duplicate_window_ms=0, max_orders_per_s=1_000,
        max_orders_per_min=100_000, max_orders_per_day=100_000, max_losses_row=0,
    )  # fmt: skip
    with running(folder, limits=limits) as rig:
        rig.ready()
        begun = dict(weighed(rig))
        for number in range(orders):
            rig.trade(("BUY", "SELL")[number % 2], 10)
        journal = rig.trader.role("journal")
        journal.tell(
            StrategySaved(strategy="test", state=b"")
        )  # behind which snapshots are seen to
        rig.until(lambda: not actor_of(journal.resolve())._snapshots.due)
        before = dict(weighed(rig))
        yield f"{orders} orders; a round leaves to the collector"
        for number in range(rounds):
            left = chaos(rig)
            told = f"{left.objects} objects, {left.blocks} blocks, {left.books} books"
            yield f"{number + 1:>4}: {told}"
        yield "KiB an order before these rounds, and after them"
        after = dict(weighed(rig))
        for name, size in begun.items():
            both = [(each[name] - size) / 1024 / orders for each in (before, after)]
            yield f"{both[0]:6.2f} {both[1]:6.2f} {name}"


def main() -> None:
    """Measure, and print it."""
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--orders", type=int, default=300)
    asked.add_argument("--rounds", type=int, default=4)
    given = asked.parse_args()
    logging.disable(logging.CRITICAL)
    gc.disable()
    with tempfile.TemporaryDirectory() as folder:
        for line in measured(Path(folder), given.orders, given.rounds):
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
