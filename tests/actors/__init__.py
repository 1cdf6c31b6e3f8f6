"""Tests of the trading actors."""
