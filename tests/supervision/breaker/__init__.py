"""The 140 conformance cases of circuit breakers, each with its number in the test's name."""
