"""Tests of the actor core: actors, mailboxes, links and monitors, futures, runtimes, simulation."""
