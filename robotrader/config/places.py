"""Where a system's files are: everything below its data directory, but for what is set apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from robotrader.config.schema import Config


def control_socket(config: Config) -> str:
    """Return the path of the control socket."""
    return config.control.socket or f"{config.data_dir}/control.sock"


def log_folder(config: Config) -> str:
    """Return the folder of the log files."""
    return f"{config.data_dir}/logs"


def journal_folder(config: Config) -> str:
    """Return the folder of the journal."""
    return f"{config.data_dir}/journal"
