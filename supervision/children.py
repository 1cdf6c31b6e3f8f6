"""The children of a supervisor while it runs: what it knows of each, in start order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from supervision.backoff import Row
from supervision.decide import ChildFacts, State
from supervision.spec import id_key

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator

    from supervision.ref import ActorRef
    from supervision.spec import ChildSpec, ChildType
    from supervision.timers import Timer


class ChildInfo(NamedTuple):
    """One line of ``which_children``; ``child`` is a ref, ``"undefined"`` or ``"restarting"``."""

    id: object
    child: ActorRef[Any] | str
    type: ChildType


class Child:
    """One child: its spec, the arguments of its start, where it stands and its ref if it runs."""

    __slots__ = ("args", "key", "ref", "row", "spec", "state", "timer")

    def __init__(self, spec: ChildSpec, key: Hashable) -> None:
        self.spec = spec
        self.args = spec.args
        self.key = key
        self.ref: ActorRef[Any] | None = None
        self.state = State.UNDEFINED
        self.row = Row()
        self.timer: Timer | None = None

    def facts(self) -> ChildFacts:
        """Return what the decisions want to know."""
        spec = self.spec
        return ChildFacts(self.key, spec.restart, self.state, spec.significant, spec.type)

    def info(self) -> ChildInfo:
        """Return the line of ``which_children``."""
        running = self.state is State.RUNNING and self.ref is not None
        return ChildInfo(
            self.spec.id, self.ref if running and self.ref else self.state.value, self.spec.type
        )

    @property
    def alive(self) -> bool:
        """Whether it lives now; a child that has ended may still be known as running.

        Its exit then waits in the supervisor's mailbox. OTP's counts make the same difference.
        """
        return self.ref is not None and self.ref.exit_reason is None

    def settle(self, state: State) -> None:
        """Enter a state without an actor; a retry that was planned is void."""
        self.state = state
        self.ref = None
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None


class Children:
    """A table of children by id, in start order, and by the number of the running ref."""

    def __init__(self) -> None:
        self._by_key: dict[Hashable, Child] = {}
        self._by_number: dict[int, Child] = {}

    def __iter__(self) -> Iterator[Child]:
        return iter(self._by_key.values())

    def __len__(self) -> int:
        return len(self._by_key)

    def get(self, child_id: object) -> Child | None:
        """Find by id (type and value); None for an id that nobody has."""
        return self._by_key.get(id_key(child_id))

    def at(self, key: Hashable) -> Child | None:
        """Find by key."""
        return self._by_key.get(key)

    def of(self, ref: ActorRef[Any]) -> Child | None:
        """Find the child that ``ref`` is the running incarnation of."""
        return self._by_number.get(ref.number)

    def add(self, child: Child) -> None:
        """Append a child to the order."""
        self._by_key[child.key] = child

    def up(self, child: Child, ref: ActorRef[Any]) -> None:
        """Record that ``child`` runs as ``ref``."""
        child.settle(State.RUNNING)
        child.ref = ref
        self._by_number[ref.number] = child

    def down(self, child: Child, state: State) -> None:
        """Record that ``child`` does not run; its exit, if still to come, is nobody's."""
        if child.ref is not None:
            self._by_number.pop(child.ref.number, None)
        child.settle(state)

    def remove(self, child: Child) -> None:
        """Forget a child."""
        self.down(child, State.UNDEFINED)
        self._by_key.pop(child.key, None)

    def facts(self) -> list[ChildFacts]:
        """Return what the decisions want to know, in start order."""
        return [child.facts() for child in self]

    def pick(self, keys: Iterable[Hashable]) -> list[Child]:
        """Return the children with these keys, in this order."""
        return [self._by_key[key] for key in keys]

    def living(self) -> list[Child]:
        """Return a snapshot of the running children, safe to take from any thread."""
        return list(self._by_number.values())
