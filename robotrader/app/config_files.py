"""Reads the configuration: the files of a folder, the environment, the command line's settings."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from robotrader.config import InvalidConfigError, Layer, Resolved, layers, resolve
from robotrader.domain.errors import ConfigurationError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Mapping

DEFAULT_PROFILE: Final = "sim"
DEFAULT_FOLDER: Final = "conf"
_BASE, _LOCAL = "robotrader.toml", "local.toml"


def from_arguments(arguments: argparse.Namespace) -> Resolved:
    """Load what the common options say; raises ConfigurationError."""
    settings = [*(arguments.set or ())]
    if arguments.data_dir is not None:
        settings.append(f"data_dir={arguments.data_dir}")
    profile = arguments.profile or DEFAULT_PROFILE
    return load(arguments.conf, profile, settings, os.environ)


def load(
    folder: Path | None, profile: str, settings: Iterable[str], environ: Mapping[str, str]
) -> Resolved:
    """Load a configuration; raises ConfigurationError with everything that is wrong.

    Without a folder ``conf`` is used if there is one, else the defaults alone, which are safe. A
    folder that was named must exist.
    """
    stack = [
        *_files(folder, profile),
        layers.from_environment(environ),
        layers.from_settings(settings),
    ]
    return resolve(stack, profile)


def _files(folder: Path | None, profile: str) -> list[Layer]:
    if folder is None and not Path(DEFAULT_FOLDER).is_dir():
        return []
    folder = folder or Path(DEFAULT_FOLDER)
    if not folder.is_dir():
        msg = f"--conf {folder}: no such folder: make one with `robotrader init`"
        raise ConfigurationError(msg)
    topics = [_read(path) for path in _topics(folder)]
    if twice := layers.same_level(topics):
        raise InvalidConfigError(twice)
    first = [_read(folder / _BASE)] if (folder / _BASE).exists() else []
    last = [_read(folder / _LOCAL)] if (folder / _LOCAL).exists() else []
    return [*first, *topics, _profile(folder, profile), *last]


def _topics(folder: Path) -> list[Path]:
    """Return the files that stand beside the first one, in the order of their names."""
    beside = [path for path in folder.glob("*.toml") if path.name not in {_BASE, _LOCAL}]
    return sorted(beside) + sorted(folder.glob("strategies/*.toml"))


def _profile(folder: Path, profile: str) -> Layer:
    path = folder / "profiles" / f"{profile}.toml"
    known = sorted(found.stem for found in folder.glob("profiles/*.toml"))
    if profile not in known:
        msg = f"--profile {profile}: {path} is not there; known are {', '.join(known) or 'none'}"
        raise ConfigurationError(msg)
    return _read(path)


def _read(path: Path) -> Layer:
    try:
        return layers.from_toml(str(path), path.read_text("utf-8"))
    except OSError as error:
        msg = f"{path}: {error.strerror}: make it readable for this user"
        raise ConfigurationError(msg) from None
    except UnicodeDecodeError as error:
        msg = f"{path}: byte {error.start} is not UTF-8: save the file as UTF-8"
        raise ConfigurationError(msg) from None
