"""Tests of ``robotrader.jobs``."""
