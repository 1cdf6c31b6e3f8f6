"""Nothing of the real world may leak into a run: no clock, randomness, file, socket or process.

Three nets. ``sealed`` raises ``Leak`` while it lasts when an actor's turn reads a clock or draws
what no seed has made (patched modules), and when it opens a file, makes a socket or starts a
process (an audit hook). What cannot be patched, such as ``datetime.now``, is banned in the sources
(``banned_calls``). And equal hashes in three processes catch the order of sets.
"""

from __future__ import annotations

import ast
import logging
import os
import random
import secrets
import sys
import time
import uuid
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from supervision import here

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CLOCKS: Final = (
    "time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "sleep",
    "process_time", "localtime", "gmtime",
)  # fmt: skip
DRAWS: Final = ("random", "randint", "choice", "uniform", "shuffle", "getrandbits", "gauss")
PATCHED: Final = (
    *((time, name) for name in CLOCKS),
    *((random, name) for name in DRAWS),
    (uuid, "uuid4"), (uuid, "uuid1"), (os, "urandom"),
    (secrets, "token_bytes"), (secrets, "token_hex"), (secrets, "randbelow"),
)  # fmt: skip
AUDITED: Final = ("open", "socket.", "subprocess.", "os.system", "os.exec", "os.fork", "shutil.")
BANNED: Final = frozenset({"datetime.now", "datetime.utcnow", "datetime.today", "date.today"})


class Leak(Exception):
    """A run did what its seed does not decide."""


class _Seal:
    """Whether leaks are looked for; one for the process, as an audit hook is for ever."""

    def __init__(self) -> None:
        self.depth = 0
        self.hooked = False

    def audit(self, event: str, arguments: tuple[object, ...]) -> None:
        """Raise if an actor's turn does I/O; reading modules is the interpreter's."""
        if not self.depth or not event.startswith(AUDITED) or here.carrier() is None:
            return
        name = str(arguments[0]) if arguments else ""
        if event == "open" and name.endswith((".py", ".pyc", ".so")):
            return
        msg = f"{event} {name}: give it to the simulation as a port"
        raise Leak(msg)


_SEAL: Final = _Seal()


@contextmanager
def sealed() -> Iterator[None]:
    """Look for leaks meanwhile.

    Raises:
        Leak: inside of the actor that leaks.
    """
    if not _SEAL.hooked:
        sys.addaudithook(_SEAL.audit)
        _SEAL.hooked = True
    found = [(module, name, getattr(module, name)) for module, name in PATCHED]
    for module, name, original in found:
        setattr(module, name, _refusing(f"{module.__name__}.{name}", original))
    level = logging.root.manager.disable
    logging.disable(logging.CRITICAL)  # a log line has the time of day
    _SEAL.depth += 1
    try:
        yield
    finally:
        _SEAL.depth -= 1
        logging.disable(level)
        for module, name, original in found:
            setattr(module, name, original)


def _refusing(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
    def refuse(*given: Any, **named: Any) -> Any:
        if here.carrier() is None:
            return original(*given, **named)  # another thread of the test run, not of a run
        msg = f"{name}(): take the time, or what was drawn, as an argument"
        raise Leak(msg)

    return refuse


def banned_calls(path: Path) -> list[str]:
    """Return the calls in a source that no seal can see."""
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            name = f"{getattr(node.func.value, 'id', '')}.{node.func.attr}"
            if name in BANNED:
                found.append(f"{path}:{node.lineno}: {name}")
    return found
