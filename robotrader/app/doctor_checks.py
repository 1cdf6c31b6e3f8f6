"""The doctor's checks of this machine and the configuration: one small function each.

A check takes a ``Site`` and returns what it found. An error means that the system would not work,
or not safely; a warning, that it works less well; an information is a hint.
"""

from __future__ import annotations

import zoneinfo
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import msgspec

from robotrader.adapters.secrets import Secrets
from robotrader.config import BrokenRuleError, Mode, journal_folder
from robotrader.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from robotrader.app.doctor_site import Site

OPEN_FILES_MIN: Final = 4096
RAM_MIB_MIN: Final = 1024
REMOTE_FILE_SYSTEMS: Final = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "vboxsf"}
)
"""Where memory maps are not coherent or locks do not lock: LMDB's documentation forbids them."""

LIVE_LIMITS: Final = ("max_gross", "max_symbol_weight", "max_daily_loss", "max_drawdown",
                      "max_order_usd")  # fmt: skip
GROSS_SANE: Final = 2.0
DAILY_LOSS_SANE: Final = 0.05


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Finding(msgspec.Struct, frozen=True):
    """What one check says; ``remedy`` is empty where nothing has to be done."""

    level: Level
    says: str
    remedy: str = ""


def ok(says: str) -> Finding:
    """Return that it is as it should be."""
    return Finding(Level.OK, says)


def info(says: str, remedy: str = "") -> Finding:
    """Return a hint."""
    return Finding(Level.INFO, says, remedy)


def warning(says: str, remedy: str) -> Finding:
    """Return that it works less well."""
    return Finding(Level.WARNING, says, remedy)


def error(says: str, remedy: str) -> Finding:
    """Return that it would not work."""
    return Finding(Level.ERROR, says, remedy)


def env_01(site: Site) -> Finding:
    """Python is one that was tested, and has 64 bits."""
    said = f"Python {'.'.join(map(str, site.python))}, {site.bits} bits"
    if (3, 11) <= site.python < (3, 15) and site.bits == 64:
        return ok(said)
    return error(said, "use a Python from 3.11 to 3.14 with 64 bits")


def env_02(site: Site) -> Finding:
    """The installed versions are those of the lock."""
    if not site.pinned:
        return info("no lock is here to compare the installed versions with")
    other = [
        f"{name} {site.installed.get(name, 'missing')} instead of {version}"
        for name, version in site.pinned.items()
        if site.installed.get(name) != version
    ]
    if not other:
        return ok(f"{len(site.pinned)} packages as the lock has them")
    more = f" and {len(other) - 3} more" if len(other) > 3 else ""
    return warning(", ".join(other[:3]) + more, "run `make setup`")


def env_03(site: Site) -> Finding:
    """What the emulated gateway replays is installed, where the mode is sim."""
    if site.config.mode is not Mode.SIM or not site.missing_extras:
        return ok("all that this profile needs is installed")
    names = ", ".join(site.missing_extras)
    return warning(f"{names} is not installed", "pip install 'robotrader[data]'")


def env_04(site: Site) -> Finding:
    """The three packages come from the same installation."""
    if len(set(site.package_roots.values())) == 1 and all(site.package_roots.values()):
        return ok("robotrader, actors and supervision are of one installation")
    places = ", ".join(f"{name} in {root or '?'}" for name, root in site.package_roots.items())
    return error(places, "another package has the same name: install robotrader alone")


def env_05(site: Site) -> Finding:
    """The interpreter is an ordinary build."""
    if site.debug_build or site.free_threaded:
        kind = "debug" if site.debug_build else "free-threaded"
        return warning(f"this is a {kind} build of Python", "use an ordinary build for trading")
    return ok("an ordinary build of Python")


def env_06(site: Site) -> Finding:
    """File names are UTF-8."""
    if site.encoding.lower().replace("-", "") == "utf8":
        return ok("UTF-8")
    return error(f"file names are {site.encoding}", "set LANG=C.UTF-8")


def env_07(site: Site) -> Finding:
    """It does not run as root."""
    if site.uid == 0:
        return warning("this runs as root", "use a user of its own")
    return ok(f"user {site.uid}")


def host_01(site: Site) -> Finding:
    """A time service keeps the clock right."""
    if site.clock_kept is None:
        return info("the kernel does not say whether the clock is kept right")
    if site.clock_kept:
        return ok("the clock is kept right")
    return warning("nothing keeps the clock right", "start chrony or systemd-timesyncd")


def host_02(site: Site) -> Finding:
    """Every time zone that is named is known."""
    unknown = [
        window.tz
        for window in site.config.ib.restart_windows
        if window.tz not in zoneinfo.available_timezones()
    ]
    if unknown:
        return error(f"unknown time zone {', '.join(unknown)}", "write it as America/New_York")
    return ok("all time zones are known")


def host_03(site: Site) -> Finding:
    """The disk has room for the journal at its largest, and for the log."""
    config = site.config
    needed = config.journal.map_size_mib + config.log.total_mib
    if site.disk_free_mib is None:
        return info("free space is not known")
    said = f"{site.disk_free_mib:.0f} MiB free, {needed} MiB may be written"
    return ok(said) if site.disk_free_mib >= needed else error(said, "free or mount more space")


