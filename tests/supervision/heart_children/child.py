"""A child of heart: ``child.py BEHAVIOUR [ARGUMENT]``, told its name and folder by variables.

It first takes the lock of its kind and records an overlap if another process of the kind has it,
then beats, then behaves. It starts without site packages and without the rest of supervision.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import re
import signal
import subprocess
import sys
import threading
import types
from pathlib import Path

_package = types.ModuleType("supervision")
_package.__path__ = [str(Path(__file__).resolve().parents[3] / "supervision")]
sys.modules.setdefault("supervision", _package)

from supervision.pulse import Pulse  # noqa: E402 - only now can it be imported alone

BEAT_S = 0.02
FOLDER = Path(os.environ["CHILD_FOLDER"])
NAME = os.environ["CHILD_NAME"]
stopping = threading.Event()
pulse = Pulse.from_env()


def take_lock() -> int:
    """Hold the lock until the process ends; record who could not have it."""
    fd = os.open(FOLDER / f"{NAME}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        note("overlaps", f"{NAME} {os.getpid()}")
    return fd


def note(name: str, text: str) -> None:
    with (FOLDER / name).open("a") as file:
        file.write(text + "\n")


def beat_on() -> None:
    while not stopping.wait(BEAT_S):
        pulse.beat()


def beat_aside() -> None:
    pulse.beat()
    threading.Thread(target=beat_on, daemon=True).start()


def beat(_: str) -> None:
    pulse.beat()
    beat_on()
    note("ended", NAME)


def loop(_: str) -> None:
    pulse.beat()
    while True:
        pass


def regex(_: str) -> None:
    beat_aside()
    re.match(r"(a+)+$", "a" * 64 + "b")


def last_resort(_: str) -> None:
    pulse.enable_crash_dumps(last_resort_s=0.3)
    regex("")


def quit_with(code: str) -> None:
    pulse.beat()
    os._exit(int(code))


def segfault(_: str) -> None:
    pulse.beat()
    ctypes.string_at(0)


def mute(_: str) -> None:
    signal.pause()


def stubborn(_: str) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    pulse.beat()
    beat_on()


def busy_stop(silent_s: str) -> None:
    """Announce the end, then be too busy to beat for longer than the budget, and end badly."""
    pulse.beat()
    pulse.planned()
    for _ in range(4):
        threading.Thread(target=loop, args=("",), daemon=True).start()
    stopping.wait(float(silent_s))
    os._exit(3)


def last_words(_: str) -> None:
    """Say more than heart reads at once, the announcement last, and end."""
    for _beat in range(10_000):
        pulse.beat()
    pulse.planned()
    os._exit(3)


def never_ending_stop(_: str) -> None:
    pulse.beat()
    pulse.planned()
    loop("")


def replay(silent_s: str) -> None:
    pulse.replaying()
    stopping.wait(float(silent_s))
    note("replayed", NAME)
    beat("")


def list_fds(_: str) -> None:
    listed = list(Path("/proc/self/fd").iterdir())
    held = [fd for fd in listed if int(fd.name) > 2 and fd.is_symlink()]  # not the listing's own
    note("fds", "\n".join(fd.readlink().name for fd in held))
    variables = sorted(name for name in os.environ if name.startswith("HEART"))
    note("variables", " ".join(variables))
    beat("")


def leave_orphan(_: str) -> None:
    """Start a process that would outlive this one, and die once it runs."""
    program = "import os, signal; print(os.getpid(), flush=True); signal.pause()"
    argv = [sys.executable, "-I", "-S", "-c", program]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as orphan:
        assert orphan.stdout is not None
        note("orphan", orphan.stdout.readline().strip())
        quit_with("1")


def speak_after_death(_: str) -> None:
    """End, and have a process left behind beat once the end can be noticed."""
    parent = os.getpid()
    if os.fork():
        os._exit(1)
    while os.getppid() == parent:
        os.sched_yield()
    pulse.beat()
    note("spoke", str(os.getpid()))
    signal.pause()


def mode(_: str) -> None:
    """Die at once, unless it is SAFE mode."""
    note("modes", os.environ.get("SAFE", "0"))
    if os.environ.get("SAFE") == "1":
        beat("")
    quit_with("1")


BEHAVIOURS = (
    beat, loop, regex, last_resort, quit_with, segfault, mute, stubborn, busy_stop, last_words,
    never_ending_stop, replay, list_fds, leave_orphan,
    speak_after_death, mode,
)  # fmt: skip

if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    lock = take_lock()
    pulse.enable_crash_dumps()
    wanted, argument = [*sys.argv[1:], ""][:2]
    {behaviour.__name__: behaviour for behaviour in BEHAVIOURS}[wanted](argument)
