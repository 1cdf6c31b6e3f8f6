"""What a kill would do, before it does it: by the same rules that then act, scope by scope."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.tables import position_rows
from robotrader.domain import control_answers as answers
from robotrader.risk import ALL, Level, budget_of, scope_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from actors.say import Trading
    from actors.tables import Known
    from robotrader.execution import OrderView
    from robotrader.ledger import LedgerView


def kill_answer(
    level: Level,
    word: str,
    known: Known,
    trading: Trading | None,
    ledger: LedgerView | None,
    *,
    preview: bool,
) -> answers.KillAnswer:
    """Return what a level does in a scope: orders, positions, and what it cannot do."""
    scope = scope_of(word)
    orders = () if trading is None or level < Level.CANCEL else trading.orders
    held = () if ledger is None or level < Level.FLATTEN else position_rows(known, ledger)
    return answers.KillAnswer(
        preview=preview,
        level=str(level),
        scope=scope,
        cancels=tuple(each.ref for each in orders if scope in _scopes(each) and not each.protects),
        closes=tuple(row for row in held if scope in _places(row)),
        cannot=(*_unknown(trading, ledger), *_cannot(level, scope, word, known)),
    )


def _scopes(order: OrderView) -> set[str]:
    names = {order.strategy, budget_of(order.strategy)}
    own = {f"strategy:{name}" for name in names}
    return {ALL, f"account:{order.account}", f"symbol:{order.symbol}", *own}


def _places(row: answers.PositionRow) -> set[str]:
    return {ALL, f"account:{row.account}", f"symbol:{row.symbol}"}


def _unknown(trading: Trading | None, ledger: LedgerView | None) -> Iterator[str]:
    if trading is None:
        yield "say which orders: the order manager does not answer"
    if ledger is None:
        yield "say which positions: the account does not answer"


def _cannot(level: Level, scope: str, word: str, known: Known) -> Iterator[str]:
    kind, _, name = scope.partition(":")
    if scope == ALL and word != ALL:
        yield f"read the scope {word!r}: it is taken for all; write symbol:X or strategy:X"
    if kind == "symbol" and name not in known.symbols.values():
        yield f"find {name}: it is no symbol of the universe, so nothing is stopped by this"
    if kind == "account" and name != known.account:
        yield f"find {name}: this system trades {known.account}, so nothing is stopped by this"
    if kind != "strategy":
        return
    if not {name, budget_of(name)} & known.strategies and name not in known.strategies:
        yield f"find {name}: no strategy has that name, so nothing is stopped by this"
    if level >= Level.FLATTEN:
        yield "say how many shares: it closes what the strategy holds by then"
