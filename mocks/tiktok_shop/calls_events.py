"""Where the shop's webhooks go (API.md 7.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mocks.tiktok_shop.calling import Call
from mocks.tiktok_shop.model import Webhook
from mocks.tiktok_shop.world import TOPICS

if TYPE_CHECKING:
    from mocks.tiktok_shop.calling import Context

SCOPE = "seller.event"
LONGEST = 255


def put(ctx: Context) -> dict[str, Any]:
    """Set the address of one topic of the shop."""
    topic = ctx.body.choice("event_type", TOPICS)
    address = ctx.body.text("address")
    if len(address) > LONGEST or not address.startswith(("https://", "http://")):
        raise ctx.body.wrong(f"address must be a URL of at most {LONGEST} characters")
    now = ctx.world.now()
    known = ctx.shop.webhooks.get(topic)
    ctx.shop.webhooks[topic] = Webhook(address, known.created if known else now, now)
    ctx.applied(None)
    return {}


def listed(ctx: Context) -> dict[str, Any]:
    """List the shop's addresses."""
    rows = [
        {"event_type": topic, "address": one.address, "create_time": one.created, "update_time": one.updated}
        for topic, one in ctx.shop.webhooks.items()
    ]
    return {"webhooks": rows, "total_count": len(rows)}


def delete(ctx: Context) -> dict[str, Any]:
    """Forget the address of one topic."""
    topic = ctx.body.choice("event_type", TOPICS)
    if ctx.shop.webhooks.pop(topic, None) is not None:
        ctx.applied(None)
    return {}


CALLS = [
    Call("PUT", "event/webhooks", put, SCOPE, 36009004),
    Call("GET", "event/webhooks", listed, SCOPE, 36009004),
    Call("DELETE", "event/webhooks", delete, SCOPE, 36009004),
]
