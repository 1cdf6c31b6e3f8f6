"""Why an actor ended: the exit reasons that supervisors, links and monitors act on.

The vocabulary is OTP's. ``Normal``, ``Shutdown`` and ``ShutdownInfo`` are the ordinary ends: a
transient child that ends with one of them is not restarted. Everything else is a failure:
``Crash`` (a handler raised), ``Killed`` (ended from outside without being asked), ``Hung`` (no
progress within its budget; Python cannot end a thread, so the incarnation is fenced instead),
``Lost`` (its thread is gone) and ``NoProc`` (there never was such an actor).

Reasons are values: immutable, comparable, safe to pass between threads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


class ExitReason:
    """Base of all exit reasons; ``ordinary`` says whether the end was an expected one."""

    __slots__ = ()
    ordinary: ClassVar[bool] = False

    def __str__(self) -> str:
        return type(self).__name__.lower()


@dataclass(frozen=True, slots=True)
class Normal(ExitReason):
    """The actor finished its work and stopped by itself."""

    ordinary: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class Shutdown(ExitReason):
    """The actor was told to stop by its supervisor or its owner, and did."""

    ordinary: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class ShutdownInfo(ExitReason):
    """As ``Shutdown``, with a value that says more (OTP's ``{shutdown, Term}``)."""

    info: object
    ordinary: ClassVar[bool] = True

    def __str__(self) -> str:
        return f"shutdown({self.info})"


@dataclass(frozen=True, slots=True)
class Killed(ExitReason):
    """The actor was ended from outside without being asked; it ran no clean-up."""


@dataclass(frozen=True, slots=True)
class Crash(ExitReason):
    """A handler of the actor raised; ``cause`` is the exception with its traceback."""

    cause: BaseException

    def __str__(self) -> str:
        return f"crash({self.cause!r})"


@dataclass(frozen=True, slots=True)
class Hung(ExitReason):
    """The actor made no progress for longer than its budget and was fenced off."""

    budget_s: float

    def __str__(self) -> str:
        return f"hung(no progress in {self.budget_s:g} s)"


@dataclass(frozen=True, slots=True)
class Lost(ExitReason):
    """The thread that ran the actor is gone although nobody ended the actor."""


@dataclass(frozen=True, slots=True)
class NoProc(ExitReason):
    """The actor that was linked to or monitored was already dead."""


NORMAL = Normal()
SHUTDOWN = Shutdown()
KILLED = Killed()
LOST = Lost()
NOPROC = NoProc()
