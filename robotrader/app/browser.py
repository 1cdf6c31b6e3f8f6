"""Pages that are opened in a person's browser."""

from __future__ import annotations

import webbrowser
from typing import TYPE_CHECKING

from robotrader.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path


def opened(page: Path) -> None:
    """Open a page; raises ConfigurationError where there is no browser."""
    if not webbrowser.open(page.resolve().as_uri()):
        msg = f"no browser could be started: open {page} yourself"
        raise ConfigurationError(msg)
