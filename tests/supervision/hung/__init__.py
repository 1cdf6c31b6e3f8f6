"""Tests of what is done about hung and dead things."""
