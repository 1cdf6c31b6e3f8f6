"""A supervisor without actors: the smallest program that the pure decisions make complete.

It answers the line protocol of ``sup_oracle.erl``. It serves as the specification in the
linearizability check (case 144) and steers the generator of random scenarios, which wants to
know what is running. It shares the decision functions with the real supervisor and nothing else.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from supervision.decide import (
    ChildFacts,
    Fate,
    State,
    count_children,
    fate,
    may_change,
    may_start,
    plan_restart,
    plan_stop,
    shuts_down,
)
from supervision.intensity import RestartWindow
from supervision.reasons import KILLED, NORMAL, SHUTDOWN, Crash, ShutdownInfo
from supervision.starting import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from supervision.reasons import ExitReason
    from supervision.spec import AutoShutdown, ChildType, Restart, Strategy

PERIOD_NS = 10**15
REASONS: dict[str, ExitReason] = {
    "normal": NORMAL,
    "shutdown": SHUTDOWN,
    "info": ShutdownInfo("planned"),
    "crash": Crash(RuntimeError("planned")),
    "kill": KILLED,
}
STUBBORN_MS = "1"


@dataclass
class Child:
    """One child of the model; ``number`` is its incarnation."""

    id: str
    restart: Restart
    shutdown: str
    significant: bool
    type: ChildType
    state: State = State.UNDEFINED
    number: int = 0
    dead: bool = False  # ended, but its exit is still in the supervisor's mailbox

    @classmethod
    def parse(cls, words: list[str]) -> Child:
        """Read ``ID RESTART SHUTDOWN SIGNIFICANT TYPE``."""
        child_id, restart, shutdown, significant, kind = words
        known: Any = (restart, kind)  # the protocol's words are those of the specs
        return cls(child_id, known[0], shutdown, significant == "1", known[1])

    @property
    def name(self) -> str:
        """The running incarnation's name."""
        return f"{self.id}{self.number}"

    @property
    def ref(self) -> str:
        """The incarnation's name, or the state where there is none."""
        return self.name if self.state is State.RUNNING else self.state.value

    def facts(self) -> ChildFacts:
        """Return what the decisions want to know."""
        return ChildFacts(self.id, self.restart, self.state, self.significant, self.type)


class StartFailed(Exception):
    """A child's start failed; the text is ``error``, ``raise`` or ``junk``."""


@dataclass
class World:
    """What outlives a supervisor within one scenario: scripts, incarnation numbers, the trace."""

    scripts: dict[str, deque[str]] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    trace: list[str] = field(default_factory=list)
    hooks: list[str] = field(default_factory=list)

    def next_outcome(self, child_id: str) -> str:
        """Take the next planned outcome of a start; ``ok`` when nothing is planned."""
        script = self.scripts.get(child_id)
        return script.popleft() if script else "ok"

    def next_name(self, child_id: str) -> str:
        """Name the next incarnation of a child."""
        self.numbers[child_id] = self.numbers.get(child_id, 0) + 1
        return f"{child_id}{self.numbers[child_id]}"


def bad_specs(specs: list[Child], auto: str) -> str | None:
    """Return the verdict on an init list, by the rules of OTP."""
    seen: set[str] = set()
    for spec in specs:
        if spec.significant and (auto == "never" or spec.restart == "permanent"):
            return "error:bad_spec"
        if spec.id in seen:
            return f"error:duplicate:{spec.id}"
        seen.add(spec.id)
    return None


