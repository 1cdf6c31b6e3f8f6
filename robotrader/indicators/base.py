"""What every indicator is: a value, a number of values until the first one, a state to keep.

The state is what the next values depend on, so a loaded indicator goes on to the last bit as the
saved one would have. Sums are not kept but made anew from the values of their window.
"""

from __future__ import annotations

from collections import deque
from typing import Any, ClassVar

import msgspec

from robotrader.indicators.exact import Total, Window


class Indicator:
    """See the module's prose.

    Attributes:
        warm_up: how many values it takes until there is a first result.
        value: the newest result; None until then.
    """

    warm_up: int
    value: Any
    _keeps: ClassVar[tuple[str, ...]]
    """Names of the attributes that are its state, besides ``value``."""

    def save(self) -> bytes:
        """Return its state, for ``load`` of one that was made with the same arguments."""
        return msgspec.msgpack.encode(self._state())

    def load(self, data: bytes) -> None:
        """Take back a state, in place of its own.

        Raises:
            ValueError: it is not a state of such an indicator.
        """
        try:
            self._restore(msgspec.msgpack.decode(data))
        except (msgspec.DecodeError, TypeError, ValueError, LookupError) as error:
            msg = f"no state of {type(self).__name__} with warm-up {self.warm_up} ({error})"
            raise ValueError(msg) from error

    def _state(self) -> list[Any]:
        kept = [_plain(getattr(self, name)) for name in self._keeps]
        return [type(self).__name__, self.warm_up, self.value, kept]

    def _restore(self, state: list[Any]) -> None:
        name, warm_up, value, kept = state
        if (name, warm_up) != (type(self).__name__, self.warm_up):
            msg = f"it is one of {name} with warm-up {warm_up}"
            raise ValueError(msg)
        for each, plain in zip(self._keeps, kept, strict=True):
            _put(self, each, plain)
        self.value = self._result(value)

    def _result(self, plain: Any) -> Any:
        """Return a result of what ``value`` was written as."""
        return plain


def _plain(part: Any) -> Any:
    if isinstance(part, Indicator):
        return part._state()
    if isinstance(part, Window | Total):
        return part.state()
    return list(part) if isinstance(part, deque) else part


def _put(owner: Indicator, name: str, plain: Any) -> None:
    part = getattr(owner, name)
    if isinstance(part, Indicator):
        part._restore(plain)
    elif isinstance(part, Window | Total):
        part.restore(plain)
    elif isinstance(part, deque):
        part.clear()
        part.extend(tuple(each) if isinstance(each, list) else each for each in plain)
    else:
        setattr(owner, name, plain)
