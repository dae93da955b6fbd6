"""Calls to the platforms: one client, signing hook, rate limits, retries by cause, redaction."""
