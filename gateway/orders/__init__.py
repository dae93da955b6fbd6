"""Stored orders: merge of what the platform says, phase derived from facts, reading back."""
