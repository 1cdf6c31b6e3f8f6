"""``robotrader run``: read the configuration, then hand it to the composition root."""

from __future__ import annotations

import importlib
import importlib.util
from typing import TYPE_CHECKING, Final

from robotrader.app import exits
from robotrader.app.config_files import from_arguments
from robotrader.domain.errors import RoboTraderError

if TYPE_CHECKING:
    import argparse

ROOT: Final = "robotrader.app.run"
"""The module whose ``main`` takes a ``Resolved`` and returns an exit status."""


class NotInThisBuildError(RoboTraderError):
    """The composition root is not a part of what is installed."""


def run(arguments: argparse.Namespace) -> int:
    """Run the system until it is stopped; returns the exit status."""
    return exits.guarded(lambda: _run(arguments))


def _run(arguments: argparse.Namespace) -> int:
    resolved = from_arguments(arguments)
    if importlib.util.find_spec(ROOT) is None:
        msg = f"{ROOT} is not in this build: install a newer one"
        raise NotInThisBuildError(msg)
    return int(importlib.import_module(ROOT).main(resolved))
