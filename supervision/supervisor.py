"""The supervisor: OTP's ``supervisor`` behaviour, as a thin actor around pure decisions.

It starts its children in order, restarts what ends by restart type and strategy, stops everything
in reverse order, and ends itself with reason Shutdown when restarts come too fast. What to do is
decided in ``decide``, ``intensity`` and ``backoff``; this module collects the facts, carries the
decision out and answers requests (``manage`` has the functions that send them).

A retry of a restart that failed is a message to itself, so whatever arrived before it is served
first. It is ignored when the child does not wait for it any more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from supervision.actor import DEFERRED
from supervision.children import Child
from supervision.decide import (
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
from supervision.manage import (
    ChangeFlags,
    CountChildren,
    DeleteChild,
    GetChildSpec,
    RestartChild,
    StartChild,
    TerminateChild,
    WhichChild,
    WhichChildren,
)
from supervision.messages import ChildExit
from supervision.reasons import NORMAL, SHUTDOWN
from supervision.restarter import Restarter, Retry
from supervision.spec import (
    ChildSpec,
    SpecError,
    SupervisorFlags,
    check_significant_allowed,
    check_specs,
    flags_from,
    id_key,
)
from supervision.starting import (
    IGNORE,
    OK,
    BadReturn,
    ChildStartFailed,
    Done,
    Failed,
    Refused,
    Started,
    refusal_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from supervision.children import ChildInfo
    from supervision.decide import ChildCounts
    from supervision.reasons import ExitReason
    from supervision.steps import Step


class Supervisor(Restarter):
    """Keeps a list of children running; see the module's prose.

    Give flags and children to the constructor, or override ``init``. Starting it returns when all
    children are up. If one of them does not start, those started before it are stopped in reverse
    order, nothing is retried and the start fails with ``ChildStartFailed``; wrong flags or specs
    fail it with ``SpecError`` before anything is started.
    """

    def __init__(
        self,
        children: Sequence[ChildSpec | Mapping[str, object]] = (),
        flags: SupervisorFlags | Mapping[str, object] | None = None,
    ) -> None:
        super().__init__()
        self._given = (flags if flags is not None else SupervisorFlags(), children)
        self._flags = SupervisorFlags()
        self._serve: dict[type, Callable[[Any], Any]] = {
            ChildExit: self._on_child_exit,
            Retry: self._on_retry,
            StartChild: self._start_child,
            TerminateChild: self._terminate_child,
            RestartChild: self._restart_child,
            DeleteChild: self._delete_child,
            WhichChildren: self._which_children,
            WhichChild: self._which_child,
            CountChildren: self._count_children,
            GetChildSpec: self._get_childspec,
            ChangeFlags: self._change_flags,
        }

    def init(self) -> object:
        """Return ``(flags, children)``, or ``IGNORE`` to start nothing."""
        return self._given

    @property
    def flags(self) -> SupervisorFlags:
        """What it runs by; the default before it is started."""
        return self._flags

    # -- start and end --

    def on_start(self) -> Any:
        """Start the children; the start is acknowledged when all are up."""
        given = self.init()
        if given is IGNORE:
            self._down = True
            self.stop_with(NORMAL)
            return IGNORE
        if not isinstance(given, tuple) or len(given) != 2:
            msg = f"{type(self).__name__}.init() returned {given!r}; return (flags, children)"
            raise SpecError("bad_return", BadReturn(given), msg)
        self._flags = flags_from(given[0])
        self._window = RestartWindow(self._flags.intensity, self._flags.period_ns)
        specs = check_specs(given[1], self._flags.auto_shutdown)
        self._begin(self._boot(self._start_all(specs)), None)
        self._drain()
        return DEFERRED

    def _start_all(self, specs: Sequence[ChildSpec]) -> Step[ChildStartFailed | None]:
        for spec in specs:
            child = Child(spec, id_key(spec.id))
            self._children.add(child)
            outcome = yield from self._launch(child)
            if isinstance(outcome, Failed):
                yield from self._stop_all()
                return ChildStartFailed(spec.id, outcome.reason)
            self._forget_ignored(child)
        return None

    def _stop_all(self) -> Step[None]:
        for child in self._children.pick(plan_stop(self._children.facts())):
            yield from self._stop_child(child)
        for child in self._children:
            child.settle(State.UNDEFINED)  # a planned retry is void

    def _handle(self, message: Any) -> Any:
        serve = self._serve.get(message.__class__)
        return None if serve is None else serve(message)

    # -- exits and restarts --

    def _ended(self, child: Child, reason: ExitReason) -> Step[None] | None:
        decision = fate(child.spec.restart, reason)
        if not reason.ordinary or decision is Fate.RESTART:
            self.reports.tell("child_terminated", "child_terminated", reason, child)
        self._children.down(child, State.UNDEFINED)
        if decision is Fate.RESTART:
            return self._restart_or_wait(child, reason)
        if decision is Fate.FORGET:
            self._children.remove(child)
        if child.spec.significant and self._ends_with(child):
            self._exit_with = SHUTDOWN
        return None

    def _ends_with(self, child: Child) -> bool:
        return shuts_down(self._flags.auto_shutdown, child.facts(), self._children.facts())

    def _restart(self, child: Child) -> Step[None]:
        if self._flags.strategy == "one_for_one":
            group = [child]  # what the plan would say, without its cost: this path is hot
        else:
            group = yield from self._clear(child)
        for sibling in group:
            sibling.settle(State.UNDEFINED)
        for sibling in group:
            outcome = yield from self._launch(sibling)
            if isinstance(outcome, Failed):
                self._start_failed(sibling)
                return

    def _clear(self, child: Child) -> Step[list[Child]]:
        """Stop and forget what the restart of ``child`` wants; return what is to be started."""
        facts = self._children.facts()
        index = next(i for i, fact in enumerate(facts) if fact.key == child.key)
        plan = plan_restart(self._flags.strategy, facts, index)
        for sibling in self._children.pick(plan.stop):
            yield from self._stop_child(sibling)
        for sibling in self._children.pick(plan.forget):
            self._children.remove(sibling)
        return self._children.pick(plan.start)

    # -- requests --

    def _start_child(self, request: StartChild) -> Any:
        try:
            spec = ChildSpec.from_mapping(request.spec)
            check_significant_allowed(spec, self._flags.auto_shutdown)
        except SpecError as error:
            return Refused("bad_spec", error)
        present = self._children.get(spec.id)
        verdict = may_start(present.state if present else None, present.ref if present else None)
        return verdict if isinstance(verdict, Refused) else self._add(spec)

    def _add(self, spec: ChildSpec) -> Step[Started | Refused]:
        child = Child(spec, id_key(spec.id))
        outcome = yield from self._launch(child)
        if isinstance(outcome, Failed):
            return refusal_of(outcome)
        self._children.add(child)
        self._forget_ignored(child)
        return outcome

    def _forget_ignored(self, child: Child) -> None:
        if child.state is State.UNDEFINED and child.spec.restart == "temporary":
            self._children.remove(child)

    def _terminate_child(self, request: TerminateChild) -> Any:
        child = self._find(request.child)
        return Refused("not_found") if child is None else self._terminate_one(child)

    def _terminate_one(self, child: Child) -> Step[Done]:
        if child.state is State.RUNNING:
            yield from self._stop_child(child)
        child.settle(State.UNDEFINED)
        if child.spec.restart == "temporary":
            self._children.remove(child)
        return OK

    def _restart_child(self, request: RestartChild) -> Any:
        child = self._find(request.id)
        verdict = may_change(child.state if child else None)
        if child is None or isinstance(verdict, Refused):
            return verdict
        return self._start_again(child)

    def _start_again(self, child: Child) -> Step[Started | Refused]:
        outcome = yield from self._launch(child)
        return refusal_of(outcome) if isinstance(outcome, Failed) else outcome

    def _delete_child(self, request: DeleteChild) -> Done | Refused:
        child = self._find(request.id)
        verdict = may_change(child.state if child else None)
        if child is not None and verdict is OK:
            self._children.remove(child)
        return verdict

    def _which_children(self, _request: WhichChildren) -> list[ChildInfo]:
        return [child.info() for child in self._children][::-1]

    def _which_child(self, request: WhichChild) -> ChildInfo | Refused:
        child = self._find(request.child)
        return Refused("not_found") if child is None else child.info()

    def _count_children(self, _request: CountChildren) -> ChildCounts:
        return count_children((child.spec.type, child.alive) for child in self._children)

    def _get_childspec(self, request: GetChildSpec) -> dict[str, object] | Refused:
        child = self._find(request.child)
        return Refused("not_found") if child is None else child.spec.described()

    def _change_flags(self, request: ChangeFlags) -> Done:
        self._flags = flags_from(request.flags)
        self._window = self._window.resized(self._flags.intensity, self._flags.period_ns)
        return OK

    def _find(self, child_id: object) -> Child | None:
        try:
            return self._children.get(child_id)
        except SpecError:  # what cannot be an id is nobody's id
            return None
