"""Titles as they are compared: compatibility forms united (NFKC), case folded, runs of spaces made one.

Apart from `gateway.storage.words`, which finds them, so that who only prepares rows needs no database.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from hashlib import blake2b


def fold(text: str) -> str:
    """Return ``text`` as titles and words are compared."""
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return " ".join(plain.replace("\0", " ").casefold().split())


@lru_cache(maxsize=16_384)
def title_row(title: str) -> tuple[int, str] | None:
    """Return key and folded text of a title's row in `titles`, None for a title without a character to find."""
    folded = fold(title)
    return (key_of(folded), folded) if folded else None


def key_of(folded: str) -> int:
    """Return the key of a folded title: 63 bits of its hash, so that no look-up is needed to know it."""
    return int.from_bytes(blake2b(folded.encode(), digest_size=8).digest()) >> 1
