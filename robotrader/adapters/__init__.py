"""Adapters: one outside library a module, each behind a port of the inside."""
