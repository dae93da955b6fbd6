"""Personal data as the platform gives it out: ciphertext with a search index inside, masks, plain text on demand."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

ADDRESS, NAME, PHONE, ID_NUMBER, ID_PHOTO = 1, 2, 3, 4, 5


@dataclass(frozen=True, slots=True)
class Sealed:
    """What a ciphertext hides, and whose it is."""

    owner: str
    kind: int
    plain: str


@dataclass(slots=True)
class Vault:
    """Seals and opens; equal plain texts share their index but not their ciphertext."""

    rng: random.Random
    key: str
    sealed: dict[str, Sealed] = field(default_factory=dict)

    def index(self, plain: str, kind: int) -> str:
        """Give the search index: a stable part of every ciphertext of this plain text."""
        digest = hashlib.sha256(f"{self.key}/{kind}/{plain}".encode()).digest()
        return base64.b64encode(digest[:18]).decode()

    def seal(self, owner: str, kind: int, plain: str) -> str:
        """Give a new ciphertext of an order's plain text."""
        body = base64.b64encode(self.rng.randbytes(24)).decode()
        text = f"#{self.index(plain, kind)}#{body}#{kind}##"
        self.sealed[text] = Sealed(owner, kind, plain)
        return text

    def open(self, text: str, owner: str) -> Sealed | None:
        """Give what a ciphertext of this order hides; None when it is not one."""
        found = self.sealed.get(text)
        return found if found is not None and found.owner == owner else None


def masked(kind: int, plain: str) -> str:
    """Mask by API.md section 7: names keep the first character, phones 3 + 4, id numbers 4 + 3, addresses little."""
    if kind == NAME:
        return plain[:1] + "*" * max(1, len(plain) - 1)
    if kind == PHONE:
        country, dash, number = plain.rpartition("-")
        return f"{country}{dash}{number[:3]}****{number[-4:]}"
    if kind == ID_NUMBER:
        return f"{plain[:4]}{'*' * max(1, len(plain) - 7)}{plain[-3:]}"
    if kind == ADDRESS:
        middle = plain[2:-2]
        hidden = "".join("**" if char.isascii() and char.isalnum() else char for char in middle)
        return f"**{hidden}**"
    return "**"
