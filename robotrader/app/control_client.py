"""Asks a running system over its control socket; every wait has one deadline."""

from __future__ import annotations

import itertools
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from robotrader.config import control_socket
from robotrader.domain import control
from robotrader.domain.control import Ask, ControlError
from robotrader.domain.control_answers import Failed, Refused
from robotrader.domain.errors import RoboTraderError

if TYPE_CHECKING:
    from types import TracebackType

    from robotrader.config import Config
    from robotrader.domain.control import Request
    from robotrader.domain.control_answers import Answer

_PIECE: Final = 1 << 16


class NotRunningError(RoboTraderError):
    """Nobody answers on the socket."""


class NoAnswerError(RoboTraderError):
    """A system is there and did not answer in time; what was asked for may have been done."""


class RefusedError(RoboTraderError):
    """The system refused; nothing was changed."""


class FailedError(RoboTraderError):
    """The system tried and failed."""


class ControlClient:
    """A connection to a running system; it connects when it is first used."""

    def __init__(self, path: Path, data_dir: str, deadline_s: float) -> None:
        self._path = path
        self._data_dir = data_dir
        self._deadline_s = deadline_s
        self._numbers = itertools.count(1)
        self._socket: socket.socket | None = None

    @classmethod
    def of(cls, config: Config) -> Self:
        """Return the client of the system that a configuration describes."""
        return cls(Path(control_socket(config)), config.data_dir, config.control.deadline_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def ask(self, request: Request, *, within_s: float | None = None) -> Answer:
        """Return the answer to a request.

        Raises NotRunningError, NoAnswerError, RefusedError, FailedError; ControlError if what
        answers does not speak the protocol.
        """
        wait_s = self._deadline_s if within_s is None else within_s
        until_s = time.monotonic() + wait_s
        try:
            answer = self._exchange(request, wait_s, until_s)
        except TimeoutError:
            self.close()
            msg = f"{self._path}: no answer within {wait_s:g} s: see `robotrader logs`"
            raise NoAnswerError(msg) from None
        except BaseException:
            self.close()
            raise
        if isinstance(answer, Refused):
            msg = f"refused ({answer.code}): {answer.why}"
            raise RefusedError(msg)
        if isinstance(answer, Failed):
            raise FailedError(answer.why)
        return answer

    def _exchange(self, request: Request, wait_s: float, until_s: float) -> Answer:
        number = next(self._numbers)
        ask = Ask(version=control.VERSION, number=number, deadline_s=wait_s, request=request)
        connected = self._connected(until_s)
        try:
            connected.settimeout(_left(until_s))
            connected.sendall(control.frame(ask))
            size = control.length(_read(connected, 4, until_s))
            reply = control.read_reply(_read(connected, size, until_s))
        except ConnectionError as error:
            msg = f"{self._path}: the connection ended before the answer ({error}): try again"
            raise NoAnswerError(msg) from None
        if reply.number not in {number, 0}:
            msg = f"{self._path}: answer {reply.number} came to request {number}"
            raise ControlError(msg)
        return reply.answer

    def _connected(self, until_s: float) -> socket.socket:
        if self._socket is None:
            fresh = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self._socket = fresh
            fresh.settimeout(_left(until_s))
            try:
                fresh.connect(str(self._path))
            except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
                msg = f"no system is running in {self._data_dir}: start it with `robotrader run`"
                raise NotRunningError(msg) from None
            except BlockingIOError:
                # unix(7): what a full backlog says, whatever the timeout is.
                msg = f"{self._path}: too many clients wait to connect: try again"
                raise NoAnswerError(msg) from None
            except PermissionError:
                msg = f"{self._path} belongs to another user: run this as the one who runs it"
                raise NotRunningError(msg) from None
        return self._socket


def _left(until_s: float) -> float:
    """Return how many seconds are left; raises TimeoutError when none are."""
    left_s = until_s - time.monotonic()
    if left_s <= 0:
        raise TimeoutError
    return left_s


def _read(connected: socket.socket, size: int, until_s: float) -> bytes:
    pieces = bytearray()
    while len(pieces) < size:
        connected.settimeout(_left(until_s))
        piece = connected.recv(min(_PIECE, size - len(pieces)))
        if not piece:
            msg = "closed by the system"
            raise ConnectionResetError(msg)
        pieces += piece
    return bytes(pieces)
