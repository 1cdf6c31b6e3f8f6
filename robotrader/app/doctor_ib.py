"""The doctor's checks of the gateway: one short, proper API session, then judgements of it.

The session logs in with the configured client id, asks for the time and leaves; it subscribes to
nothing and sends no order. While a system of ours runs, its client id is in use: that is said.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import msgspec

from robotrader.app.doctor_checks import error, info, ok, warning
from robotrader.tws import ClientSession, TwsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from robotrader.app.doctor_checks import Finding
    from robotrader.app.doctor_site import Site
    from robotrader.config import Ib, RestartWindow
    from robotrader.tws import Message

VERSION_MIN: Final = 157
"""The oldest server version that ib_async speaks to."""

CLIENT_ID_IN_USE: Final = 326
CLOCK_S_MAX: Final = 2.0


class Talk(msgspec.Struct, kw_only=True):
    """What came out of a session; what did not come is None."""

    reached: bool = False
    why: str = ""
    version: int | None = None
    accounts: tuple[str, ...] | None = None
    skew_s: float | None = None
    in_use: bool = False


def talk(ib: Ib) -> Talk:
    """Hold a session, within the configured time; nothing is raised."""
    found = Talk()
    try:
        asyncio.run(asyncio.wait_for(_session(ib, found), ib.connect_timeout_s))
    except TimeoutError:
        found.why = f"no answer within {ib.connect_timeout_s:g} s"
    except (OSError, TwsError) as failed:
        found.why = str(failed)
    return found


async def _session(ib: Ib, found: Talk) -> None:
    reader, writer = await asyncio.open_connection(ib.host, ib.port)
    found.reached = True
    client = ClientSession()
    writer.write(client.greeting)
    asked = False
    try:
        while data := await reader.read(65536):
            replies = client.receive(data)
            if not asked and client.version is not None:
                asked = True
                found.version = client.version
                writer.write(client.request("startApi", clientId=ib.client_id))
                writer.write(client.request("reqCurrentTime"))
            if any(_note(found, reply) for reply in replies):
                return
        found.why = "the gateway closed the connection"
    finally:
        writer.close()


def _note(found: Talk, reply: Message) -> bool:
    """Keep what a message says; return whether nothing more is awaited."""
    if reply.name == "managedAccounts":
        found.accounts = tuple(filter(None, reply.fields["accounts"].split(",")))
    if reply.name == "error" and reply.fields["code"] == CLIENT_ID_IN_USE:
        found.in_use = True
        return True
    if reply.name == "currentTime":
        # The gateway says whole seconds: half of one is the best guess of what was cut off.
        found.skew_s = time.time() - float(reply.fields["time"]) - 0.5
        return True
    return False


def ib_01(site: Site, said: Talk) -> Finding:
    """The gateway's port takes connections."""
    where = f"{site.config.ib.host}:{site.config.ib.port}"
    if said.reached:
        return ok(f"{where} takes connections")
    remedy = "start the gateway and enable its API; `robotrader gateway emulate` is one for sim"
    return error(f"{where}: {said.why}", remedy)


def ib_02(_site: Site, said: Talk) -> Finding:
    """What answers is a gateway that is new enough."""
    if said.version is None:
        return error(f"no API greeting: {said.why}", "is the port another program's?")
    if said.version < VERSION_MIN:
        return error(f"server version {said.version}", f"update it: {VERSION_MIN} is needed")
    return ok(f"server version {said.version}")


def ib_03(site: Site, said: Talk) -> Finding:
    """The configured account is there, and is of the configured kind."""
    if said.in_use:
        return info("not asked: the client id is in use")
    if said.accounts is None:
        return error(f"the gateway named no accounts: {said.why}", "log in to the gateway")
    wanted = site.config.account
    if wanted and wanted not in said.accounts:
        shown = ", ".join(said.accounts) or "none"
        return error(f"account {wanted} is not there, but {shown}", "log in with the right user")
    return ok(f"account {wanted or ', '.join(said.accounts)}")


def ib_06(_site: Site, said: Talk) -> Finding:
    """The gateway's clock and ours agree."""
    if said.skew_s is None:
        return info("not known: the gateway did not say its time")
    if abs(said.skew_s) > CLOCK_S_MAX:
        return warning(f"our clock is {said.skew_s:+.1f} s off", "start chrony on both machines")
    return ok(f"clocks agree within {CLOCK_S_MAX:g} s")


def ib_07(site: Site, said: Talk) -> Finding:
    """Nobody else uses our client id."""
    if said.accounts is None and not said.in_use:
        return info("not known: there was no session")
    if not said.in_use:
        return ok(f"client id {site.config.ib.client_id} is free")
    if site.holder is not None:
        return info(f"client id {site.config.ib.client_id} is in use, by our process {site.holder}")
    remedy = "end the other client, or set ib.client_id"
    return error(f"client id {site.config.ib.client_id} is in use", remedy)


def ib_09(site: Site, _said: Talk) -> Finding:
    """When the gateway restarts next."""
    windows = site.config.ib.restart_windows
    if not windows:
        return warning("no restart window is configured", "set ib.restart_windows")
    now = datetime.now(UTC)
    following = min(next_start(window, now) for window in windows)
    return info(f"the next restart is at {following.astimezone(UTC):%Y-%m-%d %H:%MZ}")


def next_start(window: RestartWindow, now: datetime) -> datetime:
    """Return when a window's restart comes next, by the clock of its time zone."""
    local = now.astimezone(ZoneInfo(window.tz))
    hour, minute = map(int, window.at.split(":"))
    today = local.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return today if today > local else today + timedelta(days=1)


CHECKS: Final[dict[str, Callable[[Site, Talk], Finding]]] = {
    check.__name__.upper().replace("_", " "): check
    for check in (ib_01, ib_02, ib_03, ib_06, ib_07, ib_09)
}
"""By their ids."""
