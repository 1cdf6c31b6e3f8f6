"""What heart decides, without processes: a child's spec and the state machine that watches it.

Rule (OTP's ``heart``, with a supervisor's restart intensity): a child that dies or is late is
ended for certain before it is started again; an end that was planned is final; a restart budget
that is spent leads to SAFE mode once, then to staying down. A ``Watch`` is told what happened
and at what time, and returns what to do: it reads no clock, knows no process and cannot wait.

=========  =============================  ================  ==========================
phase      deadline passed                exit              stop asked
=========  =============================  ================  ==========================
DOWN       -                              -                 -
UP         ABORT, to ABORTING             restart or not    TERMINATE, to STOPPING
ABORTING   KILL, to KILLING               restart or not    as before, then stay down
STOPPING   KILL, to KILLING               stay down         as before
KILLING    -                              restart or not    as before, then stay down
=========  =============================  ================  ==========================
"""

from __future__ import annotations

import math
import signal
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, IntEnum, auto
from typing import Final, NoReturn, TypeAlias

from supervision.clock import to_ns
from supervision.intensity import RestartWindow

_EX_TEMPFAIL: Final = 75
_EX_CONFIG: Final = 78
_NAME: Final = 64
_PLANNED: Final = "planned by the child"


class Exit(IntEnum):
    """Heart's own exit code: the worst that became of a child, the greatest code being worst."""

    CLEAN = 0  # every child stopped as planned
    FORCED = 10  # a planned stop overran its deadline and was killed
    GAVE_UP = 11  # a restart budget is spent, and SAFE mode is too or there is none
    TERMINAL = 12  # a child ended with a code that forbids a restart
    UNKNOWN = 13  # how a child ended is not known, which forbids a restart too
    MISSING = 14  # a child's program cannot be executed
    USAGE = 64  # the configuration is wrong; nothing was started (EX_USAGE)


class Phase(Enum):
    """Where a child is in its life, as far as heart knows."""

    DOWN = auto()
    UP = auto()
    ABORTING = auto()
    STOPPING = auto()
    KILLING = auto()


class Do(Enum):
    """What heart is to do to a child."""

    START = 0
    TERMINATE = signal.SIGTERM
    ABORT = signal.SIGABRT
    KILL = signal.SIGKILL


class Kind(Enum):
    """What heart reports about a child."""

    STARTED = "started"
    BEATING = "beating"
    LATE = "late"
    PLANNED = "planned"
    KILLED = "killed"
    EXITED = "exited"
    RESTARTED = "restarted"
    SAFE = "safe"
    GAVE_UP = "gave_up"
    STOPPED = "stopped"
    ORPHANED = "orphaned"


