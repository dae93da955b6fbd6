"""One try to bring a notice to an address: a signed webhook (Standard Webhooks), or a message through apprise."""

from __future__ import annotations

import asyncio
import importlib
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import ModuleType
from typing import Any

import httpx
import orjson
from standardwebhooks import Webhook

from gateway.cases.notice_words import Words
from gateway.cases.notices import Level, Notice
from gateway.config import NotifyKind
from gateway.errors import ConfigurationError
from gateway.operations.notifying.secrets import Opened
from gateway.transport.client import Timeouts, make_client

TIMEOUTS = Timeouts(connect=5.0, read=10.0, pool=5.0)
WHOLE = 20.0  # seconds of real time one try may take in all
_GONE = 410
_LONGEST_ASKED = timedelta(days=1)  # a wait an address may ask for


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of a try. ``error`` is empty when it was taken, and never holds a secret.

    ``gone``: the address says that it is there no more. ``not_before``: when it wants to be asked again.
    """

    error: str = ""
    gone: bool = False
    not_before: datetime | None = None

    @property
    def taken(self) -> bool:
        """Whether the address took it."""
        return not self.error


class Sender:
    """Sends to addresses, with one client for all of them."""

    def __init__(self, client: httpx.AsyncClient | None = None) -> None:
        self._client = client or make_client(timeouts=TIMEOUTS)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def send(
        self, address: Opened, notice: Notice, words: Words, now: datetime, *, whole: float = WHOLE
    ) -> Tried:
        """Try once, within ``whole`` seconds of real time. Raises ConfigurationError when apprise is missing."""
        try:
            async with asyncio.timeout(whole):
                if address.kind is NotifyKind.apprise:
                    return await _by_apprise(address, notice, words)
                return await self._by_webhook(address, notice, words, now)
        except TimeoutError:
            return Tried(f"no answer within {whole:g} seconds")

    async def _by_webhook(self, address: Opened, notice: Notice, words: Words, now: datetime) -> Tried:
        body = body_of(notice, words)
        signature = Webhook(address.secret).sign(msg_id=notice.id, timestamp=now, data=body.decode())
        headers = {
            "content-type": "application/json",
            "webhook-id": notice.id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signature,
        }
        try:
            # the body of an answer is of no interest, and may be endless
            async with self._client.stream("POST", address.url, content=body, headers=headers) as answer:
                return _read(answer, now)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:  # their texts may hold the URL
            return Tried(f"no answer: {type(error).__name__}")


def body_of(notice: Notice, words: Words) -> bytes:
    """Return what a webhook carries: the type, when it happened, and the notice with its words."""
    told = {
        "type": f"notice.{notice.kind}",
        "timestamp": notice.at.isoformat(),
        "data": {
            "id": notice.id,
            "kind": notice.kind,
            "level": notice.level.value,
            "store": notice.store,
            "order": notice.order_id,
            "title": words.title,
            "text": words.text,
            "details": dict(notice.details),
        },
    }
    return orjson.dumps(told)


def _read(answer: httpx.Response, now: datetime) -> Tried:
    if answer.is_success:
        return Tried()
    if answer.status_code == _GONE:
        return Tried("the address says that it is gone (410)", gone=True)
    if answer.is_redirect:
        return Tried(f"the address redirects ({answer.status_code}), which is not followed: name its new URL")
    asked = answer.headers.get("retry-after", "")
    wait = timedelta(seconds=int(asked)) if asked.isascii() and asked.isdigit() and len(asked) < 8 else None
    not_before = None if wait is None else now + min(wait, _LONGEST_ASKED)
    return Tried(f"the address answered {answer.status_code}", not_before=not_before)


async def _by_apprise(address: Opened, notice: Notice, words: Words) -> Tried:
    apprise = load_apprise()
    target = apprise.Apprise()
    if not target.add(address.url):
        return Tried("apprise does not know this kind of URL")
    kinds = {Level.info: "info", Level.warning: "warning", Level.urgent: "failure"}
    taken = await target.async_notify(body=words.text, title=words.title, notify_type=kinds[notice.level])
    return Tried() if taken else Tried("apprise could not deliver it")


def load_apprise() -> ModuleType | Any:
    """Return the apprise package. Raises ConfigurationError where it is not installed."""
    try:
        found = importlib.import_module("apprise")
    except ImportError:
        raise ConfigurationError(
            "an address of kind apprise needs the package apprise: install order-gateway with the extra `notify`"
        ) from None
    logging.getLogger("apprise").disabled = True  # it logs URLs, which are secrets
    return found
