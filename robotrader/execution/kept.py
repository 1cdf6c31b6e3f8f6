"""A book as a value: what a snapshot keeps of it, and the book that comes of it again."""

from __future__ import annotations

from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import msgspec

from robotrader.execution.book import Book, Booked
from robotrader.execution.tracked import IN_DOUBT, Tracked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class BookState(msgspec.Struct, frozen=True, kw_only=True):
    """Every field of a ``Book``; rows in the order in which the book has them."""

    epoch: int = 0
    account: str = ""
    client_id: int = 0
    reconciled: int = 0
    ignored: int = 0
    identities: tuple[int, int, int, int] = (0, 0, 0, 0)
    orders: tuple[Tracked, ...] = ()
    open: tuple[str, ...] = ()
    by_id: tuple[tuple[int, str], ...] = ()
    by_perm: tuple[tuple[int, str], ...] = ()
    fills: tuple[tuple[str, Booked], ...] = ()
    commissions: tuple[tuple[str, tuple[str, Decimal]], ...] = ()
    positions: tuple[tuple[tuple[str, int], Decimal], ...] = ()
    moves: tuple[tuple[int, int], ...] = ()
    halted: tuple[int, ...] = ()
    blocked: tuple[tuple[str, str], ...] = ()
    externals: tuple[tuple[int, tuple[str, Decimal]], ...] = ()
    holdings: tuple[tuple[tuple[str, int], Decimal], ...] = ()
    awaited: tuple[str, ...] = ()
    stops: tuple[tuple[tuple[str, int], str], ...] = ()
    legs: tuple[tuple[str, tuple[str, ...]], ...] = ()
    leaving: tuple[str, ...] = ()
    clock_ns: int = 0


_ROWS: Final = (
    "open",
    "by_id",
    "by_perm",
    "fills",
    "commissions",
    "positions",
    "moves",
    "blocked",
    "externals",
    "holdings",
    "awaited",
    "stops",
    "legs",
)
"""The book's tables, which are a state's rows as they are."""

_BY_REF: Final = frozenset({"open", "awaited"})
"""Tables of orders: a state has their references."""


def slices(book: Book, rows: int) -> Iterator[BookState]:
    """Yield a book's state in slices of so many rows; its tables are read as they are asked for.

    The orders are the book's own: encode a slice, and let the book stand still until the last.
    """
    yield BookState(
        epoch=book.epoch,
        account=book.account,
        client_id=book.client_id,
        reconciled=book.reconciled,
        ignored=book.ignored,
        identities=book.identities.state(),
        halted=tuple(sorted(book.halted)),
        clock_ns=book.leaving.now_ns,
    )
    for each in _batches(book.orders.values(), rows):
        yield BookState(orders=each)
    for refs in _batches(book.leaving.refs, rows):
        yield BookState(leaving=refs)
    for name in _ROWS:
        table = getattr(book, name)
        for each in _batches(table if name in _BY_REF else table.items(), rows):
            yield msgspec.structs.replace(BookState(), **{name: each})


def _batches(values: Iterable[Any], count: int) -> Iterator[tuple[Any, ...]]:
    rest = iter(values)
    while batch := tuple(islice(rest, count)):
        yield batch


def restore(book: Book, state: BookState) -> None:
    """Make a new book the one that ``state`` was taken of."""
    book.epoch, book.account, book.client_id = state.epoch, state.account, state.client_id
    book.reconciled, book.ignored = state.reconciled, state.ignored
    book.identities.restore(state.identities)
    book.orders = {order.ref: order for order in state.orders}
    for order in state.orders:
        order.count_in(book.doubts)
    book.doubts.count = sum(order.state in IN_DOUBT for order in state.orders)
    book.open.fill((ref, book.orders[ref]) for ref in state.open)
    book.by_id, book.by_perm = dict(state.by_id), dict(state.by_perm)
    book.fills, book.commissions = dict(state.fills), dict(state.commissions)
    book.positions, book.moves = dict(state.positions), dict(state.moves)
    book.halted, book.blocked = set(state.halted), dict(state.blocked)
    book.externals = dict(state.externals)
    book.holdings.fill(state.holdings)
    book.awaited.fill((ref, book.orders[ref]) for ref in state.awaited)
    book.stops.fill(state.stops)
    book.legs = dict(state.legs)
    book.leaving.refs, book.leaving.now_ns = dict.fromkeys(state.leaving), state.clock_ns
