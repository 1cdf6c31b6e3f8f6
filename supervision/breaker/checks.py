"""What is wrong with a setting, in words: the field, its value and what to write instead.

Booleans are refused where a number is due (``True`` would pass for 1), and so are NaN and infinity:
a threshold that compares false with everything never trips.
"""

from __future__ import annotations

import math

from supervision.errors import SupervisionError


class ConfigError(SupervisionError, ValueError):
    """A breaker's setting is out of its range; whoever wrote the configuration is to blame."""


def refuse(field: str, value: object, remedy: str) -> ConfigError:
    """Return the error that names the field, the value and the remedy."""
    return ConfigError(f"breaker: {field} is {value!r}; use {remedy}")


def check_number(
    field: str,
    value: object,
    *,
    above: float | None = None,
    at_least: float | None = None,
    at_most: float,
) -> None:
    """Refuse what is no finite number in the range; one of ``above`` and ``at_least`` is its start.

    Raises:
        ConfigError: naming the field, the value and the range.
    """
    start = above if above is not None else at_least or 0.0
    low = f"above {start:g}" if above is not None else f"of at least {start:g}"
    remedy = f"a finite number {low} and at most {at_most:g}"
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise refuse(field, value, remedy)
    too_low = value <= start if above is not None else value < start
    if too_low or value > at_most:
        raise refuse(field, value, remedy)


def check_count(field: str, value: object, *, at_least: int, at_most: int) -> None:
    """Refuse what is no whole number in the range.

    Raises:
        ConfigError: naming the field, the value and the range.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not at_least <= value <= at_most:
        raise refuse(field, value, f"a whole number from {at_least} to {at_most}")


def check_flag(field: str, value: object) -> None:
    """Refuse what is neither True nor False.

    Raises:
        ConfigError: naming the field and the value.
    """
    if not isinstance(value, bool):
        raise refuse(field, value, "True or False")
