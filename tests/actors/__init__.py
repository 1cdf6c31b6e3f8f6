"""Tests of the trading actors: strategies fed, crashed, restarted and set aside."""
