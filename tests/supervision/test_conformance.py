"""Every conformance case has at least one test that carries its number in its id."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CASES = {"otp": 246, "breaker": 140}
"""How many cases there are: the numbers run from 1. None of them is left out."""


@cache
def collected() -> str:
    """The ids of all tests of the library, deep ones included."""
    collect = ["--collect-only", "-q", "-o", "addopts=", "-m", "", str(HERE)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *collect], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("kind", list(CASES))
def test_every_case_has_a_test_with_its_number(kind: str) -> None:
    found = {int(number) for number in re.findall(rf"{kind}_(\d{{3}})", collected())}
    missing = sorted(set(range(1, CASES[kind] + 1)) - found)
    assert not missing, f"{kind}: no test for cases {missing}"
    assert max(found) <= CASES[kind], "a number beyond the last case is a slip"
