"""What moves together, kept with its worth for as long as the same is held and known of it."""

from __future__ import annotations

from decimal import Inexact, getcontext
from typing import TYPE_CHECKING, NamedTuple

from robotrader.risk.correlation import Correlations
from robotrader.risk.rows import NO_ROW, Sum

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from collections.abc import Set as AbstractSet
    from decimal import Decimal

    from robotrader.risk.rows import Row


class Cluster(NamedTuple):
    """Contracts that move together, and what they are worth."""

    members: AbstractSet[int]
    worth: Sum


class Clusters:
    """See the module's prose; a worth is added up when it is asked for first."""

    def __init__(self) -> None:
        self._of: dict[int, Cluster] = {}
        self._near: dict[int, AbstractSet[int]] = {}
        self._known = self._near_known = Correlations()
        self._least: Decimal | float | None = None
        self._most: Decimal | None = None

    def clear(self) -> None:
        """Forget them: something else is held."""
        self._of.clear()

    def swap(self, con_id: int, old: Row, new: Row) -> None:
        """Take one row of a contract instead of another."""
        found = self._of.get(con_id)
        if found is not None:
            found.worth.swap(old.value, new.value)

    def of(  # noqa: PLR0917 - each of them is one thing of the account
        self,
        con_id: int,
        held: AbstractSet[int],
        known: Correlations,
        least: Decimal | float,
        rows: Mapping[int, Row],
        strangers: Callable[[Correlations], AbstractSet[int]],
    ) -> Cluster:
        """Return the cluster of a contract that is held.

        Args:
            con_id: the contract.
            held: what is or could be held.
            known: the correlations.
            least: from which correlation on two contracts move together.
            rows: the worst case of every contract.
            strangers: says what of ``held`` has no correlations.
        """
        if known is not self._known or least is not self._least:
            self._known, self._least = known, least
            self._of.clear()
        found = self._of.get(con_id)
        if found is None:
            context = getcontext()
            context.clear_flags()
            find = known.cluster if strangers(known) else known.linked
            found = Cluster(find(con_id, held, float(least)), Sum())
            for each in found.members:
                found.worth.swap(NO_ROW.value, rows[each].value)
            if not context.flags[Inexact]:  # what was rounded is added up anew each time
                self._of.update(dict.fromkeys(found.members, found))
        return found

    def near(self, con_id: int, known: Correlations, most: Decimal) -> AbstractSet[int]:
        """Return what a contract has a correlation of ``most`` or more with, itself included."""
        if known is not self._near_known or most is not self._most:
            self._near_known, self._most = known, most
            self._near.clear()
        found = self._near.get(con_id)
        if found is None:
            near = known.near(con_id, float(most)) if con_id in known.places else frozenset[int]()
            found = self._near[con_id] = near
        return found
