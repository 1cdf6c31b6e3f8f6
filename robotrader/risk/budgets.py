"""The budget of each strategy: what it holds and has on its way, as a part of equity (F62).

A strategy that runs for several symbols is one strategy: ``cross/AAPL`` and ``cross/KO`` share the
budget of ``cross``. What it holds are the lots that it opened, whoever closes them. Nothing is
netted: pending orders of both sides add up, because either may fill alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from robotrader.ledger.view import total
from robotrader.risk.switch import budget_of
from robotrader.risk.worst import worth

if TYPE_CHECKING:
    from decimal import Decimal

    from robotrader.risk.case import Case
    from robotrader.risk.exposure import Reservation
    from robotrader.risk.view import WorkingOrder


def strategy(case: Case) -> str:
    """What the strategy holds and has on its way stays within its part of equity."""
    name = budget_of(case.intent.strategy)
    share = case.limits.max_strategy_weight.get(name)
    if share is None:
        return ""
    ledger = case.view.ledger
    if ledger is None or ledger.equity is None:
        return "equity is not known"
    used = total((case.before.budget(name), *_coming(case, name)))
    if used is None:
        return f"a price of what {name} holds or has on its way is not known"
    most = share * ledger.equity
    if used <= most:
        return ""
    return f"{name} would use {used} USD, above its budget of {most} ({share} of equity)"


def _coming(case: Case, name: str) -> list[Decimal | None]:
    """Return the worth of its pending orders and of this one, each at its worst price."""
    on_their_way: tuple[Reservation | WorkingOrder, ...] = case.reserved
    on_their_way += case.view.others or ()
    return [
        worth(case.intent.qty, case.mine),
        *(
            worth(each.qty, case.after[each.con_id])
            for each in on_their_way
            if not each.reduces and budget_of(each.strategy) == name
        ),
    ]
