"""Seeded mistakes in the circuit breakers (case 139's list and more): the tests must catch each.

A mutant replaces one exact text in one file.
"""

from __future__ import annotations

from typing import Final

from tests.supervision.mutants.breaker_around_mutants import AROUND
from tests.supervision.mutants.mutant import Mutant

_FAST = (
    *("closed", "open", "half_open", "backoff", "manual", "config", "classify", "events"),
    *("timeouts", "guard_calls", "registry", "actor", "threads", "windows"),
)
TESTS: Final = tuple(f"tests/supervision/breaker/test_{topic}.py" for topic in _FAST)
"""The selection that must fail for every mutant; the quickest come first."""

_TRIP = "supervision/breaker/trip.py"
_PROBE = "supervision/breaker/probation.py"
_MACHINE = "supervision/breaker/machine.py"
_COURSE = "supervision/breaker/course.py"
_WINDOW = "supervision/breaker/window.py"
_STATES = "supervision/breaker/states.py"
_PERIOD = "supervision/breaker/intervals.py"
_CONFIG = "supervision/breaker/config.py"

_DECIDING: Final = (
    Mutant(
        "rate-above",
        _TRIP,
        "counts.failure_rate_pct >= failure_limit",
        "counts.failure_rate_pct > failure_limit",
        "exactly the threshold does not trip (20)",
    ),
    Mutant(
        "slow-rate-above",
        _TRIP,
        "counts.slow_rate_pct >= slow_limit",
        "counts.slow_rate_pct > slow_limit",
        "exactly the slow threshold does not trip (24)",
    ),
    Mutant(
        "minimum-ignored",
        _TRIP,
        "    if counts.calls < config.needed_calls:\n        return\n",
        "",
        "the first failure of many trips (18)",
    ),
    Mutant(
        "minimum-not-reduced",
        _CONFIG,
        "return min(self.minimum_calls, self.window_size)",
        "return self.minimum_calls",
        "a minimum above the window never trips (7)",
    ),
    Mutant(
        "row-off-by-one",
        _TRIP,
        "consecutive_failures >= most",
        "consecutive_failures > most",
        "one failure more than allowed (26)",
    ),
    Mutant(
        "row-not-reset",
        _MACHINE,
        "self.consecutive_failures + 1 if failed else 0",
        "self.consecutive_failures + failed",
        "a success does not end the row of failures (27)",
    ),
    Mutant(
        "slow-at-the-threshold",
        _MACHINE,
        "slow = duration_ns > self._times.slow_call_ns",
        "slow = duration_ns >= self._times.slow_call_ns",
        "a call as long as the threshold is slow (22)",
    ),
    Mutant(
        "ignored-is-success",
        _MACHINE,
        "if verdict.outcome in {Outcome.IGNORED, Outcome.RELEASED}:",
        "if verdict.outcome is Outcome.RELEASED:",
        "what is ignored resets the row and fills the window (27, 69)",
    ),
    Mutant(
        "measuring-trips",
        _MACHINE,
        "if causes and self.state is State.CLOSED:",
        "if causes:",
        "METRICS_ONLY opens (91)",
    ),
    Mutant(
        "measuring-repeats",
        _MACHINE,
        "                self._told.add(cause)\n",
        "",
        "METRICS_ONLY tells of each result over the limit (91)",
    ),
    Mutant(
        "request-opens-from-anywhere",
        _MACHINE,
        "if verdict.asks_to_open and self.state is State.CLOSED:",
        "if verdict.asks_to_open:",
        "a result opens a breaker that only measures (107)",
    ),
    Mutant(
        "transition-first",
        _MACHINE,
        "                self._emit(Exceeded(self.name, self._now_ns, cause, value, limit))\n",
        "                self._events.append(\n"
        "                    Exceeded(self.name, self._now_ns, cause, value, limit)\n"
        "                ) if self.state is not State.CLOSED else None\n",
        "the rule that holds is not told before the transition (121)",
    ),
)

