"""Plans that failed once, as files: replayed for ever, whatever seeds draw by then."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from tests.simulation.plan import Fault, Plan

FOLDER: Final = Path(__file__).parent / "corpus"


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file: the faults themselves, and what they once broke."""

    level: str
    seed: int
    seconds: float
    found: str
    """What was wrong with the product."""

    broke: str
    """The checker that saw it."""

    fault: tuple[Fault, ...]

    def plan(self) -> Plan:
        """Return it as a plan."""
        classes = tuple(dict.fromkeys(each.cls for each in self.fault))
        return Plan(self.seed, self.seconds, classes, self.fault)


def load(path: Path) -> Case:
    """Read a case."""
    return msgspec.toml.decode(path.read_bytes(), type=Case)


def text_of(case: Case) -> str:
    """Return a case as its file has it."""
    lines = [f"{name} = {_word(getattr(case, name))}" for name in case.__struct_fields__[:-1]]
    for fault in case.fault:
        lines += ["", "[[fault]]"]
        lines += [f"{name} = {_word(getattr(fault, name))}" for name in fault.__struct_fields__]
    return "\n".join(lines) + "\n"


def _word(value: object) -> str:
    return msgspec.json.encode(value).decode()
