"""Our client writes what ib_async's own would write: it is the oracle."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from ib_async import Contract, LimitOrder, TagValue
from ib_async.client import Client
from ib_async.util import UNSET_DOUBLE, UNSET_INTEGER

from robotrader.adapters.ib.client import SafeClient

FIELDS = st.one_of(
    st.text(max_size=8),
    st.booleans(),
    st.integers(-(2**40), 2**40),
    st.just(UNSET_INTEGER),
    st.floats(allow_nan=False),
    st.just(UNSET_DOUBLE),
    st.none(),
    st.lists(st.builds(TagValue, st.text(max_size=3), st.text(max_size=3)), max_size=3),
    st.builds(
        Contract, conId=st.integers(0, 9), symbol=st.text(max_size=4), strike=st.floats(0, 9)
    ),
)


class _Listener:
    """Nobody listens."""

    def __getattr__(self, _name: str) -> Any:
        return lambda *_: None


def _client(kind: type[Client], sent: list[str]) -> Client:
    class Noted(kind):  # type: ignore[misc, valid-type]  # either class
        def isConnected(self) -> bool:  # noqa: N802 - ib_async's name
            return True

        def sendMsg(self, msg: str) -> None:  # noqa: N802
            sent.append(msg)

        def serverVersion(self) -> int:  # noqa: N802
            return 178

    listener = _Listener()
    if kind is Client:
        return Noted(listener)
    nothing = lambda *_: None  # noqa: E731 - one line is what it is
    return Noted(listener, 1, broken=nothing, garbled=nothing, read=nothing)


@given(st.lists(FIELDS, max_size=12), st.booleans())
def test_any_fields_are_the_same_bytes(fields: list[Any], empty: bool) -> None:
    ours, theirs = list[str](), list[str]()
    _client(SafeClient, ours).send(*fields, makeEmpty=empty)
    _client(Client, theirs).send(*fields, makeEmpty=empty)
    assert ours == theirs


def test_an_order_is_the_same_bytes() -> None:
    ours, theirs = list[str](), list[str]()
    for kind, sent in ((SafeClient, ours), (Client, theirs)):
        order = LimitOrder("BUY", 1, 98.5, tif="IOC", account="DU1")
        _client(kind, sent).placeOrder(7, Contract(conId=1, exchange="SMART"), order)
    assert ours == theirs
    assert ours[0].startswith("3\x007\x001\x00")
