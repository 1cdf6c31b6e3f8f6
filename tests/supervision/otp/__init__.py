"""Conformance cases of OTP supervision; a test id carries its case number."""
