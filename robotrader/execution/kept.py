"""A book as a value: what a snapshot keeps of it, and the book that comes of it again."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from robotrader.execution.book import Book, Booked
from robotrader.execution.tracked import Tracked


class BookState(msgspec.Struct, frozen=True, kw_only=True):
    """Every field of a ``Book``; rows in the order in which the book has them."""

    epoch: int = 0
    account: str = ""
    client_id: int = 0
    reconciled: int = 0
    ignored: int = 0
    identities: tuple[int, int, int] = (0, 0, 0)
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


def state_of(book: Book) -> BookState:
    """Return a book as a value; encode it before the book goes on: the orders are its own."""
    return BookState(
        epoch=book.epoch,
        account=book.account,
        client_id=book.client_id,
        reconciled=book.reconciled,
        ignored=book.ignored,
        identities=book.identities.state(),
        orders=tuple(book.orders.values()),
        open=tuple(book.open),
        by_id=tuple(book.by_id.items()),
        by_perm=tuple(book.by_perm.items()),
        fills=tuple(book.fills.items()),
        commissions=tuple(book.commissions.items()),
        positions=tuple(book.positions.items()),
        moves=tuple(book.moves.items()),
        halted=tuple(sorted(book.halted)),
        blocked=tuple(book.blocked.items()),
        externals=tuple(book.externals.items()),
    )


def restore(book: Book, state: BookState) -> None:
    """Make a new book the one that ``state`` was taken of."""
    book.epoch, book.account, book.client_id = state.epoch, state.account, state.client_id
    book.reconciled, book.ignored = state.reconciled, state.ignored
    book.identities.restore(state.identities)
    book.orders = {order.ref: order for order in state.orders}
    book.open = {ref: book.orders[ref] for ref in state.open}
    book.by_id, book.by_perm = dict(state.by_id), dict(state.by_perm)
    book.fills, book.commissions = dict(state.fills), dict(state.commissions)
    book.positions, book.moves = dict(state.positions), dict(state.moves)
    book.halted, book.blocked = set(state.halted), dict(state.blocked)
    book.externals = dict(state.externals)
