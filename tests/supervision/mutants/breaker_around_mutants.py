"""Seeded mistakes in what stands around a breaker's machine: guard, rules, listeners, actor."""

from __future__ import annotations

from typing import Final

from tests.supervision.mutants.mutant import Mutant

_CLASSIFY = "supervision/breaker/classify.py"
_GUARD = "supervision/breaker/guard.py"
_CALL = "supervision/breaker/call.py"
_LISTEN = "supervision/breaker/listeners.py"
_ACTOR = "supervision/breaker_actor.py"
_PORT = "supervision/breaker_port.py"

AROUND: Final = (
    Mutant(
        "wall-clock",
        _GUARD,
        "self.now_ns = clock.now_ns\n",
        'self.now_ns = __import__("time").time_ns\n',
        "the period is measured by the wall clock (49, 52)",
    ),
    Mutant(
        "refused-call-runs",
        _GUARD,
        "return self._run(self.acquire(), lambda: function(*args, **kwargs))",
        "value = function(*args, **kwargs)\n"
        "        return self._run(self.acquire(), lambda: value)",
        "a refused call is made all the same (52)",
    ),
    Mutant(
        "timer-not-cancelled",
        _CALL,
        "            self._timer.cancel()\n",
        "            self._timer.active()\n",
        "the timer of a call that ended fires (110)",
    ),
    Mutant(
        "block-counts-twice",
        _CALL,
        "if call is None or call.ended:",
        "if call is None:",
        "a call ended inside its block counts again (36)",
    ),
    Mutant(
        "exit-is-failure",
        _CLASSIFY,
        "if not isinstance(error, Exception) or isinstance(error, _INTERPRETER):",
        "if isinstance(error, _INTERPRETER):",
        "an interrupt counts as a failure of the service (37)",
    ),
    Mutant(
        "cancelled-cause",
        _CLASSIFY,
        "if isinstance(error.__cause__, Exception):",
        "if error.__cause__ is not None:",
        "a timeout made of a cancellation is not counted (105)",
    ),
    Mutant(
        "rule-error-escapes",
        _CLASSIFY,
        "        except Exception:  # noqa: BLE001 - a rule's mistake",
        "        except SystemError:  # noqa: BLE001 - a rule's mistake",
        "a rule that raises reaches the caller (109)",
    ),
    Mutant(
        "listener-error-escapes",
        _LISTEN,
        "        except Exception:  # noqa: BLE001 - one listener",
        "        except SystemError:  # noqa: BLE001 - one listener",
        "a listener that raises silences the others (118)",
    ),
    Mutant(
        "transition-dropped",
        _LISTEN,
        "if len(self._waiting) < self._capacity or isinstance(event, LASTING):",
        "if len(self._waiting) < self._capacity:",
        "a full queue drops transitions (120)",
    ),
    Mutant(
        "event-before-state",
        _ACTOR,
        "        if self._journal is not None:\n"
        "            self._journal.append(self._machine.snapshot())\n"
        "        for event in lasting:\n"
        "            self._tell(event)\n",
        "        for event in lasting:\n"
        "            self._tell(event)\n"
        "        if self._journal is not None:\n"
        "            self._journal.append(self._machine.snapshot())\n",
        "a change is told before it is kept (123)",
    ),
    Mutant(
        "actor-forgets",
        _ACTOR,
        "            self._machine.restore(kept, self._now_ns())\n",
        "            self._machine.tick(self._now_ns())\n",
        "a restarted breaker starts CLOSED (98, 129)",
    ),
    Mutant(
        "actor-without-timer",
        _ACTOR,
        "        if due_ns is not None:\n",
        "        if due_ns is not None and due_ns < 0:\n",
        "the actor moves only when asked (57)",
    ),
    Mutant(
        "fails-open",
        _PORT,
        "            if self._fail_open:\n",
        "            if self.unanswered:\n",
        "calls pass while the breaker is away (129, 130)",
    ),
)
