"""Words exchanged with a buyer in the platform's own chat."""

from __future__ import annotations

from enum import StrEnum

from gateway.model.base import Frozen, Instant


class Direction(StrEnum):
    """Who wrote."""

    to_buyer = "to_buyer"
    from_buyer = "from_buyer"


class Purpose(StrEnum):
    """Why we wrote."""

    explain = "explain"
    offer_cancel = "offer_cancel"
    second_notice = "second_notice"
    final_notice = "final_notice"


class Message(Frozen):
    """One chat message. ``text`` is personal data."""

    store: str
    message_id: str
    conversation_id: str
    order_id: str | None = None
    direction: Direction
    at: Instant
    language: str = ""
    purpose: Purpose | None = None
    text: str
