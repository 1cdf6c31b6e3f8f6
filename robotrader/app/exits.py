"""What a command's end says: 0 done, 1 error, 2 usage, 3 refused, 4 unhealthy, 130 interrupted."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

from robotrader.adapters.lease import LeaseHeldError
from robotrader.app.control_client import NoAnswerError, NotRunningError, RefusedError
from robotrader.domain.errors import ConfigurationError, IBKRConnectionError, RoboTraderError

if TYPE_CHECKING:
    from collections.abc import Callable

OK: Final = 0
ERROR: Final = 1
USAGE: Final = 2
REFUSED: Final = 3
UNHEALTHY: Final = 4
INTERRUPTED: Final = 130


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
        return status_of(error)
    except OSError as error:
        print(f"robotrader: {error}", file=sys.stderr)
        return ERROR
    return status


def status_of(error: RoboTraderError) -> int:
    """Return the exit status that fits an error."""
    if isinstance(error, ConfigurationError):
        return USAGE
    if isinstance(error, RefusedError | LeaseHeldError):
        return REFUSED
    unhealthy = NotRunningError | NoAnswerError | IBKRConnectionError
    return UNHEALTHY if isinstance(error, unhealthy) else ERROR
