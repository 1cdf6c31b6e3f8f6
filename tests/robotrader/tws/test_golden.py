"""Versions 193 and 200, which no client here speaks, against frames written by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pytest

from robotrader.tws import codec, frame

VERSIONS = (193, 200)
UNSET = {"1.7976931348623157E308", "2147483647"}


class Golden(NamedTuple):
    """A block of the file: its lines still have their gates."""

    direction: str
    name: str
    number: str
    lines: list[str]

    def fields(self, version: int) -> list[tuple[str, str]]:
        """Names and texts in the order of the wire."""
        kept = [rest for line in self.lines if (rest := gated(line, version))]
        return [(name, text) for part in "|".join(kept).split("|") for name, text in [pair(part)]]


def gated(line: str, version: int) -> str:
    for sign, exists in ((">=", version.__ge__), ("<", version.__lt__)):
        if line.startswith(sign):
            bound, _, rest = line.removeprefix(sign).partition(": ")
            return rest if exists(int(bound)) else ""
    return line


def pair(part: str) -> tuple[str, str]:
    name, equals, text = part.partition("=")
    assert equals, f"no field: {part!r}"
    return name, text


def blocks() -> list[Golden]:
    text = (Path(__file__).parent / "golden.txt").read_text(encoding="utf-8")
    made: list[Golden] = []
    for line in text.splitlines():
        if line.startswith("== "):
            _, direction, name, number = line.split()
            made.append(Golden(direction, name, number, []))
        elif line and not line.startswith("#"):
            made[-1].lines.append(line)
    return made


def value(text: str) -> Any:
    """What stands for a text in Python: a number where it is one, None where it is unset."""
    if text in UNSET:
        return None
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text


def given(fields: list[tuple[str, str]]) -> dict[str, Any]:
    """The fields as a program would give them: what is empty is left away."""
    made: dict[str, Any] = {}
    for name, text in fields:
        group, _, rest = name.partition(".")
        if rest:
            index, _, inner = rest.partition(".")
            if int(index) == len(made[group]):
                made[group].append({})
            made[group][-1] |= {inner: value(text)} if text else {}
        elif any(each.startswith(f"{name}.0.") for each, _ in fields):
            made[name] = []
        elif text and name != "V" and text != "0":
            made[name] = value(text)
    return made


def matches(decoded: Any, text: str) -> bool:
    if isinstance(decoded, str):
        return decoded == text
    if isinstance(decoded, list):
        return len(decoded) == int(text)
    return decoded is None if value(text) in {None, ""} else float(decoded) == float(text)


CASES = [
    pytest.param(block, version, id=f"{block.name}-{version}")
    for block in blocks()
    for version in VERSIONS
]


@pytest.mark.parametrize(("golden", "version"), CASES)
def test_a_frame_written_by_hand_is_what_we_write(golden: Golden, version: int) -> None:
    fields, spoken = golden.fields(version), codec(version)
    encode = {"request": spoken.encode_request, "reply": spoken.encode_reply}[golden.direction]
    texts = [golden.number, *(text for _, text in fields), ""]
    written = encode(golden.name, given(fields))
    assert written[4:].decode().split("\0") == texts
    assert written == frame("\0".join(texts).encode())


@pytest.mark.parametrize(("golden", "version"), CASES)
def test_a_frame_written_by_hand_is_read_by_name(golden: Golden, version: int) -> None:
    fields, spoken = golden.fields(version), codec(version)
    decode = {"request": spoken.decode_request, "reply": spoken.decode_reply}[golden.direction]
    payload = "\0".join([golden.number, *(text for _, text in fields), ""]).encode()
    message = decode(payload)
    assert message.name == golden.name
    read = {name: at(message.fields, name) for name, _ in fields if name != "V"}
    wrong = {name: read[name] for name, text in fields if name != "V"
             and not matches(read[name], text)}  # fmt: skip
    assert wrong == {}
    assert message.fields.keys() == {name.partition(".")[0] for name in read}


def at(fields: dict[str, Any], name: str) -> Any:
    """The value at ``rows.0.name``."""
    group, _, rest = name.partition(".")
    if not rest:
        return fields[group]
    index, _, inner = rest.partition(".")
    return fields[group][int(index)][inner]
