"""Interactive Brokers through ib_async, made safe: see docs/gateway.md."""

from robotrader.adapters.ib.port import IbPort
from robotrader.adapters.ib.wire import IbSettings, Sinks

__all__ = ["IbPort", "IbSettings", "Sinks"]
