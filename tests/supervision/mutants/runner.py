"""Runs a catalogue of seeded mistakes: ``python -m tests.supervision.mutants.runner supervisor``.

Each mutant gets a copy of the code and of the tests with one text replaced; then its tests must
fail. A mutant whose tests pass has survived: a test is missing. A mutant whose text is not there
any more, or is there twice, is an error in the catalogue.
"""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.supervision.mutants.mutant import Mutant

ROOT = Path(__file__).resolve().parents[3]
COPIED = ("supervision", "robotrader", "actors", "bench", "tests", "pyproject.toml")
LONGEST_S = 300
"""A mutant may hang the tests; that is caught too, but it must end."""


def catalogue(name: str) -> tuple[Sequence[Mutant], Sequence[str]]:
    """The mutants of ``name`` and the tests that have to catch them.

    It is "supervisor", "breaker", or a module elsewhere by its full name.
    """
    full = name if "." in name else f"tests.supervision.mutants.{name}_mutants"
    module = importlib.import_module(full)
    return module.MUTANTS, module.TESTS


def copy_of_the_code(folder: Path) -> Path:
    """Copy what the tests need into ``folder``."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    return folder


def passes(folder: Path, tests: Sequence[str]) -> bool:
    """Say whether ``tests`` pass on the code in ``folder``."""
    quiet = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", "--timeout=60"]
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *quiet, *tests],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            timeout=LONGEST_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def survives(folder: Path, mutant: Mutant, tests: Sequence[str]) -> bool:
    """Put the mistake in, run the tests, take it out again; say whether nobody noticed.

    Raises:
        LookupError: the text to replace is not there exactly once.
    """
    path = folder / mutant.file
    text = path.read_text()
    if text.count(mutant.old) != 1:
        msg = f"mutant {mutant.id}: its text is {text.count(mutant.old)} times in {mutant.file}"
        raise LookupError(msg)
    path.write_text(text.replace(mutant.old, mutant.new))
    try:
        return passes(folder, tests)
    finally:
        path.write_text(text)


def survivors(name: str, *, say: bool = False) -> list[str]:
    """Run a whole catalogue; return a line for every mutant that survived.

    Raises:
        RuntimeError: the tests fail on the code as it is.
    """
    mutants, tests = catalogue(name)
    alive = []
    with tempfile.TemporaryDirectory(prefix="mutants-") as made:
        folder = copy_of_the_code(Path(made))
        if not passes(folder, tests):
            msg = f"the tests of {name!r} fail without a mutant: they would catch anything"
            raise RuntimeError(msg)
        for mutant in mutants:
            survived = survives(folder, mutant, tests)
            if survived:
                alive.append(f"{mutant.id}: {mutant.breaks}")
            if say:
                verdict = "SURVIVED" if survived else "caught"
                sys.stdout.write(f"{verdict:9}{mutant.id}: {mutant.breaks}\n")
                sys.stdout.flush()
    return alive


def main() -> int:
    """Run the catalogue that the argument names; return 1 if a mutant survived."""
    alive = survivors(sys.argv[1], say=True)
    mutants, _ = catalogue(sys.argv[1])
    sys.stdout.write(f"{len(mutants) - len(alive)} of {len(mutants)} caught\n")
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main())
