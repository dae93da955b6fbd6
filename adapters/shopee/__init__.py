"""Shopee Open Platform v2. `adapter` is all that the gateway asks for; README.md says what is mapped and how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from adapters.shopee import after_sales, client, disputes, effects, faults, health, orders, probes, pushes, shipping
from adapters.shopee.manifest import MANIFEST
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
    LostPushes,
    Manifest,
    OrderBatch,
    OrderPage,
    PushSettings,
    RejectReason,
    ShippingChoices,
    ShopFacts,
    Signed,
    StoreHealth,
    Window,
)


class Shopee:
    """All protocols of `gateway.ports` for Shopee. Without state: each method is a function of its module."""

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
        """Return the error an answer means, None for success (API.md section 4)."""
        return faults.classify(call, answer)

    def authorise_url(self, app: App, secret: AppSecret, redirect_url: str, state: str, now: datetime) -> str:
        """Return the link a seller opens within 5 minutes to connect a shop."""
        return client.authorise_url(app, secret, redirect_url, state, now)

    def exchange_call(self, app: App, callback: Mapping[str, str]) -> Call:
        """Return the call that turns the callback's code into tokens. Raises DataError on a bad callback."""
        return client.exchange_call(app, callback)

    def refresh_call(self, app: App, store: Store, credential: Credential) -> Call:
        """Return the call that renews a shop's tokens."""
        return client.refresh_call(app, store, credential)

    def read_grants(self, call: Call, answer: Answer, now: datetime) -> Sequence[Grant]:
        """Return the tokens in the answer of an exchange or a refresh, by shop."""
        return client.read_grants(call, answer, now)

    async def describe_shops(self, channel: Channel) -> Sequence[ShopFacts]:
        """Return region and id of every shop that has authorised the app."""
        return await client.describe_shops(channel)

    async def list_orders(self, channel: Channel, window: Window, page: str | None) -> OrderPage:
        """Return one page of numbers of orders updated within ``window``."""
        return await orders.list_orders(channel, window, page)

    async def fetch_orders(self, channel: Channel, ids: Sequence[str]) -> OrderBatch:
        """Return up to 50 orders whole, with the tracking numbers of their parcels."""
        return await orders.fetch_orders(channel, ids)

    async def list_after_sales(self, channel: Channel, window: Window, page: str | None) -> AfterSalePage:
        """Return one page of returns updated within ``window``, as far as the list tells them."""
        return await after_sales.list_after_sales(channel, window, page)

    async def fetch_after_sale(self, channel: Channel, request_id: str) -> AfterSalePage:
        """Return one return whole, its evidence deadline and its parcel included."""
        return await after_sales.fetch_after_sale(channel, request_id)

    async def perform(self, channel: Channel, act: Act) -> str:
        """Carry ``act`` out with one write call; return the platform's request id."""
        return await effects.perform(channel, act)

    async def probe(self, channel: Channel, act: Act) -> Finding:
        """Return whether ``act`` shows in the platform's state now."""
        return await probes.probe(channel, act)

    async def reject_reasons(self, channel: Channel, request_id: str) -> Sequence[RejectReason]:
        """Return the reasons to object to a return now; none for a cancellation, whose rejection carries none."""
        return await disputes.reject_reasons(channel, request_id)

    async def shipping_choices(self, channel: Channel, order_id: str, package_id: str | None = None) -> ShippingChoices:
        """Return the ways of shipping an order or one of its parcels now; of several parcels, only their numbers."""
        return await shipping.shipping_choices(channel, order_id, package_id)

    async def read_health(self, channel: Channel) -> StoreHealth:
        """Return penalty points and metrics as the platform tells them now."""
        return await health.read_health(channel)

    def verify(self, app: App, secret: AppSecret, url: str, headers: Mapping[str, str], body: bytes) -> None:
        """Return when Shopee signed these bytes for ``url``. Raises BadSignature (API.md section 12)."""
        pushes.verify(app, secret, url, headers, body)

    def ack(self) -> Answer:
        """Return 200 with an empty body: anything in it would make the delivery a failure."""
        return pushes.TAKEN

    def read_pushes(self, body: bytes) -> Sequence[Hint]:
        """Return what a push says, one hint a shop."""
        return pushes.hints(body)

    async def lost_pushes(self, channel: Channel) -> LostPushes:
        """Return the oldest hundred pushes of three days that never arrived."""
        return await pushes.lost_pushes(channel)

    async def confirm_lost_pushes(self, channel: Channel, marker: str) -> None:
        """Let Shopee forget the lost pushes up to message ``marker``."""
        await pushes.confirm_lost_pushes(channel, marker)

    async def set_push_url(self, channel: Channel, url: str) -> None:
        """Send the app's pushes to ``url``; Shopee tries the address first."""
        await pushes.set_push_url(channel, url)

    async def push_settings(self, channel: Channel) -> PushSettings:
        """Return where the app's pushes go now."""
        return await pushes.push_settings(channel)


adapter = Shopee()
"""The adapter, as `gateway.registry` names it."""
