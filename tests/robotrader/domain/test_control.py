"""The control protocol: what is read is what was written, and nothing else is read (F04)."""

from __future__ import annotations

import random
import typing
from decimal import Decimal
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.domain import control, control_answers
from robotrader.domain.control import Ask, ControlError, Reply
from tests.robotrader.domain import answers as examples

REQUESTS = get_args(control.Request)
ANSWERS = get_args(control_answers.Answer)
TEXT = st.text(min_size=1, max_size=20)


@st.composite
def requests(draw: st.DrawFn) -> Any:
    """Any request, with bounds kept."""
    kind = draw(st.sampled_from(REQUESTS))
    hints = typing.get_type_hints(kind)
    made: dict[str, Any] = {}
    for name, hint in hints.items():
        if hint is str:
            made[name] = draw(TEXT)
        elif hint is int:
            made[name] = draw(st.integers(1, 10_000))
        elif hint is float and name == "level":
            made[name] = draw(st.floats(0.51, 0.9999))
        elif hint is float:
            made[name] = draw(st.floats(0.5, 3600))
        elif hint in {Decimal, Decimal | None}:
            made[name] = Decimal(draw(st.integers(1, 10_000)))
        elif name == "kinds":
            made[name] = tuple(draw(st.lists(TEXT, max_size=3)))
        else:
            made[name] = draw(
                st.sampled_from(hint) if hasattr(hint, "__members__") else st.booleans()
            )
    return kind(**made)


@given(requests(), st.integers(1, 2**63 - 1), st.floats(0.001, 3600))
def test_a_request_is_read_as_it_was_sent(request: Any, number: int, deadline_s: float) -> None:
    ask = Ask(version=1, number=number, deadline_s=deadline_s, request=request)
    sent = control.frame(ask)
    assert control.length(sent[:4]) == len(sent) - 4
    assert control.read_ask(sent[4:]) == ask


@pytest.mark.parametrize("answer", examples.ALL.values(), ids=lambda a: type(a).__name__)
def test_an_answer_is_read_as_it_was_sent(answer: Any) -> None:
    reply = Reply(version=1, number=3, answer=answer)
    assert control.read_reply(control.frame(reply)[4:]) == reply


def test_every_request_has_an_answer_in_the_examples() -> None:
    assert examples.ALL.keys() == set(REQUESTS)


@pytest.mark.parametrize("kind", [Ask, Reply, *REQUESTS, *ANSWERS], ids=lambda k: k.__name__)
def test_every_message_is_frozen_and_refuses_unknown_fields(kind: type[msgspec.Struct]) -> None:
    config = kind.__struct_config__
    assert (config.frozen, config.forbid_unknown_fields) == (True, True)


@pytest.mark.parametrize("kind", REQUESTS, ids=lambda k: k.__name__)
def test_what_names_somebody_or_something_has_no_default(kind: type[msgspec.Struct]) -> None:
    identity = {"path", "who", "scope", "level", "key", "reason", "preview", "period"}
    named = [field for field in msgspec.structs.fields(kind) if field.name in identity]
    assert all(field.required for field in named)


def tree(kind: type[Any], draw: random.Random) -> dict[str, Any]:
    kill = control.Kill(
        level=control.KillLevel.PAUSE, scope="all", reason="r", who="w", key="k", preview=False
    )
    request = kind() if not msgspec.structs.fields(kind) else kill
    made: dict[str, Any] = msgspec.to_builtins(
        Ask(version=1, number=draw.randrange(1, 99), deadline_s=1.0, request=request)
    )
    return made


def broken(draw: random.Random) -> bytes:
    """A message that was right and had one thing changed, of the kinds that happen (F04)."""
    made = tree(draw.choice([control.Status, control.Kill]), draw)
    request = made["request"]
    level = draw.choice([made, request])
    name = draw.choice(sorted(level))
    change = draw.randrange(6)
    if change == 0:
        del level[name]
    elif change == 1:
        level[name] = draw.choice([None, [], {}, b"\xff", -7.5, "", -1])
    elif change == 2:
        level["params"] = {name: level.pop(name)}
    elif change == 3:
        level[name + "s"] = level[name]
    elif change == 4:
        made.update(request)
        del made["request"]
    else:
        data = bytearray(msgspec.msgpack.encode(made))
        return bytes(data[: draw.randrange(len(data))])
    return msgspec.msgpack.encode(made)


@pytest.mark.parametrize("seed", range(4))
def test_a_thousand_malformed_messages_are_refused_with_what_is_wrong(seed: int) -> None:
    draw = random.Random(seed)
    for _ in range(1000):
        content = broken(draw)
        with pytest.raises(ControlError, match=r"field|\$|truncated|expected|version -1"):
            control.read_ask(content)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_in_our_words(content: bytes) -> None:
    with pytest.raises(ControlError):
        control.read_ask(content)
    assert control.number_of(content) >= 0


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(ControlError):
        control.read_ask(b"\x91" * 100_000)


@pytest.mark.parametrize("size", [0, control.FRAME_BYTES_MAX + 1, 2**32 - 1])
def test_a_length_out_of_bounds_is_refused(size: int) -> None:
    with pytest.raises(ControlError, match=str(size)):
        control.length(size.to_bytes(4, "big"))


def test_another_version_is_refused_by_its_number() -> None:
    other = msgspec.structs.replace(
        Ask(version=1, number=1, deadline_s=1.0, request=control.Status()), version=2
    )
    with pytest.raises(ControlError, match="version 2 came, 1 is spoken"):
        control.read_ask(control.frame(other)[4:])
