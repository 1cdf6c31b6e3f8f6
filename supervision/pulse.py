"""The child's side of heart: proof of progress, planned stops, crash dumps, and dying with heart.

Heart hands a child two file descriptors by number in the environment: ``HEART_PULSE_FD``, the
write end of a pipe, and ``HEART_DUMP_FD``, a file for the stacks of a crash. On the pipe

- ``.`` is progress; the next byte is due within the child's ``budget_s``,
- ``r`` is progress while replaying; the next byte is due within ``replay_s``,
- ``p``, which the word ``planned`` starts with, announces an end that is wanted: no restart,
- ``x`` and a text come from the launcher below: the child's program cannot be executed.

Other bytes mean nothing, so a child in any language needs no more than ``printf . >&$fd``.

Run as a script, this file is the launcher: heart starts it in a fresh interpreter, it asks the
kernel to kill it when heart dies (``PR_SET_PDEATHSIG``, prctl(2)), and becomes the child's
program by exec, which keeps that wish and the process id. Nothing of ours therefore runs between
fork and exec. The launcher is imported by nothing and imports nothing but the standard library.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sys

PULSE_FD = "HEART_PULSE_FD"
DUMP_FD = "HEART_DUMP_FD"

BEAT = b"."
REPLAYING = b"r"
PLANNED = b"planned"
UNRUNNABLE = b"x"

LAUNCH_FAILED = 127
"""The exit code of a launcher that could not become its program, as in POSIX shells."""

_PR_SET_PDEATHSIG = 1
_STDERR = 2


class Pulse:
    """A process's line to heart; one thread uses it.

    ``fd`` None stands for a process that heart did not start: what it says is heard by nobody.
    ``dump_fd`` None sends the stacks of a crash to standard error.
    """

    def __init__(self, fd: int | None, dump_fd: int | None = None) -> None:
        self._fd = fd
        self._dump_fd = dump_fd
        self._last_resort_s: float | None = None
        for given in (fd, dump_fd):
            if given is not None:
                # A program that this process starts must not hold heart's pipe open.
                os.set_inheritable(given, False)
        if fd is not None:
            os.set_blocking(fd, False)

    @classmethod
    def from_env(cls) -> Pulse:
        """Take the descriptors out of the environment, so that no further child claims them.

        Raises:
            ValueError: a variable holds no number: something other than heart has set it.
            OSError: a descriptor is not open.
        """
        pulse, dump = (os.environ.pop(name, None) for name in (PULSE_FD, DUMP_FD))
        return cls(None if pulse is None else int(pulse), None if dump is None else int(dump))

    def beat(self) -> None:
        """Tell heart that the process made progress, and put off the last resort.

        Raises:
            BrokenPipeError: heart is gone; the kernel is about to end this process too.
        """
        self._write(BEAT)
        self._arm()

    def replaying(self) -> None:
        """Tell heart of progress while replaying, which has a budget of its own.

        Raises:
            BrokenPipeError: heart is gone; the kernel is about to end this process too.
        """
        self._write(REPLAYING)
        self._arm()

    def planned(self) -> None:
        """Announce a wanted end: heart gives it ``shutdown_s`` and does not restart.

        Beats are no longer needed; the last resort is called off, since heart's deadline holds.

        Raises:
            BlockingIOError: the pipe is full: heart reads nothing, so it would not know.
            BrokenPipeError: heart is gone; the kernel is about to end this process too.
        """
        self._last_resort_s = None
        faulthandler.cancel_dump_traceback_later()
        if self._fd is not None:
            os.write(self._fd, PLANNED)

    def enable_crash_dumps(self, last_resort_s: float | None = None) -> None:
        """Write all threads' stacks on a fatal signal, heart's SIGABRT among them.

        With ``last_resort_s``, a process that beats no more for that many seconds dumps its
        stacks and exits with code 1 by itself, from a C thread that needs no GIL. Choose more
        than heart's budgets: it is there for the case that heart hangs too.

        Raises:
            ValueError: ``last_resort_s`` is not positive.
        """
        if last_resort_s is not None and not last_resort_s > 0:
            msg = f"last_resort_s is {last_resort_s}; use seconds > 0 or None"
            raise ValueError(msg)
        faulthandler.enable(self._dump_file, all_threads=True)
        self._last_resort_s = last_resort_s
        self._arm()

    @property
    def _dump_file(self) -> int:
        return _STDERR if self._dump_fd is None else self._dump_fd

    def _arm(self) -> None:
        if self._last_resort_s is not None:
            faulthandler.dump_traceback_later(self._last_resort_s, exit=True, file=self._dump_file)

    def _write(self, progress: bytes) -> None:
        if self._fd is None:
            return
        try:
            os.write(self._fd, progress)
        except BlockingIOError:
            # Full: heart has thousands of beats yet to read, and one more adds nothing.
            return


def die_with(parent: int, by: signal.Signals = signal.SIGKILL) -> bool:
    """Have the kernel send this process a signal when the thread that started it ends.

    Return False if ``parent`` is already gone: the wish then came too late to be granted.

    Raises:
        OSError: the kernel refused.
    """
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, int(by), 0, 0, 0) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), "prctl(PR_SET_PDEATHSIG)")
    return os.getppid() == parent


def launch(parent: int, argv: list[str]) -> int:
    """Become the program ``argv``, bound to die with ``parent``; return only if that failed."""
    try:
        if not die_with(parent):
            return LAUNCH_FAILED
        # The interpreter ignores these two, and exec would pass that on to the program.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        os.execvp(argv[0], argv)  # noqa: S606 - no shell is the point
    except OSError as error:
        os.write(int(os.environ[PULSE_FD]), UNRUNNABLE + f"{error.strerror}".encode())
    return LAUNCH_FAILED


if __name__ == "__main__":
    os._exit(launch(int(sys.argv[1]), sys.argv[2:]))
