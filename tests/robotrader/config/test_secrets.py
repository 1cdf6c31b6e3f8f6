"""What looks like a secret, and what must not."""

from __future__ import annotations

import base64
import random

import pytest

from robotrader.config import Config, flat, suspicious


@pytest.mark.parametrize("seed", range(4))
def test_keys_drawn_at_random_are_found_by_their_form(seed: int) -> None:
    """A key may look like a word by chance: at most one in a hundred."""
    draw = random.Random(seed)
    drawn = [draw.randbytes(20).hex() for _ in range(1000)]
    drawn += [base64.b64encode(draw.randbytes(32)).decode() for _ in range(1000)]
    missed = [text for text in drawn if not suspicious(("ib", "host"), text)]
    assert len(missed) <= 20, missed


@pytest.mark.parametrize(
    "value",
    [
        "https://user:hunter2@example.com/x",
        "-----BEGIN RSA PRIVATE KEY-----",
        "AKIAIOSFODNN7EXAMPLE",
        "123456789:AAEhBP0av28abcdefghijklmnopqrstuvwx",
        "xoxb-1234567890-abcdef",
    ],
)
def test_well_known_forms_are_found(value: str) -> None:
    assert suspicious(("ib", "host"), value)


@pytest.mark.parametrize("name", ["password", "api_key", "bot_token", "secret", "TWS_PASSWORD"])
def test_a_telling_name_may_hold_no_literal(name: str) -> None:
    assert suspicious(("strategy", "s", "params", name), "x")


@pytest.mark.parametrize(
    "value",
    [
        "robotrader.strategies.sma_cross:SmaCross",
        "/var/lib/robotrader/second-copy-2026",
        "/srv/data/robotrader/20261121/second_copy_0001",
        "DU1234567",
        "America/Argentina/Buenos_Aires",
        "127.0.0.1:9464",
        "gateway-2026-11-21.example.com",
    ],
)
def test_ordinary_values_are_left_alone(value: str) -> None:
    assert not suspicious(("ib", "host"), value)


def test_no_default_looks_like_a_secret() -> None:
    values = [(k, v) for k, v in flat(Config()).items() if isinstance(v, str)]
    found = [key for key, value in values if suspicious(tuple(key.split(".")), value)]
    assert found == []
