"""Closes what is held where the kill switch is at ``flatten``, by the way that every order goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from actors.say import CloseStrategy, tell
from robotrader.domain import FLATTENER, Intent, Purpose, Side
from robotrader.risk import Level

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from actors.say import Address
    from robotrader.domain import Instrument
    from robotrader.ledger import LedgerView
    from robotrader.risk import Switch

AGAIN_NS: Final = 10_000_000_000
"""A market order that works fills in far less; a second one before that could sell twice."""

STRATEGY: Final = FLATTENER
"""In whose name positions are closed."""


class Flattener:
    """See the module's prose.

    Args:
        account: whose positions are closed.
        instruments: what can be held, by contract.
        risk: the gate's address.
        now_ns: the time of day.
    """

    def __init__(
        self,
        account: str,
        instruments: Mapping[int, Instrument],
        risk: Address,
        now_ns: Callable[[], int],
    ) -> None:
        self._account, self._instruments = account, dict(instruments)
        self._risk, self._now_ns = risk, now_ns
        self._flattened: dict[tuple[str, int], int] = {}

    def close(self, switch: Switch, ledger: LedgerView | None) -> None:
        """Close what is held in every scope at that level; again what is still held."""
        scopes = {trip.scope for trip in switch.trips if trip.level >= Level.FLATTEN}
        for scope in sorted(scopes):
            self._flatten(scope, ledger)
        kept = {each: at_ns for each, at_ns in self._flattened.items() if each[0] in scopes}
        self._flattened = kept

    def _flatten(self, scope: str, ledger: LedgerView | None) -> None:
        """Close what is held in a scope; again if it is held on.

        A closing order may be refused or end unfilled; so what is still there is closed again.
        """
        if ledger is None:
            return
        if scope.startswith("strategy:"):
            self._flatten_strategy(scope)
            return
        for con_id, held in ledger.positions.items():
            instrument = self._instruments.get(con_id)
            now_ns = self._now_ns()
            lately = now_ns - self._flattened.get((scope, con_id), 0) < AGAIN_NS
            if instrument is None or lately:
                continue
            if scope not in {"all", f"account:{self._account}", f"symbol:{instrument.symbol}"}:
                continue
            self._flattened[scope, con_id] = now_ns
            intent = Intent(
                strategy=STRATEGY,
                con_id=con_id,
                symbol=instrument.symbol,
                side=Side.SELL if held.qty > 0 else Side.BUY,
                qty=abs(held.qty),
                purpose=Purpose.FLATTEN,
                cause=f"kill:{now_ns}:{con_id}",
                reason=f"flatten {scope}",
                decided_ns=now_ns,
            )
            tell(self._risk, intent)

    def _flatten_strategy(self, scope: str) -> None:
        """Have the gate close it: what a strategy holds is known where its fills are followed."""
        now_ns = self._now_ns()
        if now_ns - self._flattened.get((scope, 0), 0) >= AGAIN_NS:
            self._flattened[scope, 0] = now_ns
            tell(self._risk, CloseStrategy(scope.partition(":")[2]))
