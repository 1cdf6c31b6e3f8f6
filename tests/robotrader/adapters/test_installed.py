"""The digest of what is installed: every change is seen, nothing else is."""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from robotrader.adapters.installed import CHANGING, DIGITS, Installed

NAMES = st.sampled_from(["a.py", "b.py", "sub/c.py", "sub/d.py"])
TREES = st.dictionaries(NAMES, st.binary(max_size=8), min_size=1)


def written(folder: Path, files: dict[str, bytes]) -> Path:
    for path in list(folder.rglob("*.py")):
        path.unlink()
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


@given(one=TREES, two=TREES)
def test_f26_two_trees_have_one_digest_if_and_only_if_they_are_equal(
    tmp_path_factory: object, one: dict[str, bytes], two: dict[str, bytes]
) -> None:
    folder = tmp_path_factory.mktemp("tree") / "package"  # type: ignore[attr-defined]
    folder.mkdir()
    looks = Installed([written(folder, one)])
    first = looks.running
    assert len(first) == DIGITS
    written(folder, two)
    assert (looks.now() == first) == (one == two)
    written(folder, one)
    assert looks.now() == first, "what was taken back is the same again"


def test_f26_files_of_another_kind_and_another_time_change_nothing(tmp_path: Path) -> None:
    looks = Installed([written(tmp_path, {"a.py": b"1", "sub/b.py": b"2"})])
    (tmp_path / "a.pyc").write_bytes(b"compiled")
    os.utime(tmp_path / "a.py", ns=(1, 1))
    assert looks.now() == looks.running


def test_f26_a_file_of_the_same_size_and_time_under_a_new_number_is_read(tmp_path: Path) -> None:
    looks = Installed([written(tmp_path, {"a.py": b"1"})])
    before = (tmp_path / "a.py").stat()
    (tmp_path / "new").write_bytes(b"2")
    os.utime(tmp_path / "new", ns=(before.st_atime_ns, before.st_mtime_ns))
    (tmp_path / "new").replace(tmp_path / "a.py")
    assert looks.now() != looks.running


def test_f26_what_cannot_be_read_is_another_build_until_it_can(tmp_path: Path) -> None:
    looks = Installed([written(tmp_path, {"a.py": b"1"})])
    (tmp_path / "b.py").symlink_to(tmp_path / "missing")
    assert looks.now() == CHANGING
    (tmp_path / "b.py").unlink()
    assert looks.now() == looks.running


def test_f26_the_build_of_this_checkout_is_the_same_from_whoever_looks() -> None:
    assert Installed.of_packages().running == Installed.of_packages().running != CHANGING
