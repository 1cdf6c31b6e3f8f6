"""Structured logs: what our code and other libraries say becomes one line of JSON each.

structlog gives an event its fields, the context (``actor``, ``cause``: the id that leads back to
the tick) included; the standard library's loggers, which other libraries use, come in by the same
door. Every text is redacted before it is written: known secrets by their value, others by the name
of their field or by their form. See ``log_files`` for the files.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Self

import msgspec
import structlog
from structlog.contextvars import bound_contextvars, get_contextvars, merge_contextvars

from robotrader.adapters.log_files import LEVELS, LogFiles
from robotrader.config import suspicious

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from types import TracebackType

    from structlog.typing import EventDict, WrappedLogger

    from robotrader.config import Log

__all__ = ["HIDDEN", "Logs", "Redactor", "bound_contextvars"]

HIDDEN: Final = "[secret]"
_PRIVATE_KEY: Final = re.compile(r"(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END[^\n]*|$)")
_WORD: Final = re.compile(r"[^\s'\"(),;]{8,}")
_LONGEST_TEXT: Final = 8192
_DEEPEST: Final = 6
_WIDEST: Final = 256
_MIB: Final = 1 << 20
_SHORTEST_SECRET: Final = 4
"""A shorter value would be replaced in words that have nothing to do with it."""


class Redactor:
    """Makes anything plain (texts, numbers, lists, tables) and hides what is secret in it."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: tuple[str, ...] = ()
        for secret in secrets:
            self.hide(secret)

    def hide(self, secret: str) -> None:
        """Hide a value from now on, wherever it appears. Raises ValueError if it is too short."""
        if len(secret) < _SHORTEST_SECRET:
            msg = f"a secret has at least {_SHORTEST_SECRET} characters: use a longer one"
            raise ValueError(msg)
        # As others may show it, escaped. The longest first: one may be the beginning of another.
        forms = {secret, repr(secret)[1:-1], msgspec.json.encode(secret)[1:-1].decode()}
        self._secrets = tuple(sorted({*self._secrets, *forms}, key=len, reverse=True))

    def text(self, text: str) -> str:
        """Return a text without what is secret in it, and not too long."""
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        text = _PRIVATE_KEY.sub(HIDDEN, text)
        text = _WORD.sub(lambda word: HIDDEN if suspicious(("",), word[0]) else word[0], text)
        return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}..."

    def plain(self, name: str, value: Any, depth: int = 0) -> Any:
        """Return a field's value as JSON can hold it."""
        if isinstance(value, bool | int | float) or value is None:
            return value if not isinstance(value, int) or abs(value) < 1 << 63 else str(value)
        if isinstance(value, str):
            return HIDDEN if _telling(name) else self.text(value)
        if depth < _DEEPEST and isinstance(value, dict):
            pairs = list(value.items())[:_WIDEST]
            return {self.text(str(k)): self.plain(str(k), v, depth + 1) for k, v in pairs}
        if depth < _DEEPEST and isinstance(value, list | tuple | set | frozenset):
            return [self.plain(name, item, depth + 1) for item in list(value)[:_WIDEST]]
        return HIDDEN if _telling(name) else self.text(_said(value))


def _telling(name: str) -> bool:
    return suspicious((name,), "x")


def _said(value: Any) -> str:
    """Return what an object says of itself; one that cannot must not stop the log."""
    try:
        return str(value) if isinstance(value, BaseException) else repr(value)
    except Exception as error:  # noqa: BLE001 - other people's repr
        return f"<{type(value).__name__} that cannot be shown: {type(error).__name__}>"


class Logs:
    """The log of this process, from ``start`` to ``stop``; also as a ``with`` block."""

    def __init__(self, folder: Path, settings: Log, secrets: Iterable[str] = ()) -> None:
        total = settings.total_mib * _MIB
        self.files = LogFiles(folder, file_bytes=settings.file_mib * _MIB, total_bytes=total)
        self.redactor = Redactor(secrets)
        self._level = LEVELS.index(settings.level.value) * 10 + 10
        self._bridge = _Bridge(self)
        self._before = logging.WARNING

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Take over structlog and the standard library's root logger."""
        structlog.configure(
            processors=[merge_contextvars, structlog.processors.add_log_level, self._write],
            wrapper_class=structlog.make_filtering_bound_logger(self._level),
            cache_logger_on_first_use=False,
        )
        root = logging.getLogger()
        self._before = root.level
        root.addHandler(self._bridge)
        root.setLevel(self._level)

    def stop(self) -> None:
        """Give both back and close the file."""
        root = logging.getLogger()
        root.removeHandler(self._bridge)
        root.setLevel(self._before)
        structlog.reset_defaults()
        self.files.close()

    def _write(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        self.write(dict(event))
        raise structlog.DropEvent

    def write(self, event: dict[str, Any]) -> None:
        """Write an event; ``exc_info`` becomes the traceback's text."""
        if (raised := event.pop("exc_info", None)) is not None:
            event["exception"] = _trace(raised)
        stamp = datetime.now(UTC).isoformat(timespec="microseconds")
        plain = {name: self.redactor.plain(name, value) for name, value in event.items()}
        self.files.write(msgspec.json.encode({"time": stamp, **plain}))


class _Bridge(logging.Handler):
    """Brings in what is said to the standard library's loggers."""

    def __init__(self, logs: Logs) -> None:
        super().__init__()
        self._logs = logs

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record; one whose arguments do not fit its text is written as it is."""
        try:
            said = record.getMessage()
        except Exception:  # noqa: BLE001 - other people's records
            said = f"{record.msg!r} with {record.args!r}"
        event: dict[str, Any] = dict(get_contextvars())
        event |= {"level": record.levelname.lower(), "logger": record.name, "event": said}
        if record.exc_info:
            event["exc_info"] = record.exc_info
        self._logs.write(event)


def _trace(raised: Any) -> str:
    """Return the traceback of what structlog or logging hand over as ``exc_info``."""
    if isinstance(raised, BaseException):
        error: BaseException | None = raised
    elif isinstance(raised, tuple):
        error = raised[1]
    else:
        error = sys.exc_info()[1]
    return "" if error is None else "".join(traceback.format_exception(error))
