"""Seeded mistakes in how values, frames and sessions are read and written."""

from __future__ import annotations

from typing import Final

from tests.supervision.mutants.mutant import Mutant

_WIRE = "robotrader/tws/wire.py"
_CODEC = "robotrader/tws/codec.py"
_FRAMING = "robotrader/tws/framing.py"
_SESSION = "robotrader/tws/session.py"

_VALUES: Final = (
    Mutant(
        "unset-integer", _WIRE, '"2147483647"', '"2147483646"',
        "the unset integer is one less: clients take it for a number",
    ),
    Mutant(
        "flag-empty", _WIRE, 'return "1" if value else "0"', 'return "1" if value else ""',
        "a flag that is not set is an empty field",
    ),
    Mutant(
        "unset-integer-empty", _WIRE,
        "return UNSET_INTEGER if value is None else int.__repr__(value)",
        'return "" if value is None else int.__repr__(value)',
        "an unset integer is empty where the largest is wanted",
    ),
    Mutant(
        "exponent", _WIRE, 'if "e" not in shown and "n" not in shown else',
        'if "n" not in shown else',
        "a small price has an exponent",
    ),
    Mutant(
        "not-trimmed", _WIRE, 'return shown.removesuffix(".0")', "return shown",
        "a trimmed double keeps its .0",
    ),
    Mutant(
        "hundred-is-one", _WIRE,
        'return shown.rstrip("0").rstrip(".") if "." in shown else shown',
        'return shown.rstrip("0").rstrip(".")',
        "the zeros of a whole quantity are cut off",
    ),
    Mutant(
        "whole-number-as-float", _WIRE, "if value.__class__ is int:", "if value.__class__ is bool:",
        "a large whole quantity loses its last digits",
    ),
    Mutant(
        "decimals-for-the-old", _WIRE, 'return "" if value is None else str(int(value))',
        'return "" if value is None else str(value)',
        "a client below 163 is sent decimals",
    ),
    Mutant(
        "infinity-misspelt", _WIRE, "INFINITY if shown == _MISSPELT else float(shown)",
        "float(shown)",
        "ib_async's word for infinity is not read",
    ),
    Mutant(
        "unset-double-read", _WIRE, "    if value == _LARGEST:\n        return None\n", "",
        "an unset price is a very large one",
    ),
    Mutant(
        "nan-read", _WIRE, "if value != value:", "if value is None:",
        "what is not a number is read as one",
    ),
    Mutant(
        "unset-whole-read", _WIRE, "return None if value == _LARGEST_INTEGER else value",
        "return value",
        "an unset integer is a very large one",
    ),
    Mutant(
        "endless-quantity", _WIRE, "if abs(value.adjusted()) > LARGEST_EXPONENT:",
        "if abs(value.adjusted()) > LARGEST_EXPONENT**9:",
        "a dozen bytes become a million",
    ),
    Mutant(
        "infinite-quantity", _WIRE, "    if not value.is_finite():\n        msg",
        "    if value.is_nan():\n        msg",
        "a quantity may be infinite",
    ),
    Mutant(
        "negative-count", _WIRE, "if not 0 <= value <= left:", "if not value <= left:",
        "a negative count is no groups",
    ),
    Mutant(
        "empty-flag-read", _WIRE, '"1": True, "": False,', '"1": True,',
        "a flag that a client leaves empty is an error",
    ),
)  # fmt: skip

