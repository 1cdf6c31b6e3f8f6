"""pykka's own test suite, run against our actors."""
