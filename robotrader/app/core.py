"""What heart starts: the core process, imported while nobody looks for garbage.

Importing leaves next to none, but makes so many objects that the collector would walk through them
again and again: a seventh of the time until the core may trade. As they stay, they are left alone
from then on, at the end as well.
"""

from __future__ import annotations

import gc
import sys
from pathlib import Path


def main(handed: Path) -> int:
    """Run the core until it is stopped; return its exit status."""
    gc.disable()
    from robotrader.app.core_main import main as run

    gc.freeze()
    gc.enable()
    return run(handed)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
