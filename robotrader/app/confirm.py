"""The question before what cannot be taken back: a person types what it is, not only a key."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from robotrader.app.control_client import RefusedError
from robotrader.domain import control_answers as answers

if TYPE_CHECKING:
    from robotrader.domain.control_answers import Answer


def confirm(status: Answer, level: str) -> None:
    """Ask for a yes; with real money, for what is grave, for the account's last digits."""
    if not isinstance(status, answers.StatusAnswer):
        msg = "the system did not say its mode: add --yes to do it at once"
        raise RefusedError(msg)
    grave = status.mode == "live" and level in {"cancel", "flatten", "loosen", "fix"}
    wanted = f"{level.upper()} {status.account[-4:]}" if grave else "yes"
    print(f"{status.mode.upper()} {status.account}: type {wanted!r} to do it: ", end="",
          file=sys.stderr, flush=True)  # fmt: skip
    if sys.stdin.readline().strip() != wanted:
        msg = f"not confirmed, nothing was done: type {wanted!r}, or add --yes"
        raise RefusedError(msg)
