"""What was judged, kept beside the code, so that a file that stays as it is is judged once.

One line for each file, as in ``robotrader/ledger/log.py 8a3f01c2d4e5 0-14,16 3,9``: a digest of the
file and of what makes the mistakes, the numbers of those that were judged, and of those that no
test has seen. A line with another digest is an earlier file's and says nothing. That tests were not
weakened since is not in it: ``make deep`` judges a sample anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from itertools import groupby
from pathlib import Path
from typing import Final

from tests.mutation import changes as changes_made_by
from tests.mutation.groups import ROOT

KEPT: Final = Path(__file__).with_name("verdicts.txt")
KILLED, SURVIVED = "killed", "survived"
_NONE: Final = "-"


def digest(file: str) -> str:
    """Return what is another as soon as the file is, or what its mistakes are."""
    maker = Path(str(changes_made_by.__file__)).read_text()  # another maker, other numbers
    return blake2b((maker + (ROOT / file).read_text()).encode(), digest_size=6).hexdigest()


def key(file: str, of: str, number: int) -> str:
    """Return what a mistake is called: the file, its digest, its place among its mistakes."""
    return f"{file}:{of}:{number}"


def read(path: Path) -> dict[str, str]:
    """Return the verdicts of a file of them, by key."""
    return parsed(path.read_text()) if path.exists() else {}


def write(path: Path, files: Iterable[str], verdicts: Mapping[str, str]) -> None:
    """Write the verdicts of these files instead of theirs; other files' lines stay."""
    before = path.read_text() if path.exists() else ""
    path.write_text(with_verdicts(before, {file: digest(file) for file in files}, verdicts))


def parsed(text: str) -> dict[str, str]:
    """Return verdicts as they are written, by key."""
    found = {}
    for line in text.splitlines():
        file, of, judged, survived = line.split()
        unseen = {*_numbers(survived)}
        for number in _numbers(judged):
            found[key(file, of, number)] = SURVIVED if number in unseen else KILLED
    return found


def with_verdicts(text: str, files: Mapping[str, str], verdicts: Mapping[str, str]) -> str:
    """Return a text with other lines for these files, of which the digests are given."""
    lines = {line.split()[0]: line for line in text.splitlines()}
    for file, of in files.items():
        begin = key(file, of, 0).removesuffix("0")
        mine = [name for name in verdicts if name.startswith(begin)]
        found = {int(name.removeprefix(begin)): verdicts[name] for name in mine}
        unseen = [number for number, verdict in found.items() if verdict == SURVIVED]
        lines[file] = f"{file} {of} {_text(found)} {_text(unseen)}"
        if not found:
            del lines[file]
    return "".join(f"{lines[file]}\n" for file in sorted(lines))


def _numbers(text: str) -> Iterable[int]:
    for part in text.split(",") if text != _NONE else ():
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)


def _text(numbers: Iterable[int]) -> str:
    """Return numbers as they are written: ``0-14,16``."""
    parts = []
    for _, run in groupby(enumerate(sorted(numbers)), lambda each: each[1] - each[0]):
        in_row = [number for _, number in run]
        parts.append(f"{in_row[0]}-{in_row[-1]}" if len(in_row) > 1 else str(in_row[0]))
    return ",".join(parts) or _NONE
