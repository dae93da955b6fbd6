"""The ``gateway`` command: reads arguments, calls one operation, prints its result. Holds no logic."""
