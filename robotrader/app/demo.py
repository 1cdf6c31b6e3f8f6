"""``robotrader demo``: a supervised system that is broken on purpose and recovers, as one can see.

Starts heart, the root process, which starts and keeps the core (see ``demo_core``). The exit status
is 0 only if the core saw every recovery, its own replacement after a SIGKILL included.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from supervision import heart

LONGEST_S: Final = 60.0
"""Longest time for the whole demo: ten times what it takes on a slow machine."""


def main() -> int:
    """Run the demo; return 0 if every recovery was seen, else heart's own exit code or 1."""
    with tempfile.TemporaryDirectory(prefix="robotrader-demo-") as folder:
        spec, died_ns = Path(folder, "heart.json"), Path(folder, "died_ns")
        core = [sys.executable, "-m", "robotrader.app.demo_core", str(died_ns)]
        children = [{"name": "core", "argv": core, "terminal_codes": [1]}]
        spec.write_text(json.dumps({"children": children, "dump_dir": folder}))
        print("heart     starts the core process and watches its pulse", flush=True)
        with Path(folder, "events.jsonl").open("w+") as events:
            done = subprocess.run(
                heart.command(spec), stderr=events, timeout=LONGEST_S, check=False
            )
            events.seek(0)
            kinds = [json.loads(line)["event"] for line in events if line.startswith("{")]
        print(f"heart     saw {', '.join(kinds)}", flush=True)
        return done.returncode or int("restarted" not in kinds)