_ADMITTING: Final = (
    Mutant(
        "permits-one-more",
        _PROBE,
        "return used < config.permitted_half_open",
        "return used <= config.permitted_half_open",
        "one probe more than allowed (64)",
    ),
    Mutant(
        "results-free-permits",
        _PROBE,
        "            used += self._ok + self._failed\n",
        "            used += 0\n",
        "a result makes room for another probe (64)",
    ),
    Mutant(
        "permit-kept-on-ignore",
        _MACHINE,
        "return self.state is not State.HALF_OPEN or self._probation.take_back(permit)",
        "return True",
        "an ignored or given-up permit never comes back (69, 70)",
    ),
    Mutant(
        "permit-spent-twice",
        _MACHINE,
        "        permit.spent = True\n",
        "",
        "one call counts twice (74)",
    ),
    Mutant(
        "permit-never-expires",
        _PROBE,
        "if at_ns <= now_ns]",
        "if at_ns < 0]",
        "a dead caller holds the breaker half-open (71)",
    ),
    Mutant(
        "permit-expires-late",
        _PROBE,
        "if at_ns <= now_ns]",
        "if at_ns < now_ns]",
        "a permit outlives its deadline (71)",
    ),
    Mutant(
        "late-counts",
        _MACHINE,
        "if not fresh or permit.generation != self.generation:",
        "if not fresh:",
        "results of an earlier generation count (55, 74)",
    ),
    Mutant(
        "old-incarnation-counts",
        _COURSE,
        "        self._by = snapshot.by\n        self._token = object()\n",
        "        self._by = snapshot.by\n        self.generation -= 1\n",
        "permits of before a restart are valid (129)",
    ),
    Mutant(
        "generation-kept",
        _COURSE,
        "        self.generation += 1\n        self._forget()\n",
        "        self._forget()\n",
        "a change of state starts no generation (126)",
    ),
    Mutant(
        "decided-early",
        _PROBE,
        "if (complete or config.early_decision) and",
        "if",
        "HALF_OPEN decides before all results are in (75)",
    ),
    Mutant(
        "probe-slow-ignored",
        _TRIP,
        "return slow_limit is not None and 100.0 * counts.slow / probes >= slow_limit",
        "return False",
        "slow probes close the breaker (68)",
    ),
    Mutant(
        "order-as-probe",
        _MACHINE,
        "if self.config.probe_only and not probe:",
        "if self.config.probe_only and probe:",
        "live calls probe the service (77)",
    ),
    Mutant(
        "disabled-counts",
        _STATES,
        "State.DISABLED: Conduct(admits=True, counts=False",
        "State.DISABLED: Conduct(admits=True, counts=True",
        "DISABLED counts (90)",
    ),
    Mutant(
        "forced-open-tells",
        _STATES,
        "State.FORCED_OPEN: Conduct(admits=False, counts=False, tells=False)",
        "State.FORCED_OPEN: Conduct(admits=False, counts=False, tells=True)",
        "FORCED_OPEN gives events of refusals (89)",
    ),
    Mutant(
        "refusals-uncounted",
        _MACHINE,
        "        self._tally.not_permitted += 1\n",
        "",
        "refused calls are not counted (53)",
    ),
)

