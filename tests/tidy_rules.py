"""The measurable half of the house style, as pure functions from a source to its findings.

A rule takes a ``Source`` and yields ``path:line: what is wrong``. ``test_tidy.py`` applies the
rules to the repository; ``test_tidy_rules.py`` proves that each one sees what it is there for.
Linters cover the rest: a rule stands here only if ruff, mypy and import-linter have none for it.
"""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

MAX_FUNCTION_LINES: Final = 70
MAX_FILE_LINES: Final = 399
MAX_COLUMNS: Final = 100

NAIVE_CLOCKS: Final = frozenset(
    f"{owner}.{name}"
    for owner in ("datetime", "datetime.datetime", "date", "datetime.date")
    for name in ("utcnow", "today", "utcfromtimestamp")
)
"""Calls that always give a time without a zone."""

ZONED_CLOCKS: Final = frozenset({"datetime.now", "datetime.datetime.now"})
"""Calls that give a time without a zone unless they are given one."""

OUTSIDE: Final = ("os", "socket", "subprocess", "threading", "time", "secrets", "uuid", "shutil")
"""Modules through which code meets the machine: no pure package calls anything of theirs."""

OUTSIDE_CALLS: Final = frozenset({"open", "input", "hash"})
"""Built-in calls whose result or effect is not in their arguments alone."""

SEEDED: Final = ("random.Random", "numpy.random.default_rng", "numpy.random.SeedSequence")
"""The sources of chance that are none, if they are given a seed."""

CHANGES: Final = frozenset(
    {"append", "extend", "insert", "add", "update", "pop", "popitem", "clear", "remove", "discard"}
    | {"setdefault", "appendleft", "popleft"}
)
"""Methods that change what they are called on."""

LOOKED_AT: Final = (
    ast.FunctionDef, ast.AsyncFunctionDef, ast.ExceptHandler, ast.Import, ast.ImportFrom, ast.Call,
    ast.Global, ast.Subscript,
)  # fmt: skip
"""The kinds of nodes that a rule says something about."""


@dataclass(frozen=True)
class Source:
    """A Python file: its path in the repository, with slashes, and its text."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """What the rules look at, found in one walk: a dozen walks took as long as all the rest."""
        return tuple(node for node in ast.walk(self.tree) if isinstance(node, LOOKED_AT))

    @property
    def module(self) -> str:
        """The dotted name under which the file is imported."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    def at(self, line: int, finding: str) -> str:
        return f"{self.path}:{line}: {finding}"


Rule: TypeAlias = "Callable[[Source], Iterator[str]]"


def functions(source: Source) -> Iterator[tuple[str, int, int]]:
    """Yield the name, the first line and the number of lines of every function."""
    for node in source.nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            last = node.end_lineno or node.lineno
            yield node.name, node.lineno, last - node.lineno + 1


def long_functions(source: Source) -> Iterator[str]:
    for name, line, lines in functions(source):
        if lines > MAX_FUNCTION_LINES:
            yield source.at(line, f"{name} has {lines} lines, at most {MAX_FUNCTION_LINES}")


def long_file(source: Source) -> Iterator[str]:
    lines = len(source.text.splitlines())
    if lines > MAX_FILE_LINES:
        yield source.at(lines, f"{lines} lines, at most {MAX_FILE_LINES}: split it by topic")


def wide_lines(source: Source) -> Iterator[str]:
    for number, line in enumerate(source.text.splitlines(), 1):
        if len(line) > MAX_COLUMNS:
            yield source.at(number, f"{len(line)} columns, at most {MAX_COLUMNS}")


def bare_excepts(source: Source) -> Iterator[str]:
    for node in source.nodes:
        if isinstance(node, ast.ExceptHandler) and node.type is None:
            yield source.at(node.lineno, "bare except: name what is caught")


def missing_prose(source: Source) -> Iterator[str]:
    if source.text.strip() and ast.get_docstring(source.tree) is None:
        yield source.at(1, "opens without prose: say what the module is and the rule it keeps")


