"""The template for IBC: complete, unambiguous, and without anything secret (F106)."""

from __future__ import annotations

import tomllib
from collections import Counter
from pathlib import Path

from robotrader.adapters.ib import IbSettings

TEMPLATE = Path(__file__).resolve().parents[3] / "conf" / "ibc" / "config.ini.template"


def settings() -> dict[str, str]:
    lines = [line for line in TEMPLATE.read_text("utf-8").splitlines() if line and line[0] != "#"]
    pairs = [line.partition("=") for line in lines]
    assert {middle for _, middle, _ in pairs} == {"="}
    assert Counter(name for name, _, _ in pairs).most_common(1)[0][1] == 1
    return {name: value for name, _, value in pairs}


def test_it_names_no_login() -> None:
    assert settings()["IbLoginId"] == settings()["IbPassword"] == ""


def test_it_agrees_with_the_defaults_of_the_gateway() -> None:
    found = settings()
    assert int(found["OverrideTwsApiPort"]) == IbSettings().port
    assert found["TradingMode"] == "paper"
    assert found["ReadOnlyApi"] == found["ResetOrderIdsAtStart"] == "no"
    assert found["AutoRestartTime"] == "11:45 PM"
    base = tomllib.loads((TEMPLATE.parents[1] / "robotrader.toml").read_text("utf-8"))
    assert [each["at"] for each in base["ib"]["restart_windows"]] == ["23:45"]


def test_f14_a_second_factor_is_asked_for_once() -> None:
    assert settings()["ReloginAfterSecondFactorAuthenticationTimeout"] == "no"
