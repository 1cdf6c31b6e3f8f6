"""The programs of the README and the documentation run as they are printed there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).resolve().parents[1] / "README.md"


def programs() -> list[str]:
    return re.findall(r"```python\n(.*?)```", README.read_text(), flags=re.DOTALL)


def test_the_ten_lines_of_the_readme_run_and_print_what_their_comment_says() -> None:
    program = programs()[0]
    code = [line for line in program.splitlines() if line.strip()]
    assert len(code) <= 12
    (promised,) = re.findall(r"print\(.*?\)\s+# (.*)", program)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == promised


def test_the_script_of_the_readme_trades_against_the_emulated_gateway() -> None:
    program = programs()[1]
    assert len([line for line in program.splitlines() if line.strip()]) <= 10
    (promised,) = re.findall(r"print\(.*?\)\s+# (.*)", program)
    gateway = subprocess.Popen(
        [sys.executable, "-m", "robotrader", "gateway", "emulate", "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert gateway.stdout is not None
    try:
        port = gateway.stdout.readline().split(",")[0].rpartition(":")[2]
        code = program.replace("4002", port)
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False
        )
    finally:
        gateway.terminate()
        gateway.wait(20)
        gateway.stdout.close()
    assert done.stdout.strip() == promised, done.stderr


def test_the_program_of_the_journals_page_runs_and_prints_what_its_comment_says(
    tmp_path: Path,
) -> None:
    page = (README.parent / "docs" / "journal.md").read_text()
    (program,) = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    (promised,) = re.findall(r"prints: (.*)", program)
    run = [sys.executable, "-c", program]
    environment = {**os.environ, "PYTHONPATH": str(README.parent)}
    done = subprocess.run(
        run, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == promised, done.stderr
