"""The platforms that our side of the pull reads: Shopee as it is, and one whose list gives whole orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from pydantic import TypeAdapter
from typing_extensions import TypedDict

from adapters.shopee import Shopee
from adapters.shopee import orders as shopee_orders
from adapters.shopee.client import read
from adapters.shopee.pages import read_page, without_orders
from gateway.errors import GatewayError
from gateway.model.store import Store
from gateway.ports import Answer, Call, Channel, Manifest, OrderBatch, OrderPage, Rate, Signed, Unread, Window

_CALL = "order.whole_orders"
_NO_LIMIT = {"default": Rate(per_second=1_000_000, burst=1_000_000)}
"""The canned server is the limit here, not the calls a second that a platform allows."""


class RealShopee(Shopee):
    """The adapter as it is, without the platform's limit."""

    @property
    def manifest(self) -> Manifest:
        return replace(super().manifest, rates=_NO_LIMIT)


class _More(TypedDict):
    next_cursor: str


class _Envelope(TypedDict):
    response: _More


@cache
def _envelope() -> TypeAdapter[_Envelope]:
    return TypeAdapter(_Envelope)


class WholeOrders:
    """A platform whose list gives whole orders, mapped and signed as Shopee's are."""

    def __init__(self) -> None:
        self._shopee = RealShopee()
        self.manifest = self._shopee.manifest

    def sign(self, *arguments: Any) -> Signed:
        return self._shopee.sign(*arguments)

    def classify(self, call: Call, answer: Answer) -> GatewayError | None:
        return self._shopee.classify(call, answer)

    async def list_orders(self, channel: Channel, window: Window, page: str | None) -> OrderPage:
        call = read(
            _CALL,
            time_from=int(window.start.timestamp()),
            time_to=int(window.end.timestamp()),
            cursor=page or "",
        )
        answer = await channel.send(replace(call, path="/whole_orders"))
        beside = without_orders(answer.body) or answer.body
        following = _envelope().validate_json(beside)["response"]["next_cursor"]
        return OrderPage((), following or None, Unread(whole_orders, (answer.body, channel.store)))

    async def fetch_orders(self, channel: Channel, ids: Sequence[str]) -> OrderBatch:
        raise AssertionError("whole orders come with the list")


class OneRead(WholeOrders):
    """The same, and one call reads a named order whole; all that are asked for are paid and wait to be sent."""

    async def fetch_orders(self, channel: Channel, ids: Sequence[str]) -> OrderBatch:
        call = read("order.waiting_orders", order_sn_list=",".join(ids))
        answer = await channel.send(replace(call, path="/waiting_orders"))
        return whole_orders(answer.body, channel.store)


def whole_orders(body: bytes, store: Store) -> OrderBatch:
    """Return the orders of one page."""
    _, told = read_page(Answer(200, {}, body), _CALL)
    return shopee_orders.orders_told(told, store, (), {})
