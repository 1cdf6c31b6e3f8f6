"""Tables whose rows are found by contract too: of five hundred stops one is of the order's.

A contract is looked at several times in an order's life, and what else the account has does not
concern it.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from robotrader.execution.tracked import Tracked

K = TypeVar("K")
V = TypeVar("V")

_NONE: Final[Mapping[Any, Any]] = MappingProxyType({})


class Filed(dict[K, V]):
    """A table that is changed by assignment, ``pop`` and ``fill``, and in no other way.

    Rows of a contract are in the order of the whole table.
    """

    def __init__(self) -> None:
        super().__init__()
        self.by_contract: dict[int, dict[K, V]] = {}
        """To be read only: the rows of each contract that has any."""

    def contract(self, key: K, value: V) -> int:
        """Return which contract a row is of; that of a key never changes."""
        raise NotImplementedError

    def __setitem__(self, key: K, value: V) -> None:
        """Put a row in, or another value in its place."""
        super().__setitem__(key, value)
        con_id = self.contract(key, value)
        own = self.by_contract.get(con_id)
        if own is None:
            own = self.by_contract[con_id] = {}
        own[key] = value

    def pop(self, key: K, default: Any = None) -> Any:
        """Take a row out, if it is there."""
        value = super().pop(key, None)
        if value is None:
            return default
        con_id = self.contract(key, value)
        own = self.by_contract[con_id]
        del own[key]
        if not own:
            del self.by_contract[con_id]
        return value

    def fill(self, rows: Iterable[tuple[K, V]]) -> None:
        """Begin with these rows."""
        self.clear()
        self.by_contract.clear()
        for key, value in rows:
            self[key] = value

    def of(self, con_id: int) -> Mapping[K, V]:
        """Return the rows of a contract."""
        return self.by_contract.get(con_id, _NONE)


class Orders(Filed[str, "Tracked"]):
    """Orders by their reference."""

    def contract(self, key: str, value: Tracked) -> int:  # noqa: ARG002 - the order knows it
        """Return an order's contract."""
        return value.intent.con_id


class OfStrategies(Filed[tuple[str, int], V]):
    """What strategies have of contracts."""

    def contract(self, key: tuple[str, int], value: V) -> int:  # noqa: ARG002 - the key has it
        """Return the contract of a key."""
        return key[1]
