"""Tests of the product packages."""
