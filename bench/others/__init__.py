"""Other engines, each a script that is run by the Python of an environment of its own.

``make bench`` builds the environments where there is a Python 3.12; without one an engine is not
measured, and the report says so. A script prints one line of JSON: ``seconds`` of the processor,
and how many ``trades`` or ``orders`` it made, which shows that it did the work.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any, Final

ENVIRONMENTS: Final = Path(".venv-bench")
SCRIPTS: Final = Path(__file__).parent


def theirs(name: str, workload: str, size: int, ours_s: float) -> dict[str, float]:
    """Return another engine's seconds, and for one of ours; nothing if it is not there."""
    python = ENVIRONMENTS / name / "bin" / "python"
    if not (ENVIRONMENTS / name / "ready").exists():
        return {}
    script = str(SCRIPTS / f"{name}_{workload}.py")
    done = subprocess.run(
        [str(python), script, str(size)], capture_output=True, text=True, check=True,
        env={**os.environ, "NUMBA_NUM_THREADS": "1"},
    )  # fmt: skip
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return {name: said["seconds"], f"{name}_times": said["seconds"] / ours_s}
