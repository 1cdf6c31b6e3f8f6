"""What is installed is what was written: a wheel of the committed state has every module (F96)."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[1]
PACKAGES: Final = ("robotrader", "actors", "supervision")
PIP: Final = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
IMPORT_ALL: Final = """
import importlib, json, pathlib, sys
found = {}
for package in sys.argv[2:]:
    for file in sorted(pathlib.Path(sys.argv[1], package).rglob("*.py")):
        name = ".".join(file.relative_to(sys.argv[1]).with_suffix("").parts)
        if not name.endswith("__main__"):
            name = name.removesuffix(".__init__")
            found[name] = importlib.import_module(name).__file__
print(json.dumps(found))
"""


def run(*command: str, cwd: Path, **environment: str) -> str:
    done = subprocess.run(
        command, cwd=cwd, env=environment or None, check=True, capture_output=True, text=True
    )
    return done.stdout


def modules(folder: Path) -> set[str]:
    files = [file for package in PACKAGES for file in (folder / package).rglob("*.py")]
    return {str(file.relative_to(folder)) for file in files}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A clean clone of the committed state, and the wheel of it."""
    folder = tmp_path_factory.mktemp("package")
    clone, wheels = folder / "clone", folder / "wheels"
    run("git", "clone", "--quiet", str(ROOT), str(clone), cwd=folder)
    build = ("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(wheels))
    run(*PIP, *build, str(clone), cwd=folder)
    (wheel,) = wheels.iterdir()
    return clone, wheel


def test_a_wheel_of_a_clean_clone_has_every_module_and_each_can_be_imported(
    built: tuple[Path, Path], tmp_path: Path
) -> None:
    """F96: code that was never committed, or that the wheel leaves out, is found here."""
    (clone, wheel), target = built, tmp_path / "installed"
    run(*PIP, "install", "--no-deps", "--target", str(target), str(wheel), cwd=tmp_path)
    assert modules(target) == modules(clone)
    assert (target / "robotrader" / "py.typed").exists()
    said = run(
        sys.executable, "-c", IMPORT_ALL, str(target), *PACKAGES, cwd=tmp_path,
        PYTHONPATH=str(target), PYTHONDONTWRITEBYTECODE="1",
    )  # fmt: skip
    imported = json.loads(said)
    assert len(imported) == len([path for path in modules(clone) if "__main__" not in path])
    assert all(file.startswith(str(target)) for file in imported.values())


def test_who_has_the_wheel_alone_has_the_files_of_every_program_beside_it(
    built: tuple[Path, Path], tmp_path: Path
) -> None:
    """F96: a virtual environment without the repository; the libraries are the locked ones."""
    (clone, wheel), venv = built, tmp_path / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", str(venv), cwd=tmp_path)
    (site,) = venv.glob("lib/python*/site-packages")
    there = ("--python", str(venv / "bin" / "python"), "install", "--no-deps", "--no-index")
    run(*PIP, *there, str(wheel), cwd=tmp_path)
    (site / "locked.pth").write_text("\n".join(each for each in sys.path if "site-pack" in each))
    robotrader = str(venv / "bin" / "robotrader")
    where = "import robotrader; print(robotrader.__file__)"
    assert run(str(venv / "bin" / "python"), "-c", where, cwd=tmp_path).startswith(str(site))
    for command in ("init", "config export"):
        said = run(robotrader, *command.split(), f"{command.split()[-1]}ed", cwd=tmp_path)
        assert " files in " in said
    rules = ("exported/prometheus/rules.yml", "exported/grafana/dashboard.json")
    for name in (*rules, "exported/ibc/config.ini.template"):
        assert (tmp_path / name).read_text() == (
            clone / "conf" / name.removeprefix("exported/")
        ).read_text()
    assert run(robotrader, "config", "check", "--conf", "inited", cwd=tmp_path)


def test_every_job_of_the_workflow_runs_the_tests() -> None:
    """F97: a workflow whose steps only say something, or go on after a failure, is none."""
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8")
    jobs = re.findall(r"(?m)^  (\w+):\n    runs-on:(?:.*\n(?:    .*\n|\n)*)", text)
    commands = re.findall(r"(?m)^\s+run: (?!\|)(.+)$", text)
    assert jobs == ["test"]
    assert commands == [".ci/run"]
    assert not re.search(r"continue-on-error|\|\| true|if: false", text)
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    assert "set -euo pipefail" in script
    assert script.rstrip().endswith("make --no-print-directory lint test")
