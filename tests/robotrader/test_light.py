"""What a command imports: those that decide nothing and compute nothing bring no heavy libraries.

Each is run in a process of its own, forked from one that has imported nothing but the command
line, and says what it has imported at its end.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
HEAVY: Final = ("ib_async", "numpy", "pandas", "pyarrow", "pykka", "scipy")
COMMANDS: Final = (
    "config show", "config check", "config schema", "init conf --yes", "logs", "healthcheck",
    "status", "top --times 1", "orders", "positions", "trades", "pnl", "account", "breakers ls",
    "actors tree", "risk limits", "journal tail", "kill --reason test --yes",
    "resume --reason test", "stop",
    "chaos ls", "chaos stop", "gateway errors 1100",
)  # fmt: skip
SCRIPT: Final = """
import io, json, os, sys
from robotrader.__main__ import main

heavy, commands = json.loads(sys.argv[1])
for command in commands:
    out, into = os.pipe()
    if os.fork() == 0:
        sys.stdout = sys.stderr = io.StringIO()
        status = main(command.split())
        from robotrader.app import risk_cli, tables
        found = [name for name in heavy if name in sys.modules]
        os.write(into, json.dumps([command, status, found]).encode())
        os._exit(0)
    os.close(into)
    print(os.read(out, 65536).decode(), flush=True)
    os.wait()
"""


def test_commands_that_need_no_numbers_import_neither_numpy_nor_the_brokers_client(
    tmp_path: Path,
) -> None:
    """What asks a running system finds none here, and says so; tables are imported all the same."""
    given = json.dumps([HEAVY, COMMANDS])
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, given], cwd=tmp_path, env={"PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False, timeout=150,
    )  # fmt: skip
    said = [json.loads(line) for line in done.stdout.splitlines()]
    assert [command for command, _, _ in said] == list(COMMANDS), done.stderr
    assert {command: found for command, _, found in said if found} == {}
    assert {status for _, status, _ in said} <= {0, 1, 2, 4}, said
    assert said[0][1] == said[3][1] == 0
