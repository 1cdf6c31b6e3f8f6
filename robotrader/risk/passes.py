"""Checks that passed are not asked again while nothing that they look at is another.

What an intent is compared with that no intent and no price changes, the link, the switch, a
contract and its session, is the same for thousands of intents. Only passes are kept, and only of
intents that passed everything: whatever is refused, is refused by the first check that refuses it,
in the order of all. A check that looks at a limit which is off passes always, and is never asked.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Final

from robotrader.risk.case import Case
from robotrader.risk.checks import FOR_ALL, FOR_ENTRIES, WEIGHED, first_refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from robotrader.risk.checks import Check
    from robotrader.risk.limits import Limits

OF_THE_ACCOUNT: Final = frozenset({"positions", "link", "switch", "clock", "losses"})
"""Checks that look at limits and at what ``Passes.refused`` compares of the account, and at nothing
else. Of a switch that is tripped it is asked for whom, too."""

OF_A_CONTRACT: Final = frozenset(
    {"contract", "exit_grows", "halted", "symbol", "restricted", "session", "volatility"}
)
"""Checks that look at limits and at what is compared there of a contract, and at nothing else."""

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
        self._codes: dict[Check, str] = {}
        self._asked: dict[tuple[bool, bool], tuple[Check, ...]] = {}
        """What is to be asked, if what is of the account has passed, and what is of a contract."""

        self._account: tuple[object, ...] | None = None
        self._contracts: dict[int, tuple[object, ...]] = {}

    def refused(self, case: Case) -> tuple[str, str] | None:
        """Return the code and the reason of the first check that does not let an intent pass."""
        if case.reduces:
            return first_refusal(case, FOR_ALL)
        if case.limits is not self._limits:
            self._begin(case.limits)
        intent, view, whose = case.intent, case.view, None
        con_id, ledger, switch, halted = intent.con_id, view.ledger, view.switch, view.halted
        if switch is not None and switch.trips:
            whose = (view.account, intent.symbol, intent.strategy)
        losses = None if ledger is None else ledger.losses_ns
        account = (view.link, switch, whose, view.skew_ns, losses, view.others is None)
        contract = (
            case.instrument, intent.symbol, intent.purpose, intent.outside_rth,
            None if halted is None else con_id in halted,
            view.sessions.get(con_id), view.days.get(con_id),
        )  # fmt: skip
        same = account == self._account, contract == self._contracts.get(con_id)
        for check in self._asked[same]:
            why = check(case)
            if why:
                return self._codes[check], why
        if not (same[0] and same[1]):
            self._account, self._contracts[con_id] = account, contract
        return None

    def _begin(self, limits: Limits) -> None:
        """Judge by other limits: nothing has passed those."""
        self._limits, self._account = limits, None
        self._contracts.clear()
        on = [each for each in (*FOR_ALL, *FOR_ENTRIES) if not is_off(each[0], limits)]
        self._codes = {check: code for code, check in on}
        for account, contract in product((False, True), repeat=2):
            passed = {*(OF_THE_ACCOUNT if account else ()), *(OF_A_CONTRACT if contract else ())}
            asked = [(code, check) for code, check in on if code not in passed]
            light = [check for code, check in asked if code not in WEIGHED]
            heavy = [check for code, check in asked if code in WEIGHED]
            self._asked[account, contract] = (*light, Case.weigh, *heavy)


def is_off(code: str, limits: Limits) -> bool:
    """Return whether limits let everything pass that a check could be asked about."""
    off = OFF.get(code)
    return off is not None and off(limits)
