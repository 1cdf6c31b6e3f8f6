"""What a command's end says: 0 done, 1 error, 2 usage, 3 refused, 4 unhealthy, 130 interrupted.

The core and ``robotrader run`` have more, of sysexits.h: what no restart cures.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from robotrader.adapters.lease import LeaseHeldError
from robotrader.app.control_client import NoAnswerError, NotRunningError, RefusedError
from robotrader.domain.errors import ConfigurationError, IBKRConnectionError, RoboTraderError
from robotrader.journal import DiskFull, JournalError, JournalInUse, SafeMode

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

OK: Final = 0
ERROR: Final = 1
USAGE: Final = 2
REFUSED: Final = 3
UNHEALTHY: Final = 4
INTERRUPTED: Final = 130
DAMAGED: Final = 65
"""EX_DATAERR: the journal is not what was written, or is one of the past."""

DISK: Final = 74
"""EX_IOERR: the disk is full, or has failed."""

IN_USE: Final = 75
"""EX_TEMPFAIL: another system has the data directory."""

CONFIG: Final = 78
"""EX_CONFIG: the configuration is wrong."""

NO_RESTART: Final = (DAMAGED, DISK, IN_USE, CONFIG)
ENDED: Final = "ended.json"
"""The file in the data directory that says why a run ended as nobody had asked for."""

ENDED_AT: Final = "ROBOTRADER_ENDED_AT"
"""Names that file to the emulated gateway of a run."""


class Ended(msgspec.Struct, frozen=True):
    """Why a run did not go on, and which exit status of ``robotrader run`` that is."""

    status: int
    why: str


def leave(status: int, why: str, file: Path | None = None) -> int:
    """Leave word of an end where ``robotrader run`` reads it; return the status.

    Without ``file`` it is the one that the environment names, for a gateway of a run.
    """
    named = os.environ.get(ENDED_AT)
    file = Path(named) if file is None and named else file
    if file is not None:
        with contextlib.suppress(OSError):  # a full disk must not hide how it ended
            file.write_bytes(msgspec.json.encode(Ended(status, why)))
    return status


def guarded(command: Callable[[], int]) -> int:
    """Run a command; say an error in one line and return the exit status that fits."""
    try:
        status = command()
        with whoever_reads():
            sys.stdout.flush()
    except BrokenPipeError:
        raise  # no error: who read our output has enough, and ``main`` ends the command
    except KeyboardInterrupt:
        return INTERRUPTED
    except RoboTraderError as error:
        print(f"robotrader: {error}", file=sys.stderr)
        return status_of(error)
    except OSError as error:
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        print(f"robotrader: {error}{'; make room on the disk' * full}", file=sys.stderr)
        return DISK if full else ERROR
    return status


def whoever_reads() -> AbstractContextManager[None]:
    """Print in it what comes before a status that says more: it stands if the reader has left."""
    return contextlib.suppress(BrokenPipeError)


def status_of(error: BaseException) -> int:
    """Return the exit status that fits an error."""
    for kinds, status in _STATUSES:
        if isinstance(error, kinds):
            return status
    return ERROR


_STATUSES: Final[tuple[tuple[tuple[type[BaseException], ...], int], ...]] = (
    ((ConfigurationError,), USAGE),
    ((RefusedError,), REFUSED),
    ((LeaseHeldError, JournalInUse), IN_USE),
    ((DiskFull, SafeMode), DISK),
    ((JournalError,), DAMAGED),
    ((NotRunningError, NoAnswerError, IBKRConnectionError), UNHEALTHY),
)
