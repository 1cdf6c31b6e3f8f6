"""The differential test: at least 100,000 operations on a real OTP supervisor and on ours."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.supervision.oracle.diff_fuzz import answers_of, compare, fuzz
from tests.supervision.oracle.erlang import erlang_missing
from tests.supervision.oracle.ours import SupervisorDriver
from tests.supervision.oracle.scenarios import scenario_of
from tests.supervision.oracle.sup_model import ModelDriver

OPERATIONS = 100_000
SEED = os.environ.get("DIFF_SEED", "main")
"""Set DIFF_SEED to run other scenarios; a mismatch prints the seed of its own scenario."""

needs_erlang = pytest.mark.skipif(erlang_missing() is not None, reason=erlang_missing() or "")


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Keep planned crashes out of the log."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@needs_erlang
@pytest.mark.timeout(300)  # half a minute on a quiet machine
def test_our_supervisor_does_what_otp_does(tmp_path: Path) -> None:
    done, mismatches = fuzz(OPERATIONS, SEED, SupervisorDriver, tmp_path)
    assert not mismatches, str(mismatches[0])
    assert done >= OPERATIONS


@needs_erlang
@pytest.mark.deep
@pytest.mark.timeout(3600)
def test_ten_times_as_many_operations_on_other_seeds(tmp_path: Path) -> None:
    done, mismatches = fuzz(10 * OPERATIONS, f"{SEED}/deep", SupervisorDriver, tmp_path)
    assert not mismatches, str(mismatches[0])
    assert done >= 10 * OPERATIONS


@needs_erlang
def test_the_model_of_the_linearizability_check_does_what_otp_does(tmp_path: Path) -> None:
    done, mismatches = fuzz(5000, SEED, ModelDriver, tmp_path)
    assert not mismatches, str(mismatches[0])
    assert done >= 5000


def test_without_erlang_the_model_is_still_compared() -> None:
    """So that a machine without Erlang does not pass unexamined."""
    driver = SupervisorDriver()
    for number in range(100):
        seed = f"{SEED}/model/{number}"
        scenario = scenario_of(seed)
        found = compare(seed, scenario, scenario.expected(), answers_of(driver, scenario))
        assert found is None, str(found)


def test_a_difference_is_found_and_tells_how_to_see_it_again() -> None:
    scenario = scenario_of("sample")
    wrong = [*scenario.expected()[:-1], "something else"]
    found = compare("sample", scenario, scenario.expected(), wrong)
    assert found is not None
    assert (found.seed, found.ours) == ("sample", "something else")
    assert "boot" in str(found)


def test_the_same_seed_draws_the_same_scenario() -> None:
    assert scenario_of("x").commands == scenario_of("x").commands
    assert scenario_of("x").commands != scenario_of("y").commands
