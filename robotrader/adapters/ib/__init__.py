"""Interactive Brokers through ib_async, made safe: see docs/gateway.md."""

from robotrader.adapters.ib.port import IbPort
from robotrader.adapters.ib.wire import Clock, IbSettings, Sinks

__all__ = ["Clock", "IbPort", "IbSettings", "Sinks"]
