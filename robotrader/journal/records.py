"""The catalogue: which record types a journal may hold, and how old ones are read.

Rules, from measurements with msgspec: a record is a frozen struct in map form, never in array form
(a field inserted in the middle shifts all later ones without an error when their types agree); a
field is added with a default; none is renamed, given another type or used again; a new meaning is a
new type id. Bytes of one version ahead are read too, without their new fields, so that a release
can be rolled back. A type that is not known is refused: a replay that skips is a wrong replay.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec
from msgspec import inspect

from robotrader.journal.errors import CorruptJournal, InvalidEntry, JournalError, UnknownRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from robotrader.journal.frame import Frame

    Upcaster: TypeAlias = Callable[[dict[str, Any]], dict[str, Any]]

MAX_ID: Final = 0xFFFF
_CORRECT: Final = "correct the definition of the record"
_NUMBERS: Final = (inspect.FloatType, inspect.DecimalType, inspect.AnyType)


class Kind(msgspec.Struct, frozen=True):
    """A record type: its permanent number, its struct and the version of that struct."""

    type_id: int
    struct: type[msgspec.Struct]
    version: int = 1


class Catalogue:
    """Encodes and decodes the records of ``kinds``.

    ``upcasters`` maps ``(type id, version)`` to a pure function that makes the fields of the next
    version out of the fields of that one; it is needed only where defaults do not say it all.
    """

    def __init__(
        self, kinds: Iterable[Kind], upcasters: Mapping[tuple[int, int], Upcaster] | None = None
    ) -> None:
        self._kinds: dict[int, Kind] = {}
        self._by_struct: dict[type, Kind] = {}
        self._decoders: dict[int, msgspec.msgpack.Decoder[Any]] = {}
        self._numbers: dict[type, tuple[str, ...]] = {}
        """The fields of a struct in which there may be numbers that are not finite."""

        self._encoder = msgspec.msgpack.Encoder()
        for kind in kinds:
            self._add(kind)
        self._upcasters = dict(upcasters or {})
        self._check_upcasters()

    def _add(self, kind: Kind) -> None:
        name = kind.struct.__name__
        if not 0 < kind.type_id <= MAX_ID or not 0 < kind.version <= MAX_ID:
            raise _invalid(f"{name}: type id {kind.type_id}, version {kind.version}: 1 to {MAX_ID}")
        if kind.type_id in self._kinds or kind.struct in self._by_struct:
            raise _invalid(f"{name}: type id {kind.type_id} or the struct is there already")
        if not kind.struct.__struct_config__.frozen:
            raise _invalid(f"{name} is not frozen")
        for part in _parts(inspect.type_info(kind.struct)):
            _check_part(name, part)
        self._numbers[kind.struct] = tuple(_with_numbers(kind.struct))
        self._kinds[kind.type_id] = kind
        self._by_struct[kind.struct] = kind
        self._decoders[kind.type_id] = msgspec.msgpack.Decoder(kind.struct)

    def _check_upcasters(self) -> None:
        for type_id, version in self._upcasters:
            kind = self._kinds.get(type_id)
            if kind is None or not 0 < version < kind.version:
                raise _invalid(f"an upcaster of type {type_id}, version {version}, of no old one")

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The record types, by number."""
        return tuple(self._kinds[type_id] for type_id in sorted(self._kinds))

    def encode(self, record: msgspec.Struct) -> tuple[int, int, bytes]:
        """Return type id, version and bytes of a record.

        Raises:
            InvalidEntry: its class is not in the catalogue, or it holds a NaN, an infinity or a
                number of more than 64 bits (money is a ``Decimal``).
        """
        kind = self._by_struct.get(type(record))
        if kind is None:
            raise _invalid(f"{type(record).__name__} is not in the catalogue")
        try:
            payload = self._encoder.encode(record)
        except (OverflowError, TypeError, ValueError) as error:
            raise _invalid(f"{type(record).__name__}: {error}") from error
        for name in self._numbers[kind.struct]:
            value = getattr(record, name)
            if value is not None and not _is_finite(value):
                raise _invalid(f"{type(record).__name__} holds a number that is not finite")
        return kind.type_id, kind.version, payload

    def decode(self, frame: Frame) -> Any:
        """Return the record of a frame, in its newest form.

        Raises:
            UnknownRecord: the type, or a version newer than the next, is not known.
            CorruptJournal: the payload does not have the fields of its version.
        """
        kind = self._kinds.get(frame.type_id)
        if kind is None or frame.version > kind.version + 1:
            msg = f"type {frame.type_id}, version {frame.version}, is not known to this release"
            raise UnknownRecord(msg, "use the release that wrote it, or a newer one", seq=frame.seq)
        payload = frame.payload
        try:
            for version in range(frame.version, kind.version):
                payload = self._upcast(frame.type_id, version, payload)
            return self._decoders[frame.type_id].decode(payload)
        except JournalError:
            raise
        except Exception as error:  # an upcaster may raise whatever it likes
            msg = f"{kind.struct.__name__} of version {frame.version} cannot be read: {error!r}"
            remedy = "correct the record's definition or its upcaster: old records never change"
            raise CorruptJournal(msg, remedy, seq=frame.seq) from error

    def _upcast(self, type_id: int, version: int, payload: bytes) -> bytes:
        upcaster = self._upcasters.get((type_id, version))
        if upcaster is None:
            return payload
        return self._encoder.encode(upcaster(msgspec.msgpack.decode(payload, type=dict[str, Any])))


