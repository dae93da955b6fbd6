"""TikTok Shop Open API. `adapter` is all that the gateway asks for; README.md says what is mapped and how."""
# ruff: noqa: ARG002 - the ports give a platform more than this one needs

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from adapters.tiktok_shop import after_sales, choices, client, effects, faults, orders, probes, pushes, shipping
from adapters.tiktok_shop.manifest import MANIFEST
from gateway.errors import GatewayError
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
    ParcelTrace,
    RejectReason,
    ShippingChoices,
    ShopFacts,
    Signed,
    Window,
)


class TikTokShop:
    """The protocols of `gateway.ports` for TikTok Shop. Without state: each method is a function of its module."""

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
        """Return the error an answer means, None for success (API.md section 8)."""
        return faults.classify(call, answer)

    def authorise_url(self, app: App, secret: AppSecret, redirect_url: str, state: str, now: datetime) -> str:
        """Return the link a seller opens to connect shops; where it leads back to is set in the Partner Center."""
        return client.authorise_url(app, state)

    def exchange_call(self, app: App, callback: Mapping[str, str]) -> Call:
        """Return the call that turns the callback's code into tokens. Raises DataError on a bad callback."""
        return client.exchange_call(callback)

    def refresh_call(self, app: App, store: Store, credential: Credential) -> Call:
        """Return the call that renews tokens."""
        return client.refresh_call(credential)

    def read_grants(self, call: Call, answer: Answer, now: datetime) -> Sequence[Grant]:
        """Return the tokens of an exchange or a refresh; they name no shop, `describe_shops` tells those they open."""
        return client.read_grants(answer, now)

    async def describe_shops(self, channel: Channel) -> Sequence[ShopFacts]:
        """Return the shops that the channel's token opens, with the cipher of each."""
        return await client.describe_shops(channel)

    async def list_orders(self, channel: Channel, window: Window, page: str | None) -> OrderPage:
        """Return one page of whole orders updated within ``window``."""
        return await orders.list_orders(channel, window, page)

    async def fetch_orders(self, channel: Channel, ids: Sequence[str]) -> OrderBatch:
        """Return up to 50 orders."""
        return await orders.fetch_orders(channel, ids)

    async def list_after_sales(self, channel: Channel, window: Window, page: str | None) -> AfterSalePage:
        """Return one page of cancellations, and after those of returns, updated within ``window``."""
        return await after_sales.list_after_sales(channel, window, page)

    async def fetch_after_sale(self, channel: Channel, request_id: str) -> AfterSalePage:
        """Return one cancellation or return."""
        return await after_sales.fetch_after_sale(channel, request_id)

    async def perform(self, channel: Channel, act: Act) -> str:
        """Carry ``act`` out with one write call; return the platform's request id."""
        return await effects.perform(channel, act)

    async def chat_buyer(self, channel: Channel, conversation: str) -> str | None:
        """Return the buyer in a conversation (API.md section 6)."""
        return await probes.chat_buyer(channel, conversation)

    async def probe(self, channel: Channel, act: Act) -> Finding:
        """Return whether ``act`` shows in the platform's state now."""
        return await probes.probe(channel, act)

    async def reject_reasons(self, channel: Channel, request_id: str) -> Sequence[RejectReason]:
        """Return the reasons the platform takes now for rejecting a cancellation or a return."""
        return await choices.reject_reasons(channel, request_id)

    async def shipping_choices(self, channel: Channel, order_id: str, package_id: str | None = None) -> ShippingChoices:
        """Return the ways of shipping an order or one of its parcels now; of several parcels, only their numbers."""
        return await shipping.shipping_choices(channel, order_id, package_id)

    async def parcel_traces(self, channel: Channel, order_id: str) -> Sequence[ParcelTrace]:
        """Return an order's parcels under way with what carriers said of them."""
        return await shipping.parcel_traces(channel, order_id)

    def verify(self, app: App, secret: AppSecret, url: str, headers: Mapping[str, str], body: bytes) -> None:
        """Return when TikTok Shop signed these bytes. Raises BadSignature (API.md section 7.2)."""
        pushes.verify(app, secret, headers, body)

    def ack(self) -> Answer:
        """Return 200 with an empty body."""
        return pushes.TAKEN

    def read_pushes(self, body: bytes) -> Sequence[Hint]:
        """Return what a push says."""
        return pushes.hints(body)


adapter = TikTokShop()
"""The adapter, as `gateway.registry` names it."""
