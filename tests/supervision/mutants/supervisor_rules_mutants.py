"""Seeded mistakes in the pure half of the supervisors: decisions, window, specs, starts, table."""

from __future__ import annotations

from typing import Final

from tests.supervision.mutants.mutant import Mutant

_DECIDE = "supervision/decide.py"
_WIN = "supervision/intensity.py"
_SPEC = "supervision/spec.py"
_CHILD = "supervision/children.py"
_START = "supervision/starting.py"

RULES: Final = (
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
        "restarting-is-active",
        "supervision/children.py",
        "return self.ref is not None and self.ref.exit_reason is None",
        "return self.state is not State.UNDEFINED",
        "a child that waits for its retry counts as active (114)",
    ),
    Mutant(
        "ended-is-active",
        "supervision/children.py",
        "return self.ref is not None and self.ref.exit_reason is None",
        "return self.ref is not None",
        "a child whose exit is not yet handled counts as active (147)",
    ),
    Mutant(
        "only-living-supervisors-count",
        _DECIDE,
        'supervisors += kind == "supervisor"',
        'supervisors += kind == "supervisor" and alive',
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
