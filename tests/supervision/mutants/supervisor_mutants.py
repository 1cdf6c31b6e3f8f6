"""Seeded mistakes in the supervisors: each must be caught by the conformance tests.

A mutant replaces one exact text in one file. What has to catch it are the tests of section A to W
and the comparison with the model, which needs no Erlang.
"""

from __future__ import annotations

from typing import Final

from tests.supervision.mutants.mutant import Mutant
from tests.supervision.mutants.supervisor_rules_mutants import RULES

_MODEL = "test_without_erlang_the_model_is_still_compared"
TESTS: Final = (
    "tests/supervision/otp",
    f"tests/supervision/oracle/test_differential.py::{_MODEL}",
)
"""The selection that must fail for every mutant."""

_SUP = "supervision/supervisor.py"
_KEEP = "supervision/keeper.py"
_RE = "supervision/restarter.py"
_DYN = "supervision/dynamic.py"
_STEP = "supervision/steps.py"

MUTANTS: Final = (
    *RULES,
    Mutant(
        "insignificant-shuts-down",
        _SUP,
        "if child.spec.significant and self._ends_with(child):",
        'if self._flags.auto_shutdown != "never":',
        "the end of any child shuts down (154)",
    ),
    Mutant(
        "exit-reason-of-giving-up",
        _RE,
        "self._exit_with = SHUTDOWN",
        "self._exit_with = reason or SHUTDOWN",
        "a supervisor over its budget does not end with Shutdown (108)",
    ),
    Mutant(
        "retry-not-counted",
        _RE,
        "        return self._attempt(child, None)",
        "        return self._restart(child)",
        "retries of a failing start are free (118)",
    ),
    Mutant(
        "retry-whatever-the-state",
        _RE,
        "if child is None or child.state is not State.RESTARTING:",
        "if child is None:",
        "the retry of a terminated child starts it (115, 120)",
    ),
    Mutant(
        "retry-at-once",
        _RE,
        "delivery.notice(self._cell, Retry(child.key))\n            return",
        "self._cell.ref.tell_urgent(Retry(child.key))\n            return",
        "retries overtake the requests that wait (119)",
    ),
    Mutant(
        "failed-restart-forgotten",
        _RE,
        "        child.settle(State.RESTARTING)\n        if backoff is None:",
        "        child.settle(State.UNDEFINED)\n        if backoff is None:",
        "a restart that fails is not retried (113)",
    ),
    Mutant(
        "boot-leaves-siblings",
        _SUP,
        "                yield from self._stop_all()\n",
        "",
        "a failed start leaves the children before it running (7)",
    ),
    Mutant(
        "ignored-temporary-kept-at-boot",
        _SUP,
        "            self._forget_ignored(child)\n        return None",
        "        return None",
        "a temporary child that said ignore stays in the list (13)",
    ),
    Mutant(
        "failed-start-keeps-spec",
        _SUP,
        "            return refusal_of(outcome)\n        self._children.add(child)",
        "            self._children.add(child)\n            return refusal_of(outcome)\n"
        "        self._children.add(child)",
        "start_child keeps the spec of a child that failed (136)",
    ),
    Mutant(
        "terminated-temporary-kept",
        _SUP,
        '        if child.spec.restart == "temporary":\n            self._children.remove(child)\n'
        "        return OK",
        "        return OK",
        "terminate_child keeps a temporary child's spec (138)",
    ),
    Mutant(
        "which-oldest-first",
        _SUP,
        "for child in self._children][::-1]",
        "for child in self._children]",
        "which_children lists in start order (145)",
    ),
    Mutant(
        "significant-under-never",
        _SUP,
        "            check_significant_allowed(spec, self._flags.auto_shutdown)\n",
        "",
        "a significant child is accepted under never (159)",
    ),
    Mutant(
        "group-forgets-undefined",
        _SUP,
        "        return self._children.pick(plan.start)\n",
        "        return [one for one in self._children.pick(plan.start) if one is child or "
        "one.key in plan.stop]\n",
        "an undefined sibling is not started by the group (66)",
    ),
    Mutant(
        "brutal-kill-asks",
        _KEEP,
        'if shutdown == "brutal_kill":\n            child.ref.kill()\n            return now_ns',
        'if shutdown == "brutal_kill":\n            child.ref.stop_now(SHUTDOWN, block=False)\n'
        "            return now_ns",
        "a brutal kill lets the child clean up (124)",
    ),
    Mutant(
        "shutdown-in-microseconds",
        _KEEP,
        "_NS_PER_MS = 1_000_000",
        "_NS_PER_MS = 1_000",
        "the time to stop is too short (123)",
    ),
    Mutant(
        "never-killed",
        _KEEP,
        "        if not (yield from self._await_end(ref.actor_inbox, deadline_ns)):\n"
        "            ref.kill()\n",
        "        yield from self._await_end(ref.actor_inbox, deadline_ns)\n",
        "a child that ignores its stop lives on (123)",
    ),
    Mutant(
        "stop-does-not-wait",
        _KEEP,
        "        yield from self._await_stopped(child, deadline_ns)",
        "        self._children.down(child, State.UNDEFINED)\n        yield from ()",
        "the next child is told before the previous one is down (126)",
    ),
    Mutant(
        "drain-overtakes",
        _KEEP,
        "if child.spec.drain:",
        "if False:",
        "a journal is stopped before it has handled what was sent (134)",
    ),
    Mutant(
        "children-outlive-it",
        _KEEP,
        "            if child.ref is not None:\n                child.ref.kill()",
        "            pass",
        "killing a supervisor leaves its children running (164)",
    ),
    Mutant(
        "ignored-actor-stays",
        _KEEP,
        "if isinstance(outcome, Failed) or outcome.ref is None:\n            ending.kill",
        "if isinstance(outcome, Failed):\n            ending.kill",
        "an actor whose on_start said ignore stays alive (2)",
    ),
    Mutant(
        "late-start-adopted",
        _KEEP,
        "            ref.kill()\n            return Failed(StartTimeout(timeout_s))",
        "            return Failed(StartTimeout(timeout_s))",
        "a start that took too long is not fenced (19)",
    ),
    Mutant(
        "system-exit-escapes",
        _KEEP,
        "except BaseException as error:  # noqa: BLE001 - SystemExit of a start",
        "except Exception as error:  # noqa: BLE001 - SystemExit of a start",
        "SystemExit of a start ends the supervisor (8)",
    ),
    Mutant(
        "stop-reason-lost",
        _KEEP,
        "            self._exit_with = reason\n",
        "            self._exit_with = SHUTDOWN\n",
        "a stop with a reason ends with another one (128)",
    ),
    Mutant(
        "acknowledged-too-early",
        _KEEP,
        "        error = yield from start_all\n        if error is not None:",
        "        self.started()\n"
        "        error = yield from start_all\n"
        "        if error is not None:",
        "the start returns before all children are up (6)",
    ),
    Mutant(
        "requests-cut-in",
        _STEP,
        "        if self._step is not None:\n"
        "            self._put_aside(message, reply)\n"
        "        else:",
        "        if self._step is not None and message.__class__ is not ChildExit:\n"
        "            self._put_aside(message, reply)\n        elif self._step is None:",
        "an exit that arrives during a step is lost (62)",
    ),
    Mutant(
        "kept-arguments",
        _DYN,
        "                child.args = ()\n",
        "",
        "the arguments of temporary children are kept (97)",
    ),
    Mutant(
        "extra-arguments-last",
        _DYN,
        "(*self._flags.extra_args, *spec.args, *args)",
        "(*spec.args, *args, *self._flags.extra_args)",
        "extra arguments do not come first (93)",
    ),
    Mutant(
        "no-bound-of-children",
        _DYN,
        "len(self._children) >= most",
        "len(self._children) > most",
        "one child more than max_children is started (92)",
    ),
    Mutant(
        "ignored-restart-stays",
        _DYN,
        "        if child.state is State.UNDEFINED:\n            self._children.remove(child)",
        "        if child.state is State.RESTARTING:\n            self._children.remove(child)",
        "a dynamic child whose restart said ignore stays in the list (87)",
    ),
    Mutant(
        "kills-strangers",
        _DYN,
        "if self._template is not None and not ref.is_alive() else",
        "if self._template is not None else",
        "terminate_child of a foreign ref says ok (83)",
    ),
    Mutant(
        "stops-one-after-another",
        _DYN,
        "        asked = [(self._ask_to_stop(child), child) for child in "
        "self._children.living()]\n",
        "        for child in self._children.living():\n"
        "            yield from self._stop_child(child)\n        asked = []\n",
        "dynamic children are stopped one after another (89)",
    ),
)
