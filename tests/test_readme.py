"""The README's program runs as it is printed there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).resolve().parents[1] / "README.md"


def test_the_ten_lines_of_the_readme_run_and_print_what_their_comment_says() -> None:
    (program,) = re.findall(r"```python\n(.*?)```", README.read_text(), flags=re.DOTALL)
    code = [line for line in program.splitlines() if line.strip()]
    assert len(code) <= 12
    (promised,) = re.findall(r"print\(.*?\)\s+# (.*)", program)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == promised
