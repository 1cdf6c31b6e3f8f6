"""What is on its way, by contract, looked at again only where it has changed.

Five hundred positions have five hundred stops at the broker. Between two intents one or two of them
are other ones: who made the view says which, and only theirs are looked at.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from robotrader.ledger.money import ZERO
from robotrader.risk.exposure import NOTHING, OnWay, led_to, orders_of, pending
from robotrader.risk.switch import budget_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from collections.abc import Set as AbstractSet
    from decimal import Decimal

    from robotrader.risk.exposure import Reservation
    from robotrader.risk.held import Held
    from robotrader.risk.view import RiskView, WorkingOrder


class _OfAContract(Protocol):
    @property
    def con_id(self) -> int: ...


T = TypeVar("T", bound=_OfAContract)
_NONE: Final[AbstractSet[int]] = frozenset()


class Orders:
    """See the module's prose. Reservations are the gate's, all else works at the broker."""

    def __init__(self) -> None:
        self._reserved: tuple[Reservation, ...] | None = ()
        """What was held at the last look that compared; None: since then nobody has."""

        self._others: tuple[WorkingOrder, ...] = ()
        self._held_for: dict[int, tuple[Reservation, ...]] = {}
        self._others_for: dict[int, tuple[WorkingOrder, ...]] = {}
        self.ways: dict[int, OnWay] = {}
        """What is on its way in each contract in which something is."""

        self.entries: dict[int, int] = {}
        """How many orders of each contract would add to risk; a stranger's do not count."""

        self._counts: dict[int, int] = {}
        self.count = 0
        """Orders that are on their way; a bracket is as many as it has."""

    def look(
        self,
        view: RiskView,
        reserved: Held,
        held: AbstractSet[int] | None,
        working: Collection[int] | None,
    ) -> AbstractSet[int]:
        """Return the contracts in which something else is on its way than at the last look.

        Args:
            view: the world.
            reserved: what the gate holds.
            held: contracts whose reservations are new; None: they are looked for.
            working: contracts whose orders are new; None: they are looked for.
        """
        others, moved = view.others or (), view.moved
        if held is not None and working is not None and not held and not working:
            self._others, self._reserved = others, None
            return _NONE
        changed = self._other_ones(reserved) if held is None else set(held)
        if working is None or moved is None:
            changed |= self._compared(others)
        else:
            for con_id in working:
                _keep(self._others_for, con_id, moved.orders_of(con_id, others))
            changed.update(working)
        self._others = others
        self._reserved = None if held is not None else reserved.all()
        for con_id in changed:
            self._take(con_id, reserved.of(con_id))
        return changed

    def _other_ones(self, reserved: Held) -> set[int]:
        """Return the contracts of reservations that are other ones than at the last look."""
        if self._reserved is None:
            return {*self._held_for, *(each.con_id for each in reserved.all())}
        return _differ(self._reserved, reserved.all())

    def _compared(self, others: tuple[WorkingOrder, ...]) -> set[int]:
        """Take over what works; return the contracts of everything if any of it is another."""
        if others == self._others:
            return set()
        changed = {each.con_id for each in (*self._others, *others)}
        new = _of_each(changed, others)
        for con_id in changed:
            _keep(self._others_for, con_id, tuple(new.get(con_id, ())))
        return changed

    def _take(self, con_id: int, held: tuple[Reservation, ...]) -> None:
        """Add up what is on its way in a contract."""
        others = self._others_for.get(con_id, ())
        count = orders_of(held, others)
        self.count += count - self._counts.pop(con_id, 0)
        _keep(self._held_for, con_id, held)
        self.entries[con_id] = _entries(held, others)
        if count:
            self._counts[con_id] = count
            self.ways[con_id] = OnWay.of(con_id, pending(held, others))
        else:
            self.ways.pop(con_id, None)
            del self.entries[con_id]

    def add(self, held: Reservation, way: OnWay) -> bool:
        """Take one entry more; False: it has to be looked at with the others.

        ``way`` is what is on its way in its contract with it.

        Whose stop works already, or is shown, counts otherwise than one that has just passed.
        """
        con_id = held.con_id
        others = self.others_for(con_id)
        if others and led_to(held) in map(led_to, others):
            return False
        self._held_for[con_id] = (*self._held_for.get(con_id, ()), held)
        self.entries[con_id] = self.entries.get(con_id, 0) + 1
        more = 1 + held.legs
        self.count += more
        self._counts[con_id] = self._counts.get(con_id, 0) + more
        self.ways[con_id] = way
        return True

    def way(self, con_id: int) -> OnWay:
        """Return what is on its way in a contract."""
        return self.ways.get(con_id, NOTHING)

    def all_for(self, con_id: int) -> Iterable[Reservation | WorkingOrder]:
        """Return all of a contract."""
        return (*self._held_for.get(con_id, ()), *self._others_for.get(con_id, ()))

    def held_for(self, con_id: int) -> tuple[Reservation, ...]:
        """Return the reservations of a contract."""
        return self._held_for.get(con_id, ())

    def others_for(self, con_id: int) -> tuple[WorkingOrder, ...]:
        """Return what works in a contract and no reservation stands for."""
        return self._others_for.get(con_id, ())


def _entries(held: Iterable[Reservation], others: Iterable[WorkingOrder]) -> int:
    """Return how many orders would add to risk; those of earlier gates count."""
    count = 0
    for each in held:
        count += not each.reduces
    for other in others:
        count += bool(other.strategy and not other.reduces)
    return count


def by_budget(orders: Iterable[Reservation | WorkingOrder]) -> dict[str, Decimal]:
    """Return for how many shares each strategy's entries are."""
    found: dict[str, Decimal] = {}
    for each in orders:
        if not each.reduces:
            name = budget_of(each.strategy)
            found[name] = found.get(name, ZERO) + each.qty
    return found


def _of_each(con_ids: set[int], orders: Sequence[T]) -> dict[int, list[T]]:
    """Return the orders of these contracts, by contract and in their order."""
    found: defaultdict[int, list[T]] = defaultdict(list)
    for each in orders:
        if each.con_id in con_ids:
            found[each.con_id].append(each)
    return found


def _keep(kept: dict[int, tuple[T, ...]], con_id: int, now: tuple[T, ...]) -> None:
    """Keep what there is of a contract, and nothing where there is none."""
    if now:
        kept[con_id] = now
    else:
        kept.pop(con_id, None)


def _differ(one: tuple[T, ...], other: tuple[T, ...]) -> set[int]:
    """Return the contracts of orders that are in one of both only."""
    first, second = {id(each): each for each in one}, {id(each): each for each in other}
    gone, come = first.keys() - second.keys(), second.keys() - first.keys()
    return {first[each].con_id for each in gone} | {second[each].con_id for each in come}
