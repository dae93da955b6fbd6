"""Xiaohongshu ARK open platform. `adapter` is all that the gateway asks for; README.md says what is mapped and how."""

# ruff: noqa: ARG002 - the ports name what other platforms need
from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from adapters.xiaohongshu import after_sales, choices, client, effects, faults, orders, personal, probes, pushes, stock
from adapters.xiaohongshu.manifest import MANIFEST
from gateway.errors import GatewayError
from gateway.model.order import Order, Recipient
from gateway.model.store import App, AppSecret, Credential, Store
from gateway.ports import (
    Act,
    AfterSalePage,
    Answer,
    Call,
    Channel,
    Finding,
    Grant,
    Hint,
    Manifest,
    OrderBatch,
    OrderPage,
    RejectReason,
    ShippingChoices,
    ShopFacts,
    Signed,
    StockLevel,
    Window,
)


class Xiaohongshu:
    """All protocols of `gateway.ports` for Xiaohongshu. Without state: each method is a function of its module."""

    @property
    def manifest(self) -> Manifest:
        """Return what the platform is and offers."""
        return MANIFEST

    def sign(
        self, call: Call, app: App, secret: AppSecret, store: Store | None, credential: Credential | None, now: datetime
    ) -> Signed:
        """Return the request as it goes on the wire (API.md section 2)."""
        return client.sign(call, app, secret, store, credential, now)

    def classify(self, call: Call, answer: Answer) -> GatewayError | None:
        """Return the error an answer means, None for success (API.md sections 1 and 11)."""
        return faults.classify(call, answer)

    def authorise_url(self, app: App, secret: AppSecret, redirect_url: str, state: str, now: datetime) -> str:
        """Return the link that the shop's main account opens to connect it."""
        return client.authorise_url(app, redirect_url, state)

    def exchange_call(self, app: App, callback: Mapping[str, str]) -> Call:
        """Return the call that turns the callback's code into tokens. Raises DataError on a bad callback."""
        return client.exchange_call(callback)

    def refresh_call(self, app: App, store: Store, credential: Credential) -> Call:
        """Return the call that renews a shop's tokens."""
        return client.refresh_call(credential)

    def read_grants(self, call: Call, answer: Answer, now: datetime) -> Sequence[Grant]:
        """Return the tokens in the answer of an exchange or a refresh, and the shop they open."""
        return client.read_grants(call, answer)

    async def describe_shops(self, channel: Channel) -> Sequence[ShopFacts]:
        """Return nothing: no call lists shops, but an authorisation's answer tells the shop it opens."""
        return ()

    async def list_orders(self, channel: Channel, window: Window, page: str | None) -> OrderPage:
        """Return one page of numbers of orders updated, or created, within ``window``, the last page first."""
        return await orders.list_orders(channel, window, page)

    async def fetch_orders(self, channel: Channel, ids: Sequence[str]) -> OrderBatch:
        """Return up to 20 orders whole, with ciphertexts and masks of receivers still to be sent to."""
        return await orders.fetch_orders(channel, ids)

    async def list_after_sales(self, channel: Channel, window: Window, page: str | None) -> AfterSalePage:
        """Return one page of after-sales updated, or created, within ``window``, as far as the list tells them."""
        return await after_sales.list_after_sales(channel, window, page)

    async def fetch_after_sale(self, channel: Channel, request_id: str) -> AfterSalePage:
        """Return one after-sale whole, with its refund, its lines and its parcel."""
        return await after_sales.fetch_after_sale(channel, request_id)

    async def open_recipient(self, channel: Channel, order: Order, fields: Sequence[str]) -> Recipient:
        """Return the recipient with ``fields`` in clear; the platform counts each (API.md section 7)."""
        return await personal.open_recipient(channel, order, fields)

    async def read_stock(self, channel: Channel, variant_id: str) -> StockLevel:
        """Return the stock of a SKU now."""
        return await stock.read_stock(channel, variant_id)

    async def set_stock(self, channel: Channel, variant_id: str, total: int) -> StockLevel:
        """Set the total of a SKU, what unpaid orders hold included."""
        return await stock.set_stock(channel, variant_id, total)

    async def perform(self, channel: Channel, act: Act) -> str:
        """Carry ``act`` out with one write call; return the number of what was acted on."""
        return await effects.perform(channel, act)

    async def probe(self, channel: Channel, act: Act) -> Finding:
        """Return whether ``act`` shows in the platform's state now."""
        return await probes.probe(channel, act)

    async def reject_reasons(self, channel: Channel, request_id: str) -> Sequence[RejectReason]:
        """Return the reasons the platform takes now; for a refund before shipping, the parcel that refuses it."""
        return await choices.reject_reasons(channel, request_id)

    async def shipping_choices(self, channel: Channel, order_id: str, package_id: str | None = None) -> ShippingChoices:
        """Return the only way of shipping: a carrier and a number of the seller's own."""
        return await choices.shipping_choices(channel, order_id)

    def verify(self, app: App, secret: AppSecret, url: str, headers: Mapping[str, str], body: bytes) -> None:
        """Return when Xiaohongshu signed a push for ``url``. Raises BadSignature. The body is not signed."""
        pushes.verify(app, secret, url, headers, body)

    def ack(self) -> Answer:
        """Return the JSON that counts as received (API.md section 9)."""
        return pushes.TAKEN

    def read_pushes(self, body: bytes) -> Sequence[Hint]:
        """Return one hint for each message of a push."""
        return pushes.hints(body)


adapter = Xiaohongshu()
"""The adapter, as `gateway.registry` names it."""