def _imported_names(source: Source) -> Mapping[str, str]:
    """Return what each imported local name stands for, dotted."""
    names: dict[str, str] = {}
    for node in source.nodes:
        if isinstance(node, ast.Import):
            names.update((alias.asname or alias.name, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return names


def calls(source: Source) -> Iterator[tuple[str, ast.Call]]:
    """Yield every call with the dotted name of what it calls, imports resolved."""
    names = _imported_names(source)
    for node in source.nodes:
        if isinstance(node, ast.Call):
            head, dot, rest = ast.unparse(node.func).partition(".")
            yield names.get(head, head) + dot + rest, node


def prints(source: Source) -> Iterator[str]:
    for name, node in calls(source):
        if name == "print":
            yield source.at(node.lineno, "print outside the command line: log, or tell an observer")


def sleeps(source: Source) -> Iterator[str]:
    for name, node in calls(source):
        if name == "time.sleep":
            yield source.at(node.lineno, "fixed sleep: wait for an event or use a virtual clock")


def naive_times(source: Source) -> Iterator[str]:
    for name, node in calls(source):
        unzoned = name in ZONED_CLOCKS and not (node.args or node.keywords)
        if unzoned or name in NAIVE_CLOCKS:
            yield source.at(node.lineno, f"{name} has no time zone: take the time from a clock")


def impure_calls(source: Source) -> Iterator[str]:
    """Yield the calls whose result is not a function of their arguments."""
    for name, node in calls(source):
        seeded = name in SEEDED and (node.args or node.keywords)
        chance = name.startswith(("random.", "numpy.random.")) and not seeded
        outside = name.partition(".")[0] in OUTSIDE and "." in name
        clock = name in ZONED_CLOCKS | NAIVE_CLOCKS
        if chance or outside or clock or name in OUTSIDE_CALLS:
            yield source.at(node.lineno, f"{name} in a pure package: take it as an argument")


def module_state(source: Source) -> Iterator[str]:
    """Yield where a function changes what belongs to its module."""
    owned = {
        target.id
        for node in source.tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    for node in source.nodes:
        if isinstance(node, ast.Global):
            yield source.at(node.lineno, f"global {', '.join(node.names)}: state of a module")
        elif isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
            if isinstance(node.value, ast.Name) and node.value.id in owned:
                yield source.at(node.lineno, f"{node.value.id} is changed: state of a module")
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            changed = node.func.value
            if node.func.attr in CHANGES and isinstance(changed, ast.Name) and changed.id in owned:
                yield source.at(node.lineno, f"{changed.id} is changed: state of a module")


def imports(source: Source) -> Iterator[tuple[str, int]]:
    """Yield every module that may be imported, with its line: ``from a import b`` gives both."""
    for node in source.nodes:
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            yield base, node.lineno
            yield from ((f"{base}.{alias.name}", node.lineno) for alias in node.names)


def foreign_imports(source: Source, allowed: frozenset[str]) -> Iterator[str]:
    """Yield the imports of anything but the standard library and the ``allowed`` packages."""
    seen = set()
    for name, line in imports(source):
        package = name.partition(".")[0]
        foreign = package not in allowed and package not in sys.stdlib_module_names
        if foreign and (package, line) not in seen:
            seen.add((package, line))
            yield source.at(line, f"imports {package or 'relatively'}: only {sorted(allowed)}")


def unreachable(sources: Iterable[Source], entries: Iterable[str]) -> Iterator[str]:
    """Yield the modules of ``sources`` that importing the ``entries`` never imports."""
    modules = {source.module: source for source in sources}
    reached: set[str] = set()
    waiting = list(entries)
    while waiting:
        name = waiting.pop()
        if name in reached:
            continue
        reached.add(name)
        waiting.append(name.rpartition(".")[0])
        if name in modules:
            waiting.extend(imported for imported, _ in imports(modules[name]))
    for name in sorted(modules.keys() - reached):
        yield modules[name].at(1, "nothing that runs imports it: wire it in or remove it")
