"""Our supervisor behind the oracle's line protocol, on the simulation runtime.

Every scenario gets a simulation of its own. Scripted children are real actors; a death that the
protocol wants "in the middle of a start" is made at once, every other one is the child's own.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from supervision import ending
from supervision.actor import Actor
from supervision.children import ChildInfo
from supervision.decide import ChildCounts
from supervision.errors import ActorStartError
from supervision.future import Future
from supervision.manage import (
    CountChildren,
    DeleteChild,
    RestartChild,
    StartChild,
    TerminateChild,
    WhichChildren,
)
from supervision.reasons import KILLED, NORMAL, SHUTDOWN, Crash, ExitReason, ShutdownInfo
from supervision.ref import ActorRef
from supervision.simulation import Simulation
from supervision.spec import SpecError
from supervision.starting import (
    IGNORE,
    OK,
    BadReturn,
    ChildStartFailed,
    Info,
    Refused,
    Started,
    StartError,
)
from supervision.supervisor import Supervisor

PERIOD_S = 1_000_000
STUBBORN_MS = "1"


class PlannedError(Exception):
    """What a scripted start or handler raises."""


ENDS: dict[str, ExitReason] = {
    "normal": NORMAL,
    "shutdown": SHUTDOWN,
    "info": ShutdownInfo("planned"),
}


def word_of(reason: ExitReason | None) -> str:
    """Return the protocol's word for an exit reason."""
    if isinstance(reason, ShutdownInfo):
        return "info"
    return str(reason) if reason in (NORMAL, SHUTDOWN, KILLED) else "crash"


class ScriptedChild(Actor):
    """Records its life in the trace and ends as it is told."""

    def __init__(self, driver: SupervisorDriver, name: str, *, stubborn: bool, info: bool) -> None:
        super().__init__()
        self._driver = driver
        self._name = name
        self._stubborn = stubborn
        self._info = info

    def on_start(self) -> Any:
        """Come up."""
        self._driver.came_up(self._name, self.actor_ref)
        return Info("planned") if self._info else None

    def on_receive(self, message: str) -> None:
        """Die by the word that was sent."""
        self._stubborn = False
        if message == "crash":
            raise PlannedError
        self.stop_with(ENDS[message])

    def on_stop_request(self, reason: ExitReason) -> bool:
        """Obey, unless stubborn."""
        if not self._stubborn:
            self._driver.trace.append(f"-{self._name}:{word_of(reason)}")
        return not self._stubborn

    def on_failure(self, *_error: object) -> None:
        """Record the crash."""
        self._driver.trace.append(f"-{self._name}:crash")


