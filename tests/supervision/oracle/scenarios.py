"""Random scenarios in the oracle's line protocol, reproducible from one seed.

A model runs along, so that most requests hit something that exists and a scenario ends soon after
its supervisor does. What is drawn does not depend on how the supervisor under test behaves.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from supervision.decide import State
from tests.supervision.oracle.sup_model import ModelDriver

IDS = "zyxwvuab"  # not alphabetical: order must come from the list, never from the names
OUTCOMES = ("ok", "info", "ignore", "error", "raise", "junk")
FAILURES = ("error", "raise", "junk")
REASONS = ("normal", "shutdown", "info", "crash", "kill")
SHUTDOWNS = ("5000", "5000", "5000", "infinity", "brutal_kill")
STUBBORN_SHARE = 0.01  # each costs the oracle a real millisecond


@dataclass
class Scenario:
    """Commands, and how many of them are operations: those that the protocol answers."""

    commands: list[str] = field(default_factory=list)
    operations: int = 0

    def expected(self) -> list[str]:
        """Return the answers that the model gives."""
        driver = ModelDriver()
        answers = map(driver.command, self.commands)
        return [answer for answer in answers if answer is not None]


class Generator:
    """Draws one scenario from ``rng``."""

    def __init__(self, rng: random.Random, most_operations: int = 60) -> None:
        self._rng = rng
        self._most = most_operations
        self._driver = ModelDriver()
        self._auto = "never"
        self.scenario = Scenario()

    def draw(self) -> Scenario:
        """Return flags, an init list, a boot, random operations and a stop."""
        rng = self._rng
        self._auto = rng.choice(("never", "never", "any_significant", "all_significant"))
        strategy = rng.choice(("one_for_one", "one_for_all", "rest_for_one"))
        self._say("reset")
        self._say(f"flags {strategy} {rng.choice((0, 1, 2, 3, 5, 10, 20, 40))} {self._auto}")
        for child_id in IDS[: rng.randint(0, 5)]:
            self._say(f"spec {self._spec(child_id)}")
        if rng.random() < 0.05:
            child_id = rng.choice(IDS[:5])
            self._say(f"script {child_id} {self._script(child_id)}")
        if rng.random() < 0.02:
            self._say(f"spec {self._spec(IDS[0])}")
        self._say("boot")
        self._operate()
        if self._driver.model is not None:
            self._say("stop")
        return self.scenario

    def _operate(self) -> None:
        for _ in range(self._rng.randint(5, self._most)):
            if self._driver.model is None:
                return
            self._step()

    def _step(self) -> None:
        rng = self._rng
        draw = rng.random()
        if draw < 0.6 and self._ids(State.RUNNING):
            self._crash_one()
        elif draw < 0.75:
            child_id = self._any_id()
            self._maybe_script(child_id, 0.3)
            self._say(f"start {self._spec(child_id)}")
        else:
            child_id = self._known_id()
            self._maybe_script(child_id, 0.2)
            self._say(f"{rng.choice(('terminate', 'restart', 'delete'))} {child_id}")

    def _crash_one(self) -> None:
        child_id = self._rng.choice(self._ids(State.RUNNING))
        failing = child_id if self._rng.random() < 0.6 else self._known_id()
        self._maybe_script(failing, 0.4)
        self._say(f"die {child_id} {self._rng.choice(REASONS)}")

    def _maybe_script(self, child_id: str, share: float) -> None:
        if self._rng.random() < share:
            self._say(f"script {child_id} {self._script(child_id)}")

    def _say(self, line: str) -> None:
        self.scenario.commands.append(line)
        if self._driver.carry_out(line) is not None:
            self.scenario.operations += 1

    def _any_id(self) -> str:
        return self._rng.choice(IDS)

    def _known_id(self) -> str:
        return self._rng.choice([*self._ids(), *self._ids(), self._any_id()])

    def _ids(self, state: State | None = None) -> list[str]:
        model = self._driver.model
        children = model.children if model else []
        return [child.id for child in children if state in (None, child.state)]

    def _spec(self, child_id: str) -> str:
        rng = self._rng
        restart = rng.choice(("permanent", "permanent", "transient", "temporary"))
        allowed = self._auto != "never" and restart != "permanent"
        significant = rng.random() < (0.35 if allowed else 0.01)
        shutdown = "1" if rng.random() < STUBBORN_SHARE else rng.choice(SHUTDOWNS)
        kind = rng.choice(("worker", "worker", "supervisor"))
        return f"{child_id} {restart} {shutdown} {int(significant)} {kind}"

    def _script(self, child_id: str) -> str:
        return ",".join(self._outcome(child_id) for _ in range(self._rng.randint(1, 4)))

    def _outcome(self, child_id: str) -> str:
        rng = self._rng
        outcome = rng.choice(OUTCOMES)
        if outcome in FAILURES and rng.random() < 0.6:
            return f"{outcome}@{self._hook(child_id)}"
        return outcome

    def _hook(self, child_id: str) -> str:
        verb = self._rng.choice(("which", "count", "terminate", "restart", "delete", "die", "die"))
        if verb == "die":
            return f"die.{self._known_id()}.{self._rng.choice(REASONS)}"
        if verb in ("which", "count"):
            return verb
        target = child_id if self._rng.random() < 0.5 else self._known_id()
        return f"{verb}.{target}"


def scenario_of(seed: str) -> Scenario:
    """Draw the scenario that belongs to ``seed``."""
    return Generator(random.Random(seed)).draw()
