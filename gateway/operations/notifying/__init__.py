"""Carrying notices to the addresses of the configuration: webhooks, and whatever apprise knows."""
