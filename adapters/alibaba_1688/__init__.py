"""1688 Open Platform. `adapter` is all that the gateway asks for; README.md says what is mapped and how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from adapters.alibaba_1688 import (
    after_sales,
    client,
    effects,
    faults,
    logistics,
    orders,
    probes,
    purchases,
    pushes,
    refunds,
)
from adapters.alibaba_1688.manifest import MANIFEST
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
    ParcelTrace,
    RefundChoices,
    SaleLink,
    ShopFacts,
    Signed,
    Window,
)


class Alibaba1688:
    """All protocols of `gateway.ports` that 1688 has. Without state: each method is a function of its module."""

    @property
    def manifest(self) -> Manifest:
        """Return what the platform is and offers, to either side of an order."""
        return MANIFEST

    def sign(
        self, call: Call, app: App, secret: AppSecret, store: Store | None, credential: Credential | None, now: datetime
    ) -> Signed:
        """Return the request as it goes on the wire (API.md section 2)."""
        return client.sign(call, app, secret, store, credential, now)

    def classify(self, call: Call, answer: Answer) -> GatewayError | None:
        """Return the error an answer means, None for success (API.md section 4)."""
        return faults.classify(call, answer)

    def authorise_url(self, app: App, secret: AppSecret, redirect_url: str, state: str, now: datetime) -> str:  # noqa: ARG002 - the port has it
        """Return the link that the owner of an account opens."""
        return client.authorise_url(app, redirect_url, state)

    def exchange_call(self, app: App, callback: Mapping[str, str]) -> Call:  # noqa: ARG002 - the port has it
        """Return the call that turns the callback's code into tokens. Raises DataError without a code."""
        return client.exchange_call(callback)

    def refresh_call(self, app: App, store: Store, credential: Credential) -> Call:  # noqa: ARG002 - the port has it
        """Return the call that renews the access token of an account, for both its stores."""
        return client.refresh_call(credential)

    def read_grants(self, call: Call, answer: Answer, now: datetime) -> Sequence[Grant]:
        """Return the token in the answer of an exchange or a refresh, and whose it is."""
        return client.read_grants(call, answer, now)

    async def describe_shops(self, channel: Channel) -> Sequence[ShopFacts]:  # noqa: ARG002 - the port has it
        """Return nothing: no call lists accounts, the answer that brings a token says whose it is."""
        return ()

    async def list_orders(self, channel: Channel, window: Window, page: str | None) -> OrderPage:
        """Return one page of numbers of orders updated within ``window``, from the store's side."""
        return await orders.list_orders(channel, window, page)

    async def fetch_orders(self, channel: Channel, ids: Sequence[str]) -> OrderBatch:
        """Return the order named, whole."""
        return await orders.fetch_orders(channel, ids)

    async def list_after_sales(self, channel: Channel, window: Window, page: str | None) -> AfterSalePage:
        """Return one page of refunds updated within ``window``, as far as the list tells them."""
        return await after_sales.list_after_sales(channel, window, page)

    async def fetch_after_sale(self, channel: Channel, request_id: str) -> AfterSalePage:
        """Return one refund whole, its deadline included."""
        return await after_sales.fetch_after_sale(channel, request_id)

    async def perform(self, channel: Channel, act: Act) -> str:
        """Carry ``act`` out with one write call; return the platform's reference."""
        return await effects.perform(channel, act)

    async def probe(self, channel: Channel, act: Act) -> Finding:
        """Return whether ``act`` shows in the platform's state now."""
        return await probes.probe(channel, act)

    async def refund_choices(
        self, channel: Channel, order_id: str, lines: Sequence[tuple[str, int]] = ()
    ) -> RefundChoices:
        """Return reasons and limits of a refund that we ask for as the buyer."""
        return await refunds.refund_choices(channel, order_id, lines)

    async def upload_evidence(self, channel: Channel, order_id: str, picture: bytes) -> str:  # noqa: ARG002 - the port has it
        """Return the link of a jpg below 1 MB, to be named in a refund."""
        return await refunds.upload(channel, picture)

    async def link_sale(self, channel: Channel, link: SaleLink) -> None:
        """Tell 1688 which sale a line of a purchase is for."""
        await purchases.link_sale(channel, link)

    async def parcel_traces(self, channel: Channel, order_id: str) -> Sequence[ParcelTrace]:
        """Return the parcels of an order with their carriers' scans."""
        return await logistics.parcel_traces(channel, order_id)

    def verify(self, app: App, secret: AppSecret, url: str, headers: Mapping[str, str], body: bytes) -> None:  # noqa: ARG002 - the port has it
        """Return when 1688 signed the message in this form. Raises BadSignature (API.md section 9.1)."""
        pushes.verify(app, secret, url, body)

    def ack(self) -> Answer:
        """Return 200: the body is free."""
        return pushes.TAKEN

    def read_pushes(self, body: bytes) -> Sequence[Hint]:
        """Return what a push says."""
        return pushes.hints(body)

    async def lost_pushes(self, channel: Channel) -> LostPushes:
        """Return the oldest messages that were not delivered; reading them confirms nothing."""
        return await pushes.lost_pushes(channel)

    async def confirm_lost_pushes(self, channel: Channel, marker: str) -> None:
        """Let 1688 forget the messages that ``marker`` lists."""
        await pushes.confirm_lost_pushes(channel, marker)


adapter = Alibaba1688()
"""The adapter, as `gateway.registry` names it."""
