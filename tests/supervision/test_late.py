"""The package's names: imported when they are asked for, and the same that the checker is shown."""

from __future__ import annotations

import ast
import importlib
import operator
import subprocess
import sys
from pathlib import Path

import pytest

import supervision

SHOWN = {
    alias.name: node.module
    for node in ast.walk(ast.parse(Path(supervision.__file__).read_text("utf-8")))
    if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("supervision.")
    for alias in node.names
}
"""Each name's module, as the type checker reads it."""


def test_every_name_is_what_the_type_checker_was_shown() -> None:
    for name in supervision.__all__:
        assert getattr(supervision, name) is getattr(importlib.import_module(SHOWN[name]), name)


def test_what_is_in_no_module_is_an_attribute_error_with_its_name() -> None:
    with pytest.raises(AttributeError, match="module 'supervision' has no attribute 'Typo'"):
        operator.attrgetter("Typo")(supervision)


def test_a_pulse_and_heart_bring_no_actors() -> None:
    code = (
        "import sys, supervision.pulse, supervision.heart; "
        "print(sorted({'pykka', 'asyncio', 'supervision.actor'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
