"""Pushes in: verified, committed as they came, acknowledged; read and acted upon afterwards (G1, G2)."""
