"""Calls to a platform, their answers, and the channel they go through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from gateway.model.store import Store


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a platform, before signing. Business parameters only."""

    operation: str  # the platform's name of the call, for logs and faults: "order.get_order_list"
    method: Literal["GET", "POST"]
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    content_type: str = "application/json"
    scope: Literal["app", "store"] = "store"  # whose signature and token the call carries
    group: str = "default"  # endpoint group for rate limits
    effect: bool = False  # has an outside consequence: refused in mode `observe`
    idempotent: Literal["yes", "no", "by_key"] = "yes"
    refreshable: bool = True  # False for the token calls themselves


@dataclass(frozen=True, slots=True)
class Signed:
    """What goes on the wire. Never logged: the query carries a token and a signature."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Channel(Protocol):
    """The road to one store of a platform: signs, limits, retries what is safe, and raises the error tree."""

    @property
    def store(self) -> Store:
        """Return the store that is called."""
        ...

    async def send(self, call: Call) -> Answer:
        """Return the answer of a call that succeeded.

        Raises PlatformError, AuthError, RateLimited, NotSent or OutcomeUnknown; NotAllowed when ``call.effect``
        and the store's mode or a stop forbids effects.
        """
        ...
