"""Layers: which value wins, and where each one was written."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.config import layers
from robotrader.config.layers import Layer
from robotrader.domain.errors import ConfigurationError

NAMES = st.sampled_from(["a", "b", "c", "d"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map(tuple)


def tree(values: dict[tuple[str, ...], int]) -> dict[str, Any]:
    """Nest values by their paths; a path that runs through a value is left out."""
    made: dict[str, Any] = {}
    for path, value in values.items():
        table = made
        for name in path[:-1]:
            table = table.setdefault(name, {})
            if not isinstance(table, dict):
                break
        else:
            if not isinstance(table.get(path[-1]), dict):
                table[path[-1]] = value
    return made


TREES = st.dictionaries(PATHS, st.integers(0, 9), max_size=5).map(tree)


def layer(name: str, values: dict[str, Any]) -> Layer:
    return Layer(name, values, dict.fromkeys(layers.leaves(values), name))


@given(st.lists(TREES, max_size=4))
def test_the_last_layer_that_sets_a_key_wins_and_is_its_origin(trees: list[dict[str, Any]]) -> None:
    """The oracle writes leaf by leaf into a flat dictionary."""
    flat: dict[tuple[str, ...], tuple[int, str]] = {}
    for number, values in enumerate(trees):
        for path, value in layers.values(values):
            for known in list(flat):
                shorter = min(len(known), len(path))
                if known[:shorter] == path[:shorter]:
                    del flat[known]
            flat[path] = value, str(number)
    merged = layers.merge([layer(str(n), values) for n, values in enumerate(trees)])
    assert dict(layers.values(merged.tree)) == {path: value for path, (value, _) in flat.items()}
    assert merged.places == {path: origin for path, (_, origin) in flat.items()}


@given(TREES, TREES)
def test_merging_leaves_its_layers_as_they_were(one: dict[str, Any], other: dict[str, Any]) -> None:
    before = repr((one, other))
    layers.merge([layer("1", one), layer("2", other), layer("1", one)])
    assert repr((one, other)) == before


VALUES = st.sampled_from(
    [
        "1",
        '"x = 1"',
        '"""\nkey = 2\n[no]\n"""',
        "[\n 1,\n # c\n 2,\n]",
        "{ p = 1 }",
        "'''\n[[z]]'''",
    ]
)


@given(st.lists(st.tuples(NAMES, st.lists(st.tuples(NAMES, VALUES), max_size=4)), max_size=4))
def test_every_key_has_the_line_that_it_was_written_on(
    sections: list[tuple[str, list[tuple[str, str]]]],
) -> None:
    """The text is written with known lines, values of several lines and comments included."""
    text, seen = "# first\n\n", set[str]()
    expected: dict[tuple[str, ...], int] = {}
    for section, keys in sections:
        if section in seen:
            continue
        seen.add(section)
        expected[(section,)] = text.count("\n") + 1
        text += f"[{section}] # {section}\n"
        for key, value in dict(keys).items():
            expected[(section, key)] = text.count("\n") + 1
            text += f"{key} = {value}\n\n# k = 3\n"
    tomllib.loads(text)
    found = layers.lines(text)
    assert {path: found[path] for path in expected} == expected


def test_a_universe_of_ten_thousand_symbols_is_read_in_one_go() -> None:
    """Were each line tried as the last one, this would take minutes."""
    symbols = "".join(f'  "S{number}",\n' for number in range(10_000))
    text = f"[universe]\nsymbols = [\n{symbols}]\n[risk]\nmax_gross = 1 # a, b,\nmax_net = 1\n"
    found = layers.lines(text)
    assert found["universe", "symbols"] == 2
    assert found["risk", "max_gross"] == 10_005
    assert found["risk", "max_net"] == 10_006


def test_a_variable_names_its_key_and_its_place() -> None:
    read = layers.from_environment({"ROBOTRADER__RISK__MAX_GROSS": "0.5", "HOME": "/"})
    assert read.tree == {"risk": {"max_gross": "0.5"}}
    assert read.places == {
        ("risk", "max_gross"): "environment variable ROBOTRADER__RISK__MAX_GROSS"
    }


@pytest.mark.parametrize("setting", ["risk", "=1", "a..b=1", ".=1"])
def test_a_setting_without_key_or_value_is_refused_by_its_text(setting: str) -> None:
    with pytest.raises(ConfigurationError, match="--set"):
        layers.from_settings([setting])


@pytest.mark.parametrize("text", ["a = ", "[a", "a = 1\na = 2", "a = " + "[" * 5000])
def test_what_is_no_toml_is_refused_with_its_file(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^conf/x\.toml: "):
        layers.from_toml("conf/x.toml", text)


def test_two_files_of_one_level_may_not_set_the_same_key() -> None:
    one, two = (layers.from_toml(f"{n}.toml", "[risk]\nmax_gross = 1") for n in "ab")
    assert layers.same_level([one, two]) == [
        "b.toml:2: risk.max_gross is set in a.toml:2 too: keep one"
    ]


KEYS = st.sampled_from(["fast", "slow", "qty"])
STEPS = st.lists(
    st.dictionaries(KEYS, st.integers(0, 9)) | st.tuples(KEYS, st.integers(0, 9)), max_size=5
)
"""A whole table, or one key of it, one after the other."""


@given(STEPS, st.integers(0, 5))
def test_a_key_of_a_table_written_inline_can_be_set(steps: list[Any], cut: int) -> None:
    expected: dict[str, int] = {}
    texts = []
    for step in steps:
        if isinstance(step, dict):
            expected = dict(step)
            inside = ", ".join(f"{key} = {number}" for key, number in step.items())
            texts.append(f"strategy.s.params={{ {inside} }}")
        else:
            expected[step[0]] = step[1]
            texts.append(f"strategy.s.params.{step[0]}={step[1]}")
    stack = [layers.from_settings(texts[:cut]), layers.from_settings(texts[cut:])]
    tree = layers.merge(stack).tree
    found = tree["strategy"]["s"]["params"] if steps else {}
    read = layers.parsed(found) if isinstance(found, layers.Text) else found
    assert {key: int(value) for key, value in read.items()} == expected
    assert isinstance(read, dict)


def test_a_key_below_a_plain_value_is_still_refused() -> None:
    with pytest.raises(ConfigurationError, match="risk is a value of another setting"):
        layers.from_settings(["risk=1", "risk.max_gross=2"])
