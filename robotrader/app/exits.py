"""What a command's end says: 0 done, 1 error, 2 usage, 3 refused, 4 unhealthy, 130 interrupted.

The core and ``robotrader run`` have more, of sysexits.h: what no restart cures.
"""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING, Final

from robotrader.app.control_client import NoAnswerError, NotRunningError, RefusedError
from robotrader.domain.errors import ConfigurationError, RoboTraderError

if TYPE_CHECKING:
    from collections.abc import Callable

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
LAST: Final = "core.exit"
"""The file in the data directory that says with which of these the core ended."""


def guarded(command: Callable[[], int]) -> int:
    """Run a command; say an error in one line and return the exit status that fits."""
    try:
        status = command()
        sys.stdout.flush()
    except BrokenPipeError:
        # Who read our output has enough; Python would complain when it flushes at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except KeyboardInterrupt:
        return INTERRUPTED
    except RoboTraderError as error:
        print(f"robotrader: {error}", file=sys.stderr)
        return _status(error)
    except OSError as error:
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        print(f"robotrader: {error}{'; make room on the disk' * full}", file=sys.stderr)
        return DISK if full else ERROR
    return status


def _status(error: RoboTraderError) -> int:
    if isinstance(error, ConfigurationError):
        return USAGE
    if isinstance(error, RefusedError):
        return REFUSED
    return UNHEALTHY if isinstance(error, NotRunningError | NoAnswerError) else ERROR
