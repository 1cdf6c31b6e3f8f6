"""Tests of the application, run as a user runs it."""
