"""Strategies from outside: ``package.module:Class`` or ``/path/to/file.py:Class``.

Loading runs the module's code, with all that this process may do: load only what you would run.
Each error names the file, the class or the parameter, and what to do about it.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from difflib import get_close_matches
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from robotrader.domain.errors import StrategyError
from robotrader.strategies import Strategy

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import ModuleType


def load(where: str, params: Mapping[str, object] | None = None) -> Strategy[Any, Any]:
    """Return a new strategy.

    Args:
        where: module and class, or file and class, joined by a colon.
        params: values by name; the strategy's defaults stand for the rest.

    Raises:
        StrategyError: see ``load_class`` and ``make_params``.
    """
    found = load_class(where)
    made = make_params(found, params or {})
    try:
        return found(made)
    except Exception as error:
        msg = f"strategy {where} cannot be made: {type(error).__name__}: {error}"
        raise StrategyError(msg) from error


def load_class(where: str) -> type[Strategy[Any, Any]]:
    """Return the class that ``where`` names.

    Raises:
        StrategyError: there is no such file, module or class, its code fails, or it is none.
    """
    place, colon, name = where.rpartition(":")
    if not colon or not place or not name:
        msg = f"strategy {where!r}: write package.module:Class or /path/to/file.py:Class"
        raise StrategyError(msg)
    module = _from_file(Path(place)) if place.endswith(".py") else _by_name(place)
    found = getattr(module, name, None)
    if found is None:
        known = [each for each, value in vars(module).items() if _is_strategy(value)]
        listed = ", ".join(known) or "none"
        msg = f"{place} has no class {name}{_meant(name, known)}; its strategies: {listed}"
        raise StrategyError(msg)
    if not _is_strategy(found):
        msg = f"{where} is not a strategy: derive the class from robotrader.strategies.Strategy"
        raise StrategyError(msg)
    return found  # type: ignore[no-any-return]  # _is_strategy has looked


def class_of_file(path: Path) -> str:
    """Return where the one strategy of a file is, as ``load`` takes it.

    Raises:
        StrategyError: there is no such file, its code fails, or it has none, or several.
    """
    module = _from_file(path)
    known = [
        name
        for name, value in vars(module).items()
        if _is_strategy(value) and value.__module__ == module.__name__
    ]
    if len(known) != 1:
        listed = ", ".join(known) or "none"
        msg = f"{path} has to say which strategy is meant, as {path}:Class; it has {listed}"
        raise StrategyError(msg)
    return f"{path}:{known[0]}"


def _is_strategy(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, Strategy) and value is not Strategy


def make_params(found: type[Strategy[Any, Any]], given: Mapping[str, object]) -> Any:
    """Return the parameters of a strategy.

    Raises:
        StrategyError: a name is unknown, or a value is of another type or out of bounds.
    """
    known = [field.encode_name for field in msgspec.structs.fields(found.Params)]
    for name in given:
        if name not in known:
            listed = ", ".join(known) or "none"
            msg = (
                f"{found.__name__} has no parameter {name!r}{_meant(name, known)}; "
                f"its parameters: {listed}"
            )
            raise StrategyError(msg)
    try:
        return msgspec.convert(dict(given), found.Params)
    except msgspec.ValidationError as error:
        raise StrategyError(_why(found, given, str(error))) from error


def _why(found: type[Strategy[Any, Any]], given: Mapping[str, object], said: str) -> str:
    """Return msgspec's words with the parameter and its value in front."""
    text, _, path = said.partition(" - at `$.")
    name = path.rstrip("`")
    if not name:
        return f"{found.__name__}: {said}"
    return f"{found.__name__}: {name} = {given.get(name)!r}: {text[0].lower()}{text[1:]}"


def _meant(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, list(known), 1)
    return f" (did you mean {close[0]}?)" if close else ""


def _by_name(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{name}.".startswith(f"{error.name}."):
            msg = f"no module {name!r}: install its package, or name a file: /path/to/file.py:Class"
            raise StrategyError(msg) from error
        raise StrategyError(_failure(name, error)) from error
    except Exception as error:
        raise StrategyError(_failure(name, error)) from error


def _from_file(path: Path) -> ModuleType:
    if not path.is_file():
        others = [each.name for each in path.parent.glob("*.py")] if path.parent.is_dir() else []
        msg = f"there is no file {path}{_meant(path.name, others)}"
        raise StrategyError(msg)
    # Two files of one name are two modules, and neither hides an installed one.
    digest = blake2b(str(path.resolve()).encode(), digest_size=8).hexdigest()
    name = f"robotrader_strategy_{digest}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None, "a path that ends in .py has a loader"
    assert spec.loader is not None, "as above"
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # structs look their annotations up there
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise StrategyError(_failure(str(path), error, str(path))) from error
    return module


def _failure(place: str, error: Exception, file: str = "") -> str:
    """Return what went wrong while a module's code ran, with its line."""
    if isinstance(error, SyntaxError):
        shown = (error.text or "").strip()
        return f"{error.filename or place}:{error.lineno}: {error.msg}: {shown}"
    line, trace = None, error.__traceback__
    while trace is not None:
        if not file or trace.tb_frame.f_code.co_filename == file:
            line = trace.tb_lineno if file else None
        trace = trace.tb_next
    at = place if line is None else f"{place}:{line}"
    return f"{at} cannot be loaded: {type(error).__name__}: {error}"
