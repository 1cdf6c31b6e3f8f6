"""Deterministic simulations of the whole system: faults from a seed, the venue's truth to judge."""