def host_04(site: Site) -> Finding:
    """Enough files may be open at once."""
    if site.open_files_max >= OPEN_FILES_MIN or site.open_files_max < 0:
        return ok(f"{site.open_files_max} files may be open")
    remedy = f"ulimit -n {OPEN_FILES_MIN}, or LimitNOFILE= in the unit"
    return warning(f"only {site.open_files_max} files may be open", remedy)


def host_05(site: Site) -> Finding:
    """There is memory and a core to spare."""
    if site.ram_mib is None:
        return info("the size of the memory is not known")
    said = f"{site.ram_mib:.0f} MiB of memory, {site.cores} cores"
    enough = site.ram_mib >= RAM_MIB_MIN and site.cores > 1
    return ok(said) if enough else warning(said, f"2 cores and {RAM_MIB_MIN} MiB are wanted")


def host_06(site: Site) -> Finding:
    """The data directory is on a file system whose locks and maps work."""
    if site.file_system in REMOTE_FILE_SYSTEMS:
        said = f"{site.config.data_dir} is on {site.file_system}, where LMDB loses data"
        return error(said, "put data_dir on a local disk")
    return ok(f"data_dir is on {site.file_system or 'a local disk'}")


def host_07(site: Site) -> Finding:
    """The metrics port is free (or ours already)."""
    if site.config.metrics.enabled and site.port_taken:
        said = f"{site.config.metrics.bind} is in use by something else"
        return error(said, "set metrics.bind to a free port")
    return ok(f"{site.config.metrics.bind} can be used")


def host_08(site: Site) -> Finding:
    """Huge pages are not forced: they make pauses."""
    if site.huge_pages == "always":
        remedy = "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled"
        return info("transparent huge pages are forced", remedy)
    return ok("transparent huge pages are not forced")


def conf_01(site: Site) -> Finding:
    """The configuration can be read and has no unknown keys."""
    if site.mistake is not None and not isinstance(site.mistake, BrokenRuleError):
        return error(str(site.mistake), "correct it; docs/configuration.md has every key")
    return ok(f"profile {site.profile} can be read")


def conf_02(site: Site) -> Finding:
    """Mode, port, account and the rest fit together."""
    if isinstance(site.mistake, BrokenRuleError):
        return error(str(site.mistake), "change what does not fit")
    config = site.config
    return ok(f"mode {config.mode.value}, port {config.ib.port}, account {config.account or '-'}")


def conf_03(site: Site) -> Finding:
    """For live, the limits were chosen, not left as they are, and are not absurd."""
    risk = site.config.risk
    if site.resolved is None or site.config.mode is not Mode.LIVE:
        return ok(f"on a breach: {risk.on_breach.value}")
    unset = [name for name in LIVE_LIMITS if site.resolved.origins[f"risk.{name}"] == "default"]
    if unset:
        return error(f"live limits left at their defaults: {', '.join(unset)}", "choose them")
    loss = max(risk.max_daily_loss, site.config.kill_switch.daily_loss)
    if risk.max_gross > GROSS_SANE or loss > DAILY_LOSS_SANE:
        said = f"max_gross {risk.max_gross:g}, daily loss {loss:g}"
        return warning(said, f"are {GROSS_SANE:g} and {DAILY_LOSS_SANE:g} not enough?")
    return ok("limits are set")


def conf_04(site: Site) -> Finding:
    """Every secret that is named has a value that only this user can read."""
    secrets = Secrets(site.environ, site.secrets_folder)
    references = site.config.ib.gateway_secrets.values()
    try:
        for reference in references:
            secrets.value(reference)
    except ConfigurationError as missing:
        return error(str(missing), "provide it")
    return ok(f"{len(references)} secrets, all there")


def conf_05(site: Site) -> Finding:
    """Nobody else can read or change what a system keeps."""
    if not site.loose_files:
        return ok("data_dir is private")
    path, mode = site.loose_files[0]
    more = f" and {len(site.loose_files) - 1} more" if len(site.loose_files) > 1 else ""
    return error(f"{path} has mode {mode:04o}{more}", "robotrader doctor --fix")


def store_03(site: Site) -> Finding:
    """The second copy is there and young."""
    journal = site.config.journal
    if not journal.second_copy:
        return info("there is no second copy of the journal", "set journal.second_copy")
    if site.second_copy_age_s is None:
        said = f"{journal.second_copy} holds nothing yet"
        return warning(said, "is the disk mounted? The first run makes it")
    hours = site.second_copy_age_s / 3600
    if hours > journal.backup_age_max_h:
        return warning(f"the second copy is {hours:.1f} h old", "is its disk full or gone?")
    return ok(f"the second copy is {hours:.1f} h old")


def store_04(site: Site) -> Finding:
    """Whether a system runs in the data directory."""
    if site.holder is not None:
        return info(f"process {site.holder} runs in {site.config.data_dir}")
    return ok(f"nothing runs in {site.config.data_dir}")


def store_05(site: Site) -> Finding:
    """The data directory can be written."""
    where = journal_folder(site.config)
    if site.writable:
        return ok(f"{where} can be written")
    return error(f"{where} cannot be written by user {site.uid}", "chown the folder above it")


CHECKS: Final[dict[str, Callable[[Site], Finding]]] = {
    check.__name__.upper().replace("_", " "): check
    for check in (
        env_01, env_02, env_03, env_04, env_05, env_06, env_07,
        host_01, host_02, host_03, host_04, host_05, host_06, host_07, host_08,
        conf_01, conf_02, conf_03, conf_04, conf_05,
        store_03, store_04, store_05,
    )
}  # fmt: skip
"""By their ids."""
