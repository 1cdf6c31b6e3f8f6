"""Seeded mistakes in the order manager, and the tests that must catch them."""
