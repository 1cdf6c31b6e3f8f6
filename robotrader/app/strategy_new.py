"""``robotrader strategy new``: a strategy of one's own, a test that passes, and its section.

Nothing that exists is changed: if one of the files is there, none is written.
"""

from __future__ import annotations

import keyword
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from robotrader.app import carried, exits
from robotrader.app.config_files import DEFAULT_FOLDER, from_arguments
from robotrader.app.control_client import RefusedError
from robotrader.app.strategy_templates import SECTION, texts, title_of
from robotrader.domain.errors import ConfigurationError

if TYPE_CHECKING:
    import argparse

    from robotrader.config import Config

_NAME: Final = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_LONGEST: Final = 40
_BAR: Final = re.compile(r"[1-9][0-9]{0,2}[smhd]")
_BUNDLED: Final = "KO"
"""Traded where the universe is empty: the bundled data has it."""


def new(arguments: argparse.Namespace) -> int:
    """Write the files; 2 for a name that is none, 3 where a file is there already."""
    config = from_arguments(arguments).config
    name = _checked(arguments.name, config)
    folder: Path = arguments.folder
    code, test = texts(name, arguments.template)
    section = _section(name, folder, arguments, config)
    conf = arguments.conf or Path(DEFAULT_FOLDER)
    made = [(folder / f"{name}.py", code), (folder / f"test_{name}.py", test)]
    if conf.is_dir():
        made.append((conf / "strategies" / f"{name}.toml", section))
    _refuse_existing([path for path, _ in made])
    for path, text in made:
        carried.write(path.parent, [(path.name, text)])
    if not arguments.quiet:
        print("\n".join(f"wrote {path}" for path, _ in made))
        if not conf.is_dir():
            print(f"there is no {conf}: add this to your configuration\n\n{section}")
        else:
            print(f"next: robotrader strategy check {name}")
    return exits.OK


def _refuse_existing(paths: list[Path]) -> None:
    there = [str(path) for path in paths if path.exists()]
    if there:
        msg = f"{', '.join(there)} exists, and nothing was written: choose another name"
        raise RefusedError(msg)


def _checked(name: str, config: Config) -> str:
    """Return the name, if a module, a class and a section can have it."""
    why = ""
    if not _NAME.fullmatch(name) or len(name) > _LONGEST:
        why = f"write up to {_LONGEST} small letters, digits and single _, as dip_buyer"
    elif keyword.iskeyword(name) or keyword.iskeyword(title_of(name)):
        why = "it is a word of Python's"
    elif name.startswith("test_") or name == "check":
        why = "tests and the command have it"
    elif name in sys.stdlib_module_names:
        why = "a module of Python's has it"
    elif name in config.strategy:
        why = f"the configuration has a section [strategy.{name}]"
    if why:
        msg = f"{name!r} is no name for a strategy: {why}"
        raise ConfigurationError(msg)
    return name


def _section(name: str, folder: Path, arguments: argparse.Namespace, config: Config) -> str:
    if not _BAR.fullmatch(arguments.bar):
        msg = f"--bar {arguments.bar}: write a length, as 1m, 1h or 1d"
        raise ConfigurationError(msg)
    universe = config.universe.symbols
    wanted = [each.strip().upper() for each in arguments.symbols.split(",") if each.strip()]
    unknown = [each for each in wanted if universe and each not in universe]
    if unknown:
        msg = f"--symbols {', '.join(unknown)}: add it to [universe] first: {', '.join(universe)}"
        raise ConfigurationError(msg)
    symbols = wanted or list(universe[:1]) or [_BUNDLED]
    return SECTION.substitute(
        name=name,
        where=f"{folder / f'{name}.py'}:{title_of(name)}",
        symbols=", ".join(f'"{each}"' for each in symbols),
        bar=arguments.bar,
    )
