"""Whoever runs the seeds, the sum is the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from robotrader.domain.errors import ConfigurationError
from tests.simulation.executors import executor_of
from tests.simulation.seeds import Sum, run_all

ROOT = Path(__file__).resolve().parents[2]


def of_two_seeds(name: str) -> Sum:
    with executor_of(name, 2) as executor:
        return run_all(executor, 7, 2)


@pytest.mark.deep
@pytest.mark.timeout(300)
def test_a_local_ray_says_of_the_seeds_what_this_process_does() -> None:
    pytest.importorskip("ray")
    assert of_two_seeds("ray") == of_two_seeds("inline")


def test_a_pool_says_of_the_seeds_what_this_process_does() -> None:
    here = of_two_seeds("inline")
    assert here.seeds == 2
    assert of_two_seeds("pool") == here


def test_without_ray_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ray", "robotrader.adapters.ray_jobs"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ConfigurationError, match=r"EXECUTOR=ray needs .*: install the extra"):
        of_two_seeds("ray")


def test_make_simulate_takes_an_executor_and_refuses_what_is_none() -> None:
    make = ["make", "-n", "simulate", "SEEDS=1", "EXECUTOR=inline"]
    told = subprocess.run(make, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "--slice 1" in told
    assert "--executor inline" in told
    words = [sys.executable, "-m", "tests.simulation", "--slice", "1", "--executor", "cloud"]
    wrong = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert wrong.returncode == 2
    assert "'pool', 'ray', 'inline'" in wrong.stderr
