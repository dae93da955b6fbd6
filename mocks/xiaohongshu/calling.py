"""The frame of every simulated call: what a handler is given and what it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from mocks.xiaohongshu.errors import ApiError

if TYPE_CHECKING:
    from mocks.xiaohongshu.model import AfterSale, Order, Shop
    from mocks.xiaohongshu.params import Params
    from mocks.xiaohongshu.world import World


@dataclass(slots=True)
class Context:
    """One call: the state it works on, the shop it is about (None for `oauth.*`), its method and its journal id."""

    world: World
    caller: Shop | None
    method: str
    request_id: str

    @property
    def shop(self) -> Shop:
        """The shop of a shop method."""
        if self.caller is None:
            msg = f"{self.method} is called without a shop"
            raise RuntimeError(msg)
        return self.caller

    def order(self, order_id: str) -> Order:
        """Give the shop's order, or refuse unknown and foreign ones alike."""
        order = self.world.orders.get(order_id)
        if order is None or order.seller_id != self.shop.seller_id:
            raise ApiError("unknown_order")
        return order

    def after_sale(self, returns_id: str) -> AfterSale:
        """Give the shop's after-sale, or refuse unknown and foreign ones alike."""
        one = self.world.after_sales.get(returns_id)
        if one is None or one.order.seller_id != self.shop.seller_id:
            raise ApiError("unknown_after_sale")
        return one

    def applied(self, order_id: str | None) -> None:
        """Note in the journal that this call's write took effect."""
        self.world.rig.journal.record(
            at=self.world.now(), operation=self.method, order_id=order_id, request_id=self.request_id
        )


Handler: TypeAlias = "Callable[[Context, Params], Any]"
"""Works on the state and gives `data`."""


@dataclass(frozen=True, slots=True)
class Call:
    """One entry of the call table.

    `refusal` names the row of an illegal state; `success` is the code of its success (200 in the newer generation);
    `nested` marks the specs that describe a second envelope.
    """

    handler: Handler
    kind: Literal["oauth", "shop"] = "shop"
    refusal: str = "order_state"
    success: int = 0
    nested: bool = False
