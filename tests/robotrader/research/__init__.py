"""Tests of ``robotrader.research``."""
