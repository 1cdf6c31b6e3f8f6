"""Runtimes: a pool worker or an own thread, an event loop's thread, a deterministic simulation."""
