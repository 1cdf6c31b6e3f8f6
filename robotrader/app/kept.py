"""What commands keep in the data directory: a folder for each run, named by its second."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

    from robotrader.config import Config

RUNS: Final = "backtests"
SWEEPS: Final = "sweeps"
WALKS: Final = "walkforwards"
PATHS: Final = "montecarlos"


def folder_of(config: Config, kind: str) -> Path:
    """Return where everything of a kind is kept."""
    return Path(config.data_dir) / kind


def new_folder(parent: Path, what: str, now: datetime) -> Path:
    """Make a folder for one run, named by the second and ``what``, and by a number where there is
    one of that name: two runs may begin in the same second.
    """
    folder = first = parent / f"{now:%Y%m%dT%H%M%S}-{what}"
    number = 1
    while True:
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            number += 1
            folder = first.with_name(f"{first.name}-{number}")
        else:
            return folder