_TIMING: Final = (
    Mutant(
        "window-kept",
        _COURSE,
        "        self._window = window_for(self.config, self._now_ns)\n        self._probation",
        "        self._window = getattr(self, '_window', None) or "
        "window_for(self.config, self._now_ns)\n        self._probation",
        "the window is not cleared by a transition (92, 97)",
    ),
    Mutant(
        "deadline-exclusive",
        _COURSE,
        "self.state is State.OPEN and self._now_ns >= self._open_until_ns",
        "self.state is State.OPEN and self._now_ns > self._open_until_ns",
        "the period ends one nanosecond late (56)",
    ),
    Mutant(
        "forced-open-ends",
        _COURSE,
        "self.state is State.OPEN and self._now_ns >= self._open_until_ns",
        "self.state is not State.DISABLED and self._now_ns >= self._open_until_ns",
        "FORCED_OPEN is left by time (88)",
    ),
    Mutant(
        "looking-moves",
        _COURSE,
        "moves = calling or self.config.auto_half_open",
        "moves = True",
        "without automatic transition a look moves it (58)",
    ),
    Mutant(
        "wait-kept",
        _COURSE,
        "if wait_ns and self._now_ns >= self._since_ns + wait_ns:",
        "if wait_ns and self._now_ns > self._since_ns + wait_ns:",
        "the longest wait in HALF_OPEN is too long (72)",
    ),
    Mutant(
        "backoff-not-reset",
        _COURSE,
        "if target is State.CLOSED and (by is not None or not self._times.stable_ns):",
        "if target is State.CLOSED and by is not None and self._times.stable_ns < 0:",
        "the row of openings goes on after CLOSED (79, 83)",
    ),
    Mutant(
        "flapping-resets",
        _COURSE,
        "if self.attempt and stayed_ns >= self._times.stable_ns:",
        "if self.attempt:",
        "a flapping service resets the back-off (87)",
    ),
    Mutant(
        "backoff-not-capped",
        _PERIOD,
        "cap_s = LONGEST_S if self.cap_s is None else self.cap_s",
        "cap_s = LONGEST_S",
        "the period grows beyond its cap (78, 82)",
    ),
    Mutant(
        "jitter-negative",
        _PERIOD,
        "spread = rng.random() if shape is JitterShape.UP else",
        "spread = -rng.random() if shape is JitterShape.UP else",
        "a period shorter than asked for (80)",
    ),
    Mutant(
        "own-duration-counts",
        _COURSE,
        "if target is State.OPEN and open_ns is None:",
        "self.attempt += target is State.OPEN and open_ns is not None\n"
        "        if target is State.OPEN and open_ns is None:",
        "an opening with its own duration counts as an attempt (83)",
    ),
    Mutant(
        "open-extends",
        _MACHINE,
        "elif target is State.OPEN and (extend or open_for_ns is not None):",
        "elif target is State.OPEN:",
        "open while OPEN starts the period again (61)",
    ),
    Mutant(
        "restart-is-a-free-retry",
        _COURSE,
        "self._open_until_ns = self._now_ns + max(0, (snapshot.remaining_ns or 0) - elapsed_ns)",
        "self._open_until_ns = self._now_ns",
        "a crash ends the open period (100)",
    ),
    Mutant(
        "ring-off-by-one",
        _WINDOW,
        "if len(self._ring) < self._size:",
        "if len(self._ring) <= self._size:",
        "the window holds one result too many (39)",
    ),
    Mutant(
        "buckets-not-cleared",
        _WINDOW,
        "for passed in range(min(second - self._latest, size)):",
        "for passed in range(min(second - self._latest, 1)):",
        "a gap does not empty the window (46, 47)",
    ),
    Mutant(
        "time-goes-back",
        _WINDOW,
        "second = max(self._latest, (now_ns - self._start_ns) // NANOSECONDS)",
        "second = (now_ns - self._start_ns) // NANOSECONDS",
        "a clock that goes back corrupts the window (49, 51)",
    ),
    Mutant(
        "closed-to-half-open",
        _STATES,
        "State.CLOSED: _ALL - {State.CLOSED, State.HALF_OPEN},",
        "State.CLOSED: _ALL - {State.CLOSED},",
        "an illegal move is made (94)",
    ),
    Mutant(
        "anybody-operates",
        _MACHINE,
        "if by.role not in self.config.operator_roles:",
        "if not by.role:",
        "any role may change the breaker (99)",
    ),
)

MUTANTS: Final = (*_DECIDING, *_ADMITTING, *_TIMING, *AROUND)
