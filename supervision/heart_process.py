"""One child process of heart's: how it is started, signalled, listened to and waited for.

Rule: a process is waited for in one place, after everything in its group was killed; its
descriptors are closed there too, so that a process id is never used for a second process.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from supervision.pulse import DUMP_FD, PULSE_FD

if TYPE_CHECKING:
    from collections.abc import Mapping

    from supervision.heart_rules import Do

_LAUNCHER: Final = str(Path(__file__).resolve().with_name("pulse.py"))
_CHUNK: Final = 4096  # PIPE_BUF: what one write puts on a pipe in one piece, one read takes off


class Process:
    """A child's process: its number, its descriptors, and the only place that waits for it."""

    def __init__(self, popen: subprocess.Popen[bytes], pipe: int) -> None:
        try:
            self.pidfd = os.pidfd_open(popen.pid)
        except OSError:
            # A process that cannot be watched must not live.
            popen.kill()
            popen.wait()
            raise
        self.pid = popen.pid
        self.pipe = pipe
        self._popen = popen

    def send(self, do: Do) -> None:
        """Send the signal that ``do`` stands for."""
        with contextlib.suppress(ProcessLookupError):  # it has ended: that is read next
            signal.pidfd_send_signal(self.pidfd, do.value)

    def read(self) -> bytes | None:
        """Return what is on the pipe, at most one chunk; empty: it is closed; None: nothing."""
        try:
            return os.read(self.pipe, _CHUNK)
        except BlockingIOError:
            return None

    def reap(self) -> int | None:
        """Wait for the process, and kill what it left in its group.

        Return its exit code, minus the signal's number, or None if somebody else has waited.
        """
        code: int | None = None
        with contextlib.suppress(ChildProcessError):
            # While the zombie is there, its group's number cannot belong to anyone else.
            os.waitid(os.P_PIDFD, self.pidfd, os.WEXITED | os.WNOWAIT)
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
            found = os.waitid(os.P_PIDFD, self.pidfd, os.WEXITED)
            if found is not None:
                exited = found.si_code == os.CLD_EXITED
                code = found.si_status if exited else -found.si_status
        # Popen would otherwise try to wait for a number that may be another process's by then.
        self._popen.returncode = -signal.SIGKILL if code is None else code
        os.close(self.pidfd)
        os.close(self.pipe)
        return code


def launch(argv: tuple[str, ...], env: Mapping[str, str], dump: int | None) -> Process:
    """Start a process that holds no descriptor of ours but its pulse's and its dump's.

    It leads a session of its own, so that a terminal's Ctrl-C reaches heart alone, and what it
    leaves behind can be found.
    """
    pipe, pulse = os.pipe()
    os.set_blocking(pipe, False)
    given = [pulse] if dump is None else [pulse, dump]
    names = dict(zip((PULSE_FD, DUMP_FD), map(str, given), strict=False))
    launcher = [sys.executable, "-I", "-S", _LAUNCHER, str(os.getpid())]
    try:
        popen = subprocess.Popen(
            [*launcher, *argv],
            env={**os.environ, **env, **names},
            stdin=subprocess.DEVNULL,
            pass_fds=given,
            start_new_session=True,
        )
        return Process(popen, pipe)
    except OSError:
        os.close(pipe)
        raise
    finally:
        os.close(pulse)
