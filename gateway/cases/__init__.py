"""Carrying a decision out: intents, effects with an outside consequence, and probes after unclear answers."""
