"""Checks that passed are not asked again while nothing that they look at is another.

What an intent is compared with that no intent and no price changes, the link, the switch, a
contract and its session, is the same for thousands of intents. Only passes are kept, and only of
intents that passed everything: whatever is refused, is refused by the first check that refuses it,
in the order of all. A check that looks at a limit which is off passes always, and is never asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from robotrader.risk.checks import FOR_ALL, FOR_ENTRIES, first_refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from robotrader.risk.case import Case
    from robotrader.risk.checks import Check
    from robotrader.risk.limits import Limits

    Asked = Sequence[tuple[str, Check]]

OF_THE_ACCOUNT: Final = frozenset({"link", "switch", "clock", "losses", "cancel_ratio"})
"""Checks that look at limits and at what ``_of_the_account`` returns, and at nothing else."""

OF_A_CONTRACT: Final = frozenset({"contract", "symbol", "restricted", "session", "volatility"})
"""Checks that look at limits and at what ``_of_a_contract`` returns, and at nothing else."""

OFF: Final[dict[str, Callable[[Limits], bool]]] = {
    "restricted": lambda limits: not limits.restricted_symbols,
    "clock": lambda limits: not limits.max_clock_skew_ms,
    "duplicate": lambda limits: not limits.duplicate_window_ms,
    "cancel_ratio": lambda limits: limits.max_cancel_ratio is None,
    "cooldown": lambda limits: not limits.cooldown_ms,
    "short": lambda limits: limits.allow_short,
    "sector": lambda limits: limits.max_sector_weight is None,
    "volume": lambda limits: limits.max_volume_share is None,
    "volatility": lambda limits: limits.max_volatility is None,
    "strategy": lambda limits: not limits.max_strategy_weight,
    "correlation": lambda limits: limits.max_pair_correlation is None,
    "cluster": lambda limits: limits.max_cluster_weight is None,
    "heat": lambda limits: limits.max_heat is None,
    "borrow": lambda limits: not limits.short_needs_borrow,
    "margin": lambda limits: limits.max_margin is None,
}
"""Whether limits let everything pass that a check could be asked about."""


class Passes:
    """See the module's prose. It is of one gate; contracts are those that have passed."""

    def __init__(self) -> None:
        self._limits: Limits | None = None
        self._asked: dict[tuple[bool, bool], Asked] = {}
        """What is to be asked, if what is of the account has passed, and what is of a contract."""

        self._account: tuple[object, ...] | None = None
        self._contracts: dict[int, tuple[object, ...]] = {}

    def refused(self, case: Case) -> tuple[str, str] | None:
        """Return the code and the reason of the first check that does not let an intent pass."""
        if case.reduces:
            return first_refusal(case, FOR_ALL)
        if case.limits is not self._limits:
            self._begin(case.limits)
        account, contract, con_id = _of_the_account(case), _of_a_contract(case), case.intent.con_id
        known = account == self._account, contract == self._contracts.get(con_id)
        found = first_refusal(case, self._asked[known])
        if found is None:
            self._account, self._contracts[con_id] = account, contract
        return found

    def _begin(self, limits: Limits) -> None:
        """Judge by other limits: nothing has passed those."""
        self._limits, self._account = limits, None
        self._contracts.clear()
        on = [each for each in (*FOR_ALL, *FOR_ENTRIES) if not is_off(each[0], limits)]
        for account in (False, True):
            for contract in (False, True):
                passed = (OF_THE_ACCOUNT if account else set()) | (
                    OF_A_CONTRACT if contract else set()
                )
                self._asked[account, contract] = tuple(
                    [each for each in on if each[0] not in passed]
                )


def is_off(code: str, limits: Limits) -> bool:
    """Return whether limits let everything pass that a check could be asked about."""
    off = OFF.get(code)
    return off is not None and off(limits)


def _of_the_account(case: Case) -> tuple[object, ...]:
    """Return what its checks look at; a switch that is tripped asks for whom."""
    view, past, intent = case.view, case.past, case.intent
    ledger, switch = view.ledger, view.switch
    whose = (intent.symbol, intent.strategy) if switch is not None and switch.trips else None
    losses = None if ledger is None else ledger.losses_ns
    return view.link, switch, whose, view.account, view.skew_ns, losses, past.entries, past.cancels


def _of_a_contract(case: Case) -> tuple[object, ...]:
    """Return what its checks look at."""
    intent, view = case.intent, case.view
    con_id = intent.con_id
    session, days = view.sessions.get(con_id), view.days.get(con_id)
    return case.instrument, intent.symbol, session, intent.outside_rth, days
