"""Judges changes of functions without importing anything anew: hundreds in the time of one.

A worker collects the tests of a group once. For each change it forks a child, gives the functions
that the change is in their changed code, which everybody who holds them then runs, and runs the
tests of those lines. What is not in a function, or is in one that an import has run already, cannot
be judged so: it is left to a child that imports everything anew.
"""

from __future__ import annotations

import gc
import mmap
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import CodeType, FunctionType
from typing import Final

import pytest

from tests.mutation.changes import changed
from tests.mutation.groups import ROOT

SURVIVED, KILLED = 0, 1
_OF_A_FUNCTION: Final = 0x1
"""CO_OPTIMIZED: the code of a module or a class has it not."""

_LONGEST_NAME: Final = 4_096
"""Bytes of a test's name: a longer one is cut off."""

Key = tuple[str, int]
"""The qualified name of a function and its first line."""


def _parts(code: CodeType) -> Iterator[tuple[Key, CodeType]]:
    """Yield the functions of a module and of its classes."""
    for each in code.co_consts:
        if isinstance(each, CodeType):
            if each.co_flags & _OF_A_FUNCTION:
                yield (each.co_qualname, each.co_firstlineno), each
            else:
                yield from _parts(each)


def _rest(code: CodeType) -> object:
    """Return what a module is without its functions."""
    consts = [
        repr(each)
        if not isinstance(each, CodeType)
        else each.co_qualname
        if each.co_flags & _OF_A_FUNCTION
        else _rest(each)
        for each in code.co_consts
    ]
    return code.co_code, code.co_names, consts


def changed_functions(file: str, number: int) -> dict[Key, CodeType] | None:
    """Return the functions that a change of a file makes others; None: not only functions."""
    source = (ROOT / file).read_text()
    before = compile(source, str(ROOT / file), "exec")
    after = compile(changed(source, number), str(ROOT / file), "exec")
    if _rest(before) != _rest(after):
        return None
    old = dict(_parts(before))
    return {key: code for key, code in _parts(after) if code != old[key]}


class Worker:
    """A plugin: instead of running the tests that were collected it judges changes by them."""

    def __init__(
        self,
        files: Sequence[str],
        judge: Callable[[Worker], None],
    ) -> None:
        self._files, self._judge = {str(ROOT / each): each for each in files}, judge
        self._failed = False
        self._by = mmap.mmap(-1, _LONGEST_NAME)  # a child writes, this one reads
        self._items: Mapping[str, pytest.Item] = {}
        self._functions: dict[tuple[str, Key], list[FunctionType]] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self._items = {each.nodeid: each for each in session.items}
        gc.unfreeze()  # what was collected: tests/conftest.py has hidden it from the collector
        for each in gc.get_objects():
            if type(each) is FunctionType and each.__code__.co_filename in self._files:
                key = (each.__code__.co_qualname, each.__code__.co_firstlineno)
                file = self._files[each.__code__.co_filename]
                self._functions.setdefault((file, key), []).append(each)
        gc.freeze()  # or the collector would copy every page of every child
        self._judge(self)
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._failed = self._failed or report.failed

    def has(self, file: str, functions: Mapping[Key, CodeType], tests: Sequence[str]) -> bool:
        """Whether these functions can be given other code, and these tests were collected."""
        known = all((file, key) in self._functions for key in functions)
        return bool(functions) and known and all(test in self._items for test in tests)

    def seen_by(self) -> str:
        """Return the test that failed in the child that has ended; "" if none did."""
        name = self._by[:].rstrip(b"\0").decode(errors="ignore")
        self._by[:] = bytes(_LONGEST_NAME)
        return name

    def run(self, file: str, functions: Mapping[Key, CodeType], tests: Sequence[str]) -> int:
        """Run tests with changed functions, in a child that ends then."""
        for key, code in functions.items():
            for each in self._functions[file, key]:
                each.__code__ = code
        items = [self._items[test] for test in tests]
        for item, following in zip(items, [*items[1:], None], strict=True):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if self._failed:
                name = item.nodeid.encode()[:_LONGEST_NAME]
                self._by[: len(name)] = name
                return KILLED
        return SURVIVED
