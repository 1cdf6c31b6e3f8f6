"""Who reads what a command prints may leave: that is no error, and changes no status."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys

import msgspec
import pytest

from robotrader.domain import control, control_answers
from tests.robotrader.app.test_operate_cli import System, system
from tests.robotrader.app.unread import ROOT, unread
from tests.robotrader.domain import answers as examples

__all__ = ["system"]


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_reader_that_left_makes_nothing_healthy(
    system: System, options: tuple[str, ...], unbuffered: str
) -> None:
    """As in ``robotrader healthcheck | true`` where the shell looks at every status."""
    ill = msgspec.structs.replace(examples.STATUS, reconciled=False)
    system.script.answers[control.Status] = ill
    differs = control_answers.ReconcileAnswer(clean=False, at_ns=examples.NOW, breaks=())
    system.script.answers[control.Reconcile] = differs
    where = ("--set", f"data_dir={system.folder}", *options)
    for command in ("healthcheck", "reconcile"):
        assert unread(command, *where, unbuffered=unbuffered) == (4, b""), command


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_reader_that_has_enough_is_no_error(
    system: System, options: tuple[str, ...], unbuffered: str
) -> None:
    """As in ``robotrader journal tail | head -1``, with more to say than a pipe holds."""
    system.script.answers[control.Logs] = examples.ALL[control.Logs]
    rows = tuple(msgspec.structs.replace(examples.ORDER, ref=f"r{n}") for n in range(1_000))
    system.script.answers[control.Orders] = control_answers.OrdersAnswer(orders=rows)
    folder = f"data_dir={system.folder}"
    process = subprocess.Popen(
        [sys.executable, "-m", "robotrader", "orders", "--set", folder, *options],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.read(10)
    process.stdout.close()
    assert process.stderr is not None
    with contextlib.closing(process.stderr):
        assert (process.stderr.read(), process.wait(20)) == (b"", 0)
