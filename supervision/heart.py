"""Heart: the process that keeps the other processes alive, and never two of a kind at once.

It starts children, watches the bytes they write on a pipe, and replaces one that ends or is
late. Rule (OTP's ``heart``): the old process is killed and waited for before the new one starts.
One thread, ``select`` over a process descriptor and a pipe for each child, the monotonic clock;
what to do is decided in ``heart_rules``, the child's side is ``pulse``, and all of it needs only
the standard library. Linux only: pidfd_open(2), PR_SET_PDEATHSIG.

``command`` gives the way to run it: a fresh interpreter that imports these few modules without
the rest of the package, and reads a JSON file. Heart then holds no pykka, no thread and none of
the application's bugs:

    argv = heart.command(spec_path)
    os.execv(argv[0], argv)

    {"children": [{"name": "core", "argv": ["/usr/bin/python3", "-m", "app.core"],
                   "safe_env": {"SAFE": "1"}}],
     "dump_dir": "dumps", "keep_dumps": 8, "parent": 4711}

SIGTERM or SIGINT stops the children in reverse order: SIGTERM, ``shutdown_s``, SIGKILL. Heart
then exits with an ``Exit`` code; a service manager should start it again after a signal and
after exit code 1, not after an ``Exit``. If heart dies, the kernel kills its children. If the
process dies that is named as ``parent``, which must be the one that starts heart, the kernel sends
SIGTERM: nobody would be left to stop heart, or to hear what it says.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import socket
import sys
from collections import deque
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from supervision.clock import NANOSECONDS, Clock, MonotonicClock, to_ns
from supervision.heart_dumps import Dumps
from supervision.heart_events import Event, JsonLines, Listener
from supervision.heart_process import Process, launch
from supervision.heart_rules import Child, Do, Exit, Kind, Phase, Tell, Watch
from supervision.pulse import die_with

if TYPE_CHECKING:
    from collections.abc import Iterator

_FOLDER: Final = Path(__file__).resolve().parent
_SIGNALS: Final = 64  # bytes: one for each signal since the last look, of which one is enough
_LAST_WORDS: Final = 32  # reads: twice what a pipe holds, in case a child's child goes on writing
_NAP_S: Final = 1.0  # the longest sleep, so that heart notices its own lag within it
_LAG_NS: Final = to_ns(0.5)  # two beats: whoever oversleeps by more cannot judge others

_BOOT: Final = """
import sys, types
package = types.ModuleType("supervision")
package.__path__ = [sys.argv[1]]
sys.modules["supervision"] = package
from supervision.heart import main
sys.exit(main(sys.argv[2]))
"""
"""Makes the package without running its ``__init__``, which would import all of it."""


class Heart:
    """Keeps one process of each of ``children`` running; all calls come from one thread.

    That thread must live as long as the children: the kernel kills them when it ends.
    ``on_event`` hears of everything once it is done, and may call ``start`` and ``stop``; what
    it raises ends ``run``. Without it, events are JSON lines on standard error.

    Raises:
        ValueError: there are no children, or two of one name.
    """

    def __init__(
        self,
        children: list[Child],
        *,
        dumps: Dumps | None = None,
        on_event: Listener | None = None,
        clock: Clock | None = None,
    ) -> None:
        names = [child.name for child in children]
        if not names or len(set(names)) < len(names):
            msg = f"children are {names}; give at least one, each with a name of its own"
            raise ValueError(msg)
        self._listener = on_event or JsonLines()
        self._dumps = dumps
        self._clock = clock or MonotonicClock()
        self._watches = {child.name: Watch(child, self._teller(child.name)) for child in children}
        self._processes: dict[str, Process] = {}
        self._selector = selectors.DefaultSelector()
        self._told: deque[Event] = deque()  # at most a few for each child: told after every call
        self._ending = False
        self._parent: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def names(self) -> tuple[str, ...]:
        """The children's names, in the order of their start."""
        return tuple(self._watches)

    def phase(self, name: str) -> Phase:
        """Return where the child is in its life; ``KeyError`` if there is none of the name."""
        return self._watches[name].phase

    def pid(self, name: str) -> int:
        """Return the child's process id, 0 if it is down."""
        process = self._processes.get(name)
        return process.pid if process else 0

    def now_s(self) -> float:
        """Return the time that events are stamped with, in seconds."""
        return self._clock.now_ns() / NANOSECONDS

    def outcome(self) -> Exit:
        """Return the worst that became of a child so far."""
        return max(watch.outcome for watch in self._watches.values())

    def start(self, name: str) -> None:
        """Start a child that is down, not in SAFE mode and with a fresh restart budget."""
        if not self._ending:
            self._act(name, self._watches[name].start(self._clock.now_ns()))
        self._publish()

    def stop(self, name: str) -> None:
        """Begin a planned stop of a child: it stays down until ``start``."""
        self._act(name, self._watches[name].stop(self._clock.now_ns()))
        self._publish()

    def shut_down(self) -> None:
        """Begin to stop all children in reverse order; nothing is started any more."""
        self._ending = True
        for watch in self._watches.values():
            watch.let_go()
        self._stop_last()

    def follow(self, parent: int) -> None:
        """Stop all children in order when the process ``parent``, which started this one, ends.

        Raises:
            OSError: the kernel refused.
        """
        self._parent = parent
        die_with(parent, signal.SIGTERM)

    def run(self) -> Exit:
        """Start the children and keep them until all are down; SIGTERM and SIGINT stop them.

        Raises:
            ValueError: this is not the main thread, which alone may handle signals.
        """
        with self._signals():
            if self._orphaned():
                return self.outcome()
            for name in self.names:
                self.start(name)
            while self._processes:
                self.step()
        return self.outcome()

    def step(self, timeout_s: float = _NAP_S) -> None:
        """Wait for something to happen, at most ``timeout_s``, and react to it."""
        due_ns = self._due_ns(min(timeout_s, _NAP_S))
        wait_s = max(0, due_ns - self._clock.now_ns()) / NANOSECONDS
        for key, _ in self._selector.select(wait_s):
            key.data()
        # Beats and exits come first: who is judged late has really been silent.
        now_ns = self._clock.now_ns()
        for name, watch in self._watches.items():
            if now_ns > due_ns + _LAG_NS:
                watch.forgive(now_ns)
            self._act(name, watch.tick(now_ns))
        if not self._ending and any(watch.fatal for watch in self._watches.values()):
            self.shut_down()
        if self._ending:
            self._stop_last()
        self._publish()

    def close(self) -> None:
        """Kill what still runs, wait for it, and give back all descriptors."""
        for process in self._processes.values():
            process.send(Do.KILL)
        for process in self._processes.values():
            process.reap()
        self._processes.clear()
        self._selector.close()

    def _due_ns(self, timeout_s: float) -> int:
        """Return when the next sleep has to end."""
        deadlines = (watch.deadline_ns for watch in self._watches.values())
        latest_ns = self._clock.now_ns() + to_ns(timeout_s)
        return min([latest_ns, *(ns for ns in deadlines if ns is not None)])

    def _stop_last(self) -> None:
        """Stop the last child that runs; those before it have their turn once it is down."""
        for name in reversed(self._watches):
            if self._watches[name].phase is not Phase.DOWN:
                self.stop(name)
                return

    def _teller(self, name: str) -> Tell:
        def tell(kind: Kind, detail: str) -> None:
            self._told.append(Event(self.now_s(), name, kind.value, self.pid(name), detail))

        return tell

    def _publish(self) -> None:
        """Tell the listener what is decided and done; what it asks for in turn is told after."""
        while self._told:
            self._listener(self._told.popleft())

    def _act(self, name: str, orders: list[Do]) -> None:
        """Do what the rules say; a start that fails makes new orders, which the budget bounds."""
        waiting = deque(orders)
        while waiting:
            do = waiting.popleft()
            if do is not Do.START:
                self._processes[name].send(do)
                continue
            try:
                self._spawn(name)
            except OSError as error:
                waiting.extend(self._watches[name].unstartable(str(error), self._clock.now_ns()))

    def _spawn(self, name: str) -> None:
        watch = self._watches[name]
        argv, env = watch.child.program(safe=watch.safe)
        dump, trouble = self._open_dump(name)
        try:
            process = launch(argv, env, dump)
        finally:
            if dump is not None:
                os.close(dump)
        self._processes[name] = process
        for fd, react in ((process.pipe, self._read), (process.pidfd, self._exited)):
            self._selector.register(fd, selectors.EVENT_READ, partial(react, name, process))
        self._teller(name)(Kind.STARTED, trouble)

    def _open_dump(self, name: str) -> tuple[int | None, str]:
        """Open the dump file; a disk that is full must not keep a child from starting."""
        if self._dumps is None:
            return None, ""
        try:
            return self._dumps.open(name), ""
        except OSError as error:
            return None, f"without a dump file: {error}"

    def _collect_dump(self, name: str) -> str:
        if self._dumps is None:
            return ""
        try:
            return str(self._dumps.collect(name) or "")
        except OSError as error:
            return f"a file that cannot be kept: {error}"

    def _read(self, name: str, process: Process) -> None:
        if self._processes.get(name) is not process:  # its exit came in the same round
            return
        data = process.read()
        if data == b"":
            # The child closed its end: it is late soon, or its exit comes next.
            self._selector.unregister(process.pipe)
        elif data is not None:
            self._watches[name].heard(data, self._clock.now_ns())

    def _exited(self, name: str, process: Process) -> None:
        watch = self._watches[name]
        for _ in range(_LAST_WORDS):  # they decide what its end means
            data = process.read()
            if not data:
                break
            watch.heard(data, self._clock.now_ns())
        self._selector.unregister(process.pidfd)
        with contextlib.suppress(KeyError):  # the child had closed its end before
            self._selector.unregister(process.pipe)
        code = process.reap()
        orders = watch.exited(code, self._clock.now_ns(), self._collect_dump(name))
        del self._processes[name]
        self._act(name, orders)

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """Turn SIGTERM and SIGINT into something that ``select`` wakes up for."""
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.setblocking(False)
            theirs.setblocking(False)
            self._selector.register(ours, selectors.EVENT_READ, lambda: self._signalled(ours))
            wakeup = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
            handlers = {
                number: signal.signal(number, lambda *_: None)
                for number in (signal.SIGTERM, signal.SIGINT)
            }
            # Ignored, as some parents leave it, it would have the kernel drop exit codes.
            handlers[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            try:
                yield
            finally:
                for number, handler in handlers.items():
                    signal.signal(number, handler)
                signal.set_wakeup_fd(wakeup)
                self._selector.unregister(ours)

    def _signalled(self, ours: socket.socket) -> None:
        if {signal.SIGTERM, signal.SIGINT}.intersection(ours.recv(_SIGNALS)):
            self._orphaned()
            self.shut_down()

    def _orphaned(self) -> bool:
        """Say so, if the process that heart follows has ended."""
        if self._parent is None or os.getppid() == self._parent:
            return False
        detail = f"process {self._parent} has ended: everything is stopped in order"
        self._told.append(Event(self.now_s(), "heart", Kind.ORPHANED.value, os.getpid(), detail))
        self._publish()
        return True


def command(spec_path: str | os.PathLike[str]) -> list[str]:
    """Return the program and arguments that run heart on the JSON file at ``spec_path``."""
    return [sys.executable, "-I", "-S", "-c", _BOOT, str(_FOLDER), os.fspath(spec_path)]


def load(text: str) -> tuple[list[Child], Dumps | None, int | None]:
    """Read the configuration that the module's prose shows: children, dumps, whom to follow.

    A child's fields are ``Child``'s.

    Raises:
        ValueError: it is no JSON, or a field is unknown, missing or out of its range.
        OSError: the folder of the dumps cannot be made.
    """
    try:
        spec = dict(json.loads(text))
        children = [_child(fields) for fields in spec.pop("children")]
        folder, keep = spec.pop("dump_dir", None), spec.pop("keep_dumps", 8)
        dumps = None if folder is None else Dumps(Path(folder), keep)
        parent = None if "parent" not in spec else int(spec.pop("parent"))
    except (KeyError, TypeError) as error:
        msg = f"configuration: {error}"
        raise ValueError(msg) from error
    if spec:
        msg = f"configuration: unknown {sorted(spec)}; use children, dump_dir, keep_dumps, parent"
        raise ValueError(msg)
    return children, dumps, parent


def _child(fields: dict[str, Any]) -> Child:
    shaped = dict(fields)
    for name, shape in (("argv", tuple), ("safe_argv", tuple), ("terminal_codes", frozenset)):
        if isinstance(shaped.get(name), list):
            shaped[name] = shape(shaped[name])
    return Child(**shaped)


def main(spec_path: str) -> int:
    """Run heart on the JSON file at ``spec_path`` and return its exit code."""
    try:
        children, dumps, parent = load(Path(spec_path).read_text("utf-8"))
        heart = Heart(children, dumps=dumps)
        if parent is not None:
            heart.follow(parent)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"heart: {spec_path}: {error}; correct it, nothing was started\n")
        return Exit.USAGE
    with heart:
        return heart.run()
