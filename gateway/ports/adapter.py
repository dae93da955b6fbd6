"""What an adapter does: `Adapter` always, the other protocols as its manifest declares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

from gateway.errors import GatewayError
from gateway.model.order import Order, Recipient
from gateway.model.store import App, AppSecret, Credential, Store
from gateway.ports.acts import Act, Finding, RefundChoices, RejectReason, ShippingChoices
from gateway.ports.calls import Answer, Call, Channel, Signed
from gateway.ports.manifest import Manifest
from gateway.ports.pages import AfterSalePage, OrderBatch, OrderPage, Window
from gateway.ports.parcels import ParcelTrace, SaleLink, StockLevel
from gateway.ports.pushes import Hint, LostPushes, PushSettings
from gateway.ports.shops import Grant, ShopFacts, StoreHealth


class Adapter(Protocol):
    """What every platform gives: its manifest, its signature, its errors and its authorisation."""

    @property
    def manifest(self) -> Manifest:
        """Return what the platform is and offers."""
        ...

    def sign(
        self, call: Call, app: App, secret: AppSecret, store: Store | None, credential: Credential | None, now: datetime
    ) -> Signed:
        """Return the request as it goes on the wire. Pure: same arguments, same bytes."""
        ...

    def classify(self, call: Call, answer: Answer) -> GatewayError | None:
        """Return the error an answer means, or None for success. Never raises, whatever the body."""
        ...

    def authorise_url(self, app: App, secret: AppSecret, redirect_url: str, state: str, now: datetime) -> str:
        """Return the link a seller opens to connect a shop."""
        ...

    def exchange_call(self, app: App, callback: Mapping[str, str]) -> Call:
        """Return the call that turns the callback's code into credentials. Raises DataError on a bad callback.

        ``callback`` is what the platform sent back, and ``redirect_url``, the address to which it did.
        """
        ...

    def refresh_call(self, app: App, store: Store, credential: Credential) -> Call:
        """Return the call that renews a credential."""
        ...

    def read_grants(self, call: Call, answer: Answer, now: datetime) -> Sequence[Grant]:
        """Return the credentials in the answer of an exchange or a refresh."""
        ...

    async def describe_shops(self, channel: Channel) -> Sequence[ShopFacts]:
        """Return what the platform tells about the shops this app may act for.

        ``channel`` signs for the app. After an authorisation it carries the credential that was given, and a platform
        that lists shops by their token tells those that it opens.
        """
        ...


@runtime_checkable
class OrderSource(Protocol):
    """Reading orders. One request to the platform a call."""

    async def list_orders(self, channel: Channel, window: Window, page: str | None) -> OrderPage:
        """Return one page of orders updated, or created, within ``window``; ``page`` None is the first."""
        ...

    async def fetch_orders(self, channel: Channel, ids: Sequence[str]) -> OrderBatch:
        """Return the orders named, at most ``limits.order_batch``."""
        ...


@runtime_checkable
class AfterSaleSource(Protocol):
    """Reading returns and refunds."""

    async def list_after_sales(self, channel: Channel, window: Window, page: str | None) -> AfterSalePage:
        """Return one page of requests updated, or created, within ``window``; ``page`` None is the first."""
        ...

    async def fetch_after_sale(self, channel: Channel, request_id: str) -> AfterSalePage:
        """Return one request, whole."""
        ...


@runtime_checkable
class SealedRecipientSource(Protocol):
    """Recipients that the platform gives as ciphertext (`Recipient.encrypted`). Only reads."""

    async def open_recipient(self, channel: Channel, order: Order, fields: Sequence[str]) -> Recipient:
        """Return the order's recipient with these ``fields`` in clear: personal data, to be shown or stored as such.

        One field at a time, when a person needs it: platforms count each. Raises the error tree; Refused when the
        platform will not open one now, NotFound when it does not tell the recipient (any more).
        """
        ...


@runtime_checkable
class StockPort(Protocol):
    """The platform's own count of what a shop can sell."""

    async def read_stock(self, channel: Channel, variant_id: str) -> StockLevel:
        """Return the stock of a variant now. Raises the error tree."""
        ...

    async def set_stock(self, channel: Channel, variant_id: str, total: int) -> StockLevel:
        """Set the stock of a variant, occupied units included; may be repeated. An effect. Raises the error tree."""
        ...


