"""One simulated exchange, pure and deterministic: used by the emulated gateway and backtests."""
