"""The emulated IB Gateway: the real wire protocol, a simulated market, faults on demand."""

from robotrader.emulator.eventlog import EventLog
from robotrader.emulator.faults import FaultError, Program, catalogue, load
from robotrader.emulator.gateway import Gateway, GatewayState, Limits, Settings
from robotrader.emulator.server import Server

__all__ = [
    "EventLog",
    "FaultError",
    "Gateway",
    "GatewayState",
    "Limits",
    "Program",
    "Server",
    "Settings",
    "catalogue",
    "load",
]
