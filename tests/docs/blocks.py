"""The fenced blocks of the pages, and what is in them: commands with what they say.

A block of the language ``console`` has lines ``$ COMMAND`` with its output behind it, or, if none
begins with ``$``, is nothing but commands. Output is compared line by line; ``...`` stands for
anything, on a line of its own for any lines. A block that no test can run has an HTML comment
before it: ``<!-- not run: REASON -->``, or ``<!-- compared by PATH -->`` with the test that does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
PAGES: Final = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))
BLOCK: Final = re.compile(
    r"(?:^<!-- (?P<mark>not run|compared by):? (?P<why>.+?) -->\n\n?)?"
    r"^```(?P<language>\w*)\n(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
LANGUAGES: Final = {"console", "python", "toml", "text", "json"}


@dataclass(frozen=True)
class Step:
    """A command and the lines that it is shown to say."""

    command: str
    says: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Block:
    """A fenced block; ``line`` is that of its first line in the page."""

    page: Path
    line: int
    language: str
    text: str
    mark: str
    why: str

    @property
    def name(self) -> str:
        return f"{self.page.stem}-{self.line}"

    def steps(self) -> list[Step]:
        """The commands of a console block, continued lines joined."""
        lines = self.text.replace("\\\n", " ").splitlines()
        if not any(line.startswith("$ ") for line in lines):
            return [Step(line) for line in lines if line.strip()]
        found: list[Step] = []
        for line in lines:
            if line.startswith("$ "):
                found.append(Step(line.removeprefix("$ ")))
            else:
                found[-1].says.append(line)
        return found


def blocks(language: str = "") -> list[Block]:
    """Return the blocks of all pages, or those of a language."""
    found = []
    for page in PAGES:
        text = page.read_text("utf-8")
        for each in BLOCK.finditer(text):
            line = text.count("\n", 0, each.start("text")) + 1
            mark, why = each["mark"] or "", each["why"] or ""
            found.append(Block(page, line, each["language"], each["text"], mark, why))
    return [each for each in found if language in {"", each.language}]


def pattern(lines: list[str], *, figures_vary: bool = False) -> re.Pattern[str]:
    """Return what matches these lines; ``...`` is anything, and any number another, if wanted."""
    parts = []
    for line in lines:
        if line.strip() == "...":
            parts.append(r"(?:.*\n)*?")
            continue
        whole = re.escape(line.rstrip()).replace(r"\.\.\.", ".*")
        if figures_vary:
            whole = re.sub(
                r"(?:\\-)?\d[\d,]*(?:\\\.\d+)?|\bunknown\b", r"(?:-?[\\d.,]+|unknown)", whole
            )
            whole = re.sub(r"(?:\\ )+", r"\\s+", whole)
        parts.append(whole + r"\s*?\n")
    return re.compile("".join(parts))