Tell: TypeAlias = Callable[[Kind, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """One kind of child process. At most one of a kind runs at any time.

    Times are in seconds; ``env`` is added to heart's own environment. SAFE mode exists if
    ``safe_argv`` or ``safe_env`` is given; what is not given stays as it was.

    Raises:
        ValueError: a field is out of its range; the message names the child and the field.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    budget_s: float = 2.0  # eight beats of 250 ms: a busy machine loses some
    replay_s: float = 4.0  # a replay may sit in one long read or decode
    boot_s: float = 15.0  # until the first byte: imports from a cold disk
    abort_s: float = 0.2  # faulthandler writes 100 stacks in far less
    shutdown_s: float = 5.0  # half of the ten seconds a stop of everything may take
    intensity: int = 3
    period_s: float = 600.0
    safe_argv: tuple[str, ...] | None = None
    safe_env: Mapping[str, str] | None = None
    # "Another instance holds the lease" and "the configuration is wrong": a restart cures neither.
    terminal_codes: frozenset[int] = frozenset({_EX_TEMPFAIL, _EX_CONFIG})
    vital: bool = False  # the others are of no use without it: with its end, all are stopped

    def __post_init__(self) -> None:
        if not 0 < len(self.name) <= _NAME or not set(self.name).isdisjoint("/\0"):
            # It becomes part of a dump's file name and of every event's line.
            self._refuse("name", f"up to {_NAME} characters without a slash")
        for field_name in ("argv", "safe_argv"):
            argv = getattr(self, field_name)
            wanted = isinstance(argv, tuple) and argv and _passable(argv)
            if not (wanted or (argv is None and field_name == "safe_argv")):
                self._refuse(field_name, "a program and its arguments, all text")
        for field_name in ("env", "safe_env"):
            env = getattr(self, field_name) or {}
            if not _passable(env) or not _passable(env.values()):
                self._refuse(field_name, "names and values, all text")
        for field_name in ("budget_s", "replay_s", "boot_s", "abort_s", "shutdown_s", "period_s"):
            if not 0 < getattr(self, field_name) < math.inf:
                self._refuse(field_name, "seconds > 0")
        if self.intensity < 0:
            self._refuse("intensity", "a count >= 0")

    def _refuse(self, field_name: str, use: str) -> NoReturn:
        msg = f"child {self.name!r}: {field_name} is {getattr(self, field_name)!r}; use {use}"
        raise ValueError(msg)

    @property
    def has_safe_mode(self) -> bool:
        """Say whether there is another way to run once the restart budget is spent."""
        return self.safe_argv is not None or self.safe_env is not None

    def program(self, *, safe: bool) -> tuple[tuple[str, ...], dict[str, str]]:
        """Return the arguments and the added environment of a normal or a SAFE run."""
        if not safe:
            return self.argv, dict(self.env)
        return self.safe_argv or self.argv, {**self.env, **(self.safe_env or {})}


class Watch:
    """The life of one kind of child: told what happened, it returns what to do.

    ``tell`` hears of every decision. Times are nanoseconds of one monotonic clock.
    """

    def __init__(self, child: Child, tell: Tell) -> None:
        self.child = child
        self.phase = Phase.DOWN
        self.safe = False
        self.deadline_ns: int | None = None
        self.outcome = Exit.CLEAN
        self._tell = tell
        self._reset()

    def _reset(self) -> None:
        self._window = RestartWindow(self.child.intensity, to_ns(self.child.period_s))
        self._wanted: str | None = None
        self._begin()

    def _begin(self) -> None:
        """Forget what belonged to the process before."""
        self._heard = False
        self._forgiven = False
        self._unrunnable: str | None = None

    def start(self, now_ns: int) -> list[Do]:
        """Start a child that is down, with a fresh budget: at boot, or because someone says so."""
        if self.phase is not Phase.DOWN:
            return []
        self._reset()
        self.safe = False
        self.outcome = Exit.CLEAN
        return self._start(now_ns)

    def _start(self, now_ns: int) -> list[Do]:
        self._begin()
        self._enter(Phase.UP, now_ns, self.child.boot_s)
        return [Do.START]

    def _enter(self, phase: Phase, now_ns: int, seconds: float) -> None:
        self.phase = phase
        self.deadline_ns = now_ns + to_ns(seconds)

    def heard(self, data: bytes, now_ns: int) -> None:
        """Take in what the child wrote on its pipe."""
        if data.startswith(b"x") and not self._heard:
            self._unrunnable = data[1:].decode(errors="replace")
            return
        replaying, beating = data.rfind(b"r"), data.rfind(b".")
        if self.phase is Phase.UP and max(replaying, beating) >= 0:
            self._progress(now_ns, replaying=replaying > beating)
        if b"p" in data:
            self._planned(now_ns)

    def _progress(self, now_ns: int, *, replaying: bool) -> None:
        if not self._heard:
            self._tell(Kind.BEATING, "SAFE mode" if self.safe else "")
        self._heard = True
        self._forgiven = False
        budget_s = self.child.replay_s if replaying else self.child.budget_s
        self._enter(Phase.UP, now_ns, budget_s)

    def _planned(self, now_ns: int) -> None:
        """Let the child go; even one that was found late meanwhile is not restarted."""
        if self._wanted is None:
            self._wanted = _PLANNED
            self._tell(Kind.PLANNED, "")
            if self.phase is Phase.UP:
                self._enter(Phase.STOPPING, now_ns, self.child.shutdown_s)

    def stop(self, now_ns: int) -> list[Do]:
        """End the child for good, gently at first."""
        self.let_go()
        if self.phase is not Phase.UP:
            return []
        self._enter(Phase.STOPPING, now_ns, self.child.shutdown_s)
        return [Do.TERMINATE]

    def let_go(self) -> None:
        """Do not restart the child, however it ends from now on."""
        if self._wanted is None:
            self._wanted = "stopped by heart"

    def forgive(self, now_ns: int) -> None:
        """Heart itself slept too long to judge: the silence so far does not count, once."""
        if self.phase is Phase.UP and not self._forgiven:
            self._forgiven = True
            fresh_ns = now_ns + to_ns(self.child.budget_s)
            self.deadline_ns = max(fresh_ns, self.deadline_ns or fresh_ns)

    def tick(self, now_ns: int) -> list[Do]:
        """Act on a deadline that has passed."""
        if self.deadline_ns is None or now_ns < self.deadline_ns:
            return []
        if self.phase is Phase.UP:
            since = "its last beat" if self._heard else "its start, without a beat"
            self._tell(Kind.LATE, f"deadline passed since {since}")
            self._enter(Phase.ABORTING, now_ns, self.child.abort_s)
            return [Do.ABORT]
        return self._kill()

    def _kill(self) -> list[Do]:
        stopping = self.phase is Phase.STOPPING
        self._tell(Kind.KILLED, "overran shutdown_s" if stopping else "late")
        if stopping:
            self.outcome = Exit.FORCED
        self.phase, self.deadline_ns = Phase.KILLING, None
        return [Do.KILL]

    def exited(self, code: int | None, now_ns: int, dump: str = "") -> list[Do]:
        """The process is gone and waited for.

        ``code`` is an exit code, minus a signal's number, or None: nobody knows. ``dump`` names
        the file that holds its stacks.
        """
        self.phase, self.deadline_ns = Phase.DOWN, None
        self._tell(Kind.EXITED, ending(code) + (f"; stacks in {dump}" if dump else ""))
        if self._wanted is not None:
            self._tell(Kind.STOPPED, self._wanted)
            return []
        verdict = self._forbidden(code)
        return self._restart(now_ns) if verdict is None else self._give_up(*verdict)

    @property
    def fatal(self) -> bool:
        """Return whether a child without which nothing may go on was given up, or is done."""
        done = self.phase is Phase.DOWN and self._wanted == _PLANNED
        return self.child.vital and (done or self.outcome >= Exit.GAVE_UP)

    def unstartable(self, reason: str, now_ns: int) -> list[Do]:
        """The system refused a process, a pipe or memory: an attempt like any other."""
        self.phase, self.deadline_ns = Phase.DOWN, None
        self._tell(Kind.EXITED, f"not started: {reason}")
        if self._wanted is not None:
            self._tell(Kind.STOPPED, self._wanted)
            return []
        return self._restart(now_ns)

    def _forbidden(self, code: int | None) -> tuple[Exit, str] | None:
        """Return why this end forbids a restart, with the remedy; None if it does not."""
        if self._unrunnable is not None:
            program = self.child.program(safe=self.safe)[0][0]
            why = f"cannot execute {program!r}: {self._unrunnable}; install it or correct argv"
            return Exit.MISSING, why
        if code is None:
            why = "how it ended is unknown; find out who else waits for heart's children"
            return Exit.UNKNOWN, f"{why}, then start it by hand"
        if code in self.child.terminal_codes:
            return (
                Exit.TERMINAL,
                f"code {code} forbids a restart; clear its cause, start it by hand",
            )
        return None

    def _restart(self, now_ns: int) -> list[Do]:
        child = self.child
        if self.safe:
            return self._give_up(
                Exit.GAVE_UP, "SAFE mode ended too; read its log, start it by hand"
            )
        if self._window.add(now_ns):
            used = self._window.used(now_ns)
            self._tell(Kind.RESTARTED, f"{used} of {child.intensity} in {child.period_s:g} s")
            return self._start(now_ns)
        spent = f"more than {child.intensity} restarts in {child.period_s:g} s"
        if not child.has_safe_mode:
            return self._give_up(Exit.GAVE_UP, f"{spent}; read its log, start it by hand")
        self.safe = True
        self._tell(Kind.SAFE, f"{spent}; read its log, start it by hand")
        return self._start(now_ns)

    def _give_up(self, outcome: Exit, why: str) -> list[Do]:
        self.outcome = outcome
        self._tell(Kind.GAVE_UP, why)
        return []


def _passable(texts: Iterable[object]) -> bool:
    """Say whether the kernel can pass these on as arguments or environment."""
    return all(isinstance(text, str) and "\0" not in text for text in texts)


def ending(code: int | None) -> str:
    """Return an exit code, or minus a signal's number, in words."""
    if code is None:
        return "ended, nobody knows how"
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:  # a real-time signal has no name
        return f"signal {-code}"
