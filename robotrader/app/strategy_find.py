"""Which strategy is meant: a section of the configuration, a class, or a file of the user's."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from robotrader.adapters.loader import class_of_file, load_class
from robotrader.app.config_files import from_arguments
from robotrader.config import Config, Strategy
from robotrader.domain.errors import StrategyError
from robotrader.strategies import Spread

if TYPE_CHECKING:
    import argparse

FOLDER: Final = Path("strategies")
"""Where ``strategy new`` writes, seen from where the commands are given."""

_NOBODY: Final = ("WALK",)
_NOBODIES: Final = ("WALK", "PEER")


def section(arguments: argparse.Namespace) -> tuple[str, Config]:
    """Return a configuration with one strategy, the one that is meant, and its name.

    Raises:
        ConfigurationError: the configuration that a name needs is wrong.
        StrategyError: there is none of that name.
    """
    where: str = arguments.where
    params = given(arguments.param)
    if ":" in where or where.endswith(".py"):
        place = where if ":" in where else class_of_file(Path(where))
        name, config = "check", Config()
        found = _of_nobody(place)
    else:
        name, config = where, from_arguments(arguments).config
        found = _named(name, config)
    both = {**found.params, **params}
    made = msgspec.structs.replace(found, params=both, enabled=True)
    return name, msgspec.structs.replace(config, strategy={name: made})


def _named(name: str, config: Config) -> Strategy:
    if name in config.strategy:
        return config.strategy[name]
    file = FOLDER / f"{name}.py"
    if file.is_file():
        return _of_nobody(class_of_file(file))
    close = get_close_matches(name, config.strategy, 1)
    meant = f" (did you mean {close[0]}?)" if close else ""
    known = ", ".join(sorted(config.strategy)) or "none"
    msg = (
        f"no strategy {name}{meant}: sections are {known}, and there is no {file}; "
        "package.module:Class and file.py are taken, too"
    )
    raise StrategyError(msg)


def _of_nobody(place: str) -> Strategy:
    """Return a section for a class that has none: two legs if it is a spread."""
    if issubclass(load_class(place), Spread):
        return Strategy(class_=place, symbols=_NOBODIES, spread=True)
    return Strategy(class_=place, symbols=_NOBODY)


def given(texts: list[str]) -> dict[str, bool | int | float | str]:
    """Return parameters that were written as NAME=VALUE.

    Raises:
        StrategyError: one was not.
    """
    made: dict[str, bool | int | float | str] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign:
            msg = f"--param {text}: write NAME=VALUE"
            raise StrategyError(msg)
        try:
            made[name] = msgspec.json.decode(value)
        except msgspec.DecodeError:
            made[name] = value
    return made
