"""Encryption at rest: AES-256-GCM, a master key outside the database, and a key of its own for each order.

Whatever is sealed is bound to a label naming what it is and whose, so that a sealed value moved to another row does
not open. A label is never secret.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import stat
import threading
from collections.abc import Mapping
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gateway.errors import ConfigurationError, DataError

KEY_VARIABLE = "ORDER_GATEWAY_KEY"
_KEY_BYTES = 32
_NONCE_BYTES = 12
_TRACE_BYTES = 16
_DRAW = 4096


class _Random(threading.local):
    """Random bytes of the operating system, drawn some thousand at once.

    Each draw lets go of the interpreter, and getting it back from a busy thread takes far longer than the draw. What
    is drawn serves one thread of one process, once: two that share a nonce would betray what they seal.
    """

    def __init__(self) -> None:
        self._process = 0
        self._at = 0
        self._drawn = b""

    def take(self, count: int) -> bytes:
        if self._at + count > len(self._drawn) or self._process != os.getpid():
            self._process, self._at, self._drawn = os.getpid(), 0, os.urandom(_DRAW)
        start = self._at
        self._at = start + count
        return self._drawn[start : self._at]


_RANDOM = _Random()


class Vault:
    """Seals with the master key (`wrap`) or with an order's own key (`seal`), and hashes for searching (`trace`).

    Its representation shows no key.
    """

    __slots__ = ("_master", "_tracing")

    def __init__(self, master_key: bytes) -> None:
        if len(master_key) != _KEY_BYTES:
            raise ConfigurationError(
                f"the master key has {len(master_key)} bytes instead of {_KEY_BYTES}: "
                "make one with `gateway init`, or give the one this database was made with"
            )
        self._master = AESGCM(master_key)
        self._tracing = HKDF(SHA256(), _KEY_BYTES, salt=None, info=b"order-gateway: traces, 1").derive(master_key)

    def new_order_key(self) -> bytes:
        """Return a fresh key for one order. Stored only wrapped; without it the order's person is gone."""
        return _RANDOM.take(_KEY_BYTES)

    def wrap(self, plain: bytes, about: str) -> bytes:
        """Seal a key, a credential or a secret with the master key."""
        nonce = _RANDOM.take(_NONCE_BYTES)
        return nonce + self._master.encrypt(nonce, plain, about.encode())

    def unwrap(self, wrapped: bytes, about: str) -> bytes:
        """Open what `wrap` sealed. Raises ConfigurationError when the master key is not the one that sealed it."""
        try:
            return self._master.decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], about.encode())
        except (InvalidTag, ValueError) as error:
            raise ConfigurationError(
                f"the master key does not open {about!r}: it is not the key this database was sealed with, or the "
                f"row was altered. Give the right key (variable {KEY_VARIABLE} or the key file) or restore a backup"
            ) from error

    def trace(self, plain: str, about: str) -> bytes:
        """Return the 16 bytes by which ``plain`` is found again: HMAC-SHA-256 with a key derived from the master key.

        The same value about something else has another trace. Without the master key no guess can be tried.
        """
        return hmac.digest(self._tracing, f"{about}\n{plain}".encode(), "sha256")[:_TRACE_BYTES]

    def seal(self, key: bytes, plain: bytes, about: str) -> bytes:
        """Seal ``plain`` with an order's key."""
        nonce = _RANDOM.take(_NONCE_BYTES)
        return nonce + AESGCM(key).encrypt(nonce, plain, about.encode())

    def seal_alike(self, key: bytes, plain: bytes, about: str) -> bytes:
        """Seal ``plain`` with an order's key so that the same gives the same bytes: for files named by their digest.

        The nonce is derived from what is sealed (a synthetic one), so no two contents share it. Who sees the sealed
        bytes learns only that two of one label are equal.
        """
        deriving = HKDF(SHA256(), _KEY_BYTES, salt=None, info=b"order-gateway: nonces, 1").derive(key)
        told = hmac.new(deriving, f"{len(about)}\n{about}\n".encode(), "sha256")
        told.update(plain)
        nonce = told.digest()[:_NONCE_BYTES]
        return nonce + AESGCM(key).encrypt(nonce, plain, about.encode())

    def open(self, key: bytes, sealed: bytes, about: str) -> bytes:
        """Open what `seal` sealed. Raises DataError when it was altered or belongs to another row."""
        try:
            return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], about.encode())
        except (InvalidTag, ValueError) as error:
            raise DataError(
                f"the sealed value {about!r} does not open with its order's key: the row was altered; restore a backup"
            ) from error


def master_key_of(environment: Mapping[str, str], path: Path) -> bytes:
    """Return the master key: `ORDER_GATEWAY_KEY` (base64) when it is set, else the key file at ``path``.

    Raises ConfigurationError as `load_master_key`.
    """
    text = environment.get(KEY_VARIABLE)
    return load_master_key(path) if text is None else _decode(text, f"the variable {KEY_VARIABLE}")


def load_master_key(path: Path) -> bytes:
    """Return the 32 bytes of a key file. Raises ConfigurationError when it is missing, malformed or open to others."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        raise ConfigurationError(
            f"there is no key file {path}: `gateway init` makes one for a new database; for an existing one put back "
            f"the key it was made with, or set {KEY_VARIABLE}"
        ) from None
    except OSError as error:
        raise ConfigurationError(
            f"the key file {path} cannot be read ({error.strerror}): give this user the right"
        ) from error
    with os.fdopen(descriptor, encoding="ascii", errors="replace") as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        if mode & 0o077:
            raise ConfigurationError(
                f"the key file {path} is open to other users (mode {mode:o}): run `chmod 600 {path}`"
            )
        return _decode(file.read(), f"the key file {path}")


def create_key_file(path: Path) -> bytes:
    """Write a new master key into a new file that only this user can read, and return it.

    Raises ConfigurationError when the file is there: overwriting a key would lose all that it sealed.
    """
    key = os.urandom(_KEY_BYTES)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ConfigurationError(
            f"there is already a key file {path}: keep it, for without it nothing sealed with it can be opened"
        ) from None
    except OSError as error:
        raise ConfigurationError(
            f"the key file {path} cannot be made ({error.strerror}): make its folder and let this user write there"
        ) from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(base64.b64encode(key) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    return key


def _decode(text: str, where: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != _KEY_BYTES:
        raise ConfigurationError(
            f"{where} does not hold {_KEY_BYTES} bytes in base64: give the key `gateway init` made"
        )
    return key
