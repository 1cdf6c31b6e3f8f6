"""Requests about the gateway itself, and those that a gateway without the service refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from robotrader.emulator.market import seconds

if TYPE_CHECKING:
    from robotrader.emulator.gateway import Gateway
    from robotrader.emulator.link import Link

UNKNOWN_SERVICE: Final = 321


def _accounts(gateway: Gateway, link: Link, _fields: dict[str, Any]) -> None:
    link.send("managedAccounts", accounts=",".join(gateway.settings.accounts))


def _ids(gateway: Gateway, link: Link, _fields: dict[str, Any]) -> None:
    link.send("nextValidId", orderId=gateway.next_ids[link.client_id])


def _time(gateway: Gateway, link: Link, _fields: dict[str, Any]) -> None:
    link.send("currentTime", time=seconds(gateway.timeline.now_ns))


def _millis(gateway: Gateway, link: Link, _fields: dict[str, Any]) -> None:
    link.send("currentTimeInMillis", time=gateway.timeline.now_ns // 1_000_000)


def _user(_gateway: Gateway, link: Link, fields: dict[str, Any]) -> None:
    link.send("userInfo", reqId=fields["reqId"], whiteBrandingId="")


def _nothing(_gateway: Gateway, _link: Link, _fields: dict[str, Any]) -> None:
    """Accept what has no answer."""


def _twice(_gateway: Gateway, link: Link, _fields: dict[str, Any]) -> None:
    link.end("fin", "START_API came twice")


def _families(gateway: Gateway, link: Link, _fields: dict[str, Any]) -> None:
    codes = [{"accountID": name, "familyCode": ""} for name in gateway.settings.accounts]
    link.send("familyCodes", codes=codes)


def _tiers(_gateway: Gateway, link: Link, fields: dict[str, Any]) -> None:
    link.send("softDollarTiers", reqId=fields["reqId"], rows=[])


def _providers(_gateway: Gateway, link: Link, _fields: dict[str, Any]) -> None:
    link.send("newsProviders", rows=[])


def _no_service(what: str) -> Any:
    """Return a handler that refuses a service for which there is no subscription."""

    def refuse(_gateway: Gateway, link: Link, fields: dict[str, Any]) -> None:
        text = f"Error validating request:-'b' : cause - {what} is not subscribed"
        link.error(fields.get("reqId", -1), UNKNOWN_SERVICE, text)

    return refuse


HANDLERS: Final = {
    "startApi": _twice,
    "reqManagedAccts": _accounts,
    "reqIds": _ids,
    "reqCurrentTime": _time,
    "reqCurrentTimeInMillis": _millis,
    "reqUserInfo": _user,
    "setServerLogLevel": _nothing,
    "reqNewsBulletins": _nothing,
    "cancelNewsBulletins": _nothing,
    "reqFamilyCodes": _families,
    "reqSoftDollarTiers": _tiers,
    "reqNewsProviders": _providers,
    "requestFA": _no_service("Financial advisor data"),
    "replaceFA": _no_service("Financial advisor data"),
    "exerciseOptions": _no_service("Options trading"),
    "reqScannerSubscription": _no_service("The market scanner"),
    "cancelScannerSubscription": _nothing,
    "reqScannerParameters": _no_service("The market scanner"),
    "reqFundamentalData": _no_service("Fundamental data"),
    "cancelFundamentalData": _nothing,
    "calculateImpliedVolatility": _no_service("Option computation"),
    "calculateOptionPrice": _no_service("Option computation"),
    "cancelCalculateImpliedVolatility": _nothing,
    "cancelCalculateOptionPrice": _nothing,
    "queryDisplayGroups": _no_service("Display groups"),
    "subscribeToGroupEvents": _no_service("Display groups"),
    "updateDisplayGroup": _no_service("Display groups"),
    "unsubscribeFromGroupEvents": _nothing,
    "reqNewsArticle": _no_service("News"),
    "reqHistoricalNews": _no_service("News"),
    "reqWshMetaData": _no_service("Wall Street Horizon"),
    "cancelWshMetaData": _nothing,
    "reqWshEventData": _no_service("Wall Street Horizon"),
    "cancelWshEventData": _nothing,
}
