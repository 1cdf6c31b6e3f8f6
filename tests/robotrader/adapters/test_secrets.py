"""Where the values of secrets come from, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from robotrader.adapters.secrets import Secrets
from robotrader.config import SecretRef
from robotrader.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

NAME = SecretRef(secret="tws_password")


def written(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / NAME.secret
    path.write_text(text)
    path.chmod(mode)
    return path


def test_the_environment_comes_before_the_file(tmp_path: Path) -> None:
    written(tmp_path, "from file\n")
    assert Secrets({}, tmp_path).value(NAME) == "from file"
    environ = {"ROBOTRADER_SECRET_TWS_PASSWORD": "from environment"}
    assert Secrets(environ, tmp_path).value(NAME) == "from environment"


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o644, 0o660, 0o666, 0o601])
def test_a_file_that_others_may_use_is_refused_unread(tmp_path: Path, mode: int) -> None:
    """F106: a secret's file has at most mode 0600."""
    written(tmp_path, "hunter2", mode)
    with pytest.raises(ConfigurationError, match="chmod 600") as refused:
        Secrets({}, tmp_path).value(NAME)
    assert "hunter2" not in str(refused.value)


def test_nothing_anywhere_says_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"set ROBOTRADER_SECRET_TWS_PASSWORD or write"):
        Secrets({}, tmp_path).value(NAME)


@pytest.mark.parametrize("text", ["", "\n", "x" * 70_000])
def test_a_file_with_no_or_too_much_content_is_refused(tmp_path: Path, text: str) -> None:
    written(tmp_path, text)
    with pytest.raises(ConfigurationError, match="characters"):
        Secrets({}, tmp_path).value(NAME)


def test_a_file_that_is_no_text_is_refused_without_its_bytes(tmp_path: Path) -> None:
    path = written(tmp_path, "")
    path.write_bytes(b"hunter2\xff")
    with pytest.raises(ConfigurationError, match="text file") as refused:
        Secrets({}, tmp_path).value(NAME)
    assert "hunter2" not in str(refused.value)
