"""Partitions: several actors of one kind that share the keys between them.

A key always goes to the same partition: the remainder of a hash that depends on the key's value and
on nothing else, neither the process nor its hash seed. Whole numbers are their own hash, so that
key ``n`` of ``p`` partitions goes to ``n mod p``, also when ``n`` is negative.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

from supervision.spec import ChildSpec
from supervision.supervisor import Supervisor

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from supervision.ref import ActorRef
    from supervision.spec import SupervisorFlags

Key = int | str | bytes


def stable_hash(key: object) -> int:
    """Return a hash that is the same in every process.

    Raises:
        TypeError: the key is of another kind, for which no such hash is known.
    """
    if isinstance(key, int):
        return int(key)
    if isinstance(key, str):
        return zlib.crc32(key.encode())
    if isinstance(key, bytes):
        return zlib.crc32(key)
    msg = f"partition key {key!r}: use a whole number, a text or bytes"
    raise TypeError(msg)


def _count(partitions: object, least: int) -> int:
    if isinstance(partitions, bool) or not isinstance(partitions, int) or partitions < least:
        msg = f"partitions {partitions!r}: give a whole number of at least {least}"
        raise ValueError(msg)
    return partitions


class Router:
    """Finds the partition of a key; ``resize`` changes how many of them are used.

    Args:
        refs: the partitions, in order.

    Raises:
        ValueError: there is none.
    """

    def __init__(self, refs: Sequence[ActorRef[Any]]) -> None:
        self._refs = list(refs)
        self._used = _count(len(self._refs), 1)

    @property
    def partitions(self) -> int:
        """How many partitions are used now."""
        return self._used

    def resize(self, partitions: int) -> int:
        """Use ``partitions`` of them, 0 to all; return how many were used before.

        Raises:
            ValueError: the number is negative, no whole number, or more than there are.
        """
        if _count(partitions, 0) > len(self._refs):
            msg = f"partitions {partitions}: there are only {len(self._refs)}"
            raise ValueError(msg)
        before, self._used = self._used, partitions
        return before

    def of(self, key: Key) -> ActorRef[Any]:
        """Return the partition of ``key``.

        Raises:
            LookupError: no partition is used now.
        """
        if not self._used:
            msg = f"no partition for key {key!r}: the router is resized to 0"
            raise LookupError(msg)
        return self._refs[stable_hash(key) % self._used]


def partitioned(
    start: Callable[..., Any],
    partitions: int,
    flags: SupervisorFlags | None = None,
    **spec: Any,
) -> Supervisor:
    """Return a supervisor of ``partitions`` children, made by ``start(index, *args)``.

    Raises:
        ValueError: ``partitions`` is no whole number of at least 1.
    """
    args = tuple(spec.pop("args", ()))
    children = [
        ChildSpec(id=index, start=start, args=(index, *args), **spec)
        for index in range(_count(partitions, 1))
    ]
    return Supervisor(children, flags)
