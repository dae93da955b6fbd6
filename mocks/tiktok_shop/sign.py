"""Signatures of calls and of webhooks (API.md 2.3 and 7.2)."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_LEFT_OUT = {"sign", "access_token"}


def hex_hmac(key: str, message: bytes) -> str:
    """Give the lower-case hex of HMAC-SHA256 keyed with the key's text."""
    return hmac.new(key.encode(), message, hashlib.sha256).hexdigest()


def call_sign(secret: str, path: str, query: Iterable[tuple[str, str]], body: bytes) -> str:
    """Sign a call: decoded pairs in byte order of their keys, then the raw body, all between two secrets."""
    kept = sorted(((name, value) for name, value in query if name not in _LEFT_OUT), key=lambda one: one[0].encode())
    text = path + "".join(name + value for name, value in kept)
    return hex_hmac(secret, secret.encode() + text.encode() + body + secret.encode())


def sign_fits(secret: str, path: str, query: Sequence[tuple[str, str]], body: bytes, given: str) -> bool:
    """Say whether a sign is right; of a key that comes several times clients sign the first value, or all."""
    first: dict[str, str] = {}
    for name, value in query:
        first.setdefault(name, value)
    readings = [list(first.items()), list(query)]
    return any(
        hmac.compare_digest(call_sign(secret, path, reading, body).encode(), given.encode()) for reading in readings
    )


def webhook_sign(app_key: str, secret: str, body: bytes) -> str:
    """Sign a delivery: app key and raw body."""
    return hex_hmac(secret, app_key.encode() + body)
