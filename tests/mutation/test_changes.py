"""The mistakes are the ones that are meant, each alone, and the tests see them."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutation import quick
from tests.mutation.changes import changed, changes
from tests.mutation.equivalent import EQUIVALENT
from tests.mutation.groups import GROUPS, ROOT
from tests.mutation.run import cases

SAMPLE, SEED = 60, 0
"""So many of each group at a time; ``python -m tests.mutation.run`` judges all of them."""


def made(source: str) -> set[str]:
    """What becomes of a source, one mistake at a time."""
    found = changes(ast.parse(source))
    return {ast.unparse(changed(source, number)) for number in range(len(found))}


def inside(statement: str) -> set[str]:
    """What becomes of a statement of a function."""
    head = "def f():\n    "
    return {each.removeprefix(head) for each in made(head + statement)}


def test_a_bound_an_operator_and_a_condition_are_turned() -> None:
    assert inside("return a < b") == {"return a <= b", "return None"}
    assert inside("return a - b") == {"return a + b", "return None"}
    assert inside("return not a") == {"return a", "return None"}
    assert "return a or b" in inside("return a and b")
    assert "if not a:\n        g()" in inside("if a:\n        g()")
    assert "return max(a, 1)" in inside("return min(a, 1)")


def test_a_statement_an_argument_and_a_filter_are_left_out_and_a_number_grows() -> None:
    assert inside("g(a)") == {"pass"}
    assert "return g(a)" in inside("return g(a, b=c)")
    assert "return [x for x in y]" in inside("return [x for x in y if x]")
    assert made("A = 5") == {"A = 6"}
    assert inside("return ''") == {"return 'changed'"}


def test_prose_annotations_errors_and_logs_stay() -> None:
    assert made('"""1 < 2"""\na: Limit[1] = b') == set()
    assert inside("_log.info(a + b)") == set()
    assert inside("raise ValueError(a + b)") == {"pass"}
    assert inside('return f"{a + b}"') == {"return None"}


def test_every_change_of_the_code_can_be_compiled_and_is_one() -> None:
    for group in ("cover", "stops"):
        for file in GROUPS[group].sources():
            source = (ROOT / file).read_text()
            as_it_is = ast.unparse(ast.parse(source))
            for number in range(len(changes(ast.parse(source)))):
                tree = changed(source, number)
                compile(tree, file, "exec")
                assert ast.unparse(tree) != as_it_is


def test_a_change_is_of_its_function_and_what_a_class_begins_with_is_of_none() -> None:
    """Only what is wholly in functions is judged so; ``super()`` is a class's too."""
    files = ("robotrader/ledger/marks.py", "robotrader/risk/units.py", "robotrader/risk/view.py")
    for file in files:
        for number, change in enumerate(changes(ast.parse((ROOT / file).read_text()))):
            functions = quick.changed_functions(file, number)
            of_a_class = change.where == "WorkingOrder" or change.old.startswith("super()")
            if of_a_class and change.new.partition("(")[0] != "super":
                assert functions is None
            else:
                assert functions is not None
                assert change.where in {name for name, _ in functions}


def test_what_is_called_equivalent_is_there_and_says_why() -> None:
    names = {
        each.name(file)
        for group in GROUPS.values()
        for file in group.sources()
        for each in changes(ast.parse((ROOT / file).read_text()))
    }
    assert {*EQUIVALENT} <= names, {*EQUIVALENT} - names
    assert all(EQUIVALENT.values())
    assert all(cases(group) for group in GROUPS)


@pytest.mark.deep
@pytest.mark.timeout(5_400)
@pytest.mark.parametrize("group", GROUPS)
def test_as_many_of_a_sample_are_seen_as_the_group_says(group: str, tmp_path: Path) -> None:
    wanted = ["--sample", str(SAMPLE), "--seed", str(SEED), "--kept", str(tmp_path / "kept")]
    wanted += ["--log", str(tmp_path / "log")]
    done = subprocess.run(
        [sys.executable, "-m", "tests.mutation.run", group, *wanted],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
