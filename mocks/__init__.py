"""Stateful simulators of the platforms, for tests and for trying things without a shop."""
