"""Shopee Open Platform v2. `adapter` is all that the gateway asks for; README.md says what is mapped and how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from adapters.shopee import after_sales, client, effects, faults, health, orders, probes
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
    Manifest,
    OrderBatch,
    OrderPage,
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

    async def read_health(self, channel: Channel) -> StoreHealth:
        """Return penalty points and metrics as the platform tells them now."""
        return await health.read_health(channel)


adapter = Shopee()
"""The adapter, as `gateway.registry` names it."""
