"""Fork and actors do not mix: a forked child has the memory of the actors but not their threads.

Only the forking thread exists in the child. Locks that another thread held stay locked for ever,
mailboxes are never served, and an LMDB environment must not be used at all. So the child does not
get to use them: every actor it inherited is dead there (``Lost``), at once and without a lock, and
starting an actor in an inherited system is refused. A child that wants actors makes a new
``ActorSystem``; whoever wants another process uses ``subprocess``.
"""

from __future__ import annotations

import os
import weakref
from typing import TYPE_CHECKING, Final

from supervision.errors import SupervisionError
from supervision.reasons import LOST
from supervision.states import DEAD

if TYPE_CHECKING:
    from supervision.system import ActorSystem


class ForkedSystem(SupervisionError):
    """A forked process used the actor system of its parent."""


_systems: Final[weakref.WeakSet[ActorSystem]] = weakref.WeakSet()


def guard(system: ActorSystem) -> None:
    """Have ``system`` disabled in every process forked from this one."""
    _systems.add(system)


def _disable_all() -> None:
    for system in list(_systems):
        system.forked = True
        for cell in list(system.cells.values()):
            cell.state = DEAD
            cell.reason = LOST
            cell.capacity = -1
            cell.scheduled = True  # nobody will serve it: senders must not try to hand it over
        system.cells.clear()


os.register_at_fork(after_in_child=_disable_all)


def refuse(system: ActorSystem) -> None:
    """Refuse to start an actor in ``system``, which was inherited by fork.

    Raises:
        ForkedSystem: always; says what to do instead.
    """
    msg = (
        f"system {system.name!r} belongs to the parent process and its threads are not here: "
        "make a new ActorSystem after the fork, or start the process with subprocess"
    )
    raise ForkedSystem(msg)
