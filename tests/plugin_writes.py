"""A pytest plugin: a test that writes outside the folders for temporary files fails (F98).

A suite that can reach a user's own journal, log or configuration destroys them one day. An audit
hook sees whatever this process opens for writing, makes, renames or removes; the processes that
tests start have a home of their own, and the folder ``data`` of the checkout, which is where a
system without a setting keeps its data, has to be after the run what it was before.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).resolve().parents[1]
_CACHES: Final = {"__pycache__", ".pytest_cache", ".hypothesis", ".mypy_cache", ".ruff_cache"}
_TEMPORARY: Final = tuple(
    f"{folder}/"
    for folder in (tempfile.gettempdir(), Path(tempfile.gettempdir()).resolve(), "/dev", "/proc")
)
_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_CHANGES: Final = {
    "os.link": 2, "os.mkdir": 2, "os.remove": 1, "os.rename": 2, "os.rmdir": 1, "os.truncate": None,
}  # fmt: skip
"""The events of a change, with the place of the folder's descriptor among their arguments."""

_found: Final[list[str]] = []


def is_allowed(path: str) -> bool:
    """Whether a test may write there: temporary files, devices and the caches of tools."""
    full = Path.cwd() / path
    # The folder itself is opened for writing by files without a name (O_TMPFILE).
    return f"{full}/".startswith(_TEMPORARY) or not _CACHES.isdisjoint(full.parts)


def _seen(event: str, args: tuple[Any, ...]) -> None:
    if event == "open":
        path, _, flags = args
        if not isinstance(flags, int) or not flags & _WRITING:
            return
    elif event in _CHANGES:
        path, place = args[0], _CHANGES[event]
        if place is not None and args[place] >= 0:
            path = str(Path(f"/proc/self/fd/{args[place]}").readlink() / path)
    else:
        return
    if isinstance(path, bytes):
        path = os.fsdecode(path)
    if isinstance(path, str) and not is_allowed(path):
        _found.append(f"{event} {path}")


def _own_data() -> list[tuple[str, int, int]]:
    files = sorted((ROOT / "data").rglob("*"))
    return [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files]


@pytest.fixture(scope="session", autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Give what the tests start a home that nobody else has, and look after the user's data."""
    before, data = dict(os.environ), _own_data()
    home = str(tmp_path_factory.mktemp("home"))
    for name in [name for name in os.environ if name.startswith(("XDG_", "ROBOTRADER_"))]:
        del os.environ[name]
    os.environ["HOME"] = home
    yield
    os.environ.clear()
    os.environ.update(before)
    assert _own_data() == data, f"a test changed {ROOT / 'data'}"


@pytest.fixture(autouse=True)
def _temporary_writes() -> Iterator[None]:
    _found.clear()
    yield
    assert not _found, f"written outside the folder for temporary files: {_found[:5]}"


sys.addaudithook(_seen)
