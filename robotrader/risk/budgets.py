"""The budget of each strategy: what it holds and has on its way, as a part of equity (F62).

A strategy that runs for several symbols is one strategy: ``cross/AAPL`` and ``cross/KO`` share the
budget of ``cross``. What it holds are the lots that it opened, whoever closes them. Nothing is
netted: pending orders of both sides add up, because either may fill alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from robotrader.risk.switch import budget_of

if TYPE_CHECKING:
    from robotrader.risk.case import Case


def strategy(case: Case) -> str:
    """What the strategy holds and has on its way stays within its part of equity."""
    name = budget_of(case.intent.strategy)
    share = case.limits.max_strategy_weight.get(name)
    if share is None:
        return ""
    if case.equity is None:
        return "equity is not known"
    held, coming = case.before.budget(name), case.after.coming(name, case.intent.qty)
    if held is None or coming is None:
        return f"a price of what {name} holds or has on its way is not known"
    used, most = held + coming, share * case.equity
    if used <= most:
        return ""
    return f"{name} would use {used} USD, above its budget of {most} ({share} of equity)"
