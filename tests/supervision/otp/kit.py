"""A stage for conformance cases: scripted children under a real supervisor, in virtual time."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, TypeVar

from supervision.actor import DEFERRED, Actor
from supervision.errors import ActorStartError
from supervision.manage import count_children, start_child, which_child, which_children
from supervision.observe import NullObserver
from supervision.reasons import KILLED, NORMAL, SHUTDOWN, ExitReason, ShutdownInfo
from supervision.simulation import Simulation
from supervision.spec import ChildSpec, DynamicFlags, SupervisorFlags
from supervision.starting import IGNORE, Info, StartError
from supervision.supervisor import Supervisor

if TYPE_CHECKING:
    from collections.abc import Callable

    from supervision.children import ChildInfo
    from supervision.ref import ActorRef

R = TypeVar("R")
INFO = ShutdownInfo("why")
ENDS: dict[str, ExitReason] = {"normal": NORMAL, "shutdown": SHUTDOWN, "info": INFO}
ALL_ENDS = ("normal", "shutdown", "info", "crash", "kill")


class PlannedError(Exception):
    """What scripted children raise."""


def word_of(reason: ExitReason | None) -> str:
    """Return a short word for an exit reason."""
    for word, known in {**ENDS, "killed": KILLED}.items():
        if reason == known:
            return word
    return "crash"


class Player(Actor):
    """A scripted child: says in the trace when it comes up and when and why it goes down."""

    def __init__(self, stage: Stage, name: object, info: object = None) -> None:
        super().__init__()
        self.stage = stage
        self.name = name
        self.info = info
        self.stubborn = name in stage.stubborn
        self.takes_s = stage.takes_s.get(name, 0.0)

    def on_start(self) -> Any:
        """Come up."""
        self.stage.trace.append(f"up {self.name}")
        return None if self.info is None else Info(self.info)

    def on_receive(self, message: Any) -> Any:
        """Die by a word; answer everything else with itself."""
        if message == "crash":
            raise PlannedError
        if message in ENDS:
            self.stubborn = False
            self.stop_with(ENDS[message])
        return message

    def on_stop_request(self, reason: ExitReason) -> bool:
        """Obey, unless stubborn."""
        if self.takes_s:
            self.stage.trace.append(f"told {self.name}")
            self.send_after(self.takes_s, word_of(reason))
            self.takes_s = 0.0
            return False
        if self.stubborn:
            self.stage.trace.append(f"ignores {self.name}")
            return False
        self.stage.trace.append(f"down {self.name} {word_of(reason)}")
        return True

    def on_failure(self, *_error: object) -> None:
        """Record the crash."""
        self.stage.trace.append(f"down {self.name} crash")


class Slow(Actor):
    """Comes up after a second of virtual time."""

    def __init__(self, trace: list[str]) -> None:
        super().__init__()
        self.trace = trace

    def on_start(self) -> Any:
        """Acknowledge later."""
        self.trace.append("begun")
        system = self._cell.system
        system.timers.at(system.now_ns() + 10**9, self.acknowledge)
        return DEFERRED

    def acknowledge(self) -> None:
        """Come up."""
        self.trace.append("up")
        self.started()


class Reporter(NullObserver):
    """Keeps all reports."""

    def __init__(self) -> None:
        self.reports: list[tuple[str, dict[str, object]]] = []

    def report(self, kind: str, facts: dict[str, object]) -> None:
        """Keep one report."""
        self.reports.append((kind, facts))

    def kinds(self) -> list[str]:
        """Return the kinds that were reported, in order."""
        return [kind for kind, _facts in self.reports]


class Stage:
    """A simulation, a trace, and plans for the next starts of each child."""

    def __init__(self, seed: int = 0) -> None:
        self.sim = Simulation(seed)
        self.trace: list[str] = []
        self.plans: dict[object, deque[object]] = {}
        self.stubborn: set[object] = set()
        self.takes_s: dict[object, float] = {}  # how long a child takes to stop
        self.on_fail: Callable[[object], object] = lambda _name: None
        self.reporter = Reporter()
        self.sim.observer = self.reporter

    # -- children --

    def spec(self, child_id: object, *plan: object, **fields: Any) -> ChildSpec:
        """Return the spec of a scripted child; ``plan`` is the outcome of its next starts."""
        if plan:
            self.plan(child_id, *plan)
        return ChildSpec(id=child_id, start=self.start, args=(child_id,), **fields)

    def plan(self, child_id: object, *plan: object) -> None:
        """Plan the next starts: ok, info, ignore, error, raise, junk; after them, ok."""
        self.plans[child_id] = deque(plan)

    def start(self, name: object, *_more: object) -> object:
        """Start as planned."""
        plan = self.plans.get(name)
        outcome = plan.popleft() if plan else "ok"
        if outcome in ("ok", "info"):
            return Player(self, name, "some info" if outcome == "info" else None)
        self.trace.append(f"{'ignored' if outcome == 'ignore' else 'failed'} {name}")
        if outcome == "ignore":
            return IGNORE
        self.on_fail(name)
        if outcome == "raise":
            raise PlannedError
        return StartError("planned") if outcome == "error" else "junk"

    # -- supervisors --

    def boot(self, *specs: ChildSpec, **flags: Any) -> ActorRef[Any]:
        """Start a supervisor with these children and flags."""
        return self.sim.start(Supervisor(specs, SupervisorFlags(**flags)))

    def boot_error(self, *specs: Any, **flags: Any) -> BaseException | None:
        """Start a supervisor that cannot start; return why."""
        try:
            self.boot(*specs, **flags)
        except ActorStartError as error:
            return error.__cause__
        return None

    def dynamic(self, actor: Callable[..., Any], template: Any, **flags: Any) -> ActorRef[Any]:
        """Start a dynamic supervisor of class ``actor``."""
        return self.sim.start(actor(template, DynamicFlags(**flags)))

    def call(self, request: Callable[..., R], *args: Any, **kwargs: Any) -> R:
        """Make a request of ``manage`` and let everything settle."""
        answer = request(*args, **kwargs)
        self.sim.settle()
        return answer

    def add(self, sup: ActorRef[Any], spec: ChildSpec) -> Any:
        """Start one more child."""
        return self.call(start_child, sup, spec)

    def ref(self, sup: ActorRef[Any], child_id: object) -> Any:
        """Return the running ref of a child."""
        info = which_child(sup, child_id)
        assert isinstance(info, tuple), f"no child {child_id!r}: {info}"
        return info.child

    def die(self, sup: ActorRef[Any], child_id: object, how: str = "crash") -> None:
        """Let a child end by itself (``kill``: from outside) and settle."""
        self.end(self.ref(sup, child_id), child_id, how)
        self.sim.settle()

    def end(self, ref: ActorRef[Any], name: object, how: str = "crash") -> None:
        """Let the actor behind ``ref`` end, without settling."""
        if how == "kill":
            self.trace.append(f"down {name} killed")
            ref.kill()
        else:
            ref.tell(how)

    def stop(self, sup: ActorRef[Any], reason: ExitReason = SHUTDOWN) -> None:
        """Stop a supervisor and run until nothing is left to do."""
        sup.stop_now(reason, block=False)
        self.sim.run()

    # -- what can be observed --

    def which(self, sup: ActorRef[Any]) -> list[ChildInfo]:
        """Return ``which_children``."""
        return which_children(sup)

    def states(self, sup: ActorRef[Any]) -> dict[object, str]:
        """Return id -> up, undefined or restarting, in start order."""
        lines = self.which(sup)[::-1]
        return {line.id: line.child if isinstance(line.child, str) else "up" for line in lines}

    def counts(self, sup: ActorRef[Any]) -> tuple[int, int, int, int]:
        """Return specs, active, supervisors, workers."""
        counts = count_children(sup)
        return counts.specs, counts.active, counts.supervisors, counts.workers

    def take(self) -> list[str]:
        """Return the trace so far and start a new one."""
        trace, self.trace = self.trace, []
        return trace

    def check_up(self, sup: ActorRef[Any], trace: list[str], **states: str) -> None:
        """Expect this trace, these children in this order, fitting counts, a living supervisor."""
        assert self.take() == trace
        assert self.states(sup) == states
        assert list(self.states(sup)) == list(states)
        active = sum(state == "up" for state in states.values())
        assert self.counts(sup)[:2] == (len(states), active)
        assert sup.exit_reason is None

    def check_ended(
        self, sup: ActorRef[Any], trace: list[str], reason: ExitReason = SHUTDOWN
    ) -> None:
        """Expect this trace, a supervisor that ended with ``reason``, and nobody left."""
        assert self.take() == trace
        assert sup.exit_reason == reason
        assert not self.sim.cells
