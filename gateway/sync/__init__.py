"""Pulling orders: cursors, overlapping windows, back-fill, reconcile and quarantine."""
