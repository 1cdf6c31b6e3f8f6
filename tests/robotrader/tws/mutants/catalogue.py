"""Seeded mistakes in the TWS codec: layouts, gates, values, frames, sessions.

The runner is the one of the supervisors' mistakes:
``python -m tests.supervision.mutants.runner tests.robotrader.tws.mutants.catalogue``.
"""

from __future__ import annotations

from typing import Final

from tests.robotrader.tws.mutants.reading_mutants import READING
from tests.supervision.mutants.mutant import Mutant

TESTS: Final = (
    *(f"tests/robotrader/tws/test_{topic}.py" for topic in ("session", "golden", "codec")),
    "tests/robotrader/tws/oracle/test_values.py",
    "tests/robotrader/tws/oracle/test_requests.py",
    "tests/robotrader/fuzz/test_found.py",
)
"""The selection that must fail for every mutant; the quickest come first."""

_LAYOUT = "robotrader/tws/layout.py"
_COMPILER = "robotrader/tws/compiler.py"
_REPLIES = "robotrader/tws/replies.py"
_REQUESTS = "robotrader/tws/requests.py"

_LANGUAGE: Final = (
    Mutant(
        "gate-off-by-one", _LAYOUT, 'if (version < int(bound)) == (sign == "≥"):',
        'if (version <= int(bound)) == (sign == "≥"):',
        "every field begins and ends a version late",
    ),
    Mutant(
        "blank-in-value", _LAYOUT, '.replace("_", " ")', "",
        "PEG BENCH's fields are not there",
    ),
    Mutant(
        "no-tail", _LAYOUT, "Group(items[-1].name, items[-1].items, tail)",
        "Group(items[-1].name, items[-1].items)",
        "the two fields after an order's conditions are not there",
    ),
    Mutant(
        "gate-of-a-condition", _LAYOUT, 'match["cond_gates"] if match["cond"]',
        '"" if match["cond"]',
        "fields of PEG BEST are there before version 170",
    ),
    Mutant(
        "fractions-a-version-late", _COMPILER, "self._fractional = version >= FRACTIONAL_FROM",
        "self._fractional = version > FRACTIONAL_FROM",
        "version 163 has whole sizes",
    ),
    Mutant(
        "unset-is-largest", _COMPILER, '"De": "double_or_empty"', '"De": "double"',
        "an unset price is the largest number where an empty field is wanted",
    ),
    Mutant(
        "missing-is-unset", _COMPILER, '"0" if field.kind in _ZERO else "None"', '"None"',
        "a number that was not given is unset and not 0",
    ),
    Mutant(
        "infinity-turned", _COMPILER, 'f"{value} == INFINITY"', 'f"{value} != INFINITY"',
        "the offsets to the mid are there when they are not wanted",
    ),
    Mutant(
        "plain-group", _COMPILER, '_only(group).name == "v"', '_only(group).name != "v"',
        "lists of values are lists of groups",
    ),
    Mutant(
        "count-of-what-is-left", _COMPILER, "count(t[i], len(t) - i); i += 1",
        "count(t[i], len(t) - i)",
        "the count of a group is read again as its first field",
    ),
)  # fmt: skip

_LAYOUTS: Final = (
    Mutant(
        "error-time-late", _REPLIES, "errorTime:i≥194", "errorTime:i≥201",
        "an error of version 200 has no time",
    ),
    Mutant(
        "error-version", _REPLIES, "4 error V2<194", "4 error V2<201",
        "an error of version 200 has a version of its own",
    ),
    Mutant(
        "reject-json-late", _REPLIES, "advancedOrderRejectJson≥166", "advancedOrderRejectJson≥167",
        "at 166 an error lacks a field",
    ),
    Mutant(
        "revision-early", _REPLIES, "pendingPriceRevision:b≥178", "pendingPriceRevision:b≥177",
        "at 177 an execution has a field too many",
    ),
    Mutant(
        "high-and-low", _REPLIES, "#bars(date open:d high:d low:d",
        "#bars(date open:d low:d high:d",
        "a bar's high is its low",
    ),
    Mutant(
        "update-in-bar-order", _REPLIES, "open:d close:d high:d low:d wap:d volume:q",
        "open:d high:d low:d close:d volume:q wap:d",
        "an update has the order of a bar, which it has not",
    ),
    Mutant(
        "sizes-swapped", _REPLIES, "ask:d bidSize:q askSize:q) done:b",
        "ask:d askSize:q bidSize:q) done:b",
        "the bid's size is the ask's",
    ),
    Mutant(
        "details-version", _REPLIES, "10 contractDetails V8<164", "10 contractDetails V8<163",
        "at 163 contract details have no version",
    ),
    Mutant(
        "profile-kept", _REPLIES, "sharesAllocation faGroup faMethod faPercentage faProfile<177",
        "sharesAllocation faGroup faMethod faPercentage faProfile<178",
        "at 177 an open order still has a profile",
    ),
    Mutant(
        "history-start", _REPLIES, "start<196 end<196 #bars", "start end #bars",
        "history of version 200 has a start",
    ),
    Mutant(
        "market-price-of-cap", _REPLIES, "whyHeld mktCapPrice:p≥131", "mktCapPrice:p≥131 whyHeld",
        "why an order is held is the cap's price",
    ),
    Mutant(
        "sum-and-price", _REPLIES, "cumQty:q avgPrice:d orderRef",
        "avgPrice:d cumQty:q orderRef",
        "an execution's sum is its price",
    ),
    Mutant(
        "margins-of-195", _REPLIES, "marginCurrency≥195", "marginCurrency≥201",
        "a preview of version 200 lacks a currency",
    ),
    Mutant(
        "place-profile", _REQUESTS, "faProfile<177", "faProfile<178",
        "at 177 an order's profile is read that is not there",
    ),
    Mutant(
        "duration-late", _REQUESTS, "postToAts:Ie≥160", "postToAts:Ie≥161",
        "at 160 an order's last field is left over",
    ),
    Mutant(
        "issuer-late", _REQUESTS, "issuerId≥176", "issuerId≥177",
        "at 176 a contract's issuer is left over",
    ),
    Mutant(
        "imbalance-late", _REQUESTS, "imbalanceOnly:b≥199", "imbalanceOnly:b≥201",
        "an order of version 200 has a field too many",
    ),
    Mutant(
        "days-of-executions", _REQUESTS, "lastNDays:Ie≥200", "lastNDays:Ie≥201",
        "executions of version 200 are asked for with a field too many",
    ),
    Mutant(
        "offsets-of-peg-best", _REQUESTS, "minCompeteSize:Ie competeAgainstBestOffset:De",
        "competeAgainstBestOffset:De minCompeteSize:Ie",
        "the size that competes is its offset",
    ),
    Mutant(
        "transmit-and-parent", _REQUESTS, "transmit:b parentId:i", "parentId:i transmit:b",
        "an order's parent is whether it is sent",
    ),
)  # fmt: skip

MUTANTS: Final = (*READING, *_LANGUAGE, *_LAYOUTS)
