"""Scenario in, decision out. Pure: reads no clock, no database and no network."""
