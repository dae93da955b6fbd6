"""What a platform pushes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from gateway.model.store import Role


class AuthorisationNews(StrEnum):
    """What a push says about a shop's authorisation. It may be late: ask the platform before acting on it."""

    given = "given"
    ended = "ended"
    ending = "ending"  # soon, unless a person renews it


@dataclass(frozen=True, slots=True)
class ChatNews:
    """A buyer wrote to the shop. What he wrote is not in it: only a person says what it means.

    ``buyer`` is the id that orders have (`Buyer.buyer_id`), empty where the push does not tell it; ``conversation`` is
    the chat in which `ChatSource` then looks for him.
    """

    buyer: str = field(default="", repr=False)
    conversation: str = ""


@dataclass(frozen=True, slots=True)
class Hint:
    """What a push says about one shop: which things to read anew. Never the truth itself.

    ``event_id`` is the same for the same event in other bytes, and differs between events as far as the platform lets
    them be told apart. ``kind`` is the platform's own code, empty when it told none; an unknown one has no subjects.
    """

    event_id: str
    kind: str
    shop: str | None  # the platform's id; None: about the app, or not told
    orders: tuple[str, ...] = ()
    requests: tuple[str, ...] = ()  # after-sale requests
    authorisation: AuthorisationNews | None = None
    changed_at: datetime | None = None  # the platform's own time of the change
    role: Role | None = None  # the side of an order that is told; None: any store of the account may be meant
    chat: ChatNews | None = None


@dataclass(frozen=True, slots=True)
class LostPushes:
    """One page of pushes that never arrived, each as a body that `WebhookSource.read_pushes` takes.

    ``marker`` confirms them, None when there are none; ``more``: ask again after confirming.
    """

    bodies: Sequence[bytes]
    marker: str | None
    more: bool


@dataclass(frozen=True, slots=True)
class PushSettings:
    """Where a platform sends an app's pushes. ``status`` is its own word for how deliveries go."""

    url: str
    status: str
    kinds: Sequence[str]
