"""Everything that the pages show is run, from a reader's folder, and says what is printed there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from robotrader.chaos import read, strikes
from robotrader.config import layers, resolve
from tests import forked
from tests.docs.blocks import LANGUAGES, PAGES, ROOT, Block, blocks, pattern
from tests.docs.sites import inline, made
from tests.docs.terminal import Terminal
from tests.system.console import gateway
from tests.system.kit import Venue, free_port, until

CONSOLE = [each for each in blocks("console") if not each.mark]
PROGRAMS = blocks("python")
LONGEST = {"README": 11}
"""The README promises ten lines; the import of the package is no part of what they do."""


def named(block: object) -> str:
    return block.name if isinstance(block, Block) else ""


@pytest.mark.parametrize("block", blocks(), ids=named)
def test_every_block_is_of_a_kind_that_is_tried_or_says_why_not(block: Block) -> None:
    assert block.language in LANGUAGES, "say what it is: the kind decides how it is tried"
    if block.mark == "compared by":
        assert block.page.name in (ROOT / block.why).read_text("utf-8")
    if block.language == "text":
        assert not re.search(r"(?m)^\$ |^robotrader ", block.text), "commands are of kind console"
    assert not block.mark or len(block.why) > 10


@pytest.mark.parametrize("block", CONSOLE, ids=named)
def test_what_is_shown_of_a_terminal_is_what_a_reader_gets(block: Block, tmp_path: Path) -> None:
    if block.text.startswith("{"):
        return control_port(block)
    with Terminal(made(block.page.stem, tmp_path)) as terminal:
        assert block.steps()
        terminal.play(block.steps())
    return None


def control_port(block: Block) -> None:
    """Say every line to the control port of a gateway; what is no JSON or is refused fails."""
    port = free_port()
    with gateway("--control-port", str(port)):
        said = re.findall(r"\{.*?\}(?=\s|$)", block.text)
        assert len(said) > 10
        venue = Venue(port)
        until(venue.answers)
        for each in said:
            venue.say(**json.loads(each))


@pytest.mark.parametrize("block", PROGRAMS, ids=named)
def test_a_program_runs_and_prints_what_its_comment_says(block: Block, tmp_path: Path) -> None:
    lines = [line for line in block.text.splitlines() if line.strip()]
    if "4002" not in block.text:
        return check(block, block.text, tmp_path)
    assert len(lines) <= LONGEST["README"]
    with gateway() as port:
        return check(block, block.text.replace("4002", str(port)), tmp_path)


def check(block: Block, code: str, folder: Path) -> None:
    """Run a program; what stands behind ``print(...)  #`` or ``prints:`` is what it prints."""
    promised = re.findall(r"(?m)(?:^print\(.*\)  # |prints: )(.*)$", code)
    ending = "\nroot.stop()\n" if "\nroot = " in code and "root.stop()" not in code else ""
    done = subprocess.run(
        [sys.executable, "-c", code + ending], cwd=folder, capture_output=True, text=True,
        timeout=50, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == promised, f"{block.name}: {done.stderr}"


@pytest.mark.parametrize("block", blocks("toml"), ids=named)
def test_a_piece_of_configuration_is_accepted(block: Block) -> None:
    """Fault programs are read by the emulated gateway, in the block that names ``my.toml``."""
    if "[[fault]]" in block.text:
        assert strikes(read(block.text, block.name))
        return
    if "[[rule]]" in block.text:
        pages = [each for each in CONSOLE if each.page == block.page]
        assert any("my.toml" in each.text for each in pages)
        return
    base = 'account = "DU1234567"\n[universe]\nsymbols = ["AAPL", "KO", "PEP"]\n'
    found = re.search(r"(?m)^\[strategy\.(\w+)\.", block.text)
    if found:
        base += f'[strategy.{found[1]}]\nclass = "a.b:C"\nsymbols = ["KO"]\n'
    resolved = resolve([layers.from_toml("page.toml", base + block.text)], "sim")
    assert resolved.config.strategy


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands_in_sentences_are_commands(page: Path) -> None:
    """Their words and options are those of ``--help``; what stands in capitals is the reader's."""
    for command in inline(page.read_text("utf-8")):
        words = command.split()[1:]
        verbs = [word for word in words[:2] if re.fullmatch(r"[a-z]+", word)]
        asked = help_of(*verbs) or help_of(*verbs[:1])
        assert asked, f"{page.name}: no command {command}"
        for option in re.findall(r"--[a-z-]+", command):
            assert option in asked, f"{page.name}: {command}: no option {option}"


_HELP: dict[tuple[str, ...], str] = {}


def help_of(*verbs: str) -> str:
    """Return what a command says of itself, empty if there is none."""
    if verbs not in _HELP:
        done = forked.run(*verbs, "--help")
        _HELP[verbs] = done.stdout if done.returncode == 0 else ""
    return _HELP[verbs]


def test_the_matcher_takes_nothing_else_than_what_is_shown() -> None:
    shown = pattern(["one ... three", "...", "5.0 s  of 1,000"], figures_vary=True)
    assert shown.match("one two three\nanything\nmore\n7.25 s  of 12\n")
    assert not shown.match("one two four\n7.25 s  of 12\n")
    assert not shown.match("one two three\n7.25 m  of 12\n")
    assert not pattern(["5.0 s"]).match("7.0 s\n")
