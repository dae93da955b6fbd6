"""How a receiver is found again without standing in the database: by traces, keyed hashes (XHS-97).

A trace is made of the normalised value and the store, with a key that comes from the master key. So a copy of the
database alone tells which orders of one store share a name, a phone or its last four digits, and how many do. It
tells neither the value, nor may a guess be tried on it, nor are two stores alike. The last four digits are hashed
too: in clear they would tell part of every phone, and tie the orders of one buyer in several stores.

What the platform shows with asterisks gets no trace; `hidden` says so, and the search tells it.
"""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

from gateway.errors import DataError
from gateway.model.order import Recipient
from gateway.storage.vault import Vault

TAIL = 4  # digits

_ABOUT_NAME, _ABOUT_PHONE, _ABOUT_TAIL = "receiver name", "receiver phone", "receiver phone tail"
_NO_DIGITS = bytes(each for each in range(256) if each not in b"0123456789")


class Findable(NamedTuple):
    """What a receiver is found by, as it is compared; empty where nothing is known or it is hidden.

    Personal data: stored as traces only.
    """

    name: str = ""
    kana: str = ""
    phone: str = ""
    hidden: str = ""  # which of name and phone the platform hides

    def __repr__(self) -> str:
        return "Findable(...)"


_NOBODY = Findable()


def findable(recipient: Recipient | None) -> Findable:
    """Return what ``recipient`` is found by. Pure."""
    if recipient is None:
        return _NOBODY
    masked = recipient.masked
    return Findable(
        "" if "name" in masked else plain_name(recipient.name),
        "" if "name_katakana" in masked or not recipient.name_katakana else plain_name(recipient.name_katakana),
        "" if "phone" in masked else plain_phone(recipient.phone),
        " ".join(name for name in ("name", "phone") if name in masked) if masked else "",
    )


def traces_of(vault: Vault, store: str, person: Findable) -> dict[str, bytes | str | None]:
    """Return the trace columns of `order_personal` for a receiver."""
    name, kana, phone, hidden = person
    return {
        "name_trace": name_trace(vault, store, name) if name else None,
        "kana_trace": name_trace(vault, store, kana) if kana else None,
        "phone_trace": phone_trace(vault, store, phone) if phone else None,
        "tail_trace": tail_trace(vault, store, phone[-TAIL:]) if len(phone) >= TAIL else None,
        "hidden": hidden,
    }


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
