"""A test that writes where a user's data could be fails; one that writes temporary files passes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plugin_writes import _found, is_allowed

HOME = "/home/somebody"


def test_a_write_elsewhere_is_seen() -> None:
    """F98: of every way to change a file; nothing is changed here, the folder is not there."""
    missing = Path("/no-such-folder/journal")
    for change in (
        lambda: missing.write_bytes(b""),
        missing.unlink,
        missing.mkdir,
        lambda: missing.rename(missing.with_name("b")),
    ):
        with pytest.raises(FileNotFoundError):
            change()
        assert [str(missing) in line for line in _found] == [True]
        _found.clear()


def test_temporary_files_and_reading_are_free(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    assert Path(__file__).read_text("utf-8")
    assert not _found


@pytest.mark.parametrize(
    "path", [f"{HOME}/.config/robotrader/own.toml", f"{HOME}/robotrader/data/journal"]
)
def test_places_of_a_user_are_not_allowed(path: str) -> None:
    assert not is_allowed(path)


def test_what_is_started_finds_another_home() -> None:
    assert is_allowed(str(Path.home()))