class Model:
    """The supervisor; every public method is one request and returns the protocol's word."""

    def __init__(
        self, world: World, strategy: Strategy, intensity: int, auto: AutoShutdown
    ) -> None:
        self._world = world
        self._strategy = strategy
        self._auto = auto
        self._window = RestartWindow(intensity, PERIOD_NS)
        self._queue: deque[Callable[[], None]] = deque()
        self.children: list[Child] = []
        self.exit: str | None = None

    def boot(self, specs: list[Child]) -> str:
        """Start all children in order, or stop those started and say which one failed."""
        verdict = bad_specs(specs, self._auto)
        if verdict is not None:
            self.exit = "none"
            return verdict
        for spec in specs:
            try:
                self._start(spec)
            except StartFailed as failure:
                self._end("none")
                return f"error:failed_to_start_child:{spec.id}:{failure}"
            if spec.state is State.RUNNING or spec.restart != "temporary":
                self.children.append(spec)
        return "ok"

    def settle(self) -> None:
        """Handle everything queued: retries, and requests that starts left behind."""
        while self._queue:
            self._queue.popleft()()

    def request(self, words: list[str]) -> str:
        """Serve one request of the supervisor's API."""
        if self.exit is not None:
            return "dead"
        verb, *rest = words
        if verb == "start":
            return self.start(Child.parse(rest))
        if verb == "which":
            return self.which()
        if verb == "count":
            return self.count()
        serve = {"terminate": self.terminate, "restart": self.restart, "delete": self.delete}
        return serve[verb](self._find(rest[0]))

    def start(self, spec: Child) -> str:
        """Add a child at the end of the order and start it."""
        if spec.significant and (self._auto == "never" or spec.restart == "permanent"):
            return "error:bad_spec"
        present = self._find(spec.id)
        verdict = may_start(present.state if present else None, None)
        if isinstance(verdict, Refused):
            running = present is not None and present.state is State.RUNNING
            return f"error:{verdict.error}" + (f":{present.name}" if running and present else "")
        result = self._try_start(spec)
        kept = spec.state is State.RUNNING or spec.restart != "temporary"
        if kept and not result.startswith("error"):
            self.children.append(spec)
        return result

    def terminate(self, child: Child | None) -> str:
        """Stop a child and keep its spec unless it is temporary."""
        if child is None:
            return "error:not_found"
        self._stop(child)
        if child.restart == "temporary":
            self.children.remove(child)
        return "ok"

    def restart(self, child: Child | None) -> str:
        """Start a child that is stopped."""
        verdict = may_change(child.state if child else None)
        if isinstance(verdict, Refused):
            return f"error:{verdict.error}"
        assert child is not None
        return self._try_start(child)

    def delete(self, child: Child | None) -> str:
        """Forget a child that is stopped."""
        verdict = may_change(child.state if child else None)
        if isinstance(verdict, Refused):
            return f"error:{verdict.error}"
        assert child is not None
        self.children.remove(child)
        return "ok"

    def die(self, child_id: str, reason: str) -> str:
        """Let a running child end by itself and act on its exit."""
        child = self._find(child_id)
        if self.exit is not None or child is None or child.state is not State.RUNNING:
            return "none"
        self._end_by_itself(child, reason)
        number = child.number
        self._queue.append(lambda: self._see_exit(child, number, reason))
        return "ok"

    def stop(self) -> str:
        """End the supervisor from outside."""
        if self.exit is not None:
            return "none"
        self._end("exit:shutdown")
        return "ok"

    def which(self) -> str:
        """List the children, newest first."""
        return ",".join(f"{child.id}:{child.ref}:{child.type}" for child in self.children[::-1])

    def count(self) -> str:
        """Count specs, active, supervisors and workers."""
        running = ((child, child.state is State.RUNNING) for child in self.children)
        counts = count_children((child.type, up and not child.dead) for child, up in running)
        return f"{counts.specs}/{counts.active}/{counts.supervisors}/{counts.workers}"

    def _find(self, child_id: Hashable) -> Child | None:
        return next((child for child in self.children if child.id == child_id), None)

    def _end_by_itself(self, child: Child, reason: str) -> None:
        self._world.trace.append(f"-{child.name}:{'killed' if reason == 'kill' else reason}")
        child.dead = True

    def _see_exit(self, child: Child, number: int, reason: str) -> None:
        if self.exit is None and child.number == number and child.dead:
            child.state, child.dead = State.UNDEFINED, False
            self._on_exit(child, REASONS[reason])

    def _on_exit(self, child: Child, reason: ExitReason) -> None:
        decision = fate(child.restart, reason)
        if decision is Fate.RESTART:
            self._attempt(child)
            return
        if decision is Fate.FORGET:
            self.children.remove(child)
        siblings = [sibling.facts() for sibling in self.children]
        if shuts_down(self._auto, child.facts(), siblings):
            self._end("exit:shutdown")

    def _attempt(self, child: Child) -> None:
        if not self._window.add(0):
            child.state = State.UNDEFINED
            self._end("exit:shutdown")
            return
        facts = [one.facts() for one in self.children]
        plan = plan_restart(self._strategy, facts, self.children.index(child))
        by_id = {one.id: one for one in self.children}
        for key in plan.stop:
            self._stop(by_id[str(key)])
        self.children = [one for one in self.children if one.id not in plan.forget]
        for key in plan.start:
            by_id[str(key)].state = State.UNDEFINED
        self._start_group([by_id[str(key)] for key in plan.start])

    def _start_group(self, group: list[Child]) -> None:
        for child in group:
            try:
                self._start(child)
            except StartFailed:
                child.state = State.RESTARTING
                self._queue.append(partial(self._retry, child))
                return

    def _retry(self, child: Child) -> None:
        if self.exit is None and child in self.children and child.state is State.RESTARTING:
            self._attempt(child)

    def _stop(self, child: Child) -> None:
        silent = child.dead or child.shutdown in ("brutal_kill", STUBBORN_MS)
        if child.state is State.RUNNING and not silent:
            self._world.trace.append(f"-{child.name}:shutdown")
        child.state, child.dead = State.UNDEFINED, False

    def _end(self, how: str) -> None:
        by_id = {child.id: child for child in self.children}
        for key in plan_stop([child.facts() for child in self.children]):
            self._stop(by_id[str(key)])
        self.children.clear()
        self.exit = how

    def _try_start(self, child: Child) -> str:
        try:
            return self._start(child)
        except StartFailed as failure:
            return f"error:failed:{failure}"

    def _start(self, child: Child) -> str:
        outcome, _, hook = self._world.next_outcome(child.id).partition("@")
        if outcome == "ignore":
            self._world.trace.append(f"~{child.id}")
            child.state = State.UNDEFINED
            return "ok:undefined"
        if outcome not in ("ok", "info"):
            self._world.trace.append(f"!{child.id}:{outcome}")
            self._leave_request(hook)
            raise StartFailed(outcome)
        child.number = int(self._world.next_name(child.id)[len(child.id) :])
        child.state = State.RUNNING
        self._world.trace.append(f"+{child.name}")
        return f"ok:{child.name}" + (":info" if outcome == "info" else "")

    def _leave_request(self, hook: str) -> None:
        verb, *words = hook.split(".")
        if verb == "die":
            child = self._find(words[0])
            if child is not None and child.state is State.RUNNING and not child.dead:
                self.die(*words)
        elif hook:
            hooks = self._world.hooks
            self._queue.append(lambda: hooks.append(self.request([verb, *words])))


