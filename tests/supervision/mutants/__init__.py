"""Seeded mistakes that the tests must catch."""
