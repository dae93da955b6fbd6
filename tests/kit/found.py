"""Which tests pytest found, before some were left out by their marks."""

from __future__ import annotations

import pytest

FOUND = pytest.StashKey[set[str]]()
"""In the configuration's stash: the ids, without what stands in brackets."""
