"""How a receiver is found again without standing in the database: by traces, keyed hashes (XHS-97).

A trace is made of the normalised value and the store, with a key that comes from the master key. So a copy of the
database alone tells which orders of one store share a name, a phone or its last four digits, and how many do. It
tells neither the value, nor may a guess be tried on it, nor are two stores alike. The last four digits are hashed
too: in clear they would tell part of every phone, and tie the orders of one buyer in several stores.

What the platform shows with asterisks gets no trace; `hidden` says so, and the search tells it.
"""

from __future__ import annotations

import unicodedata

from gateway.errors import DataError
from gateway.model.order import Recipient
from gateway.storage.vault import Vault

TAIL = 4  # digits

_ABOUT_NAME, _ABOUT_PHONE, _ABOUT_TAIL = "receiver name", "receiver phone", "receiver phone tail"
_NO_DIGITS = bytes(each for each in range(256) if each not in b"0123456789")
_NOTHING: dict[str, bytes | str | None] = {
    "name_trace": None,
    "kana_trace": None,
    "phone_trace": None,
    "tail_trace": None,
    "hidden": "",
}


def traces_of(vault: Vault, store: str, recipient: Recipient | None) -> dict[str, bytes | str | None]:
    """Return the trace columns of `order_personal` for a receiver."""
    if recipient is None:
        return _NOTHING
    traces = dict(_NOTHING)
    masked = recipient.masked
    if masked:
        traces["hidden"] = " ".join(name for name in ("name", "phone") if name in masked)
    if "name" not in masked and (name := plain_name(recipient.name)):
        traces["name_trace"] = name_trace(vault, store, name)
    if recipient.name_katakana and "name_katakana" not in masked and (kana := plain_name(recipient.name_katakana)):
        traces["kana_trace"] = name_trace(vault, store, kana)
    if "phone" not in masked and (phone := plain_phone(recipient.phone)):
        traces["phone_trace"] = phone_trace(vault, store, phone)
        if len(phone) >= TAIL:
            traces["tail_trace"] = tail_trace(vault, store, phone[-TAIL:])
    return traces


def plain_name(name: str) -> str:
    """Return a name as names are compared: compatibility forms united (NFKC), case folded, without spaces."""
    plain = name if name.isascii() else unicodedata.normalize("NFKC", name)
    return "".join(plain.casefold().split())


def plain_phone(phone: str) -> str:
    """Return a phone as phones are compared: its digits 0 to 9, full-width ones too, and nothing else."""
    plain = phone if phone.isascii() else unicodedata.normalize("NFKC", phone)
    return plain.encode("ascii", "ignore").translate(None, _NO_DIGITS).decode()


def plain_tail(digits: str) -> str:
    """Return the last four digits of a phone as they were asked for. Raises DataError when they are not four."""
    plain = plain_phone(digits)
    if len(plain) != TAIL:
        raise DataError(f"the end of a phone is found by its last {TAIL} digits: give exactly {TAIL}")
    return plain


def name_trace(vault: Vault, store: str, name: str) -> bytes:
    """Return the trace of a `plain_name` in a store, in whichever script it is written."""
    return vault.trace(name, f"{_ABOUT_NAME}\n{store}")


def phone_trace(vault: Vault, store: str, phone: str) -> bytes:
    """Return the trace of a `plain_phone` in a store."""
    return vault.trace(phone, f"{_ABOUT_PHONE}\n{store}")


def tail_trace(vault: Vault, store: str, tail: str) -> bytes:
    """Return the trace of the last four digits of a phone in a store."""
    return vault.trace(tail, f"{_ABOUT_TAIL}\n{store}")
