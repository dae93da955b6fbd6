"""The canonical nouns of the field. Frozen, without input or output; every platform is mapped into these."""
