"""Seeded mistakes in the venue that its tests must catch."""