def _invalid(what: str) -> InvalidEntry:
    return InvalidEntry(what, _CORRECT)


def _check_part(name: str, part: inspect.Type) -> None:
    if isinstance(part, inspect.NamedTupleType):
        raise _invalid(f"{name}: {part.cls.__name__} is written as an array, which shifts")
    if not isinstance(part, inspect.StructType):
        return
    inner = part.cls.__name__
    if part.array_like:
        raise _invalid(f"{name}: {inner} is in array form, which shifts when a field is inserted")
    if part.forbid_unknown_fields:
        raise _invalid(f"{name}: {inner} forbids unknown fields: no release could be rolled back")


def _parts(root: inspect.Type) -> Iterator[inspect.Type]:
    """Yield a type and every type inside of it, each once."""
    waiting, seen = [root], set[int]()
    kept: list[inspect.Type] = []  # keeps what was seen alive: an id is used again after a death
    while waiting:
        part = waiting.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        kept.append(part)
        yield part
        waiting.extend(_inside(part))


def _inside(part: object) -> Iterator[inspect.Type]:
    for name in getattr(part, "__struct_fields__", ()):
        value = getattr(part, name)
        for one in value if isinstance(value, tuple) else (value,):
            if isinstance(one, inspect.Type):
                yield one
            elif isinstance(one, inspect.Field):
                yield one.type


def _with_numbers(struct: type[msgspec.Struct]) -> Iterator[str]:
    """Yield the names of the fields that hold, or may hold, a float or a decimal."""
    info = inspect.type_info(struct)
    assert isinstance(info, inspect.StructType), "a record is a struct"
    for one in info.fields:
        if any(isinstance(part, _NUMBERS) for part in _parts(one.type)):
            yield one.name


def _is_finite(value: object) -> bool:
    """Look at a field; what holds others is taken apart as it is written."""
    if isinstance(value, Decimal):
        return value.is_finite()
    if isinstance(value, float):
        return math.isfinite(value)
    return _finite(msgspec.to_builtins(value, builtin_types=(Decimal,)))


def _finite(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, Decimal):
        return value.is_finite()
    if isinstance(value, dict):
        return all(map(_finite, value.values())) and all(map(_finite, value))
    if isinstance(value, list | tuple | set | frozenset):
        return all(map(_finite, value))
    return True
