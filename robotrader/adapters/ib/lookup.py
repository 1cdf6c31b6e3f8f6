"""Finds contracts before a tree is made: one short session with the gateway."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import TYPE_CHECKING, Any, Final

import msgspec

from robotrader.adapters.ib.port import IbPort
from robotrader.adapters.ib.wire import Sinks
from robotrader.domain import LinkChanged, LinkState
from robotrader.domain.errors import ConfigurationError, IBKRConnectionError
from robotrader.gateway import GatewayAlert, Resolve, Resolved

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from robotrader.adapters.ib.wire import IbSettings
    from robotrader.domain import Instrument


AGAIN_S: Final = 1.0
"""The longest wait between two tries: a person waits for the first start, and a gateway that is
starting beside us listens within seconds. Waits that double would sleep through as many again."""


def _nobody(_: LinkChanged) -> None:
    """Tell nobody."""


async def look_up(
    settings: IbSettings,
    symbols: Sequence[str],
    timeout_s: float,
    told: Callable[[LinkChanged], None] = _nobody,
) -> dict[str, Instrument]:
    """Return the contract of each symbol; ``told`` hears of the connection meanwhile.

    Raises:
        ConfigurationError: the broker does not know a symbol, and all of them are named; or the
            login does not have the account.
        IBKRConnectionError: the gateway did not answer in time; says how far it came.
    """
    answers: asyncio.Queue[Resolved] = asyncio.Queue()
    connected = asyncio.Event()
    failures: list[Exception] = []
    last = "it does not listen"

    def heard(message: Any) -> None:
        nonlocal last
        if isinstance(message, LinkChanged):
            told(message)
            last = f"{message.state}: {message.why}" if message.why else str(message.state)
            if message.state in {LinkState.SYNCING, LinkState.READY}:
                connected.set()

    def alerted(alert: GatewayAlert) -> None:
        if alert.kind == "account":
            failures.append(ConfigurationError(alert.text))
            connected.set()

    def priced(message: Any) -> None:
        if isinstance(message, Resolved):
            answers.put_nowait(message)

    sinks = Sinks(
        broker=heard,
        data=priced,
        alert=alerted,
        failed=failures.append,
    )
    cap_s = min(AGAIN_S, settings.link.backoff_cap_s)
    link = msgspec.structs.replace(settings.link, backoff_cap_s=cap_s)
    port = IbPort(msgspec.structs.replace(settings, link=link), sinks, count(1).__next__)
    port.start()
    try:
        async with asyncio.timeout(timeout_s):
            await connected.wait()
            if failures:
                raise failures[0]
            for number, symbol in enumerate(symbols):
                port.resolve(Resolve(number, symbol))
            return _found(symbols, [await answers.get() for _ in symbols])
    except TimeoutError:
        if failures:
            raise failures[0] from None
        where = f"{settings.host}:{settings.port}"
        remedy = _remedy(settings, last)
        msg = f"the gateway at {where} gave no contracts within {timeout_s:g} s ({last}): {remedy}"
        raise IBKRConnectionError(msg) from None
    finally:
        port.stop()


def _remedy(settings: IbSettings, last: str) -> str:
    """Return what to do about how far the connection came."""
    if "(326)" in last:
        return f"end the other program with client id {settings.client_id}, or set ib.client_id"
    if "handshake" in last:
        return "log in to it, confirm its second factor, and enable its API"
    return "start it, or correct ib.host and ib.port"


def _found(symbols: Sequence[str], answers: list[Resolved]) -> dict[str, Instrument]:
    found, wrong = {}, []
    for answer in answers:
        if answer.instrument is None:
            wrong.append(f"universe.symbols {symbols[answer.request]}: {answer.error}")
        else:
            found[symbols[answer.request]] = answer.instrument
    if wrong:
        raise ConfigurationError("\n".join(sorted(wrong)))
    return {symbol: found[symbol] for symbol in symbols}
