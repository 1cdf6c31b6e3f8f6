"""The end of a process that is one supervision tree: in order if possible, in time always.

Python cannot end a thread, so a child that ignores its stop could keep a process alive for ever.
Whoever owns the root supervisor stops it with a deadline; after that the process ends at once with
an exit code of its own, and the process-level supervisor knows that the stop was not a clean one.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Final

from supervision.reasons import SHUTDOWN

if TYPE_CHECKING:
    from supervision.ref import ActorRef

STOP_DEADLINE_S: Final = 10.0  # twice what a worker gets: one stubborn child does not use it up
EXIT_NOT_STOPPED: Final = 70  # EX_SOFTWARE: neither a clean end (0) nor a signal


def stop_root(root: ActorRef[Any], deadline_s: float = STOP_DEADLINE_S) -> None:
    """Stop the tree below ``root``; if it still lives after ``deadline_s``, end the process.

    The process then exits with ``EXIT_NOT_STOPPED``, without waiting for any thread.
    """
    root.stop_now(SHUTDOWN, block=False)
    if root.actor_stopped.wait(deadline_s):
        return
    sys.stderr.write(f"{root} did not stop within {deadline_s:g} s: ending the process\n")
    sys.stderr.flush()
    os._exit(EXIT_NOT_STOPPED)
