"""What can go wrong, by whose fault. Each message names the thing and the remedy."""

from __future__ import annotations


class RoboTraderError(Exception):
    """Anything that robotrader raises on purpose."""


class ConfigurationError(RoboTraderError):
    """The configuration cannot be used: a key, its value, or what it refers to."""


class IBKRError(RoboTraderError):
    """Interactive Brokers or the way to it."""


class IBKRConnectionError(IBKRError):
    """No connection could be made: the port is closed, the client id in use, a login is needed."""


class IBKRTimeoutError(IBKRError):
    """No answer within the deadline. What was asked for may have happened."""


class IBKRDisconnectedError(IBKRError):
    """The connection ended while a request was open. What was asked for may have happened."""


class IBKRRateLimitError(IBKRError):
    """A pacing rule would be broken, or was."""


class IBKRDataError(IBKRError):
    """Market data were refused: no permission, no such contract, no data."""


class TradingError(RoboTraderError):
    """An order or a position."""


class OrderError(TradingError):
    """An order cannot be what it says."""


class OrderRejectedError(OrderError):
    """The broker refused an order."""


class PositionError(TradingError):
    """A position is not what it should be."""


class InsufficientFundsError(TradingError):
    """The account does not cover it."""


class RiskLimitExceededError(TradingError):
    """A limit would be exceeded."""


class KillSwitchTriggeredError(TradingError):
    """The kill switch does not let it pass."""


class DataError(RoboTraderError):
    """Data that decisions would be based on."""


class DataValidationError(DataError):
    """A value is impossible: not a number, not positive, crossed, out of order."""


class StaleDataError(DataError):
    """The newest value is too old."""


class MissingDataError(DataError):
    """There is no value."""


class StrategyError(RoboTraderError):
    """A strategy cannot be loaded, or has crashed."""


class MLError(RoboTraderError):
    """A model or its features."""


class CircuitBreakerError(RoboTraderError):
    """A circuit breaker is open: what it guards is not asked."""
