"""Differential test: random operations on a real OTP supervisor and on ours, compared line by line.

Run by hand: ``python -m tests.supervision.oracle.diff_fuzz OPERATIONS SEED``. A mismatch prints
the scenario's seed, its commands and the first answer that differs.
"""

from __future__ import annotations

import logging
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from tests.supervision.oracle.erlang import Oracle
from tests.supervision.oracle.ours import SupervisorDriver
from tests.supervision.oracle.scenarios import Scenario, scenario_of

if TYPE_CHECKING:
    from collections.abc import Callable

BATCH = 100  # scenarios sent to the oracle at once: the pipe's latency is paid once a batch


class Driver(Protocol):
    """Whatever answers the line protocol."""

    def command(self, line: str) -> str | None:
        """Carry out one command; return its answer if the protocol gives one."""
        ...


@dataclass(frozen=True)
class Mismatch:
    """Where two supervisors differ, with everything needed to see it again."""

    seed: str
    commands: list[str]
    answer: int
    otp: str
    ours: str

    def __str__(self) -> str:
        script = "\n".join(self.commands)
        return (
            f"seed {self.seed!r}, answer {self.answer}\n{script}\n"
            f"  OTP : {self.otp!r}\n  ours: {self.ours!r}"
        )


def answers_of(driver: Driver, scenario: Scenario) -> list[str]:
    """Play a scenario on a driver."""
    answers = (driver.command(line) for line in scenario.commands)
    return [answer for answer in answers if answer is not None]


def compare(seed: str, scenario: Scenario, otp: list[str], ours: list[str]) -> Mismatch | None:
    """Return the first difference, if there is one."""
    for index, (theirs, mine) in enumerate(zip(otp, ours, strict=True)):
        if theirs != mine:
            return Mismatch(seed, scenario.commands, index, theirs, mine)
    return None


def run_batch(oracle: Oracle, driver: Driver, seeds: list[str]) -> tuple[int, list[Mismatch]]:
    """Play the scenarios of ``seeds`` on both sides; return operations and mismatches."""
    scenarios = [scenario_of(seed) for seed in seeds]
    lines = [line for scenario in scenarios for line in scenario.commands]
    answers = iter(oracle.run(lines))
    mismatches = []
    for seed, scenario in zip(seeds, scenarios, strict=True):
        otp = [next(answers) for _ in range(scenario.operations)]
        found = compare(seed, scenario, otp, answers_of(driver, scenario))
        if found is not None:
            mismatches.append(found)
    return sum(scenario.operations for scenario in scenarios), mismatches


def fuzz(
    operations: int, seed: str, make_driver: Callable[[], Driver], build_dir: Path
) -> tuple[int, list[Mismatch]]:
    """Compare until ``operations`` are done or a batch differs; return both."""
    done, batch = 0, 0
    mismatches: list[Mismatch] = []
    driver = make_driver()
    with Oracle(build_dir) as oracle:
        while done < operations and not mismatches:
            seeds = [f"{seed}/{batch}/{number}" for number in range(BATCH)]
            count, mismatches = run_batch(oracle, driver, seeds)
            done, batch = done + count, batch + 1
    return done, mismatches


def main(arguments: list[str]) -> int:
    """Fuzz from the command line; return the process's exit code."""
    logging.disable(logging.CRITICAL)  # planned crashes are not news
    operations, seed = int(arguments[0]), arguments[1]
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory() as build_dir:
        done, mismatches = fuzz(operations, seed, SupervisorDriver, Path(build_dir))
    took_s = time.monotonic() - began_s
    sys.stdout.write(f"{done} operations in {took_s:.1f} s, {len(mismatches)} mismatches\n")
    for mismatch in mismatches[:1]:
        sys.stdout.write(f"{mismatch}\n")
    return 1 if mismatches else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
