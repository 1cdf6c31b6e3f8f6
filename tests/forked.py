"""Commands in processes of their own that need not import anew what the command before imported.

Most of the time of a short command is its imports: 0.2 to 1 s of processor time. Here one process
for each of the suite's imports what the commands so far have imported, and every command is a fork
of it: a real process with its own arguments, folder, environment, descriptors and exit status. What
tests the start itself, signals or what an import brings starts a process of its own instead.
"""

from __future__ import annotations

import atexit
import gc
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Final, NoReturn

import msgspec

from robotrader.__main__ import _parser

ROOT: Final = Path(__file__).resolve().parents[1]
PATIENCE_S: Final = 90.0
_FRAME: Final = 1 << 20


class Asked(msgspec.Struct):
    """A command: its words, its folder, its environment. Three descriptors come with it."""

    words: list[str]
    folder: str
    environ: dict[str, str]


class _Parent:
    """The process that is forked; it ends with the socket to it."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [sys.executable, "-m", "tests.forked", str(theirs.fileno())]
        with theirs:
            self.process = subprocess.Popen(command, pass_fds=[theirs.fileno()], cwd=ROOT)
        self.socket = ours
        self.turn = threading.Lock()

    def close(self) -> None:
        self.socket.close()
        self.process.wait(PATIENCE_S)


@cache
def _parent() -> _Parent:
    made = _Parent()
    atexit.register(made.close)
    return made


def run(
    *words: str,
    folder: Path = ROOT,
    environ: Mapping[str, str] | None = None,
    given: str = "",
    timeout_s: float = PATIENCE_S,
    both: bool = False,
) -> subprocess.CompletedProcess[str]:
    """Run ``robotrader WORDS`` to its end; ``both``: errors are in the output, as in a terminal.

    Raises:
        TimeoutError: it did not end, and was killed.
    """
    parent = _parent()
    asked = Asked(list(words), str(folder), dict(os.environ if environ is None else environ))
    with (
        tempfile.TemporaryFile("w+") as stdin,
        tempfile.TemporaryFile("w+") as stdout,
        tempfile.TemporaryFile("w+") as stderr,
        parent.turn,
    ):
        stdin.write(given)
        stdin.seek(0)
        fds = [stdin.fileno(), stdout.fileno(), (stdout if both else stderr).fileno()]
        socket.send_fds(parent.socket, [msgspec.json.encode(asked)], fds)
        pid = int(parent.socket.recv(_FRAME))
        parent.socket.settimeout(timeout_s)
        try:
            status = int(parent.socket.recv(_FRAME))
        except TimeoutError:
            os.kill(pid, signal.SIGKILL)
            parent.socket.settimeout(PATIENCE_S)
            parent.socket.recv(_FRAME)
            raise
        finally:
            parent.socket.settimeout(None)
        for file in (stdout, stderr):
            file.seek(0)
        return subprocess.CompletedProcess(words, status, stdout.read(), stderr.read())


def _serve(asking: socket.socket) -> None:
    """Fork for every command that is asked for, until nobody is there to ask."""
    _parser()  # made once, and every command has it
    while True:
        data, fds, _, _ = socket.recv_fds(asking, _FRAME, 3)
        if not data:
            return
        asked = msgspec.json.decode(data, type=Asked)
        learn, tell = os.pipe()
        pid = os.fork()
        if not pid:
            asking.close()
            os.close(learn)
            _become(asked, fds, tell)
        for fd in (*fds, tell):
            os.close(fd)
        asking.send(str(pid).encode())
        with os.fdopen(learn) as told:
            names = told.read().split()
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        asking.send(str(status).encode())
        for name in names:
            __import__(name)
        gc.freeze()  # a fork that looks for garbage would copy all of it


def _become(asked: Asked, fds: list[int], tell: int) -> NoReturn:
    """Be the process of a command, to its end; leave the names of what it imported."""
    for number, fd in enumerate(fds):
        os.dup2(fd, number)
        os.close(fd)
    os.environ.clear()
    os.environ.update(asked.environ)
    os.chdir(asked.folder)
    sys.argv = ["robotrader", *asked.words]
    sys.path[0] = asked.folder
    known = {*sys.modules}
    import robotrader.__main__ as command

    sys.modules["__main__"] = command  # what a process that it spawns imports first
    status = _status(command.main)
    new = [name for name in [*sys.modules] if name not in known and _is_installed(name)]
    os.write(tell, "\n".join(new).encode())
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(status)  # taking every imported module apart would take as long as importing them


def _status(main: Callable[[], int]) -> int:
    """Run the command; return the status that the interpreter would end its process with."""
    try:
        return main()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # noqa: BLE001 - shown as the interpreter shows it
        sys.excepthook(*sys.exc_info())
        return 1


def _is_installed(name: str) -> bool:
    """Whether a module is ours or a library's, and not the user's of this one command."""
    file = getattr(sys.modules[name], "__file__", None)
    ours = name.partition(".")[0] in {"robotrader", "actors", "supervision"}
    return bool(file) and (ours or "site-packages" in str(file))


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
