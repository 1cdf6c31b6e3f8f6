"""robotrader: a self-healing automated trading system for Interactive Brokers.

This package holds the trading core, its adapters and the application. The core is pure: no
threads, no clock, no I/O; only ``robotrader.app`` and ``robotrader.__main__`` know that there are
actors. The version below is the only place where it is written.
"""

__all__ = ["__version__"]

__version__ = "0.1.0.dev0"
