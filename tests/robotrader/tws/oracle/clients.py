"""The three clients, as they are installed, with ears where their callbacks would be.

Each is a black box: fields go into its decoder; which callbacks it calls, with which arguments,
and what it complains about, come out.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterator
from datetime import timezone
from functools import cache
from types import SimpleNamespace
from typing import Any

import ib_async.decoder
import ib_async.wrapper
import ib_insync.decoder
import ib_insync.wrapper
import ibapi.decoder
import ibapi.wrapper

from tests.robotrader.tws.oracle.matching import Held, scalars

VERSIONS = {
    "ib_async": (157, *range(159, 179)),
    "ib_insync": (157, *range(159, 177)),
    "ibapi": (157,),
}
"""All server versions that each client agrees to, but for 158: ib_async and ib_insync send an
order's duration from then on and read it only from 159."""

PAIRS = [(client, version) for client, versions in VERSIONS.items() for version in versions]

_DECODERS: dict[str, Callable[..., Any]] = {
    "ib_async": ib_async.decoder.Decoder,
    "ib_insync": ib_insync.decoder.Decoder,
    "ibapi": ibapi.decoder.Decoder,
}
_WRAPPERS: dict[str, type] = {
    "ib_async": ib_async.wrapper.Wrapper,
    "ib_insync": ib_insync.wrapper.Wrapper,
    "ibapi": ibapi.wrapper.EWrapper,
}
_LOGS = {"ib_async": "ib_async.Decoder", "ib_insync": "ib_insync.Decoder"}


@cache
def _names(client: str, callback: str) -> tuple[str, ...]:
    """What the client calls the callback's arguments; IBKR's names where it has none."""
    own = getattr(_WRAPPERS[client], callback, None)
    method = own or getattr(ibapi.wrapper.EWrapper, callback, None)
    if method is None:
        return ()
    names = [name.strip("_") for name in inspect.signature(method).parameters]
    return tuple(names[1:])


class Listener:
    """Stands where a client's callbacks are expected and keeps what they are told."""

    defaultTimezone = timezone.utc  # noqa: N815, UP017 - ib_async asks for it, by this name
    ib = SimpleNamespace(TimezoneTWS="UTC")

    def __init__(self, client: str) -> None:
        self._client = client
        self.calls: list[tuple[str, tuple[Any, ...]]] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *args: self.calls.append((name, args))

    def held(self) -> Held:
        return Held(self._pairs())

    def _pairs(self) -> Iterator[tuple[str, Any]]:
        counts: dict[str, int] = {}
        for callback, args in self.calls:
            index = counts[callback] = counts.get(callback, -1) + 1
            names = _names(self._client, callback)
            assert len(names) == len(args), f"{self._client}: {callback}{args} for {names}"
            for name, arg in zip(names, args, strict=True):
                yield from scalars(arg, f"{callback}[{index}].{name}")


class Complaints(logging.Handler):
    """What a client's own log says went wrong."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        self.texts.append(f"{record.getMessage()[:80]}: {error!r}")


class Counted(list[bytes]):
    """Fields that know how many of them were read by who iterates over them."""

    left = 0

    def __iter__(self) -> Iterator[bytes]:
        self.left = len(self)
        for each in super().__iter__():
            self.left -= 1
            yield each


class Reader:
    """A client's decoder at one server version."""

    def __init__(self, client: str, version: int) -> None:
        self._client = client
        self._version = version

    def read(self, frame: bytes) -> tuple[Listener, list[str]]:
        """Give it a message; return what it called, and its complaints."""
        listener, complaints = Listener(self._client), Complaints()
        log = logging.getLogger(_LOGS.get(self._client, "ibapi.decoder"))
        log.addHandler(complaints)
        try:
            self._interpret(listener, frame, complaints.texts)
        except Exception as error:  # noqa: BLE001 - whatever a client raises is a mismatch
            complaints.texts.append(repr(error))
        finally:
            log.removeHandler(complaints)
        return listener, complaints.texts

    def _interpret(self, listener: Listener, frame: bytes, complaints: list[str]) -> None:
        decoder = _DECODERS[self._client](listener, self._version)
        if self._client != "ibapi":
            decoder.interpret(frame[4:].decode().split("\0")[:-1])
            return
        fields = Counted(frame[4:].split(b"\0")[:-1])
        decoder.interpret(fields)
        if fields.left:
            complaints.append(f"{fields.left} fields left over")
