"""What the doctor looks at: every fact of machine and configuration that its checks judge.

The checks are functions of a ``Site``; here is where its facts come from. A fact that could not be
found out is ``None``: the check then says so instead of guessing.
"""

from __future__ import annotations

import ctypes
import importlib.metadata
import importlib.util
import os
import re
import resource
import shutil
import socket
import sys
import sysconfig
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from robotrader.adapters import lease
from robotrader.app.config_files import DEFAULT_PROFILE, from_arguments
from robotrader.config import Config, Resolved
from robotrader.domain.errors import ConfigurationError

if TYPE_CHECKING:
    import argparse

_PIN: Final = re.compile(r"(?m)^([A-Za-z0-9._-]+)==(\S+) ")
_TIME_ERROR: Final = 5
"""What adjtimex(2) returns for a clock that nothing keeps right."""

_TIMEX_BYTES: Final = 256
_OPTIONAL: Final = {"arch": "data", "skfolio": "data"}


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """The facts. ``resolved`` is None where the configuration is wrong: ``mistake`` says how."""

    profile: str
    resolved: Resolved | None
    mistake: ConfigurationError | None = None
    python: tuple[int, ...]
    bits: int
    debug_build: bool
    free_threaded: bool
    encoding: str
    uid: int
    pinned: Mapping[str, str]
    installed: Mapping[str, str]
    missing_extras: tuple[str, ...]
    package_roots: Mapping[str, str]
    clock_kept: bool | None
    disk_free_mib: float | None
    open_files_max: int
    ram_mib: float | None
    cores: int
    file_system: str | None
    holder: str | None
    """Who has the lease of the data directory, if anybody."""

    port_taken: bool | None
    huge_pages: str | None
    loose_files: tuple[tuple[Path, int], ...]
    """Files that others may read, with their modes."""

    second_copy_age_s: float | None
    writable: bool
    environ: Mapping[str, str]
    secrets_folder: Path = Path("/run/secrets")

    @property
    def config(self) -> Config:
        """The configuration, or the defaults where it is wrong."""
        return Config() if self.resolved is None else self.resolved.config


def survey(arguments: argparse.Namespace) -> Site:
    """Find out everything about this machine and the configuration that is named."""
    try:
        resolved, mistake = from_arguments(arguments), None
    except ConfigurationError as error:
        resolved, mistake = None, error
    config = Config() if resolved is None else resolved.config
    data = Path(config.data_dir)
    there = _existing(data)
    holder = lease.holder(data)
    return Site(
        profile=arguments.profile or DEFAULT_PROFILE,
        resolved=resolved,
        mistake=mistake,
        python=tuple(sys.version_info[:3]),
        bits=64 if sys.maxsize > 1 << 32 else 32,
        debug_build=hasattr(sys, "gettotalrefcount"),
        free_threaded=bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
        encoding=sys.getfilesystemencoding(),
        uid=os.getuid(),
        pinned=_pinned(),
        installed=_installed(),
        missing_extras=tuple(name for name in _OPTIONAL if importlib.util.find_spec(name) is None),
        package_roots={name: _root(name) for name in ("robotrader", "actors", "supervision")},
        clock_kept=_clock_kept(),
        disk_free_mib=shutil.disk_usage(there).free / (1 << 20),
        open_files_max=resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        ram_mib=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 20),
        cores=os.cpu_count() or 1,
        file_system=_file_system(there),
        holder=holder,
        port_taken=None if holder else _taken(config.metrics.bind),
        huge_pages=_chosen(Path("/sys/kernel/mm/transparent_hugepage/enabled")),
        loose_files=_loose(data),
        second_copy_age_s=_age(config.journal.second_copy),
        writable=os.access(there, os.W_OK | os.X_OK),
        environ=os.environ,
    )


def _existing(path: Path) -> Path:
    """Return the nearest folder above a path that is there."""
    path = path.resolve()
    while not path.exists():
        path = path.parent
    return path


def _pinned() -> dict[str, str]:
    """Return the versions of the lock, which only a checkout has."""
    lock = Path(__file__).parents[2] / "requirements" / "runtime.txt"
    return dict(_PIN.findall(lock.read_text("utf-8"))) if lock.exists() else {}


def _installed() -> dict[str, str]:
    return {
        re.sub(r"[-_.]+", "-", found.name).lower(): found.version
        for found in importlib.metadata.distributions()
    }


def _root(name: str) -> str:
    spec = importlib.util.find_spec(name)
    return "" if spec is None or spec.origin is None else str(Path(spec.origin).parents[1])


def _clock_kept() -> bool | None:
    """Ask the kernel whether a time service keeps the clock right (adjtimex(2), reading only)."""
    call = getattr(ctypes.CDLL(None), "adjtimex", None)
    if call is None:
        return None
    state = call(ctypes.create_string_buffer(_TIMEX_BYTES))
    return None if state < 0 else state != _TIME_ERROR


def _file_system(path: Path) -> str | None:
    """Return the type of the file system that a folder is on (proc_pid_mountinfo(5))."""
    try:
        lines = Path("/proc/self/mountinfo").read_text("utf-8").splitlines()
    except OSError:
        return None
    best, kind = -1, None
    for line in lines:
        before, _, after = line.partition(" - ")
        mount = before.split(" ")[4].replace("\\040", " ")
        if path.is_relative_to(mount) and len(mount) >= best:
            best, kind = len(mount), after.split(" ")[0]
    return kind


def _taken(bind: str) -> bool | None:
    host, _, port = bind.rpartition(":")
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, int(port)))
        except OSError:
            return True
    return False


def _chosen(path: Path) -> str | None:
    try:
        found = re.search(r"\[(\w+)\]", path.read_text("ascii"))
    except OSError:
        return None
    return found[1] if found else None


def _loose(data: Path) -> tuple[tuple[Path, int], ...]:
    """Return what others may read or write, of what a system keeps in its data directory."""
    if not (data / lease.NAME).exists():  # a folder that no system has used is none of ours
        return ()
    paths = [data, *sorted(data.rglob("*"))]
    modes = [(path, path.lstat().st_mode & 0o777) for path in paths if not path.is_symlink()]
    return tuple((path, mode) for path, mode in modes if mode & 0o077)


def _age(folder: str) -> float | None:
    """Return how many seconds ago anything in a folder was written."""
    if not folder or not Path(folder).is_dir():
        return None
    newest = max((path.stat().st_mtime for path in Path(folder).rglob("*")), default=None)
    return None if newest is None else time.time() - newest
