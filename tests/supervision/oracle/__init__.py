"""The real OTP supervisor as a reference, and what compares it with ours."""
