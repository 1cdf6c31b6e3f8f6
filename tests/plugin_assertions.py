"""A pytest plugin: a test that asserts nothing fails.

A test without an assertion passes whatever the code does, so it lies about what is proven. The
plugin reads a test's source when the test begins: of the processes that share the tests out, each
reads the files that it runs. A test asserts if its body, or a helper of the same module that it
calls (to any depth), holds one of

- an ``assert`` of something that is not a constant,
- a call of ``pytest.raises``, ``pytest.warns``, ``pytest.fail`` (or of these names imported),
- a call of a helper whose name starts with ``assert``, ``check_`` or ``expect_``.

A test function that the module does not write itself is not judged: a state machine's ``runTest``
comes from the library that runs it, and its assertions stand in the machine's rules.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef

_ASSERTING_CALLS: Final = frozenset({"raises", "warns", "fail"})
_ASSERTING_PREFIXES: Final = ("assert", "check_", "expect_")


def _functions(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, FunctionNode]]:
    """Yield the qualified name and the node of every function and method in ``body``."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield prefix + node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from _functions(node.body, f"{prefix}{node.name}.")


def _called_name(call: ast.Call) -> str:
    """Return the last part of the name of what is called, empty for what has none."""
    if isinstance(call.func, ast.Name):
        return call.func.id
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def _looked_at(function: FunctionNode) -> tuple[bool, set[str]]:
    """Return whether a function asserts something by itself, and the names of what it calls."""
    asserts, called = False, set[str]()
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            called.add(_called_name(node))
        elif isinstance(node, ast.Assert):
            asserts = asserts or not isinstance(node.test, ast.Constant)
    asserts = asserts or not _ASSERTING_CALLS.isdisjoint(called)
    return asserts or any(name.startswith(_ASSERTING_PREFIXES) for name in called), called


def _asserting(functions: Mapping[str, FunctionNode]) -> frozenset[str]:
    """Return the names of the functions that assert, by themselves or through a helper."""
    looked_at = {name: _looked_at(node) for name, node in functions.items()}
    asserting = {name for name, (asserts, _) in looked_at.items() if asserts}
    found = True
    while found:
        helpers = {name.rpartition(".")[2] for name in asserting}
        more = {
            name
            for name, (_, called) in looked_at.items()
            if name not in asserting and not helpers.isdisjoint(called)
        }
        asserting |= more
        found = bool(more)
    return frozenset(asserting)


@cache
def _read(path: Path) -> tuple[Mapping[str, FunctionNode], frozenset[str]]:
    functions = dict(_functions(ast.parse(path.read_text("utf-8")).body))
    return functions, _asserting(functions)


def _written_as(item: pytest.Function) -> list[str]:
    """Return the qualified names under which the module may have written the test."""
    name = item.originalname
    if item.cls is None:
        return [name]
    return [f"{owner.__qualname__}.{name}" for owner in item.cls.__mro__]


def _silent(item: pytest.Item) -> str:
    """Return where a test function stands that asserts nothing, empty for every other test."""
    if not isinstance(item, pytest.Function):
        return ""
    functions, asserting = _read(item.path)
    name = next((name for name in _written_as(item) if name in functions), None)
    if name is None or name in asserting:
        return ""
    return f"{item.path.name}:{functions[name].lineno}: {name}"


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    """Fail a test that asserts nothing before it runs."""
    if where := _silent(item):
        pytest.fail(f"{where} asserts nothing: assert what it expects, or remove it", pytrace=False)
