"""Streams of requests to begin with, and changes to them that know frames and fields.

A stream is one byte that says which server version is spoken, then what a client sends after
START_API. Random bytes would hardly ever get past the first field; here lengths stay right most of
the time, fields change places and values are those at which programs break.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

from robotrader.tws import codec, frame
from robotrader.tws.requests import REQUESTS
from tests.robotrader.tws.values import message

VERSIONS = (157, 176, 178, 193, 200)
AAPL = {"conId": 265598, "symbol": "AAPL", "secType": "STK", "exchange": "SMART", "currency": "USD"}
ORDER = AAPL | {"orderId": 5, "action": "BUY", "orderType": "MKT", "totalQuantity": 10,
                "tif": "DAY", "transmit": True}  # fmt: skip
BARS = AAPL | {"reqId": 7, "barSize": "1 hour", "duration": "1 D", "whatToShow": "TRADES",
               "formatDate": 1, "keepUpToDate": True}  # fmt: skip
TICKS = AAPL | {"reqId": 8, "startDateTime": "20261120 10:00:00 US/Eastern", "numberOfTicks": 5,
                "whatToShow": "BID_ASK"}  # fmt: skip
SCENES: tuple[tuple[tuple[str, dict[str, Any]], ...], ...] = (
    (("reqMktData", AAPL | {"reqId": 1, "genericTicks": "233"}), ("cancelMktData", {"reqId": 1})),
    (("placeOrder", ORDER), ("reqExecutions", {"reqId": 2}), ("reqPositions", {})),
    (("placeOrder", ORDER | {"orderType": "LMT", "lmtPrice": 1.25, "tif": "GTC"}),
     ("cancelOrder", {"orderId": 5}), ("reqCompletedOrders", {})),
    (("placeOrder", ORDER | {"orderType": "TRAIL", "auxPrice": 1.0, "whatIf": True}),
     ("reqGlobalCancel", {}), ("reqOpenOrders", {}), ("reqAllOpenOrders", {})),
    (("reqHistoricalData", BARS), ("cancelHistoricalData", {"reqId": 7})),
    (("reqHistoricalData", BARS | {"whatToShow": "SCHEDULE", "duration": "5 D"}),),
    (("reqHistoricalTicks", TICKS), ("reqHeadTimeStamp", AAPL | {"reqId": 14})),
    (("reqAccountUpdates", {"subscribe": True}), ("placeOrder", ORDER),
     ("reqAccountSummary", {"reqId": 3, "group": "All", "tags": "NetLiquidation,$LEDGER"}),
     ("reqPnLSingle", {"reqId": 4, "conId": 265598}), ("reqPnL", {"reqId": 6})),
    (("reqTickByTickData", AAPL | {"reqId": 9, "tickType": "BidAsk"}),
     ("reqMktDepth", AAPL | {"reqId": 10, "numRows": 3, "isSmartDepth": True}),
     ("reqRealTimeBars", AAPL | {"reqId": 11, "barSize": 5, "whatToShow": "TRADES"})),
    (("reqContractDetails", AAPL | {"reqId": 12}), ("reqMatchingSymbols", {"reqId": 13,
                                                                           "pattern": "A"})),
)  # fmt: skip
"""What clients do, in short."""

NUMBERS = tuple(
    text.encode()
    for text in (
        "0", "1", "-1", "2", "3", "4", "5", "6", "7", "2147483647", "2147483648", "-2147483649",
        "9223372036854775807", "9" * 30, "9" * 5000, "1e308", "1e309", "1E999999", "1E-999999",
        "-0.0", "0.5", "0.00000000001", "NaN", "sNaN", "Infinity", "Infinite", "-Infinity",
        "1.7976931348623157E308", "0x10", "1_0", "٣", "true", "", "265598", "4294967296",
    )
)  # fmt: skip
WORDS = (
    b"\xff\xfe", b"\x80", b"\xed\xa0\x80",
    *(text.encode() for text in (
        "", "a" * 3000, "%s%n", "STK", "BAG", "OPT", "IND", "CASH", "AAPL", "SPX", "BUY", "SELL",
        "SSHORT", "MKT", "LMT", "STP", "STP LMT", "TRAIL", "TRAIL LIMIT", "MIT", "MOC", "LOC",
        "PEG BEST", "REL", "GTD", "OPG", "IOC", "FOK", "GTC", "1 secs", "30 secs", "1 min",
        "1 day", "1 month", "1 week", "0 S", "60 S", "86400 S", "1 D", "100 Y", "999999999999 D",
        "TRADES", "MIDPOINT", "SCHEDULE", "BidAsk", "Last", "20261121 25:00:00",
        "00010101 00:00:00 US/Eastern", "99991231 23:59:59 UTC", "20261119 15:59:59 US/Eastern",
        "20261121 10:00:00 ../../etc/passwd", "20261121-10:00:00", "20261108 01:30:00 US/Eastern",
        "DU1234567", "$LEDGER:ALL", "SMART,ISLAND", "USD", "233", "100,101,233",
    )),
)  # fmt: skip
"""Values at which programs break, and words that lead further in."""


def corpus() -> list[bytes]:
    """Streams that are right: each scene, and each request once, at each version."""
    return [stream for number in range(len(VERSIONS)) for stream in _of_version(number)]


def _of_version(number: int) -> Iterator[bytes]:
    spoken, rng = codec(VERSIONS[number]), Random(number)
    for scene in SCENES:
        frames = [spoken.encode_request(name, fields) for name, fields in scene]
        yield bytes([number]) + b"".join(frames)
    for name, (_, layout) in REQUESTS.items():
        drawn = message(layout, rng, VERSIONS[number])
        known = {key: value for key, value in AAPL.items() if key in drawn}
        yield bytes([number]) + spoken.encode_request(name, drawn | known)


class Mutator:
    """Changes streams, from one random generator.

    Args:
        rng: the same one gives the same changes.
        streams: what parts of others are taken from.
    """

    def __init__(self, rng: Random, streams: list[bytes]) -> None:
        self._rng = rng
        self._streams = streams
        self._changes = (
            *[self._boundary] * 8, *[self._take] * 3, self._repeat, self._repeat, self._leave_out,
            self._swap, self._drop, self._double,
        )  # fmt: skip

    def changed(self, stream: bytes) -> bytes:
        """Return a stream after one to four changes."""
        rng = self._rng
        version, frames = stream[:1] or b"\2", split(stream[1:])
        for _ in range(rng.randrange(1, 5)):
            if not frames:
                frames = split(rng.choice(self._streams)[1:])
            rng.choice(self._changes)(frames)
        if rng.random() < 0.05:
            version = bytes([rng.randrange(256)])
        return version + self._joined(frames)

    # -- changes: frames are lists of fields --

    def _boundary(self, frames: list[list[bytes]]) -> None:
        fields = self._rng.choice(frames)
        at = self._rng.randrange(len(fields))
        fields[at] = self._rng.choice(self._alike(fields[at]))

    def _alike(self, field: bytes) -> tuple[bytes, ...]:
        """Mostly numbers for a number and words for a word: others are refused at once."""
        number = field.strip(b"-").replace(b".", b"").isdigit()
        if self._rng.random() < 0.1:
            number = not number
        return NUMBERS if number else WORDS

    def _swap(self, frames: list[list[bytes]]) -> None:
        fields = self._rng.choice(frames)
        one, other = self._rng.randrange(len(fields)), self._rng.randrange(len(fields))
        fields[one], fields[other] = fields[other], fields[one]

    def _drop(self, frames: list[list[bytes]]) -> None:
        fields = self._rng.choice(frames)
        if len(fields) > 1:
            del fields[self._rng.randrange(len(fields))]

    def _double(self, frames: list[list[bytes]]) -> None:
        fields = self._rng.choice(frames)
        at = self._rng.randrange(len(fields))
        fields.insert(at, fields[at])

    def _take(self, frames: list[list[bytes]]) -> None:
        """Take frames of another stream in."""
        other = split(self._rng.choice(self._streams)[1:])
        at = self._rng.randrange(len(frames) + 1)
        frames[at:at] = other

    def _repeat(self, frames: list[list[bytes]]) -> None:
        frames.append(list(self._rng.choice(frames)))

    def _leave_out(self, frames: list[list[bytes]]) -> None:
        del frames[self._rng.randrange(len(frames))]

    # -- bytes --

    def _joined(self, frames: list[list[bytes]]) -> bytes:
        data = bytearray(b"".join(frame(b"\0".join(fields) + b"\0") for fields in frames))
        if data and self._rng.random() < 0.08:
            self._break(data)
        return bytes(data)

    def _break(self, data: bytearray) -> None:
        """Spoil a byte, a length or the end."""
        at = self._rng.randrange(len(data))
        kind = self._rng.randrange(3)
        if kind == 0:
            data[at] = self._rng.randrange(256)
        elif kind == 1:
            data[:4] = self._rng.randrange(2**32).to_bytes(4, "big")
        else:
            del data[at:]


def split(data: bytes) -> list[list[bytes]]:
    """The fields of each frame; what is no frame is one with a field."""
    frames = []
    while data:
        end = 4 + int.from_bytes(data[:4], "big")
        payload, data = data[4:end], data[end:]
        fields = payload.split(b"\0")
        frames.append(fields[:-1] if len(fields) > 1 else fields)
    return frames
