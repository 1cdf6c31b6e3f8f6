"""Where the values of secrets are: the environment first, then a folder of files.

A value is read when it is used and kept by nobody here. A file that others may read is refused,
because whoever could read it may have done so.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final

from robotrader.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from robotrader.config import SecretRef

PREFIX: Final = "ROBOTRADER_SECRET_"
FOLDER: Final = Path("/run/secrets")
_LONGEST: Final = 1 << 16


class Secrets:
    """Finds the values of references."""

    def __init__(self, environ: Mapping[str, str] | None = None, folder: Path = FOLDER) -> None:
        self._environ = os.environ if environ is None else environ
        self._folder = folder

    def value(self, reference: SecretRef) -> str:
        """Return a secret's value; raises ConfigurationError where there is none to use."""
        variable = PREFIX + reference.secret.upper()
        if found := self._environ.get(variable):
            return found
        path = self._folder / reference.secret
        try:
            return _read(path)
        except FileNotFoundError:
            msg = f"secret {reference.secret} is nowhere: set {variable} or write {path}"
            raise ConfigurationError(msg) from None
        except (OSError, UnicodeDecodeError) as error:
            msg = f"{path}: {type(error).__name__}: make it a text file that this user can read"
            raise ConfigurationError(msg) from None


def _read(path: Path) -> str:
    """Read a file that nobody else may read; the check is of what was opened."""
    with path.open("rb") as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        if mode & 0o077:
            msg = f"{path} has mode {mode:04o}, so others can read it: chmod 600 {path}"
            raise ConfigurationError(msg)
        text = file.read(_LONGEST + 1).decode("utf-8").rstrip("\r\n")
    if not text or len(text) > _LONGEST:
        msg = f"{path}: holds {len(text)} characters: a secret has 1 to {_LONGEST}"
        raise ConfigurationError(msg)
    return text