class ModelDriver:
    """The line protocol in front of the model."""

    def __init__(self) -> None:
        self._forget()

    def _forget(self) -> None:
        self._world = World()
        self._flags: list[str] = []
        self._specs: list[Child] = []
        self._state = "none"
        self.model: Model | None = None

    def command(self, line: str) -> str | None:
        """Carry out one command; return its answer if the protocol gives one."""
        word = self.carry_out(line)
        return None if word is None else self._answer(word)

    def carry_out(self, line: str) -> str | None:
        """Carry out one command; of an answer, return only the word that is the result."""
        verb, *words = line.split(" ")
        if verb == "reset":
            self._forget()
        elif verb == "flags":
            self._flags = words
        elif verb == "spec":
            self._specs.append(Child.parse(words))
        elif verb == "script":
            self._world.scripts[words[0]] = deque(words[1].split(","))
        else:
            return self._settled(self._serve(verb, words))
        return None

    def _settled(self, word: str) -> str:
        """Let the model come to rest, and see whether it still is there."""
        self._state = "none"
        if self.model is not None:
            self.model.settle()
            self._state = self.model.exit or "alive"
            if self.model.exit is not None:
                self.model = None
        return word

    def _serve(self, verb: str, words: list[str]) -> str:
        if verb == "boot":
            strategy, intensity, auto = cast("Any", self._flags)
            self.model = Model(self._world, strategy, int(intensity), auto)
            return self.model.boot(self._specs)
        if self.model is None:
            return "none" if verb in ("die", "stop") else "dead"
        if verb == "die":
            return self.model.die(words[0], words[1])
        if verb == "stop":
            return self.model.stop()
        return self.model.request([verb, *words])

    def _answer(self, result: str) -> str:
        children, counts = "-", "-"
        if self.model is not None:
            children, counts = self.model.which(), self.model.count()
        trace, self._world.trace = ",".join(self._world.trace), []
        hooks = ",".join(self._world.hooks)
        self._world.hooks.clear()
        return f"{result}\t{trace}\t{children}\t{counts}\t{hooks}\t{self._state}"
