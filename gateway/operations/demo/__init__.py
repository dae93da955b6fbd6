"""The demo: a short day of shops on every platform against the simulators, and the proof at its end."""