_MESSAGES: Final = (
    Mutant(
        "length-off-by-one", _CODEC, "_LENGTH.pack(len(body))", "_LENGTH.pack(len(body) + 1)",
        "a frame announces a byte more than it has",
    ),
    Mutant(
        "nul-in-text", _CODEC, "if body.count(0) != len(parts):", "if not body:",
        "a NUL in a text makes two fields of it",
    ),
    Mutant(
        "left-over-unseen", _CODEC, "if used != len(parts):", "if used > len(parts):",
        "fields that nobody knows are passed over in silence",
    ),
    Mutant(
        "last-field-cut", _CODEC, 'if not text.endswith("\\0"):', "if not text:",
        "a message that was cut is read",
    ),
    Mutant(
        "backslash-once", _CODEC, '.replace("\\\\", "\\\\\\\\")', "",
        "a backslash in an error's text is not doubled",
    ),
    Mutant(
        "eight-bits", _CODEC, "_SEVEN_BITS: Final = 128", "_SEVEN_BITS: Final = 256",
        "an umlaut is sent as it is where escapes are read",
    ),
    Mutant(
        "long-name-plain", _CODEC, '"contractDetails": ("longName",)', '"contractDetails": ()',
        "a contract's name is not escaped",
    ),
    Mutant(
        "any-version", _CODEC, "if not LOWEST <= version <= HIGHEST:", "if not LOWEST <= version:",
        "a version is spoken whose layouts are not known",
    ),
    Mutant(
        "unknown-fields", _CODEC, "if not names.issuperset(fields):", "if not names:",
        "a misspelt field is left out in silence",
    ),
    Mutant(
        "newer-fields", _CODEC, "LOWEST < each <= HIGHEST", "LOWEST < each < LOWEST",
        "a newer version's field is an error at an older one",
    ),
    Mutant(
        "wrong-field-named", _CODEC, "lines[line - 1]", "lines[line - 2]",
        "an error names the field before the one that is wrong",
    ),
)  # fmt: skip

_STREAMS: Final = (
    Mutant(
        "limit-off-by-one", _FRAMING, "if length > limit:", "if length >= limit:",
        "the longest frame that is allowed is refused",
    ),
    Mutant(
        "last-byte-awaited", _FRAMING, "if size - begin < length:", "if size - begin <= length:",
        "a frame is read when the next one begins",
    ),
    Mutant(
        "hello-in-one-piece", _FRAMING, "if not _HELLO.startswith(head):", "if head != _HELLO:",
        "a hello that comes in pieces is refused",
    ),
    Mutant(
        "single-version", _FRAMING, "int(match[2] or lowest)", "int(match[2] or 0)",
        "a hello with a single version is refused",
    ),
    Mutant(
        "endless-hello", _FRAMING, "if length > MAX_HELLO:", "if length < 0:",
        "a hello of four gigabytes is waited for",
    ),
    Mutant(
        "rest-of-hello", _FRAMING, "bytes(self._buffer[8 + length :])", 'b""',
        "what follows the hello at once is lost",
    ),
    Mutant(
        "cap-ignored", _SESSION, "version = min(self._cap, highest)", "version = highest",
        "a version above the cap is promised",
    ),
    Mutant(
        "too-new-a-client", _SESSION, "if version < max(self._lowest, lowest):",
        "if version < self._lowest:",
        "a client that speaks only newer versions is taken",
    ),
    Mutant(
        "sent-too-early", _SESSION, "if self.stage is not Stage.STARTED:\n            msg",
        "if self.stage is Stage.CLOSED:\n            msg",
        "something is sent before START_API",
    ),
    Mutant(
        "asked-too-early", _SESSION,
        "        else:\n            self._end(f\"{message.name} before START_API\", events)\n"
        "            return False\n",
        "",
        "a request before START_API is passed over",
    ),
    Mutant(
        "no-answer-to-garbage", _SESSION,
        "        if self.stage is Stage.STARTED:\n            text",
        "        if self.stage is Stage.CLOSED:\n            text",
        "a request that cannot be read is not answered with 320",
    ),
    Mutant(
        "garbage-concerns-request-0", _SESSION, '"reqId": -1, "code"', '"reqId": 0, "code"',
        "an answer to garbage says that it concerns request 0",
    ),
    Mutant(
        "reads-on", _SESSION, "if data and self.stage in (Stage.WAITING, Stage.STARTED):",
        "if data and self.stage is not Stage.HELLO:",
        "an ended session goes on reading",
    ),
    Mutant(
        "any-server", _SESSION, "or not LOWEST <= int(version) <= HIGHEST", "",
        "a client takes a server whose version nobody speaks",
    ),
)  # fmt: skip

READING: Final = (*_VALUES, *_MESSAGES, *_STREAMS)
