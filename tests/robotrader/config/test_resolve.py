"""From layers to a configuration: what is refused, in which words, and what the hash says."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.config import (
    Config,
    InvalidConfigError,
    Mode,
    Resolved,
    flat,
    layers,
    reference,
    resolve,
)
from robotrader.config.schema import Sim
from robotrader.domain.control import KillLevel

KEYS = [key for section in reference.sections() for key in section.keys]
SCALARS = [key.path for key in KEYS if "NAME" not in key.path and "[]" not in key.path]


def resolved(text: str, profile: str = "sim") -> Resolved:
    return resolve([layers.from_toml("x.toml", text)], profile)


def mistakes(text: str, profile: str = "sim") -> tuple[str, ...]:
    with pytest.raises(InvalidConfigError) as caught:
        resolved(text, profile)
    return caught.value.mistakes


def test_nothing_set_is_the_simulation_with_safe_limits() -> None:
    empty = resolved("")
    assert (empty.config, empty.config.mode) == (Config(), Mode.SIM)
    assert set(empty.origins.values()) == {"default"}


@pytest.mark.parametrize("path", SCALARS)
def test_a_misspelt_key_is_refused_with_its_line_and_the_right_name(path: str) -> None:
    """Every key there is, with a letter doubled (F83)."""
    section, _, name = path.rpartition(".")
    wrong = name[:2] + name[1:]
    head = f"[{section}]\n" if section else "\n"
    (said,) = mistakes(f"{head}{wrong} = 1")
    assert said.startswith(f"x.toml:2: {section + '.' if section else ''}{wrong}: unknown key")
    assert said.endswith(f"did you mean {name}?")


@pytest.mark.parametrize("path", SCALARS)
def test_a_value_of_a_wrong_type_is_refused_with_its_line(path: str) -> None:
    section, _, name = path.rpartition(".")
    head = f"[{section}]\n" if section else "\n"
    assert mistakes(f"{head}{name} = 1979-05-27T07:32:00Z")[0].startswith(f"x.toml:2: {path}: ")


@pytest.mark.parametrize("number", ["nan", "inf", "-inf", "-1", "0", '"NaN"'])
def test_a_limit_that_is_no_positive_number_is_refused(number: str) -> None:
    for key in ("max_gross", "max_daily_loss", "max_order_usd"):
        assert f"risk.{key}" in mistakes(f"[risk]\n{key} = {number}")[0]


def test_all_mistakes_are_said_at_once() -> None:
    found = mistakes('mode = "sin"\n[ib]\nport = 0\nprot = 1\n[risk]\nmax_gros = 1\n')
    keys = [said.split(": ")[1] for said in found]
    assert keys == [
        "mode",
        "ib.prot",
        "ib.port",
        "risk.max_gros",
    ]


@pytest.mark.parametrize("value", ["09:30:00", "2026-11-21", "2026-11-21T09:30:00"])
def test_a_time_without_a_zone_is_refused(value: str) -> None:
    assert any("without a zone" in said for said in mistakes(f"[log]\nlevel = {value}"))


def test_a_strategys_missing_key_is_said_where_the_strategy_is() -> None:
    said = mistakes('\n[strategy.sma]\nsymbols = ["KO"]\n[universe]\nsymbols = ["KO"]')
    assert said == ("x.toml:2: strategy.sma.class: is required and not set",)


@pytest.mark.parametrize(
    ("text", "profile", "key"),
    [
        ('mode = "live"', "sim", "mode"),
        ('mode = "paper"', "live", "mode"),
        ('mode = "paper"\naccount = "U1234567"\n', "paper", "account"),
        ('mode = "paper"\naccount = "DU1234567"\n[ib]\nport = 4001', "paper", "ib.port"),
        ('mode = "live"\naccount = "DU1234567"\n[ib]\nport = 4001', "live", "account"),
        ('mode = "live"\naccount = "U1234567"\n[ib]\nport = 7497', "live", "ib.port"),
        ('account = "U1234567"', "sim", "account"),
        ("[ib]\nport = 7496", "sim", "ib.port"),
        ('[ib]\nhost = "192.0.2.1"', "sim", "ib.host"),
        ('mode = "live"\naccount = "U1234567"\n[ib]\nport = 4001', "live", "journal.second_copy"),
        (
            'mode = "paper"\naccount = "DU1234567"\n[journal]\ndurability = "os"',
            "paper",
            "journal.durability",
        ),
        ("[risk]\nmax_net = 2", "sim", "risk.max_net"),
        ("[risk]\nmax_gross = 0.1", "sim", "risk.max_symbol_weight"),
        ("[risk]\nmax_daily_loss = 0.5", "sim", "risk.max_daily_loss"),
        ("[kill_switch]\ndaily_loss = 0.11", "sim", "kill_switch.daily_loss"),
        ('[universe]\nsymbols = ["KO", "KO"]', "sim", "universe.symbols"),
        ("[supervision]\nwithin_s = 600", "sim", "supervision.within_s"),
        ("[log]\nfile_mib = 200", "sim", "log.total_mib"),
        ('[control]\nsocket = "/' + "x" * 107 + '"', "sim", "control.socket"),
        ('[metrics]\nbind = "127.0.0.1:0"', "sim", "metrics.bind"),
    ],
)
def test_what_does_not_fit_together_is_refused_by_its_key(
    text: str, profile: str, key: str
) -> None:
    assert key in {said.split(": ")[1] for said in mistakes(text, profile)}


MODES = {
    "paper": 'mode = "paper"\naccount = "DU1234567"\n[ib]\nport = 4002\n',
    "live": 'mode = "live"\naccount = "U1234567"\n[ib]\nport = 4001\n[journal]\nsecond_copy="c"\n',
}
SIMULATED = {
    "speed": "60", "start": '"2020-03-16"', "data": '"prices"', "calendar": "true",
    "control_port": "4010",
}  # fmt: skip


@pytest.mark.parametrize("profile", MODES)
@pytest.mark.parametrize("key", Sim.__struct_fields__)
def test_f09_f83_where_money_may_move_nothing_of_a_simulation_is_accepted(
    profile: str, key: str
) -> None:
    (said,) = mistakes(f"{MODES[profile]}[sim]\n{key} = {SIMULATED[key]}", profile)
    assert said.split(": ")[1] == f"sim.{key}"
    assert said.endswith(f"mode {profile} simulates nothing: remove it")
    assert resolved(MODES[profile], profile).config.mode == profile


STRATEGY = '[strategy.{}]\nclass = "a.b:C"\nsymbols = ["{}"]\ncapital = {}\n'


def test_a_strategy_may_trade_only_what_is_in_the_universe() -> None:
    (said,) = mistakes(STRATEGY.format("one", "KO", 0.1))
    assert said == "x.toml:3: strategy.one.symbols: KO is not in universe.symbols: add it there"
    off = STRATEGY.format("one", "KO", 0.1) + "enabled = false\n"
    assert not resolved(off).config.strategy["one"].enabled, "one that is off may trade nothing"


def test_strategies_together_may_not_have_more_than_the_gross_limit() -> None:
    both = STRATEGY.format("one", "KO", 0.6) + STRATEGY.format("two", "KO", 0.6)
    (said,) = mistakes('[universe]\nsymbols = ["KO"]\n' + both)
    assert "1.2 of the account is more" in said
    rest = both.replace("0.6\n", "0.6\nenabled = false\n", 1)
    assert resolved('[universe]\nsymbols = ["KO"]\n' + rest).config.strategy["two"].enabled


@given(st.randoms(use_true_random=False))
def test_the_hash_is_of_the_values_not_of_their_order_or_layers(draw: random.Random) -> None:
    settings = ["risk.max_gross=1.9", "ib.port=7497", "risk.max_order_usd=10", "log.level=error"]
    expected = resolve([layers.from_settings(settings)], "sim").hash
    draw.shuffle(settings)
    at = draw.randrange(len(settings))
    stack = [layers.from_settings(settings[:at]), layers.from_settings(settings[at:])]
    assert resolve(stack, "sim").hash == expected
    stack.append(layers.from_settings(["risk.max_order_usd=10.00"]))
    assert resolve(stack, "sim").hash == expected
    stack.append(layers.from_settings(["risk.max_order_usd=11"]))
    assert resolve(stack, "sim").hash != expected


def test_unquoted_values_are_what_their_keys_want() -> None:
    config = resolve(
        [
            layers.from_environment({"ROBOTRADER__RISK__ALLOW_SHORT": "true"}),
            layers.from_settings(
                [
                    "account=DU1234567",
                    "data_dir=12",
                    'universe.symbols=["KO"]',
                    "risk.on_breach=flatten",
                    "risk.max_order_usd=12.50",
                    "strategy.s.class='a.b:C'",
                    'strategy.s.symbols=["KO"]',
                    "strategy.s.params.fast=3",
                    "strategy.s.params.name=abc",
                ]
            ),
        ],
        "sim",
    ).config
    assert (config.account, config.data_dir) == ("DU1234567", "12")
    assert (config.risk.allow_short, config.risk.on_breach) == (True, KillLevel.FLATTEN)
    assert config.risk.max_order_usd == Decimal("12.5")
    assert config.strategy["s"].params == {"fast": 3, "name": "abc"}


def test_each_value_knows_where_it_was_written() -> None:
    stack = [
        layers.from_toml("a.toml", "[risk]\nmax_gross = 1\nmax_net = 0.5"),
        layers.from_toml("b.toml", "\n\n[risk]\nmax_gross = 0.9"),
        layers.from_settings(["risk.max_drawdown=0.2"]),
    ]
    origins = resolve(stack, "sim").origins
    assert origins["risk.max_gross"] == "b.toml:4"
    assert origins["risk.max_net"] == "a.toml:3"
    assert origins["risk.max_drawdown"] == "--set risk.max_drawdown"
    assert origins["risk.price_collar"] == "default"
    assert origins.keys() == flat(Config()).keys()


CANARY = "ghp_0123456789abcdefABCDEF0123456789abcd"


@pytest.mark.parametrize(
    "text",
    [
        f'[ib]\nhost = "{CANARY}"',
        f'[ib]\nhots = "{CANARY}"',
        f'[ib]\nport = "{CANARY}"',
        f'[ib]\ngateway_command = ["gateway", "{CANARY}"]',
        f'[ib]\ngateway_secrets = {{ A = {{ secret = "{CANARY}" }} }}',
        f'[ib]\ngateway_secrets = {{ A = "{CANARY}" }}',
        f'ib = "{CANARY}"',
        f'[strategy.s]\nparams = {{ secret = "{CANARY}" }}',
    ],
)
def test_a_literal_secret_is_refused_and_never_shown(text: str) -> None:
    """F106: the canary is wherever a user may put it, in right and in wrong places."""
    found = mistakes(text)
    assert any("looks like a secret" in said for said in found)
    assert CANARY not in "".join(found)


def test_a_reference_to_a_secret_holds_its_name_only() -> None:
    config = resolved('[ib]\ngateway_secrets = { TWS_PASSWORD = { secret = "tws" } }').config
    assert config.ib.gateway_secrets["TWS_PASSWORD"].secret == "tws"


def test_any_tree_is_read_or_refused_in_our_words() -> None:
    @given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(max_size=5), nested))
    def holds(value: Any) -> None:
        stack = [layers.Layer("x", {"ib": value, "strategy": value, "mode": value}, {})]
        with pytest.raises(InvalidConfigError):
            resolve(stack, "sim")

    holds()


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    names = st.sampled_from(["host", "restart_windows", "pacing", "params", "class", "é"])
    return st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3)
