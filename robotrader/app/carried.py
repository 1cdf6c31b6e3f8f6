"""The files of ``conf/`` that the package carries: what somebody has who installed a wheel only."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from importlib.resources.abc import Traversable

OTHERS: Final = ("grafana", "ibc", "prometheus")
"""The folders of programs beside robotrader: nothing in them configures robotrader itself."""


def configuration() -> Iterator[tuple[str, str]]:
    """Yield name and text of each file of a new configuration."""
    for name, text in _texts(_folder(), ""):
        if name.endswith(".toml") and not name.endswith("local.toml"):
            yield name, text


def for_others() -> Iterator[tuple[str, str]]:
    """Yield name and text of each file for Prometheus, Grafana and IBC."""
    for name, text in _texts(_folder(), ""):
        if name.partition("/")[0] in OTHERS:
            yield name, text


def write(folder: Path, files: Iterable[tuple[str, str]]) -> list[Path]:
    """Write files of these names and texts; one that exists is not changed but an OSError."""
    return [_write(folder / name, text) for name, text in files]


def _folder() -> Traversable:
    """Return the folder in the package, or the one beside it in a checkout."""
    packaged = resources.files("robotrader").joinpath("conf")
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "conf"


def _texts(folder: Traversable, prefix: str) -> Iterator[tuple[str, str]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _texts(entry, f"{prefix}{entry.name}/")
        else:
            yield prefix + entry.name, entry.read_text("utf-8")


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("x", encoding="utf-8") as file:
        file.write(text)
    return path
