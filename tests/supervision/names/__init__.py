"""Tests of names, groups, partitions and state machines."""