class SupervisorDriver:
    """Answers the line protocol; ``command`` is its only entry."""

    def __init__(self) -> None:
        self._forget()

    def _forget(self, seed: int = 0) -> None:
        self._sim = Simulation(seed)
        self._flags: dict[str, object] = {}
        self._specs: list[dict[str, object]] = []
        self._sup: ActorRef[Any] | None = None
        self._scripts: dict[str, deque[str]] = {}
        self._numbers: dict[str, int] = {}
        self._names: dict[int, str] = {}
        self._refs: dict[str, ActorRef[Any]] = {}
        self._hooks: list[str] = []
        self.trace: list[str] = []

    def command(self, line: str) -> str | None:
        """Carry out one command; return its answer if the protocol gives one."""
        verb, *words = line.split(" ")
        if verb == "reset":
            self._sim.close()
            self._forget()
        elif verb == "flags":
            strategy, intensity, auto = words
            self._flags = {
                "strategy": strategy,
                "intensity": int(intensity),
                "period_s": PERIOD_S,
                "auto_shutdown": auto,
            }
        elif verb == "spec":
            self._specs.append(self._spec(words))
        elif verb == "script":
            self._scripts[words[0]] = deque(words[1].split(","))
        else:
            return self._answer(self._serve(verb, words))
        return None

    def came_up(self, name: str, ref: ActorRef[Any]) -> None:
        """Take note of a child's new incarnation."""
        self.trace.append(f"+{name}")
        self._names[ref.number] = name
        self._refs[name.rstrip("0123456789")] = ref

    # -- commands --

    def _spec(self, words: list[str]) -> dict[str, object]:
        child_id, restart, shutdown, significant, kind = words
        return {
            "id": child_id,
            "start": self._start_child,
            "args": (child_id, shutdown == STUBBORN_MS),
            "restart": restart,
            "shutdown_ms": int(shutdown) if shutdown.isdigit() else shutdown,
            "significant": significant == "1",
            "type": kind,
        }

    def _serve(self, verb: str, words: list[str]) -> str | Future[Any]:
        if verb == "boot":
            return self._boot()
        if verb == "die":
            return self._die(words[0], words[1])
        if self._sup is None:
            return "none" if verb == "stop" else "dead"
        if verb == "stop":
            self._sup.stop_now(SHUTDOWN, block=False)
            return "ok"
        return self._ask(verb, words)

    def _boot(self) -> str:
        actor = Supervisor(self._specs, self._flags)
        self._sup = actor.actor_ref
        try:
            self._sim.start(actor)
        except ActorStartError as error:
            self._sup = None
            return _boot_error(error.__cause__)
        return "ok"

    def _die(self, child_id: str, reason: str) -> str:
        ref = self._refs.get(child_id)
        if ref is None or not ref.is_alive():
            return "none"
        if reason == "kill":
            self._end_now(ref, reason)
        else:
            ref.tell(reason)
        return "ok"

    def _end_now(self, ref: ActorRef[Any], reason: str) -> None:
        end = {**ENDS, "kill": KILLED}.get(reason)
        self.trace.append(f"-{self._names[ref.number]}:{'killed' if reason == 'kill' else reason}")
        ending.kill(ref.actor_inbox, end or Crash(PlannedError()))

    def _ask(self, verb: str, words: list[str]) -> Future[Any]:
        requests: dict[str, Any] = {
            "terminate": TerminateChild,
            "restart": RestartChild,
            "delete": DeleteChild,
        }
        assert self._sup is not None, "callers check that there is a supervisor"
        if verb == "start":
            return self._sup.ask(StartChild(self._spec(words)), block=False)
        if verb in ("which", "count"):
            request = WhichChildren() if verb == "which" else CountChildren()
            return self._sup.ask(request, block=False)
        return self._sup.ask(requests[verb](words[0]), block=False)

    # -- scripted starts --

    def _start_child(self, child_id: str, stubborn: bool) -> object:
        script = self._scripts.get(child_id)
        outcome, _, hook = (script.popleft() if script else "ok").partition("@")
        if outcome == "ignore":
            self.trace.append(f"~{child_id}")
            return IGNORE
        if outcome in ("ok", "info"):
            self._numbers[child_id] = self._numbers.get(child_id, 0) + 1
            name = f"{child_id}{self._numbers[child_id]}"
            return ScriptedChild(self, name, stubborn=stubborn, info=outcome == "info")
        self.trace.append(f"!{child_id}:{outcome}")
        if hook:
            self._leave(hook)
        if outcome == "raise":
            raise PlannedError
        return StartError("planned") if outcome == "error" else "junk"

    def _leave(self, hook: str) -> None:
        verb, *words = hook.split(".")
        if verb == "die":
            ref = self._refs.get(words[0])
            if ref is not None and ref.is_alive():
                self._end_now(ref, words[1])
            return
        future = self._ask(verb, words)
        future.on_done(lambda: self._hooks.append(self._result(future)))

    # -- answers --

    def _answer(self, result: str | Future[Any]) -> str:
        self._sim.run()
        word = result if isinstance(result, str) else self._result(result)
        children, counts, state = self._observe()
        trace, self.trace = ",".join(self.trace), []
        hooks, self._hooks = ",".join(self._hooks), []
        return f"{word}\t{trace}\t{children}\t{counts}\t{hooks}\t{state}"

    def _observe(self) -> tuple[str, str, str]:
        sup = self._sup
        if sup is None:
            return "-", "-", "none"
        if not sup.is_alive():
            self._sup = None
            return "-", "-", f"exit:{word_of(sup.exit_reason)}"
        which, count = self._ask("which", []), self._ask("count", [])
        self._sim.run()
        return self._result(which), self._result(count), "alive"

    def _result(self, future: Future[Any]) -> str:
        try:
            answer = future.get(timeout=0)
        except Exception:  # noqa: BLE001 - a dead supervisor, in whatever way
            return "dead"
        return self._word(answer)

    def _word(self, answer: object) -> str:
        if answer is OK:
            return "ok"
        if isinstance(answer, Started):
            name = "undefined" if answer.ref is None else self._name(answer.ref)
            return f"ok:{name}" + (":info" if answer.info == "planned" else "")
        if isinstance(answer, Refused):
            return f"error:{self._refusal(answer)}"
        if isinstance(answer, ChildCounts):
            return f"{answer.specs}/{answer.active}/{answer.supervisors}/{answer.workers}"
        assert isinstance(answer, list)
        return ",".join(self._line(info) for info in answer)

    def _refusal(self, refused: Refused) -> str:
        if refused.error == "already_started":
            return f"already_started:{self._name(refused.detail)}"
        if refused.error == "start_failed":
            return f"failed:{_failure(refused.detail)}"
        return refused.error

    def _line(self, info: ChildInfo) -> str:
        child = info.child if isinstance(info.child, str) else self._name(info.child)
        return f"{info.id}:{child}:{info.type}"

    def _name(self, ref: Any) -> str:
        return self._names[ref.number]


def _failure(reason: object) -> str:
    if isinstance(reason, PlannedError):
        return "raise"
    return "junk" if reason == BadReturn("junk") else "error"


def _boot_error(cause: BaseException | None) -> str:
    if isinstance(cause, ChildStartFailed):
        return f"error:failed_to_start_child:{cause.child_id}:{_failure(cause.reason)}"
    assert isinstance(cause, SpecError)
    if cause.code == "duplicate_child_name":
        return f"error:duplicate:{cause.value}"
    return "error:bad_spec"
