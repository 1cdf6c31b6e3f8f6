"""The catalogue: forwards from every old version, one version backwards, and never a guess."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.journal import (
    Catalogue,
    CorruptJournal,
    Frame,
    InvalidEntry,
    Kind,
    UnknownRecord,
)

decimals = st.decimals(allow_nan=False, allow_infinity=False, places=4)


class First(msgspec.Struct, frozen=True):
    ref: str
    price: int


class Second(msgspec.Struct, frozen=True):
    """The price became a decimal in dollars: needs an upcaster."""

    ref: str
    price: Decimal


class Third(msgspec.Struct, frozen=True):
    """A field was added with a default: needs nothing."""

    ref: str
    price: Decimal
    note: str = "none"


def _dollars(fields: dict[str, Any]) -> dict[str, Any]:
    return {**fields, "price": str(Decimal(fields["price"]) / 100)}


OLD = Catalogue([Kind(9, First)])
MIDDLE = Catalogue([Kind(9, Second, 2)], {(9, 1): _dollars})
NEW = Catalogue([Kind(9, Third, 3)], {(9, 1): _dollars})


def framed(encoded: tuple[int, int, bytes], seq: int = 5) -> Frame:
    type_id, version, payload = encoded
    return Frame(type_id, version, seq, 1, 1, 1, bytes(16), payload)


@given(st.text(), decimals, st.text())
def test_a_record_is_read_as_it_was_written(ref: str, price: Decimal, note: str) -> None:
    record = Third(ref, price, note)
    assert NEW.decode(framed(NEW.encode(record))) == record


@given(st.text(), st.integers(-(2**63), 2**63 - 1))
def test_old_records_are_read_forwards_through_their_upcasters(ref: str, cents: int) -> None:
    old = framed(OLD.encode(First(ref, cents)))
    dollars = Decimal(cents) / 100
    assert MIDDLE.decode(old) == Second(ref, dollars)
    assert NEW.decode(old) == Third(ref, dollars)


@given(st.text(), decimals, st.text())
def test_records_of_the_next_version_are_read_without_their_new_fields(
    ref: str, price: Decimal, note: str
) -> None:
    assert MIDDLE.decode(framed(NEW.encode(Third(ref, price, note)))) == Second(ref, price)


def test_two_versions_ahead_are_refused() -> None:
    with pytest.raises(UnknownRecord, match="record 5: type 9, version 3"):
        OLD.decode(framed(NEW.encode(Third("a", Decimal(1)))))


def test_an_unknown_type_is_refused_and_named() -> None:
    with pytest.raises(UnknownRecord, match=r"record 5: type 10.*use the release"):
        NEW.decode(Frame(10, 1, 5, 1, 1, 1, bytes(16), b"\x80"))


def test_a_field_of_another_type_is_refused_and_not_read_as_something_else() -> None:
    with pytest.raises(CorruptJournal, match="record 5: First of version 2 cannot be read"):
        OLD.decode(framed(MIDDLE.encode(Second("a", Decimal(1)))))


def test_an_upcaster_that_fails_names_the_record() -> None:
    broken = Catalogue([Kind(9, Second, 2)], {(9, 1): lambda fields: fields["missing"]})
    with pytest.raises(CorruptJournal, match=r"record 5: .*KeyError"):
        broken.decode(framed(OLD.encode(First("a", 1))))


class Loose(msgspec.Struct):
    ref: str


class Shifting(msgspec.Struct, frozen=True, array_like=True):
    ref: str


class Outer(msgspec.Struct, frozen=True):
    inner: list[dict[str, Shifting | None]]


class Pair(NamedTuple):
    one: int


class Paired(msgspec.Struct, frozen=True):
    inner: Pair | None


class Closed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    ref: str


class Measured(msgspec.Struct, frozen=True):
    inner: tuple[float, ...]


class Loop(msgspec.Struct, frozen=True):
    inner: Loop | None = None


@pytest.mark.parametrize(
    ("struct", "says"),
    [
        (Loose, "not frozen"),
        (Shifting, "array form"),
        (Outer, "Shifting is in array form"),
        (Paired, "Pair is written as an array"),
        (Closed, "forbids unknown fields"),
    ],
)
def test_a_record_that_could_not_be_read_later_is_refused(
    struct: type[msgspec.Struct], says: str
) -> None:
    with pytest.raises(InvalidEntry, match=says):
        Catalogue([Kind(1, struct)])


@pytest.mark.parametrize(
    "kinds",
    [
        [Kind(1, First), Kind(1, Second)],
        [Kind(1, First), Kind(2, First)],
        [Kind(0, First)],
        [Kind(65536, First)],
        [Kind(1, First, 0)],
    ],
)
def test_a_number_is_given_once_and_fits(kinds: list[Kind]) -> None:
    with pytest.raises(InvalidEntry):
        Catalogue(kinds)


def test_an_upcaster_of_no_old_version_is_refused() -> None:
    with pytest.raises(InvalidEntry, match="an upcaster of type 9, version 2"):
        Catalogue([Kind(9, Second, 2)], {(9, 2): _dollars})


def test_a_record_may_hold_itself() -> None:
    catalogue = Catalogue([Kind(1, Loop)])
    record = Loop(Loop(Loop()))
    assert catalogue.decode(framed(catalogue.encode(record))) == record
    assert catalogue.kinds == (Kind(1, Loop),)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_is_not_finite_is_refused_at_the_edge(number: float) -> None:
    catalogue = Catalogue([Kind(1, Measured)])
    assert catalogue.encode(Measured((1.5,)))[0] == 1
    with pytest.raises(InvalidEntry, match="not finite"):
        catalogue.encode(Measured((1.0, number)))


@pytest.mark.parametrize("number", [Decimal("nan"), Decimal("-inf")])
def test_a_decimal_that_is_not_finite_is_refused_at_the_edge(number: Decimal) -> None:
    with pytest.raises(InvalidEntry, match="not finite"):
        MIDDLE.encode(Second("a", number))


def test_an_integer_of_more_than_64_bits_is_refused() -> None:
    with pytest.raises(InvalidEntry, match="First"):
        OLD.encode(First("a", 2**64))


def test_a_record_that_is_not_in_the_catalogue_is_refused() -> None:
    with pytest.raises(InvalidEntry, match="Second is not in the catalogue"):
        OLD.encode(Second("a", Decimal(1)))
