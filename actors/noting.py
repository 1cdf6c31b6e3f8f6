"""Has the journal keep what a person did, and says whether it has.

Who answers a person before the journal has said so may answer for what a crash then forgets.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from actors.say import Commit, Committed, tell
from robotrader.domain.records import OperatorActed

if TYPE_CHECKING:
    from collections.abc import Callable

    from supervision import Registry

WRITE_S: Final = 2.0
"""How long the journal may take to write a note."""


class Notes:
    """See the module's prose.

    Args:
        registry: where the journal is found.
        now_ns: the time of day.
    """

    def __init__(self, registry: Registry, now_ns: Callable[[], int]) -> None:
        self._registry, self._now_ns = registry, now_ns

    async def keep(self, who: str, command: str, result: str) -> bool:
        """Return whether the journal has it, for ever; False after ``WRITE_S`` at the latest."""
        acted = OperatorActed(who=who, command=command, result=result, wall_ns=self._now_ns())
        heard = _Heard()
        if not tell(self._registry.ref("journal"), Commit(0, (acted,), heard)):
            return False
        with suppress(TimeoutError):
            async with asyncio.timeout(WRITE_S):
                return isinstance(await heard.answer, Committed)
        return False


class _Heard:
    """Hears the journal's answer, as an actor would; awaited on the loop that it is made on."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.answer: asyncio.Future[Any] = self._loop.create_future()

    def tell(self, message: Any) -> None:
        """Take the answer, on whichever thread."""
        with suppress(RuntimeError):  # the loop is closed: the process ends, and nobody waits
            self._loop.call_soon_threadsafe(self._take, message)

    def _take(self, message: Any) -> None:
        if not self.answer.done():  # nobody waits any longer
            self.answer.set_result(message)
