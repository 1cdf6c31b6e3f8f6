"""The limits of the house style, as ordinary tests over the files that git tracks.

A failing test lists every place as ``file:line: what is wrong``. The exceptions are the literals
at the top, each with its reason: an exception without a reason is not possible.
"""

from __future__ import annotations

import gc
import os
import re
import statistics
import subprocess
import tempfile
from functools import cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from tests import tidy_rules as rules
from tests.tidy_rules import Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT: Final = Path(__file__).resolve().parents[1]
PRODUCT: Final = ("robotrader/", "actors/", "supervision/")

PRINTING: Final = {
    "robotrader/__main__.py": "the command line",
    "robotrader/app/": "what a command shows goes to standard output",
    "bench/": "a benchmark prints its table",
}
SLEEPING_TESTS: Final[dict[str, str]] = {}
ENTRY_POINTS: Final = {
    "actors": "the package",
    "robotrader": "the package",
    "robotrader.__main__": "the command line",
    "robotrader.app.core": "the process that heart starts",
    "robotrader.app.run": "imported by name by the command of that name",
    "supervision": "the package",
    "supervision.breaker": "a package of its own, imported by name",
}
IMPURE: Final = ("robotrader/adapters/", "robotrader/app/", "robotrader/emulator/")
"""What of robotrader meets the machine; everything else is values in, values out."""
SHARED_FOLDERS: Final = frozenset({"/", "/home", "/opt", "/srv", "/usr", "/usr/local", "/var"})
"""Folders that every machine has: naming one says nothing about this machine."""

UNFINISHED: Final = re.compile(r"\b(TO[D]O|FIXM[E]|XX[X])\b")
LEAVING: Final = re.compile(r"(?<![\w./])(?:\.\./)+[\w.-]+")


