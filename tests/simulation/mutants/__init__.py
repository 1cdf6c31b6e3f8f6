"""Seeded mistakes that the simulation has to find; ``python -m tests.simulation.mutants``."""
