"""Names of a package that are imported when somebody asks for them (PEP 562).

Importing any module of a package runs the package's own ``__init__`` first. Where that imports
everything, a process that needs one small module pays for all of them: here a quarter of a second
of processor time, for every process that only sends a pulse.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def late_names(package: str, homes: Mapping[str, str]) -> Callable[[str], object]:
    """Return the ``__getattr__`` of ``package``, whose modules have the names that ``homes`` lists.

    A name that was asked for once is an ordinary one of the package from then on. The function
    raises AttributeError for what is in no module, as every module does.
    """
    home = {
        name: f"{package}.{module}" for module, names in homes.items() for name in names.split()
    }

    def find(name: str) -> object:
        if name not in home:
            msg = f"module {package!r} has no attribute {name!r}"
            raise AttributeError(msg, name=name, obj=sys.modules[package])
        found: object = getattr(importlib.import_module(home[name]), name)
        setattr(sys.modules[package], name, found)
        return found

    return find
