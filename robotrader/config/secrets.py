"""Secrets are named in the configuration, never written in it: what looks like one is refused.

A key whose name says that it is a secret may only hold a reference. Elsewhere a value is refused
that has the form of a well-known token, an address with a password, or that is long and random.
"""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from robotrader.config.layers import Path

REMEDY: Final = (
    'looks like a secret: write { secret = "name" } and put its value into the environment '
    "as ROBOTRADER_SECRET_NAME or into the file /run/secrets/name"
)

_TELLING: Final = re.compile(
    r"(^|_)(password|passwd|secret|token|api_?key|private_?key|credential)s?$"
)
_FORMS: Final = re.compile(
    r"""^(?:sk|pk|rk)[-_](?:live|test|proj|ant)?[-_]?[A-Za-z0-9]{8,}   # payment, model services
    | \bgh[pousr]_[A-Za-z0-9]{20,} | \bgithub_pat_\w{20,} | \bxox[abprs]-[\w-]{10,}
    | \bAKIA[0-9A-Z]{16}\b | \beyJ[\w-]{10,}\.eyJ[\w-]{10,}            # cloud keys, JWT
    | -----BEGIN\ [A-Z ]*PRIVATE\ KEY----- | \b\d{8,10}:[\w-]{35}\b    # keys, Telegram bots
    | ://[^/\s:@]*:[^/\s@]+@""",
    re.VERBOSE,
)
_RANDOM: Final = re.compile(r"^[A-Za-z0-9+/=_-]{24,}$")
_CHANGES: Final = 10
"""Neighbours of other kinds (small, large, digit): names and paths have fewer, keys many more."""

_RANDOM_BITS: Final = 3.2
"""Bits a character: hex digits drawn at random have nearly 4, words and paths less."""


def suspicious(path: Path, value: str) -> bool:
    """Return whether a value looks like a secret, by its key's name or by its form."""
    return bool(value and _TELLING.search(path[-1].lower())) or secret_form(value)


def secret_form(value: str) -> bool:
    """Return whether a value has the form of a secret, whatever its key is."""
    return bool(_FORMS.search(value)) or _is_random(value)


def _is_random(value: str) -> bool:
    """Return whether it is long, of one word, mixes kinds of characters and hardly repeats."""
    if not _RANDOM.match(value):
        return False
    kinds = re.sub("[A-Z]", "A", re.sub("[a-z]", "a", re.sub("[0-9]", "0", value)))
    changes = sum(a != b and (a + b).isalnum() for a, b in itertools.pairwise(kinds))
    if changes < _CHANGES:
        return False
    counts = Counter(value)
    bits = -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values())
    return bits > _RANDOM_BITS
