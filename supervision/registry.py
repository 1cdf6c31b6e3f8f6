"""Names: how actors find each other across restarts.

A ``Registry`` with unique keys gives each key one owner; one with duplicate keys gives it many, and
sends to all. An entry ends with its owner, at once: a reader looks whether the owner lives, so a
clean-up that is late is never seen. What an owner registered cannot be changed by anybody else.

``registry.ref(name)`` is an address by name: it finds the incarnation of the moment for each
message and fails fast with ``Unavailable`` while there is none, as during a restart.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from supervision import delivery, ending, here, system
from supervision.errors import SupervisionError, Unavailable
from supervision.starting import Refused, StartError
from supervision.states import STOPPING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

    from supervision.actor import Actor
    from supervision.cell import Cell
    from supervision.future import Future
    from supervision.reasons import ExitReason
    from supervision.ref import ActorRef

Change = Literal["registered", "unregistered"]


class NotOwner(SupervisionError):
    """An entry was to be changed by an actor that does not own it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One registration."""

    ref: ActorRef[Any]
    value: Any = None

    def alive(self) -> bool:
        """Say whether the owner can still be reached."""
        return self.ref.actor_inbox.state < STOPPING


class Registry:
    """See the module's prose.

    Args:
        unique: one owner a key (True) or many (False).
    """

    def __init__(self, *, unique: bool = True) -> None:
        self.unique = unique
        self._lock = threading.Lock()
        self._entries: dict[Hashable, tuple[Entry, ...]] = {}
        self._owned: dict[ActorRef[Any], set[Hashable]] = {}
        self._key_locks: dict[Hashable, _KeyLock] = {}
        self._listeners: list[Callable[[Change, Hashable, ActorRef[Any]], None]] = []

    # -- writing --

    def register(
        self, key: Hashable, ref: ActorRef[Any], value: Any = None
    ) -> ActorRef[Any] | None:
        """Register ``ref`` under ``key``; return None, or the living owner that has the key.

        With duplicate keys there is always room. Nothing is kept of a refused registration.
        """
        with self._lock:
            entries = tuple(entry for entry in self._entries.get(key, ()) if entry.alive())
            if self.unique and entries:
                return entries[0].ref
            self._entries[key] = (*entries, Entry(ref, value))
            self._owned.setdefault(ref, set()).add(key)
            self._tell("registered", key, ref)
        ending.watch(ref.actor_inbox, self, self._ended)
        return None

    def unregister(self, key: Hashable, ref: ActorRef[Any]) -> None:
        """Take the registration back; one that is not there is no error."""
        with self._lock:
            keys = self._owned.get(ref, set())
            if key in keys:
                keys.discard(key)
                self._remove(key, ref)
            if not keys and self._owned.pop(ref, None) is not None:
                ending.unwatch(ref.actor_inbox, self)

    def update_value(self, key: Hashable, ref: ActorRef[Any], value: Any) -> None:
        """Change the value that ``ref`` registered.

        Raises:
            NotOwner: ``ref`` has no such registration, or another actor asks.
        """
        caller = here.current_cell()
        if caller is not None and caller.ref is not ref:
            msg = f"key {key!r} is {ref}'s: {caller.ref} may not change its value"
            raise NotOwner(msg)
        with self._lock:
            if key not in self._owned.get(ref, ()):
                msg = f"key {key!r} is not registered by {ref}: register it first"
                raise NotOwner(msg)
            self._entries[key] = tuple(
                Entry(ref, value) if entry.ref is ref else entry for entry in self._entries[key]
            )

    def _remove(self, key: Hashable, ref: ActorRef[Any]) -> None:
        left = tuple(entry for entry in self._entries.get(key, ()) if entry.ref is not ref)
        if left:
            self._entries[key] = left
        else:
            self._entries.pop(key, None)
        self._tell("unregistered", key, ref)

    def _ended(self, cell: Cell, reason: ExitReason) -> None:  # noqa: ARG002 - any end is the same
        with self._lock:
            for key in sorted(self._owned.pop(cell.ref, ()), key=repr):
                self._remove(key, cell.ref)

    # -- reading --

    def entries(self, key: Hashable) -> tuple[Entry, ...]:
        """Return the registrations of ``key`` whose owners live."""
        return tuple(entry for entry in self._entries.get(key, ()) if entry.alive())

    def whereis(self, key: Hashable) -> ActorRef[Any] | None:
        """Return the living owner of ``key`` (the oldest, with duplicate keys), or None."""
        for entry in self._entries.get(key, ()):
            ref = entry.ref
            if ref._cell.state < STOPPING:  # as ``alive``: this is on the way of every message
                return ref
        return None

    def keys(self, ref: ActorRef[Any]) -> set[Hashable]:
        """Return the keys that ``ref`` has registered."""
        with self._lock:
            return set(self._owned.get(ref, ())) if ref.is_alive() else set()

    def size(self) -> int:
        """Return how many keys have entries."""
        return len(self._entries)

    def dispatch(self, key: Hashable, message: Any) -> int:
        """Send ``message`` to all living owners of ``key``; return how many there were."""
        entries = self.entries(key)
        for entry in entries:
            entry.ref.tell(message)
        return len(entries)

    # -- names as addresses --

    def ref(self, name: Hashable) -> NamedRef:
        """Return the address ``name``.

        Raises:
            ValueError: keys are not unique here, so a name means no single actor.
            TypeError: the name cannot be a key.
        """
        if name is None or name == "" or getattr(type(name), "__hash__", None) is None:
            msg = f"name {name!r}: give a hashable value that is not empty"
            raise TypeError(msg)
        if not self.unique:
            msg = f"name {name!r}: an address by name needs a registry with unique keys"
            raise ValueError(msg)
        return NamedRef(self, name)

    def via(self, name: Hashable, make: Callable[..., Actor]) -> Callable[..., Any]:
        """Return a start callable for a child spec: what it starts is registered under ``name``.

        If the name is taken by a living actor, the start fails with ``already_started`` and that
        actor, which is left alone (OTP's ``{via, ...}``).

        Raises:
            ValueError: keys are not unique here.
        """
        self.ref(name)  # checks that a name means one actor

        def start(*args: Any, **kwargs: Any) -> Any:
            taken = self.whereis(name)
            if taken is not None:
                return StartError(Refused("already_started", taken))
            actor = make(*args, **kwargs)
            winner = self.register(name, actor.actor_ref)
            return actor if winner is None else StartError(Refused("already_started", winner))

        return start

    def start(
        self, name: Hashable, make: Callable[..., Actor], *args: Any
    ) -> ActorRef[Any] | Refused:
        """Start ``make(*args)`` under ``name``, or refuse with the living actor that has it.

        Raises:
            ActorStartError: it did not start; the name is free again.
        """
        made = self.via(name, make)(*args)
        if isinstance(made, StartError):
            return Refused("already_started", self.whereis(name))
        return system.current().start(made)

    # -- listeners and locks --

    def listen(self, listener: Callable[[Change, Hashable, ActorRef[Any]], None]) -> None:
        """Call ``listener(change, key, ref)`` for every change, in order; it must be quick."""
        with self._lock:
            self._listeners.append(listener)

    def _tell(self, change: Change, key: Hashable, ref: ActorRef[Any]) -> None:
        for listener in self._listeners:
            listener(change, key, ref)

    @contextmanager
    def lock(self, key: Hashable) -> Iterator[None]:
        """Hold ``key`` for the block: the same key serialises, other keys do not wait."""
        with self._lock:
            held = self._key_locks.setdefault(key, _KeyLock())
            held.users += 1
        try:
            with held.lock:
                yield
        finally:
            with self._lock:
                held.users -= 1
                if not held.users:
                    del self._key_locks[key]


class _KeyLock:
    """A lock and how many hold it or wait for it."""

    __slots__ = ("lock", "users")

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.users = 0


class NamedRef:
    """An address by name; see the module's prose."""

    __slots__ = ("_registry", "name")

    def __init__(self, registry: Registry, name: Hashable) -> None:
        self._registry = registry
        self.name = name

    def __repr__(self) -> str:
        return f"<NamedRef {self.name!r}>"

    def resolve(self) -> ActorRef[Any]:
        """Return the incarnation of the moment.

        Raises:
            Unavailable: there is none.
        """
        ref = self._registry.whereis(self.name)
        if ref is None:
            msg = f"nobody is registered as {self.name!r} right now; a restart may be under way"
            raise Unavailable(msg)
        return ref

    def tell(self, message: Any) -> None:
        """Send ``message`` to the incarnation of the moment; raises as ``resolve`` and ``tell``."""
        for entry in self._registry._entries.get(self.name, ()):  # as ``whereis``, without a call
            cell = entry.ref._cell
            if cell.state >= STOPPING:
                continue
            queue = cell.queue  # from here on as ``ActorRef.tell``, likewise
            if len(queue) >= cell.capacity:
                delivery.put(cell, message)
                return
            queue.append(message)
            if not cell.scheduled:
                if len(queue) == 1:
                    cell.since_ns = cell.system.coarse_ns
                cell.scheduled = True
                cell.ready(cell)
            return
        self.resolve().tell(message)

    def leave(self, message: Any) -> None:
        """Leave ``message`` with the incarnation of the moment; raises as ``tell``."""
        for entry in self._registry._entries.get(self.name, ()):
            cell = entry.ref._cell
            if cell.state < STOPPING:
                delivery.put(cell, message, wakes=False)
                return
        self.resolve().leave(message)

    def wake(self) -> None:
        """Wake the incarnation of the moment, if there is one."""
        ref = self._registry.whereis(self.name)
        if ref is not None:
            ref.wake()

    def afterwards(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` as ``ActorRef.afterwards`` does; at once if there is nobody."""
        ref = self._registry.whereis(self.name)
        if ref is None:
            callback()
        else:
            ref.afterwards(callback)

    def let_pass(self) -> None:
        """Let the incarnation of the moment have its turn, as ``ActorRef.let_pass`` does."""
        ref = self._registry.whereis(self.name)
        if ref is not None:
            ref.let_pass()

    def ask(self, message: Any, *, block: bool = True, timeout: float | None = None) -> Any:
        """Ask the incarnation of the moment; raises as ``resolve`` and ``ask``."""
        return self.resolve().ask(message, block=block, timeout=timeout)

    def stop(self, *, block: bool = True, timeout: float | None = None) -> bool | Future[bool]:
        """Stop the incarnation of the moment; raises as ``resolve`` and ``stop``."""
        return self.resolve().stop(block=block, timeout=timeout)
