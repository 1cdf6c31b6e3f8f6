"""``robotrader reconcile [--fix SYMBOL --reason TEXT]``: both sides, and the broker's accepted."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Final

import msgspec

from robotrader.app import exits
from robotrader.app.confirm import confirm
from robotrader.app.control_client import FailedError
from robotrader.app.operate_cli import emit, who
from robotrader.domain import control
from robotrader.domain import control_answers as answers
from robotrader.domain.errors import ConfigurationError

if TYPE_CHECKING:
    import argparse

    from robotrader.app.control_client import ControlClient

WITHIN_S: Final = 60.0
"""The broker is asked, twice to accept its position; that may take this long."""


def checked(arguments: argparse.Namespace) -> None:
    """Raise ConfigurationError where options are given that do not go together."""
    if arguments.fix is not None and arguments.reason is None:
        msg = "--fix needs --reason TEXT: it is kept in the journal"
        raise ConfigurationError(msg)
    if arguments.fix is None and (arguments.reason is not None or arguments.yes):
        msg = "--reason and --yes go with --fix SYMBOL: without it nothing is changed"
        raise ConfigurationError(msg)


def run(arguments: argparse.Namespace, client: ControlClient) -> int:
    """Compare, or accept the broker's position of a symbol; return the exit status."""
    if arguments.fix is not None:
        return _fix(arguments, client)
    answer = client.ask(control.Reconcile(), within_s=WITHIN_S)
    with exits.whoever_reads():
        emit(arguments, answer)
    clean = isinstance(answer, answers.ReconcileAnswer) and answer.clean
    return exits.OK if clean else exits.UNHEALTHY


def _fix(arguments: argparse.Namespace, client: ControlClient) -> int:
    """Show both sides of a symbol, ask, and have the broker's accepted as it was shown."""
    look = control.Adopt(
        symbol=arguments.fix, reason=arguments.reason, who=who(), key=uuid.uuid4().hex,
        preview=True, ours=None, broker=None,
    )  # fmt: skip
    shown = client.ask(look, within_s=WITHIN_S)
    if not isinstance(shown, answers.AdoptAnswer):
        msg = "the system did not show both sides: nothing was done, see `robotrader logs`"
        raise FailedError(msg)
    if not arguments.yes:
        emit(arguments, shown)
        confirm(client.ask(control.Status()), "fix")
    request = msgspec.structs.replace(look, preview=False, ours=shown.ours, broker=shown.broker)
    emit(arguments, client.ask(request, within_s=WITHIN_S))
    return exits.OK
