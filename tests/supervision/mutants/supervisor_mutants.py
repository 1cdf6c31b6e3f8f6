"""Seeded mistakes in the supervisors: each must be caught by the conformance tests.

A mutant replaces one exact text in one file. The differential test against the model (it needs no
Erlang) and ``tests/supervision/otp`` are what has to catch it.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Mutant(NamedTuple):
    """One mistake: where, what becomes what, and what that breaks."""

    id: str
    file: str
    old: str
    new: str
    breaks: str


TESTS: Final = (
    "tests/supervision/otp",
    "tests/supervision/oracle/test_differential.py::"
    "test_without_erlang_the_model_is_still_compared",
)
"""The selection that must fail for every mutant."""

_DECIDE = "supervision/decide.py"
_SUP = "supervision/supervisor.py"
_KEEP = "supervision/keeper.py"
_RE = "supervision/restarter.py"
_DYN = "supervision/dynamic.py"
_STEP = "supervision/steps.py"
_WIN = "supervision/intensity.py"
_SPEC = "supervision/spec.py"
_CHILD = "supervision/children.py"
_START = "supervision/starting.py"
_OFF = "supervision/backoff.py"

MUTANTS: Final = (
    Mutant(
        "transient-normal-restarts",
        _DECIDE,
        '("transient", True): Fate.KEEP',
        '("transient", True): Fate.RESTART',
        "a transient child that ended well is restarted (49)",
    ),
    Mutant(
        "transient-crash-kept",
        _DECIDE,
        '("transient", False): Fate.RESTART',
        '("transient", False): Fate.KEEP',
        "a transient child that crashed is not restarted (49)",
    ),
    Mutant(
        "permanent-normal-kept",
        _DECIDE,
        '("permanent", True): Fate.RESTART',
        '("permanent", True): Fate.KEEP',
        "a permanent child that ended well is not restarted (48)",
    ),
    Mutant(
        "temporary-kept",
        _DECIDE,
        '("temporary", False): Fate.FORGET',
        '("temporary", False): Fate.KEEP',
        "a crashed temporary child leaves its spec behind (50)",
    ),
    Mutant(
        "group-stop-in-start-order",
        _DECIDE,
        "for child in reversed(running)",
        "for child in running",
        "a group is stopped in start order (63)",
    ),
    Mutant(
        "group-starts-temporary",
        _DECIDE,
        'for child in group if child.restart != "temporary"',
        "for child in group",
        "temporary siblings are started again (64)",
    ),
    Mutant(
        "group-keeps-temporary",
        _DECIDE,
        'forget=tuple(child.key for child in group if child.restart == "temporary")',
        "forget=()",
        "the spec of a stopped temporary sibling stays (64)",
    ),
    Mutant(
        "rest-without-the-failed-one",
        _DECIDE,
        "return children[index:]",
        "return children[index + 1 :]",
        "rest_for_one does not restart the child that failed (74)",
    ),
    Mutant(
        "rest-is-all",
        _DECIDE,
        'if strategy == "one_for_all":',
        'if strategy != "one_for_one":',
        "rest_for_one touches the children before the failed one (74)",
    ),
    Mutant(
        "one-for-one-is-the-rest",
        _DECIDE,
        "return children[index : index + 1]",
        "return children[: index + 1]",
        "one_for_one restarts others too (57)",
    ),
    Mutant(
        "final-stop-in-start-order",
        _DECIDE,
        "for child in reversed(children) if child.state",
        "for child in children if child.state",
        "the supervisor stops its children in start order (126)",
    ),
    Mutant(
        "all-significant-is-any",
        _DECIDE,
        'if mode == "any_significant":',
        'if mode != "never":',
        "all_significant ends with the first significant child (153)",
    ),
    Mutant(
        "any-significant-is-all",
        _DECIDE,
        'if mode == "any_significant":\n        return True\n',
        "",
        "any_significant waits for the last one (151)",
    ),
    Mutant(
        "restarting-significant-is-gone",
        _DECIDE,
        "child.significant and child.state is not State.UNDEFINED and",
        "child.significant and child.state is State.RUNNING and",
        "a significant sibling that waits for its retry does not count (153)",
    ),
    Mutant(
        "insignificant-shuts-down",
        _SUP,
        "if child.spec.significant and self._ends_with(child):",
        'if self._flags.auto_shutdown != "never":',
        "the end of any child shuts down (154)",
    ),
    Mutant(
        "restarting-is-active",
        _DECIDE,
        "active += state is State.RUNNING",
        "active += state is not State.UNDEFINED",
        "a child that waits for its retry counts as active (114)",
    ),
    Mutant(
        "only-living-supervisors-count",
        _DECIDE,
        'supervisors += kind == "supervisor"',
        'supervisors += kind == "supervisor" and state is State.RUNNING',
        "a stopped supervisor is counted as a worker (147)",
    ),
    Mutant(
        "present-is-started",
        _DECIDE,
        'if state is State.RUNNING:\n        return Refused("already_started", ref)',
        'if state is not State.RESTARTING:\n        return Refused("already_started", ref)',
        "start_child of a stopped id says already_started (135)",
    ),
    Mutant(
        "restarting-may-change",
        _DECIDE,
        'if state is State.RESTARTING:\n        return Refused("restarting")\n',
        "",
        "a child that waits for its retry can be deleted (114)",
    ),
    Mutant(
        "one-restart-fewer",
        _WIN,
        "<= self._intensity",
        "< self._intensity",
        "intensity n allows n - 1 restarts (101)",
    ),
    Mutant(
        "edge-outside",
        _WIN,
        "attempts[0] < oldest_ns",
        "attempts[0] <= oldest_ns",
        "an attempt as old as the period does not count (106)",
    ),
    Mutant(
        "window-never-slides",
        _WIN,
        "while attempts and attempts[0] < oldest_ns:",
        "while False:",
        "restarts are counted for ever (104)",
    ),
    Mutant(
        "fixed-bucket",
        _WIN,
        "                attempts.popleft()\n",
        "                attempts.clear()\n",
        "the window is a bucket that empties at once (105)",
    ),
    Mutant(
        "resize-forgets",
        _WIN,
        "window._attempts_ns.extend(self._attempts_ns)",
        "pass",
        "changed flags forget the attempts made (159)",
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
        "        group = self._children.pick(plan.start)\n",
        "        group = [c for c in self._children.pick(plan.start) if c.state is not "
        "State.UNDEFINED or c in self._children.pick(plan.stop) or c is child]\n",
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
        "except BaseException as error:  # noqa: BLE001 - SystemExit of a start is its failure too",
        "except Exception as error:",
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
        "        self.started()\n        error = yield from start_all\n        if error is not None:",
        "the start returns before all children are up (6)",
    ),
    Mutant(
        "requests-cut-in",
        _STEP,
        "        if self._step is not None:\n            self._put_aside(message, reply)\n        else:",
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
        "        asked = [(self._ask_to_stop(child), child) for child in self._children.living()]\n",
        "        for child in self._children.living():\n"
        "            yield from self._stop_child(child)\n        asked = []\n",
        "dynamic children are stopped one after another (89)",
    ),
    Mutant(
        "ids-by-equality",
        _SPEC,
        "return (type(child_id), child_id)",
        "return child_id",
        "1, 1.0 and True are the same id (38)",
    ),
    Mutant(
        "secrets-shown",
        _SPEC,
        'shown["args"] = f"<{len(self.args)} hidden>"',
        "pass",
        "get_childspec shows the arguments of the start (149)",
    ),
    Mutant(
        "permanent-significant",
        _SPEC,
        'if self.significant and self.restart == "permanent":',
        "if False:",
        "a permanent child may be significant (34)",
    ),
    Mutant(
        "pending-retry-survives",
        _CHILD,
        "            self.timer.cancel()\n",
        "",
        "the planned retry of a terminated child stays (95)",
    ),
    Mutant(
        "old-ref-answers",
        _CHILD,
        "            self._by_number.pop(child.ref.number, None)\n        child.settle(state)",
        "            pass\n        child.settle(state)",
        "the exit of a child that was stopped is handled again (71)",
    ),
    Mutant(
        "junk-is-fine",
        _START,
        "    return Failed(BadReturn(value))\n\n\ndef outcome_of_on_start",
        "    return Started(None)\n\n\ndef outcome_of_on_start",
        "a start that returns junk passes (9)",
    ),
    Mutant(
        "info-dropped",
        _START,
        "return Started(*value)",
        "return Started(value[0])",
        "the info of a start is lost (61)",
    ),
)
