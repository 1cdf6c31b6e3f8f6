"""Which tests carry the numbers of the failure register, and the page that says so.

A test carries a number by its name (``test_f22_...``), its docstring or its module's docstring
(``F22``). ``python -m tests.failures`` writes the last column of docs/failures.md anew;
``test_failures.py`` fails if it is not what the tests say.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
PAGE: Final = ROOT / "docs" / "failures.md"
NUMBER: Final = re.compile(r"\bF(\d{2,3})\b|(?<=_)f(\d{2,3})(?=_|$)")
ROW: Final = re.compile(r"(?m)^\| F(\d+) \| (.+?) \| (.+) \|$")

Carriers = dict[int, dict[str, set[str]]]
"""By number and file: the tests, or none of them by name if the module as a whole carries it."""


@cache
def carriers() -> Carriers:
    """Return which tests carry which numbers."""
    found: Carriers = defaultdict(lambda: defaultdict(set))
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        file, tree = str(path.relative_to(ROOT)), ast.parse(path.read_text("utf-8"))
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        for node in functions:
            if node.name.startswith("test_"):
                for number in numbers(f"{node.name} {ast.get_docstring(node) or ''}"):
                    found[number][file].add(node.name)
        for number in numbers(ast.get_docstring(tree) or ""):
            found[number].setdefault(file, set())
    return found


def numbers(text: str) -> set[int]:
    """Return the numbers that a text carries."""
    return {int(one or other) for one, other in NUMBER.findall(text)}


def proof(files: dict[str, set[str]]) -> str:
    """Return a row's last cell: each file with the tests that carry the number by themselves."""
    cells = []
    for file, names in sorted(files.items()):
        tests = ", ".join(f"`{name}`" for name in sorted(names))
        cells.append(f"`{file}`" + (f": {tests}" if tests else ""))
    return "; ".join(cells)


def written(page: str) -> str:
    """Return the page with its last column as the tests say it; a row without tests stays."""
    found = carriers()

    def row(match: re.Match[str]) -> str:
        number, what, said = int(match[1]), match[2], match[3]
        return f"| F{number:02} | {what} | {proof(found[number]) if number in found else said} |"

    return ROW.sub(row, page)


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text("utf-8")), "utf-8")
