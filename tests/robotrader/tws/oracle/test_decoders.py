"""Three independent decoders read what we write: every field arrives, in the place that is its own.

ib_async 2.1.0, ib_insync 0.9.86 and IBKR's ibapi 9.81.1, unmodified, as black boxes. For each
message and version every field gets a value of its own (see ``tagged``); conditional parts are
drawn in each of their forms. A client that raises, leaves fields over or loses one is a mismatch.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import ib_async.decoder
import ib_insync.decoder
import ibapi.decoder
import pytest

from robotrader.tws import codec
from robotrader.tws.replies import REPLIES
from tests.robotrader.tws.oracle.tagged import Recorder, Tagger

PAIRS = [
    ("ib_async", 157), ("ib_async", 176), ("ib_async", 178),
    ("ib_insync", 157), ("ib_insync", 176),
    ("ibapi", 157),
]  # fmt: skip

CONDITIONS = [{"conditions.condType": kind} for kind in (1, 3, 4, 5, 6, 7)]
TIME = {"time": "20261121  10:00:00"}
FORMS: dict[str, list[dict[str, Any]]] = {
    "openOrder": [{"orderType": "PEG BENCH", **each} for each in CONDITIONS]
    + [{"deltaNeutralOrderType": "", "algoStrategy": "", "hedgeType": "", **CONDITIONS[0]}],
    "completedOrder": [{"orderType": "PEG BENCH", **each} for each in CONDITIONS],
    "tickByTick": [{"tickType": kind} for kind in (1, 2, 3, 4)],
    "execDetails": [TIME],
    "tickPrice": [{"tickType": 1}],
    "bondContractDetails": [{"coupon": 7.0}],  # they take it for an integer
}
"""Fields that decide what else is there, and texts that clients parse."""

NEWER = frozenset({"historicalDataEnd", "currentTimeInMillis"})
"""Messages of versions that none of these clients speaks (196 and 197)."""

_ALL = {
    # The later field of a group goes to the same attribute, and that one is seen.
    "openOrder": {"trailStopPrice", "sharesAllocation", "conditions.conjunction"},
    "completedOrder": {"trailStopPrice", "conditions.conjunction"},
    "contractDetails": {"mdSizeMultiplier"},
    "bondContractDetails": {"mdSizeMultiplier"},
    # Masks become flags, times become dates.
    "tickPrice": {"attrMask"},
    "tickByTick": {"mask"},
    "historicalTicks": {"ticks.time", "ticks.x"},
    "historicalTicksBidAsk": {"ticks.time", "ticks.mask"},
    "historicalTicksLast": {"ticks.time", "ticks.mask"},
}
"""Fields that clients read and throw away, or turn into something else."""

UNREAD = {
    "ib_async": frozenset[str](),
    "ib_insync": frozenset({"wshMetaData", "wshEventData", "historicalSchedule", "userInfo"}),
    "ibapi": frozenset(
        {"replaceFAEnd", "wshMetaData", "wshEventData", "historicalSchedule", "userInfo"}
    ),
}
"""Messages that a client of that age does not have."""


class Complaints(logging.Handler):
    """What a client's own log says went wrong."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        self.texts.append(f"{record.getMessage()[:80]}: {error!r}")


class Counted(list[bytes]):
    """Fields that know how many of them were read, whoever reads them."""

    left = 0

    def __iter__(self) -> Iterator[bytes]:
        self.left = len(self)
        for each in super().__iter__():
            self.left -= 1
            yield each


def read(client: str, version: int, fields: list[str]) -> tuple[Recorder, list[str]]:
    """Give a message to a client's decoder; return what it made of it, and its complaints."""
    recorder, complaints = Recorder(), Complaints()
    log = logging.getLogger({"ibapi": "ibapi.decoder"}.get(client, f"{client}.Decoder"))
    log.addHandler(complaints)
    try:
        if client == "ibapi":
            counted = Counted(field.encode() for field in fields)
            ibapi.decoder.Decoder(recorder, version).interpret(counted)
            if counted.left:
                complaints.texts.append(f"{counted.left} fields left over")
        else:
            decoders: dict[str, Any] = {
                "ib_async": ib_async.decoder.Decoder,
                "ib_insync": ib_insync.decoder.Decoder,
            }
            decoders[client](recorder, version).interpret(list(fields))
    except Exception as error:  # noqa: BLE001 - whatever a client raises is a mismatch
        complaints.texts.append(repr(error))
    finally:
        log.removeHandler(complaints)
    return recorder, complaints.texts


def cases(client: str) -> list[tuple[str, dict[str, Any]]]:
    names = [name for name in REPLIES if name not in NEWER | UNREAD[client]]
    return [(name, form) for name in names for form in FORMS.get(name, [{}])]


@pytest.mark.parametrize(("client", "version"), PAIRS)
def test_every_field_arrives_in_a_place_of_its_own(client: str, version: int) -> None:
    wrong = []
    for name, form in cases(client):
        tagger = Tagger(version, form)
        sent = tagger.message(REPLIES[name][1])
        frame = codec(version).encode_reply(name, sent)
        recorder, complaints = read(client, version, frame[4:].decode().split("\0")[:-1])
        found = recorder.found()
        lost = {field for value, field in tagger.fields.items() if value not in found}
        lost -= _ALL.get(name, set())
        if complaints or lost or not recorder.calls:
            wrong.append((name, form, complaints, sorted(lost)))
    assert wrong == []


@pytest.mark.parametrize(("client", "version"), PAIRS)
def test_arguments_come_in_the_order_of_the_layout(client: str, version: int) -> None:
    """Two fields that changed places would arrive, too; so their order is compared."""
    wrong = []
    for name, form in cases(client):
        tagger = Tagger(version, form)
        frame = codec(version).encode_reply(name, tagger.message(REPLIES[name][1]))
        recorder, _ = read(client, version, frame[4:].decode().split("\0")[:-1])
        found = recorder.found()
        plain = [
            (found[value][0], field)
            for value, field in tagger.fields.items()
            if value in found and found[value][0].endswith(")")
        ]
        if len(recorder.calls) == 1 and plain != sorted(plain, key=lambda pair: _index(pair[0])):
            wrong.append((name, plain))
    assert [each for each in wrong if each[0] not in REORDERED] == []


def _index(path: str) -> int:
    return int(path.rpartition("(")[2].rstrip(")"))


REORDERED = frozenset({"realtimeBar", "position", "positionMulti", "orderStatus"})
"""Callbacks whose arguments have another order than the wire, by their own documentation."""


@pytest.mark.parametrize(("client", "version"), PAIRS)
def test_every_flag_arrives(client: str, version: int) -> None:
    """A flag set makes a difference to what the client gets, whichever flag it is."""
    silent = []
    for name, form in cases(client):
        tagger = Tagger(version, form)
        sent = tagger.message(REPLIES[name][1])
        without = _told(client, version, name, sent)
        for flag in tagger.flags:
            if "." in flag or sent.get(flag) is None:
                continue
            if _told(client, version, name, {**sent, flag: True}) == without:
                silent.append((name, flag))
    assert [each for each in silent if each not in SILENT_FLAGS] == []


SILENT_FLAGS = {("execDetails", "pendingPriceRevision")}
"""Flags that a client reads and throws away."""


def _told(client: str, version: int, name: str, sent: dict[str, Any]) -> str:
    frame = codec(version).encode_reply(name, sent)
    recorder, complaints = read(client, version, frame[4:].decode().split("\0")[:-1])
    return repr((sorted(recorder.found().items()), complaints))
