"""A session that the journal will not write down: asked for again after growing waits.

A full disk refuses the record that a session begins with. Whoever crashed with that was started
again at once, met the same disk, and had used up its supervisor's restarts in half a second; the
process ended, and with it what was only in memory. So it waits, and everything that comes waits
behind it, as behind any commit: nothing is sent without a session.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from robotrader.domain.errors import OrderError
from robotrader.execution.effects import Alert, Level, Wake

if TYPE_CHECKING:
    from robotrader.execution.book import Book
    from robotrader.execution.desk import Times
    from robotrader.execution.effects import Effect

BEGIN: Final = "begin"
"""The timer at which the journal is asked again."""

HELD: Final = 0
"""The number of a commit that was refused and is kept: none that is asked for has it."""


def check(book: Book, epoch: int, account: str) -> None:
    """Check that a session may begin.

    Raises:
        OrderError: the epoch or the account is not what the journal says it must be.
    """
    if epoch <= book.epoch:
        raise OrderError(
            f"epoch {epoch} is not above {book.epoch}, the journal's newest: another process "
            "has the journal, or it is an old copy; stop the other one, or restore"
        )
    if book.account not in {"", account}:
        raise OrderError(
            f"the journal is of account {book.account}, not of {account}: "
            "use another data directory"
        )


class Beginning:
    """Counts refusals; see the module's prose.

    Args:
        times: the first wait, which doubles, and the longest.
    """

    def __init__(self, times: Times) -> None:
        self._times, self._refusals = times, 0

    def refused(self, why: str, now_ns: int) -> list[Effect]:
        """Return when to ask again; an alert for the first refusal, the second, the fourth..."""
        waits, most = self._times.begin_ns << min(self._refusals, 32), self._times.begin_most_ns
        self._refusals += 1
        out: list[Effect] = [Wake(BEGIN, now_ns + min(waits, most))]
        if self._refusals & (self._refusals - 1) == 0:
            text = f"no session can begin, the journal refuses: {why}; free its disk"
            out.append(Alert(Level.CRITICAL, "journal", text))
        return out
