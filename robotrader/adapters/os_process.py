"""An external program: started in a session of its own, looked at, ended with all it started.

It is found by the process that we started and by nothing else: no name, no port, no file (F13,
F16). It outlives us on purpose, with its orders; whoever comes next finds it through its port.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


class OsProcess:
    """One program; see the module's prose.

    Args:
        command: program and arguments; no shell is involved.
        folder: where it runs; ours if None.
        env: variables besides ours.

    Raises:
        OSError: it cannot be executed; says which file.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        folder: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self._popen = subprocess.Popen(
            list(command),
            cwd=folder,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._popen.pid

    def exit_code(self) -> int | None:
        """Return how it ended (minus a signal's number), None while it runs."""
        return self._popen.poll()

    def terminate(self) -> None:
        """Ask it to end."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it and everything in its session at once, and wait for it."""
        self._signal(signal.SIGKILL)
        self._popen.wait()

    def _signal(self, number: int) -> None:
        if self._popen.poll() is None:  # not waited for yet: its number is nobody else's
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._popen.pid, number)
