"""What a runtime is: it gives cells their turns on some thread, and knows how to wait there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ParamSpec, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from supervision.cell import Cell
    from supervision.future import Future
    from supervision.here import Carrier
    from supervision.system import ActorSystem

P = ParamSpec("P")


class Runtime(Protocol):
    """Where actors run; one class of actor runs unchanged on any of them."""

    @property
    def name(self) -> str:
        """Name under which a system knows it."""
        ...

    @property
    def system(self) -> ActorSystem:
        """The system whose actors it runs."""
        ...

    def attach(self, cell: Cell) -> None:
        """Take ``cell`` on: set its ``runtime`` and ``ready``."""
        ...

    def detach(self, cell: Cell) -> None:
        """Let go of ``cell``, which has ended."""
        ...

    def caller(self) -> Carrier | None:
        """Return the calling thread's carrier if it is running a turn for this runtime."""
        ...

    def at_once(self, callback: Callable[P, None]) -> Callable[P, None]:
        """Return ``callback`` so that what it tells actors of this runtime may be handled in it."""
        ...

    def afterwards(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` when turns that wait for a loop's next look are over; else at once."""
        ...

    def let_pass(self) -> None:
        """Wait, not for long, until turns are over that wait for a loop on another thread."""
        ...

    def wait_for(self, future: Future[Any], timeout_s: float | None) -> None:
        """Wait until ``future`` is done or the time is up, without stopping other actors.

        Raises:
            WouldBlock: there is no way to wait here.
        """
        ...

    def fence(self, cell: Cell) -> None:
        """Give up the thread that is inside a handler of ``cell``, which has ended."""
        ...

    def close(self) -> None:
        """Let the runtime's threads end once they are idle."""
        ...