def _git(*arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout


@cache
def tracked() -> tuple[str, ...]:
    """The paths of the files that git tracks and that exist."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: which files belong to the project is unknown")
    return tuple(path for path in _git("ls-files", "-z").split("\0") if (ROOT / path).is_file())


@cache
def texts() -> tuple[tuple[str, str], ...]:
    """The path and the text of every tracked file that is text."""
    found = []
    for path in tracked():
        content = (ROOT / path).read_bytes()
        if b"\0" not in content:
            found.append((path, content.decode("utf-8")))
    return tuple(found)


@cache
def python_files() -> tuple[Source, ...]:
    return tuple(Source(path, text) for path, text in texts() if path.endswith(".py"))


@pytest.fixture(scope="module", autouse=True)
def _uncollected() -> Iterator[None]:
    """Trees of a thousand files are no garbage, and going through them took longer than parsing."""
    gc.disable()
    yield
    python_files.cache_clear()
    texts.cache_clear()
    gc.enable()


def product() -> tuple[Source, ...]:
    return tuple(source for source in python_files() if source.path.startswith(PRODUCT))


def assert_none(findings: Iterable[str]) -> None:
    """Fail with one line for each finding."""
    listed = list(findings)
    if listed:
        pytest.fail("\n".join([f"{len(listed)} found:", *listed]), pytrace=False)


def lines_matching(pattern: re.Pattern[str]) -> Iterator[tuple[str, int, re.Match[str]]]:
    """Yield the path, the line and the match of ``pattern`` in the tracked texts."""
    for path, text in texts():
        for match in pattern.finditer(text):
            yield path, text.count("\n", 0, match.start()) + 1, match


@pytest.mark.parametrize(
    "rule", [rules.long_functions, rules.long_file, rules.wide_lines, rules.bare_excepts]
)
def test_every_python_file_keeps_the_limit(rule: rules.Rule) -> None:
    assert_none(chain.from_iterable(rule(source) for source in python_files()))


@pytest.mark.parametrize("rule", [rules.missing_prose, rules.naive_times])
def test_every_product_module_keeps_the_rule(rule: rules.Rule) -> None:
    assert_none(chain.from_iterable(rule(source) for source in product()))


@pytest.mark.parametrize("package", PRODUCT)
def test_half_of_a_packages_functions_have_fewer_than_10_lines(package: str) -> None:
    mine = [source for source in product() if source.path.startswith(package)]
    lengths = [lines for source in mine for _, _, lines in rules.functions(source)]
    assert not lengths or statistics.median(lengths) < 10


def is_pure(source: Source) -> bool:
    inside = source.path.startswith("robotrader/") and source.path != "robotrader/__main__.py"
    return inside and not source.path.startswith(IMPURE)


@pytest.mark.parametrize("rule", [rules.impure_calls, rules.module_state])
def test_a_pure_package_has_no_clock_no_chance_no_files_and_no_state(rule: rules.Rule) -> None:
    """F57: chance comes with a seed; F52: time is an argument."""
    pure = [source for source in product() if is_pure(source)]
    assert len(pure) > 50
    assert_none(chain.from_iterable(map(rule, pure)))


def test_only_the_command_line_prints() -> None:
    silent = [s for s in python_files() if not s.path.startswith((*PRINTING, "tests/"))]
    assert_none(chain.from_iterable(map(rules.prints, silent)))


def test_no_test_sleeps_for_a_fixed_time() -> None:
    tests = [s for s in python_files() if s.path.startswith("tests/")]
    judged = [source for source in tests if source.path not in SLEEPING_TESTS]
    assert_none(chain.from_iterable(map(rules.sleeps, judged)))


def test_supervision_imports_only_pykka_and_the_standard_library() -> None:
    allowed = frozenset({"pykka", "supervision"})
    mine = [source for source in product() if source.path.startswith("supervision/")]
    assert_none(chain.from_iterable(rules.foreign_imports(source, allowed) for source in mine))


def test_every_product_module_is_reached_from_a_package_or_the_command_line() -> None:
    """F100: code that nothing runs, with other defaults than the code that is run."""
    assert_none(rules.unreachable(product(), ENTRY_POINTS))


def test_every_exception_to_a_rule_names_something_that_exists() -> None:
    gone = [path for path in (*PRINTING, *SLEEPING_TESTS) if not (ROOT / path).exists()]
    assert gone == []
    assert ENTRY_POINTS.keys() <= {source.module for source in python_files()}


def test_the_locks_hold_versions_and_hashes_and_no_addresses() -> None:
    """F108: what is installed is what was locked."""
    address = re.compile(r"(?m)^.*(?:[a-z+]+://|^\s*-{1,2}(?:i|f|index|extra|find|trusted)\b).*$")
    locks = [path for path in tracked() if re.fullmatch(r"requirements/\w+\.txt", path)]
    found = [(path, line) for path, line, _ in lines_matching(address) if path in locks]
    assert_none(f"{path}:{line}: an address: run `make lock`" for path, line in found)
    for path in locks:
        text = (ROOT / path).read_text("utf-8")
        pinned = re.findall(r"(?m)^\S+==\S+(?: ; .+)? \\$\n    --hash=", text)
        assert len(pinned) == len(re.findall(r"(?m)^[^\s#]", text)) > 0


def machine_folders() -> set[str]:
    """The folders of the machine that runs the test: its checkouts, its home, its wheels."""
    origin = Path(_git("config", "--default", "", "--get", "remote.origin.url").strip())
    wheels = (Path(folder) for folder in os.environ.get("PIP_FIND_LINKS", "").split())
    folders = [ROOT, ROOT.parent, Path.home(), origin, origin.parent, *wheels]
    named = {str(folder) for folder in folders if folder.is_absolute()}
    return named - SHARED_FOLDERS - {tempfile.gettempdir()}


def test_no_tracked_file_names_a_folder_of_this_machine() -> None:
    either = "|".join(re.escape(folder) for folder in sorted(machine_folders()))
    pattern = re.compile(rf"(?<![\w.~$}}-])(?:{either})(?![\w-])")
    found = lines_matching(pattern)
    assert_none(f"{path}:{line}: names {match[0]} of this machine" for path, line, match in found)


def test_no_tracked_file_points_out_of_the_repository() -> None:
    found = (
        f"{path}:{line}: {match[0]} is outside the repository"
        for path, line, match in lines_matching(LEAVING)
        if not ((ROOT / path).parent / match[0]).resolve().is_relative_to(ROOT)
    )
    assert_none(found)


def test_nothing_is_left_for_later() -> None:
    found = lines_matching(UNFINISHED)
    assert_none(f"{path}:{line}: {match[0]}: do it or file it" for path, line, match in found)
