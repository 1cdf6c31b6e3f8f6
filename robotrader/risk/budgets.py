"""The budget of each strategy: what it holds and has on its way, as a part of equity (F62).

A strategy that runs for several symbols is one strategy: ``cross/AAPL`` and ``cross/KO`` share the
budget of ``cross``. What it holds are the lots that it opened, whoever closes them. Nothing is
netted: pending orders of both sides add up, because either may fill alone.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Inexact, getcontext
from typing import TYPE_CHECKING

from robotrader.ledger.money import ZERO
from robotrader.risk.rows import Sum
from robotrader.risk.switch import budget_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from robotrader.ledger import Mark, StrategyView
    from robotrader.risk.case import Case
    from robotrader.risk.view import RiskView


class Budgets:
    """What the strategies of each name hold; only what has changed is added up.

    To be used in the context ``EXACT``. The strategies of a view that says what has moved may be
    one dictionary that goes on; those of any other view are one that stays as it is.
    """

    def __init__(self) -> None:
        self._rounded = False
        self._begin()

    def _begin(self) -> None:
        self._held: defaultdict[str, Sum] = defaultdict(Sum)
        self._parts: Mapping[str, StrategyView] = {}
        self._mark: Mark[str] | None = None
        self._counted: dict[str, tuple[Decimal | None, Sum]] = {}
        """What each strategy holds, and the sum that it is part of."""

    def look(self, view: RiskView) -> None:
        """Take over what the strategies of a view have."""
        parts = {} if view.ledger is None else view.ledger.strategies
        mark = None if view.moved is None else view.moved.strategies
        seen = parts is self._parts if mark is None else mark == self._mark
        if not seen and (self._rounded or self._take(parts, mark)):
            self._begin()  # a digit was lost: a sum of what was rounded is of nothing else
            self._rounded = self._take(parts, mark)

    def held(self, name: str, view: RiskView) -> Decimal | None:
        """Return what the strategies of a name hold, None if a price of it is not known."""
        self.look(view)
        found = self._held[name]
        return None if found.unknown else found.known

    def _take(self, parts: Mapping[str, StrategyView], mark: Mark[str] | None) -> bool:
        """Take over what has changed; return whether a digit was lost."""
        context = getcontext()
        context.clear_flags()
        names = None if mark is None else mark.since(self._mark)
        counted = self._counted
        for own in {*counted, *parts} if names is None else names:
            kept, part = counted.get(own), parts.get(own)
            old, held = (ZERO, self._held[budget_of(own)]) if kept is None else kept
            new: Decimal | None = ZERO
            if part is not None:
                new = None if part.unrealized is None else abs(part.cost + part.unrealized)
            held.swap(old, new)
            if part is not None:
                counted[own] = new, held
            elif kept is not None:
                del counted[own]
        self._parts, self._mark = parts, mark
        return context.flags[Inexact]


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
