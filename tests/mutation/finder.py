"""Lets one module be imported as changed code; everything else is imported as it is."""

from __future__ import annotations

import importlib.abc
import importlib.util
from importlib.machinery import ModuleSpec
from types import CodeType, ModuleType
from typing import Any

from tests.mutation.groups import ROOT


class Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds one module, as its changed code; put it first in ``sys.meta_path``.

    Args:
        file: the module's path in the repository.
        code: what it is to be.
    """

    def __init__(self, file: str, code: CodeType) -> None:
        self._file, self._code = file, code
        self.name = file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        """Return where the module is, None for any other."""
        if fullname != self.name:
            return None
        origin = str(ROOT / self._file)
        return importlib.util.spec_from_file_location(fullname, origin, loader=self)

    def exec_module(self, module: ModuleType) -> None:
        """Fill the module."""
        exec(self._code, module.__dict__)
