"""Systematic mistakes in what risks money: nine in ten of them have to be seen by the tests."""
