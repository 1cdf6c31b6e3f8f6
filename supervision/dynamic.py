"""Supervisors of like children that come and go.

With a template it is OTP's ``simple_one_for_one``: ``start_child`` gives the arguments that follow
the template's own. Without one it is Elixir's ``DynamicSupervisor``: every start brings a spec,
whose id is not used. Children have no order and are addressed by ref. When the supervisor ends,
all are told at once and each has the time that its own spec gives it.

What a temporary child was started with is not kept: it will never be started again.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any

from supervision.children import Child, ChildInfo
from supervision.decide import ChildCounts, Fate, State, count_children, fate
from supervision.intensity import RestartWindow
from supervision.manage import (
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
from supervision.ref import ActorRef
from supervision.restarter import Restarter, Retry
from supervision.spec import ChildSpec, DynamicFlags, SpecError, template_from
from supervision.starting import OK, Done, Failed, Refused, Started, refusal_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from supervision.reasons import ExitReason
    from supervision.steps import Step

_FOREVER_NS = 1 << 63  # sorts children that may take for ever behind all others


class DynamicSupervisor(Restarter):
    """Starts children on request and keeps them running; see the module's prose.

    Args:
        template: the spec of all children, or None when every start brings its own.
        flags: restart budget, bound of the children and arguments put before all others.

    Raises:
        SpecError: the template or a flag is wrong.
    """

    def __init__(
        self,
        template: ChildSpec | Mapping[str, object] | Sequence[object] | None = None,
        flags: DynamicFlags | None = None,
    ) -> None:
        super().__init__()
        if template is None or isinstance(template, list | tuple):
            self._template = None if template is None else template_from(template)
        else:
            self._template = template_from([template])
        self._flags = flags or DynamicFlags()
        self._window = RestartWindow(self._flags.intensity, self._flags.period_ns)
        self._keys = count()
        self._former: dict[int, Child] = {}  # children that wait for a retry, by their last ref
        self._serve: dict[type, Callable[[Any], Any]] = {
            ChildExit: self._on_child_exit,
            Retry: self._on_retry,
            StartChild: self._start_child,
            TerminateChild: self._terminate_child,
            RestartChild: self._has_no_ids,
            DeleteChild: self._has_no_ids,
            WhichChildren: self._which_children,
            WhichChild: self._which_child,
            CountChildren: self._count_children,
            GetChildSpec: self._get_childspec,
        }

    def _handle(self, message: Any) -> Any:
        serve = self._serve.get(message.__class__)
        return None if serve is None else serve(message)

    # -- children --

    def _start_child(self, request: StartChild) -> Any:
        if self._template is not None and request.spec is not None:
            return Refused("bad_spec", "this supervisor has a template: give args, not a spec")
        try:
            spec = self._template or ChildSpec.from_mapping(request.spec)
        except SpecError as error:
            return Refused("bad_spec", error)
        most = self._flags.max_children
        if most is not None and len(self._children) >= most:
            return Refused("max_children", most)
        return self._add(spec, request.args)

    def _add(self, spec: ChildSpec, args: tuple[Any, ...]) -> Step[Started | Refused]:
        child = Child(spec, next(self._keys))
        child.args = (*self._flags.extra_args, *spec.args, *args)
        outcome = yield from self._launch(child)
        if isinstance(outcome, Failed):
            return refusal_of(outcome)
        if child.state is State.RUNNING:
            self._children.add(child)
            if spec.restart == "temporary":
                child.args = ()
                child.spec = self._template or replace(spec, args=(), kwargs={})
        return outcome

    def _ended(self, child: Child, reason: ExitReason) -> Step[None] | None:
        decision = fate(child.spec.restart, reason)
        if not reason.ordinary or decision is Fate.RESTART:
            self.reports.tell("child_terminated", "child_terminated", reason, child)
        if decision is not Fate.RESTART:
            self._children.remove(child)
            return None
        number = child.ref.number if child.ref is not None else 0
        self._children.down(child, State.RESTARTING)
        self._former[number] = child
        return self._restart_or_wait(child, reason)

    def _restart(self, child: Child) -> Step[None]:
        outcome = yield from self._launch(child)
        if isinstance(outcome, Failed):
            self._start_failed(child)
            return
        self._forget_former(child)
        if child.state is State.UNDEFINED:
            self._children.remove(child)

    def _forget_former(self, child: Child) -> None:
        if self._former:
            self._former = {n: one for n, one in self._former.items() if one is not child}

    # -- requests --

    def _terminate_child(self, request: TerminateChild) -> Any:
        ref = request.child
        if not isinstance(ref, ActorRef):
            return Refused("simple_one_for_one")
        child = self._children.of(ref)
        if child is not None:
            return self._terminate_one(child)
        waiting = self._former.pop(ref.number, None)
        if waiting is not None:
            self._children.remove(waiting)
            return OK
        # OTP says ok for what is dead already, Elixir says that it does not know it.
        return OK if self._template is not None and not ref.is_alive() else Refused("not_found")

    def _terminate_one(self, child: Child) -> Step[Done]:
        yield from self._stop_child(child)
        self._children.remove(child)
        return OK

    def _has_no_ids(self, _request: object) -> Refused:
        return Refused("simple_one_for_one")

    def _find(self, ref: object) -> Child | Refused:
        if not isinstance(ref, ActorRef):
            return Refused("simple_one_for_one")
        child = self._children.of(ref) or self._former.get(ref.number)
        return Refused("not_found") if child is None else child

    def _which_children(self, _request: WhichChildren) -> list[ChildInfo]:
        return [child.info()._replace(id=None) for child in self._children][::-1]

    def _which_child(self, request: WhichChild) -> ChildInfo | Refused:
        found = self._find(request.child)
        return found if isinstance(found, Refused) else found.info()._replace(id=None)

    def _get_childspec(self, request: GetChildSpec) -> dict[str, object] | Refused:
        found = self._find(request.child)
        return found if isinstance(found, Refused) else found.spec.described()

    def _count_children(self, _request: CountChildren) -> ChildCounts:
        counts = count_children((child.spec.type, child.alive) for child in self._children)
        return counts if self._template is None else replace(counts, specs=1)

    # -- end --

    def _stop_all(self) -> Step[None]:
        for child in self._children:
            if child.state is not State.RUNNING:
                child.settle(State.UNDEFINED)  # a planned retry is void
        asked = [(self._ask_to_stop(child), child) for child in self._children.living()]
        asked.sort(key=lambda pair: _FOREVER_NS if pair[0] is None else pair[0])
        for deadline_ns, child in asked:
            yield from self._await_stopped(child, deadline_ns)
