"""Who follows the journal: gets what was ever recorded, then whatever is, as it becomes durable.

Followers hear of records before whoever asked for the commit does anything about it: what an
answer leads to finds them informed. But they are woken after it: whoever waits for an answer has an
order to send, and followers only keep what they know.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from pykka import ActorDeadError

from actors.say import Recorded, Replayed, Restored, tell
from robotrader.journal import GENESIS
from robotrader.recovery import CATALOGUE, Base
from supervision import ActorRef

if TYPE_CHECKING:
    from collections.abc import Sequence

    from actors.say import Follow
    from robotrader.domain.records import Record
    from robotrader.journal import Store, Tip

CHUNK: Final = 1_000
"""Records in one ``Replayed``: a follower's turn stays below a few milliseconds."""


class Followers:
    """See the module's prose."""

    def __init__(self) -> None:
        self._all: list[Follow] = []

    def join(self, follow: Follow, store: Store, base: Base) -> None:
        """Tell a new follower the past; one that has ended meanwhile does not join.

        It comes in the control lane: who is not started yet reads no other. Those that have ended
        are let go of: for some no record may come that would show it.
        """
        self._all = [each for each in self._all if each.who.is_alive()]
        with suppress(ActorDeadError):
            _replay(follow, store, _restore(follow, base))
            self._all.append(follow)

    def leave(self, told: Sequence[tuple[int, Record]]) -> list[Follow]:
        """Leave records and their numbers with whoever wants some of them; return who is to wake.

        Who is not there any more follows no longer.
        """
        kinds = {type(record) for _, record in told}
        woken: list[Follow] = []
        for follow in self._all:
            only = follow.only
            if only and kinds.isdisjoint(only):
                continue
            wanted = tuple([each for each in told if not only or type(each[1]) in only])
            if wanted and tell(follow.who, Recorded(wanted), wakes=False):
                woken.append(follow)
            elif wanted:
                self._all = [each for each in self._all if each is not follow]
        return woken


def wake(followers: Sequence[Follow], answered: Sequence[Any]) -> None:
    """Have records handled that were left, once those who were answered have had their turn.

    What they send then is on its way to the broker: nobody else is to take the processor from it.
    """

    def wake() -> None:
        for each in followers:
            each.who.wake()

    last = next((each for each in reversed(answered) if isinstance(each, ActorRef)), None)
    if last is None:  # nobody waits, or somebody who is no actor
        wake()
    else:
        last.afterwards(wake)


def _replay(follow: Follow, store: Store, after: Tip) -> None:
    who = follow.who
    chunk: list[tuple[int, Record]] = []
    for frame in store.replay(after):
        chunk.append((frame.seq, CATALOGUE.decode(frame)))
        if len(chunk) == CHUNK:
            who.tell_urgent(Replayed(tuple(chunk), last=False))
            chunk = []
    who.tell_urgent(Replayed(tuple(chunk), last=True))


def _restore(follow: Follow, base: Base) -> Tip:
    """Send the parts of the snapshot that a follower begins with; return where it stands."""
    if not follow.parts or base.tip == GENESIS:
        return GENESIS
    slices = {name: base.slices[name] for name in follow.parts}
    follow.who.tell_urgent(Restored(Base(base.tip, slices)))
    return base.tip
