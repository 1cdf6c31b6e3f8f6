"""An order as ib_async writes it, made once for each kind of order and filled in for each order.

A ``placeOrder`` has more than a hundred fields, of which an order of ours sets a dozen; ib_async
goes through all of them each time. What it writes is taken from itself: for the first order of a
kind it writes one for each field that can be set, and the place where that differs from the plain
one is the field's. A kind for which this does not come out is always written by ib_async.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

import msgspec
from ib_async import Contract
from ib_async.client import Client

from robotrader.adapters.ib import translate
from robotrader.domain import Order, OrderType, Side, TimeInForce

if TYPE_CHECKING:
    from collections.abc import Callable

NUMBER: Final = 1
"""Where the order's number stands, behind the message's; the contract's fields come next."""

CONTRACT: Final = 2


def _number(value: Any) -> str:
    return str(float(value))


def _whole(value: Any) -> str:
    return str(int(value))


_FIELDS: Final[dict[str, tuple[object, Callable[[Any], str]]]] = {
    "side": (Side.SELL, str),
    "qty": (Decimal("7.5"), _number),
    "account": ("another", str),
    "limit_price": (Decimal("7.5"), _number),
    "aux_price": (Decimal("7.5"), _number),
    "trail_percent": (Decimal("7.5"), _number),
    "trail_stop_price": (Decimal("7.5"), _number),
    "limit_offset": (Decimal("7.5"), _number),
    "tif": (TimeInForce.GTC, str),
    "outside_rth": (True, _whole),
    "good_after_ns": (1, translate.time_text),
    "good_till_ns": (1, translate.time_text),
    "oca_group": ("another", str),
    "oca_type": (3, _whole),
    "parent_id": (7, _whole),
    "transmit": (False, _whole),
    "all_or_none": (True, _whole),
    "min_qty": (Decimal(7), _whole),
    "order_ref": ("another", str),
}
"""What a field is given to find its place, and how it is written; None is as in a plain order."""


_Kind: TypeAlias = tuple[OrderType, str, str]
"""What decides which fields there are, conditions of the protocol hang on nothing else: the type of
the order, that of the contract, and its exchange."""

_UNSEEN: Final = object()


class _Form(NamedTuple):
    """The texts of a plain order for a contract, and where fields of ours stand."""

    contract: Contract
    texts: list[str]
    places: tuple[tuple[int, str, Callable[[Any], str], object], ...]
    """With what a plain order has there, of which the text stands already."""


class _Scribe(Client):
    """ib_async's client without a connection: keeps what it would have sent."""

    def __init__(self, version: int) -> None:
        super().__init__(None)
        self._serverVersion = version
        self.connState = Client.CONNECTED
        self.text = ""

    def sendMsg(self, msg: str) -> None:
        """Keep a message."""
        self.text = msg

    def written(self, number: int, contract: Contract, order: Order) -> str:
        """Return a message as ib_async writes it."""
        self.placeOrder(number, contract, translate.order_of(order))
        return self.text


class OrderTexts:
    """See the module's prose; for one server version."""

    def __init__(self, version: int) -> None:
        self._scribe = _Scribe(version)
        self._forms: dict[_Kind, object] = {}
        """None where the form of a kind cannot be said."""

        self._filled: dict[tuple[OrderType, int], _Form] = {}
        """Forms with a contract in them, by its number: as many as are ever traded."""

    def of(self, number: int, contract: Contract, order: Order) -> str:
        """Return the message that places ``order`` under ``number``."""
        form = self._filled.get((order.order_type, order.con_id))
        if form is None or form.contract is not contract:
            form = self._fill(contract, order)
            if form is None:
                return self._scribe.written(number, contract, order)
        texts = form.texts.copy()
        texts[NUMBER] = str(number)
        for at, name, text, plain in form.places:
            value = getattr(order, name)
            if value is not plain and value is not None:
                texts[at] = value if text is str else text(value)
        return "\0".join(texts)

    def _fill(self, contract: Contract, order: Order) -> _Form | None:
        """Put a contract into the form of an order's kind."""
        kind = (order.order_type, contract.secType, contract.exchange)
        form = self._forms.get(kind, _UNSEEN)
        if form is _UNSEEN:
            form = self._forms[kind] = self._form(kind)
        if not isinstance(form, _Form):
            return None
        texts, fields = form.texts.copy(), translate.contract_texts(contract)
        texts[CONTRACT : CONTRACT + len(fields)] = fields
        filled = self._filled[order.order_type, order.con_id] = _Form(contract, texts, form.places)
        return filled

    def _form(self, kind: _Kind) -> _Form | None:
        """Find out where an order of a kind has its fields; None if it cannot be said."""
        order_type, sec_type, exchange = kind
        contract = Contract(conId=1, secType=sec_type, exchange=exchange)
        plain = Order(con_id=1, side=Side.BUY, order_type=order_type, qty=Decimal(1), account="one")
        texts = self._scribe.written(1, contract, plain).split("\0")
        fields = translate.contract_texts(contract)
        if texts[CONTRACT : CONTRACT + len(fields)] != fields:
            return None
        places = []
        for name, (value, text) in _FIELDS.items():
            other = msgspec.structs.replace(plain, **{name: value})
            at = _difference(texts, self._scribe.written(1, contract, other).split("\0"))
            if at is None:
                return None
            places.append((at, name, text, getattr(plain, name)))
        return _Form(contract, texts, tuple(places))


def _difference(texts: list[str], others: list[str]) -> int | None:
    """Return the one place where two messages differ, None if there is not exactly one."""
    if len(texts) != len(others):
        return None
    found = [at for at, (one, two) in enumerate(zip(texts, others, strict=True)) if one != two]
    return found[0] if len(found) == 1 else None