@runtime_checkable
class EffectPort(Protocol):
    """Acts with an outside consequence."""

    async def perform(self, channel: Channel, act: Act) -> str:
        """Carry ``act`` out with one write call; return the platform's reference (its request id).

        Raises the error tree; OutcomeUnknown means the act may have been applied.
        """
        ...

    async def probe(self, channel: Channel, act: Act) -> Finding:
        """Return whether ``act`` shows in the platform's state now. Only reads."""
        ...


@runtime_checkable
class HealthSource(Protocol):
    """The platform's own measure of a store."""

    async def read_health(self, channel: Channel) -> StoreHealth:
        """Return points and metrics as the platform tells them now."""
        ...


@runtime_checkable
class ChatSource(Protocol):
    """The chats of a shop, where a push names a conversation and not the buyer."""

    async def chat_buyer(self, channel: Channel, conversation: str) -> str | None:
        """Return the id, as orders have it, of the buyer in a conversation; None when it is not among the latest."""
        ...


@runtime_checkable
class WebhookSource(Protocol):
    """Pushes of a platform. Pure: no method reads or calls anything."""

    def verify(self, app: App, secret: AppSecret, url: str, headers: Mapping[str, str], body: bytes) -> None:
        """Return when the platform signed these raw bytes for ``url``, the address registered with it.

        ``headers`` finds names in the case the platform writes them, or in any. Compares in constant time. Raises
        BadSignature for a missing, malformed or other signature.
        """
        ...

    def ack(self) -> Answer:
        """Return exactly what the platform takes as received."""
        ...

    def read_pushes(self, body: bytes) -> Sequence[Hint]:
        """Return what a verified body says, one hint a shop. Raises DataError when it cannot be read."""
        ...


@runtime_checkable
class LostPushSource(Protocol):
    """Pushes the platform kept because they could not be delivered. Calls of scope `app`."""

    async def lost_pushes(self, channel: Channel) -> LostPushes:
        """Return the oldest that were not confirmed."""
        ...

    async def confirm_lost_pushes(self, channel: Channel, marker: str) -> None:
        """Let the platform forget those up to ``marker``. Only after they are stored."""
        ...


@runtime_checkable
class PushSettingsPort(Protocol):
    """Where a platform sends an app's pushes. Calls of scope `app`."""

    async def set_push_url(self, channel: Channel, url: str) -> None:
        """Send pushes to ``url`` from now on, those the gateway reads switched on.

        The platform tries the address first: a receiver must answer there. Raises the error tree.
        """
        ...

    async def push_settings(self, channel: Channel) -> PushSettings:
        """Return where pushes go now."""
        ...


@runtime_checkable
class ReasonSource(Protocol):
    """Reasons for rejecting a buyer's request. Only reads."""

    async def reject_reasons(self, channel: Channel, request_id: str) -> Sequence[RejectReason]:
        """Return what the platform takes for this request now; empty when a rejection carries no reason there.

        Raises the error tree; Refused or InvalidRequest when the request can no longer be rejected.
        """
        ...


@runtime_checkable
class RefundChoiceSource(Protocol):
    """What may be said in a refund that a store with role `buyer` asks for. Only reads."""

    async def refund_choices(
        self, channel: Channel, order_id: str, lines: Sequence[tuple[str, int]] = ()
    ) -> RefundChoices:
        """Return reasons and limits for lines of the order, or for all of it, now. Raises the error tree."""
        ...


@runtime_checkable
class SaleLinkPort(Protocol):
    """Telling the platform which sale elsewhere a purchase is for (operation `link_sale`)."""

    async def link_sale(self, channel: Channel, link: SaleLink) -> None:
        """Tell it. The same link may be told again. Raises the error tree."""
        ...


@runtime_checkable
class EvidencePort(Protocol):
    """Handing pictures in, before an act names them (operation `upload_evidence`)."""

    async def upload_evidence(self, channel: Channel, order_id: str, picture: bytes) -> str:
        """Return the link by which an act names the picture. A second upload is a second picture, and does no harm.

        Raises InvalidRequest for a picture the platform would not take, else the error tree.
        """
        ...


@runtime_checkable
class TraceSource(Protocol):
    """What carriers say of parcels. Only reads."""

    async def parcel_traces(self, channel: Channel, order_id: str) -> Sequence[ParcelTrace]:
        """Return every parcel of an order, none before it is shipped. Raises the error tree."""
        ...


@runtime_checkable
class ShippingChoiceSource(Protocol):
    """What may be chosen when an order is shipped. Only reads."""

    async def shipping_choices(self, channel: Channel, order_id: str, package_id: str | None = None) -> ShippingChoices:
        """Return the ways the platform offers for the order, or for one of its packages, now. Raises the error tree."""
        ...
