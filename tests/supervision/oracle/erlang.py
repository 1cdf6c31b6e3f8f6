"""The real OTP supervisor as a subprocess: compiled once, fed by pipes, skipped where missing."""

from __future__ import annotations

import shutil
import subprocess
import threading
from pathlib import Path
from typing import IO, TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterable

SOURCE = Path(__file__).with_name("sup_oracle.erl")
MISSING = "no Erlang here: install erlang-base to compare with the real supervisor"


def erlang_missing() -> str | None:
    """Return why the oracle cannot run here, or None when it can."""
    return None if shutil.which("erl") and shutil.which("erlc") else MISSING


class Oracle:
    """A running ``sup_oracle``; use it as a context manager."""

    def __init__(self, build_dir: Path) -> None:
        self._build_dir = build_dir
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        compile_command = ["erlc", "-o", str(self._build_dir), str(SOURCE)]
        subprocess.run(compile_command, check=True, capture_output=True, timeout=60)
        # One scheduler: the oracle has no parallel work, and the tests share two cores.
        run = ["erl", "-noshell", "+S", "1", "-pa", str(self._build_dir), "-s", SOURCE.stem, "main"]
        self._process = subprocess.Popen(
            run, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="latin-1"
        )
        return self

    def __exit__(self, *_exc: object) -> None:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        process.stdout.close()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def run(self, commands: Iterable[str]) -> list[str]:
        """Send all commands at once and return the answers.

        Writing happens on a thread of its own, since both pipes are bounded.

        Raises:
            RuntimeError: the oracle ended early; its error output says why.
        """
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        text = "".join(f"{line}\n" for line in [*commands, "done"])
        writer = threading.Thread(target=_write, args=(process.stdin, text), daemon=True)
        writer.start()
        answers = list(iter(lambda: _line(process.stdout), "done"))
        writer.join()
        return answers


def _write(pipe: IO[str], text: str) -> None:
    pipe.write(text)
    pipe.flush()


def _line(pipe: IO[str] | None) -> str:
    assert pipe is not None
    line = pipe.readline()
    if not line:
        msg = "the Erlang oracle ended in the middle of a batch; see its output above"
        raise RuntimeError(msg)
    return line.rstrip("\n")
