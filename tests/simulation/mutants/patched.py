"""Puts a mistake into modules that are imported already.

Importing the product takes three times as long as a run. So a process imports it once, forks for
each mistake, and its child changes the functions in place: everybody who has a function has the
changed one. What is no code (a constant, a table) is changed wherever it was imported to.
"""

from __future__ import annotations

import sys
from enum import Enum
from types import CodeType, FunctionType, ModuleType
from typing import Any, Final

_PLAIN: Final = (int, float, str, bytes, tuple, frozenset, dict, type(None))
_PACKAGES: Final = ("robotrader", "actors", "supervision", "tests.simulation")


def patch(file: str, text: str) -> None:
    """Let a module be what its file would be with this text.

    Raises:
        LookupError: nothing of what is imported has changed: the mistake would not be in force.
    """
    name = file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    old = sys.modules[name]
    new = ModuleType(name)
    new.__dict__.update({"__file__": old.__file__, "__package__": old.__package__})
    exec(compile(text, file, "exec", dont_inherit=True), new.__dict__)
    if not _Patch(name).tables(vars(old), vars(new)):
        msg = f"{file}: nothing of it changed in place"
        raise LookupError(msg)


class _Patch:
    """Walks two versions of a module side by side; each method returns how much was changed."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._seen: set[int] = set()

    def tables(self, old: Any, new: Any) -> int:
        """Bring the values of one namespace to those of another."""
        return sum(
            self._value(name, old[name], value)
            for name, value in list(new.items())
            if name in old and not (name.startswith("__") and not callable(value))
        )

    def _value(self, name: str, old: Any, new: Any) -> int:
        if id(old) in self._seen:
            return 0
        if isinstance(old, FunctionType) and isinstance(new, FunctionType):
            self._seen.add(id(old))
            return self._function(old, new)
        if isinstance(old, staticmethod | classmethod):
            return self._value(name, old.__func__, new.__func__)
        if isinstance(old, property):
            return self._value(name, old.fget, new.fget)
        if isinstance(old, type) and isinstance(new, type):
            return self._class(old, new)
        if isinstance(old, _PLAIN):
            return self._constant(name, old, new)
        if type(old).__name__ == type(new).__name__ and hasattr(old, "__dict__"):
            return self.tables(vars(old), vars(new)) if name not in sys.modules else 0
        return 0

    def _function(self, old: FunctionType, new: FunctionType) -> int:
        wrapped = getattr(old, "__wrapped__", None)
        inner = (
            0 if wrapped is None else self._value("", wrapped, getattr(new, "__wrapped__", None))
        )
        if _same(old.__code__, new.__code__) or old.__module__ != self._module:
            return inner
        old.__code__ = new.__code__
        return inner + 1

    def _class(self, old: type, new: type) -> int:
        if old.__module__ != self._module or id(old) in self._seen:
            return 0
        self._seen.add(id(old))
        changed = 0
        for name, value in list(vars(new).items()):
            was = vars(old).get(name)
            if isinstance(was, Enum):
                continue  # a member is itself in every version
            if isinstance(was, _PLAIN) and not name.startswith("_"):
                if _differ(was, value):
                    setattr(old, name, value)
                    changed += 1
            elif was is not None and not isinstance(was, _PLAIN):
                changed += self._value(name, was, value)
        return changed

    def _constant(self, name: str, old: Any, new: Any) -> int:
        if not _differ(old, new):
            return 0
        if isinstance(old, dict):
            old.clear()
            old.update(new)
            return 1
        changed = 0
        for module in list(sys.modules.values()):
            if module.__name__.startswith(_PACKAGES) and vars(module).get(name) is old:
                setattr(module, name, new)
                changed += 1
        return changed


def _differ(old: Any, new: Any) -> bool:
    """Whether plain values differ; functions and classes in them are other objects every time."""
    return type(old) is not type(new) or (_told(old) != _told(new))


def _told(value: Any) -> Any:
    if isinstance(value, dict):
        return [(_told(key), _told(each)) for key, each in value.items()]
    if isinstance(value, tuple):
        return [_told(each) for each in value]
    if isinstance(value, frozenset):
        return sorted(map(repr, value))
    if callable(value):
        return getattr(value, "__qualname__", repr(value))
    return value if isinstance(value, int | float | str | bytes | None) else repr(value)


def _same(old: CodeType, new: CodeType) -> bool:
    """Whether two functions do the same, wherever they stand in their files."""
    if old.co_code != new.co_code or old.co_names != new.co_names:
        return False
    pairs = zip(old.co_consts, new.co_consts, strict=False)
    return len(old.co_consts) == len(new.co_consts) and all(
        _same(a, b) if isinstance(a, CodeType) and isinstance(b, CodeType) else a == b
        for a, b in pairs
    )
