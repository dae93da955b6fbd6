"""The secrets of an address: its URL and, of a webhook, what it is signed with. They are never logged or shown."""

from __future__ import annotations

import ipaddress
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from standardwebhooks import Webhook

from gateway.config import NotifyAddress, NotifyKind
from gateway.errors import ConfigurationError

_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class Opened:
    """An address with its secrets. The representation hides them."""

    name: str
    kind: NotifyKind
    url: str = field(repr=False)
    secret: str = field(default="", repr=False)


def open_address(address: NotifyAddress, folder: Path, environment: Mapping[str, str]) -> Opened:
    """Return an address with its secrets. Raises ConfigurationError, naming none of them."""
    url = _read(address, "url_from", address.url_from, folder, environment)
    if address.kind is NotifyKind.apprise:
        return Opened(address.name, address.kind, url)
    _check_url(address, url)
    secret = _read(address, "secret_from", address.secret_from, folder, environment)
    try:
        Webhook(secret)
    except Exception:
        raise ConfigurationError(
            f"notify address {address.name}: secret_from: {address.secret_from} holds no secret to sign "
            "a webhook with: write whsec_ and Base64 of 24 to 64 random bytes"
        ) from None
    return Opened(address.name, address.kind, url, secret)


def _read(address: NotifyAddress, setting: str, place: str, folder: Path, environment: Mapping[str, str]) -> str:
    where = f"notify address {address.name}: {setting}"
    if _VARIABLE.fullmatch(place):
        value = environment.get(place, "").strip()
        if not value:
            raise ConfigurationError(f"{where}: the environment variable {place} is not set: set it, or name a file")
        return value
    file = folder / place
    try:
        mode = file.stat().st_mode
        value = file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{where}: {file} cannot be read ({type(error).__name__}): put it in place") from None
    if mode & _OTHERS:
        raise ConfigurationError(f"{where}: others may read {file}: `chmod 600 {file}`")
    if not value:
        raise ConfigurationError(f"{where}: {file} is empty: write the secret to it, in one line")
    return value


def _check_url(address: NotifyAddress, url: str) -> None:
    where = f"notify address {address.name}: {address.url_from}"
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        raise ConfigurationError(f"{where} holds no URL: write it like https://hooks.example.com/...") from None
    if parts.scheme not in {"http", "https"} or not host:
        raise ConfigurationError(f"{where} holds no URL: write it like https://hooks.example.com/...")
    if parts.scheme == "http" and not address.plain_http and not _is_loopback(host):
        raise ConfigurationError(
            f"{where} holds an http:// URL of another machine, which everybody on the way can read: use https://, or "
            "allow it with `plain_http: true`"
        )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def environment() -> Mapping[str, str]:
    """Return the environment of this process."""
    return os.environ
