"""The frame of every simulated call: what a handler is given and what it answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from mocks.shopee.errors import order_not_found

if TYPE_CHECKING:
    from mocks.shopee.model import Order, Shop
    from mocks.shopee.params import Params
    from mocks.shopee.world import World


@dataclass(frozen=True, slots=True)
class Upload:
    """One file of a multipart body."""

    field_name: str
    filename: str
    content_type: str
    content: bytes


@dataclass(slots=True)
class Context:
    """One call: the state it works on, the shop it is about (None for Public calls), its answer's id."""

    world: World
    caller: Shop | None
    operation: str
    request_id: str
    base_url: str
    uploads: list[Upload] = field(default_factory=list)

    @property
    def shop(self) -> Shop:
        """The shop of a Shop call."""
        if self.caller is None:
            msg = f"{self.operation} is a Public call and has no shop"
            raise RuntimeError(msg)
        return self.caller

    def order(self, sn: str) -> Order:
        """Give the shop's order, or refuse unknown and foreign ones alike."""
        order = self.world.orders.get(sn)
        if order is None or order.shop_id != self.shop.shop_id:
            raise order_not_found()
        return order

    def applied(self, order_id: str | None) -> None:
        """Note in the journal that this call's write took effect."""
        self.world.rig.journal.record(
            at=self.world.now(), operation=self.operation, order_id=order_id, request_id=self.request_id
        )


@dataclass(frozen=True, slots=True)
class Reply:
    """A success: `response` inside the envelope (None leaves the key away) and `beside` at its top level."""

    response: dict[str, Any] | list[Any] | None = None
    beside: dict[str, Any] = field(default_factory=dict)
    message: str = ""


Handler: TypeAlias = Callable[[Context, "Params"], Reply | Awaitable[Reply]]
"""Works on the state and answers; only what must reach outside (the webhook test) is awaited."""


@dataclass(frozen=True, slots=True)
class Call:
    """One entry of the call table."""

    method: Literal["GET", "POST"]
    kind: Literal["public", "shop"]
    handler: Handler
