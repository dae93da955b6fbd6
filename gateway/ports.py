"""What the core asks of the outside: a platform adapter, a channel to call through, a clock.

An adapter is stateless. It declares itself in a `Manifest`, builds `Call` objects, reads `Answer` objects and maps
them. Everything that lasts or waits (tokens, cursors, retries, rate limits, effects) belongs to the core.

To add a platform, implement `Adapter` and those of the further protocols its manifest declares:
`OrderSource` always, `AfterSaleSource` when requests are kept apart from orders, `EffectPort` when any capability
beyond reading is `api`, `HealthSource` when the platform tells its own measure of the store, `WebhookSource` when it
pushes, `LostPushSource` when it keeps the pushes that never arrived, `PushSettingsPort` when a call says where they go,
`ReasonSource` when a rejection may need a reason, `ShippingChoiceSource` when a shipment leaves something to choose,
`SealedRecipientSource` when recipients come as ciphertext, `StockPort` when stock can be read and set,
`EvidencePort` when pictures are handed in before an act names them, `TraceSource` when carriers' scans can be read,
`ChatSource` when pushes of the buyers' chat name no buyer.
Where an account also buys (`Manifest.roles`): `RefundChoiceSource` and `SaleLinkPort`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal, Protocol, runtime_checkable

from gateway.errors import GatewayError
from gateway.model.after_sale import AfterSale, GoodsState
from gateway.model.order import FulfillmentState, Order, Recipient
from gateway.model.store import App, AppSecret, Credential, Role, Store


class Clock(Protocol):
    """The only source of time for signatures, deadlines, due work and rate limits."""

    def now(self) -> datetime:
        """Return the current instant, aware, in UTC."""
        ...

    async def sleep_until(self, instant: datetime) -> None:
        """Return as soon as ``now() >= instant``, also when the clock jumps there."""
        ...


class Operation(StrEnum):
    """What a platform may or may not offer. The word of capabilities, effects and the journal."""

    list_orders = "list_orders"
    list_after_sales = "list_after_sales"
    read_health = "read_health"
    receive_pushes = "receive_pushes"
    fetch_lost_pushes = "fetch_lost_pushes"
    set_push_url = "set_push_url"
    seller_close = "seller_close"
    cancel_lines = "cancel_lines"
    accept_cancellation = "accept_cancellation"
    reject_cancellation = "reject_cancellation"
    approve_return = "approve_return"
    refund_return = "refund_return"
    offer_solution = "offer_solution"
    accept_offer = "accept_offer"
    open_dispute = "open_dispute"
    cancel_dispute = "cancel_dispute"
    upload_evidence = "upload_evidence"
    ship = "ship"
    set_tracking = "set_tracking"  # on goods that are on their way; a number given when shipping is part of `ship`
    set_note = "set_note"
    send_message = "send_message"
    create_order = "create_order"  # this and the following: what only a store that buys does
    request_refund = "request_refund"
    withdraw_request = "withdraw_request"
    send_back = "send_back"
    link_sale = "link_sale"  # tell the platform which sale a purchase is for


BUYING = frozenset(
    {
        Operation.create_order,
        Operation.request_refund,
        Operation.withdraw_request,
        Operation.send_back,
        Operation.link_sale,
    }
)
"""What only a store with role `buyer` does: declared where a platform has such stores."""


class Offered(StrEnum):
    """Who can do an operation on a platform."""

    api = "api"
    manual = "manual"  # only a person in the platform's console
    none = "none"


@dataclass(frozen=True, slots=True)
class Rate:
    """A token bucket: ``per_second`` calls refill, ``burst`` may come at once."""

    per_second: float
    burst: int


@dataclass(frozen=True, slots=True)
class Limits:
    """What one call may ask for at most."""

    order_window: timedelta  # widest span of a list by update time
    order_page: int
    order_batch: int  # ids a detail call takes
    after_sale_window: timedelta
    after_sale_page: int
    after_sales_listed_whole: bool = True  # False: the list leaves things out, so each one is read by itself too
    # widest span of a list by creation time, for a store's first pull; None: that pull goes by update time too
    order_created_window: timedelta | None = None
    after_sale_created_window: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a platform is and offers, readable without calling it."""

    platform: str
    title: str
    capabilities: Mapping[Operation, Offered]
    limits: Limits
    rates: Mapping[str, Rate]  # endpoint group -> bucket of one store; "default" must be there
    base_urls: Mapping[str, str]  # region or "default"/"sandbox" -> host
    time_zones: Mapping[str, str]  # region -> IANA zone
    refresh_before: timedelta  # refresh a token this long before it ends
    masks_buyers: bool  # whether names and phones may arrive hidden by asterisks
    keys_by_shop: bool = False  # a credential needs a further key of its shop, which `describe_shops` tells
    roles: tuple[Role, ...] = (Role.seller,)  # an account becomes one store for each; they share its credential
    only: Mapping[Operation, Role] = field(default_factory=dict)  # done from one side of an order alone
    pull_every: timedelta | None = None  # the platform wants a shop's lists asked no more often; None: says nothing
    renewals_prolong: bool = False  # each renewal of a token makes the seller's authorisation last longer
    tells_returns_arrive: bool = False  # shows that a buyer's parcel came back; else a person has to say so
    refunds_unreturned: frozenset[GoodsState] = frozenset()  # where goods may be that are paid for and not wanted back

    def offers(self, operation: Operation, role: Role | None = None) -> Offered:
        """Return who can do ``operation`` in a store of ``role``, or in any store; not declared is not offered."""
        side = Role.buyer if operation in BUYING else self.only.get(operation)
        if role is not None and side is not None and side is not role:
            return Offered.none
        return self.capabilities.get(operation, Offered.none)

    def seen_by(self, role: Role) -> Manifest:
        """Return the manifest as it holds for a store of ``role``."""
        return replace(self, capabilities={each: self.offers(each, role) for each in self.capabilities})


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a platform, before signing. Business parameters only."""

    operation: str  # the platform's name of the call, for logs and faults: "order.get_order_list"
    method: Literal["GET", "POST"]
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    content_type: str = "application/json"
    scope: Literal["app", "store"] = "store"  # whose signature and token the call carries
    group: str = "default"  # endpoint group for rate limits
    effect: bool = False  # has an outside consequence: refused in mode `observe`
    idempotent: Literal["yes", "no", "by_key"] = "yes"
    refreshable: bool = True  # False for the token calls themselves


@dataclass(frozen=True, slots=True)
class Signed:
    """What goes on the wire. Never logged: the query carries a token and a signature."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Channel(Protocol):
    """The road to one store of a platform: signs, limits, retries what is safe, and raises the error tree."""

    @property
    def store(self) -> Store:
        """Return the store that is called."""
        ...

    async def send(self, call: Call) -> Answer:
        """Return the answer of a call that succeeded.

        Raises PlatformError, AuthError, RateLimited, NotSent or OutcomeUnknown; NotAllowed when ``call.effect``
        and the store's mode or a stop forbids effects.
        """
        ...


@dataclass(frozen=True, slots=True)
class Window:
    """A span of times, both ends included: update times, or creation times where `Limits` tells a window for them."""

    start: datetime
    end: datetime
    by: Literal["updated", "created"] = "updated"


@dataclass(frozen=True, slots=True)
class RawItem:
    """The platform's own words for one object, as JSON bytes. Holds personal data: stored encrypted only."""

    external_id: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class BadItem:
    """One object that could not be mapped. ``reason`` names fields, never values."""

    external_id: str
    reason: str
    raw: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Unmapped:
    """A word of the platform that no table knows. The object is kept, the word is alerted."""

    external_id: str
    where: str  # field, e.g. "order_status"
    word: str


@dataclass(frozen=True, slots=True)
class OrderBatch:
    """Orders as read: mapped ones with their raw words at the same index, and those that could not be mapped."""

    orders: Sequence[Order] = ()
    raws: Sequence[RawItem] = ()
    bad: Sequence[BadItem] = ()
    missing: Sequence[str] = ()  # asked for, but the platform does not know them
    unmapped: Sequence[Unmapped] = ()


@dataclass(frozen=True, slots=True)
class Unread:
    """Orders as they came, and how they are read: work that the core may have done by another process.

    ``reader`` is a pure function of a module, ``arguments`` are what pickle takes at little cost: bytes, texts, a
    store. It raises DataError when nothing can be read; one bad order goes to `OrderBatch.bad`.
    """

    reader: Callable[..., OrderBatch]
    arguments: tuple[Any, ...] = field(repr=False)

    def read(self) -> OrderBatch:
        """Return the orders."""
        return self.reader(*self.arguments)


@dataclass(frozen=True, slots=True)
class OrderPage:
    """One page of a list: ids, or the orders themselves where the platform lists them whole.

    Whole orders may come unread; ``ids`` are then not looked at.
    """

    ids: Sequence[str]
    next_page: str | None  # opaque; None: last page
    batch: OrderBatch | Unread | None = None


@dataclass(frozen=True, slots=True)
class AfterSalePage:
    """One page of requests."""

    after_sales: Sequence[AfterSale]
    raws: Sequence[RawItem]
    next_page: str | None
    bad: Sequence[BadItem] = ()
    unmapped: Sequence[Unmapped] = ()


@dataclass(frozen=True, slots=True)
class ShopFacts:
    """What the platform tells about a shop that is being connected. ``extra`` goes into its credential's."""

    external_id: str
    region: str
    name: str = ""
    extra: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Grant:
    """A credential for one shop, as an authorisation or a refresh gives it.

    An empty ``external_id``: the platform names no shop beside its tokens. The credential is then for the shop it was
    renewed for, and after an authorisation for every shop that `Adapter.describe_shops` lists with it. ``shop`` is
    what the answer itself tells about the shop; None: only `Adapter.describe_shops` does.
    """

    external_id: str
    credential: Credential
    shop: ShopFacts | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """One effect to be carried out on an order: what the adapter turns into a write call.

    ``key`` is the gateway's own, sent where a platform takes idempotency keys. ``lines`` pairs line ids with
    quantities for `cancel_lines`; ``request_id`` names the after-sale request that is answered.

    ``parameters`` are texts by name, the same names on every platform:

    * `ship`: ``way`` (a `ShippingWay.kind`), ``package_id``, ``address_id``, ``slot_id``, ``branch_id``,
      ``tracking_number``, ``sender_name``, ``carrier``; what is left out the adapter chooses, or refuses
    * `set_tracking`: ``tracking_number``, ``package_id``
    * `offer_solution`: ``solution`` (`refund` or `return_refund`), ``amount`` in major units
    * `send_message`: ``text``, and for the check before it is sent ``purpose`` (a `Purpose`) and ``language`` (of the
      buyer, BCP 47; default: the region's); ``announced_close_at`` (ISO 8601) where the text tells one; ``since``
      (whole seconds since the epoch): a probe looks for the words among what was sent then or later
    * `open_dispute`: what the `RejectReason` asks for
    * `request_refund`: ``solution``, ``amount`` and ``shipping_amount`` (default: all that was paid for the lines),
      ``text``, ``evidence`` (links, by blanks); ``lines`` default to all, ``reason`` is a `RejectReason`'s id
    * `send_back`: ``carrier``, ``tracking_number``, ``text``, ``evidence``
    * `create_order`: ``recipient`` (JSON) or ``address_id``, ``message``; ``order_id`` is our own number, by which the
      order is looked for after a lost answer; ``lines`` pair what the platform's catalogue calls a variant with units
    """

    operation: Operation
    order_id: str
    key: str
    request_id: str | None = None
    reason: str | None = None  # the platform's own word
    lines: tuple[tuple[str, int], ...] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)


class Happened(StrEnum):
    """What a probe saw."""

    applied = "applied"
    not_applied = "not_applied"
    undecided = "undecided"  # ask again later


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer of a probe, with the platform's words it rests on (no personal data)."""

    happened: Happened
    because: str


@dataclass(frozen=True, slots=True)
class Metric:
    """One measure the platform keeps of a store. Texts of decimals, as the platform gave them."""

    metric_id: str
    name: str
    value: str | None
    target: str | None
    unit: str


@dataclass(frozen=True, slots=True)
class StoreHealth:
    """What the platform says about a store's standing."""

    penalty_points: int | None
    metrics: Sequence[Metric]


@dataclass(frozen=True, slots=True)
class Asked:
    """One thing a rejection must or may bring along: the name of the act's parameter, and what it is for."""

    name: str
    title: str
    required: bool


@dataclass(frozen=True, slots=True)
class RejectReason:
    """One reason the platform takes for rejecting a request."""

    reason_id: str
    title: str
    asks: Sequence[Asked] = ()


class WayKind(StrEnum):
    """How a parcel gets to its carrier."""

    pickup = "pickup"  # the carrier fetches it
    dropoff = "dropoff"  # the seller brings it
    own_carrier = "own_carrier"  # the seller chose a carrier the platform does not work with


@dataclass(frozen=True, slots=True)
class PickupPlace:
    """An address a carrier may fetch from. ``usual``: the shop's own choice; ``slots``: id and words of each time."""

    address_id: str
    title: str
    usual: bool
    slots: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class ShippingWay:
    """One way to ship, and the parameters of `ship` it cannot do without."""

    kind: WayKind
    needs: Sequence[str] = ()
    places: Sequence[PickupPlace] = ()
    branches: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class ShippingChoices:
    """What the platform leaves to the seller. Several ``packages``: one must be named before ways can be told."""

    packages: Sequence[str]
    ways: Sequence[ShippingWay]


@dataclass(frozen=True, slots=True)
class RefundChoices:
    """What a refund that we ask for may say: its reasons, and the most that can be asked (minor units)."""

    reasons: Sequence[RejectReason]
    most_minor: int
    most_goods_minor: int
    most_shipping_minor: int


@dataclass(frozen=True, slots=True)
class SaleLink:
    """A line of a purchase, and the line of the sale elsewhere that it is for. Ids as each side's platform has them."""

    order_id: str
    line_id: str
    sale_order_id: str
    sale_line_id: str


@dataclass(frozen=True, slots=True)
class Scan:
    """What a carrier said of a parcel, in its own words. May name a place or a person: kept out of logs."""

    at: datetime
    words: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ParcelTrace:
    """Where one parcel has been, the oldest scan first. ``raw_status`` is the platform's own word."""

    package_id: str
    state: FulfillmentState
    raw_status: str
    carrier: str
    tracking_number: str
    scans: Sequence[Scan] = ()


class AuthorisationNews(StrEnum):
    """What a push says about a shop's authorisation. It may be late: ask the platform before acting on it."""

    given = "given"
    ended = "ended"
    ending = "ending"  # soon, unless a person renews it


@dataclass(frozen=True, slots=True)
class ChatNews:
    """A buyer wrote to the shop. What he wrote is not in it: only a person says what it means.

    ``buyer`` is the id that orders have (`Buyer.buyer_id`), empty where the push does not tell it; ``conversation`` is
    the chat in which `ChatSource` then looks for him.
    """

    buyer: str = field(default="", repr=False)
    conversation: str = ""


@dataclass(frozen=True, slots=True)
class Hint:
    """What a push says about one shop: which things to read anew. Never the truth itself.

    ``event_id`` is the same for the same event in other bytes, and differs between events as far as the platform lets
    them be told apart. ``kind`` is the platform's own code, empty when it told none; an unknown one has no subjects.
    """

    event_id: str
    kind: str
    shop: str | None  # the platform's id; None: about the app, or not told
    orders: tuple[str, ...] = ()
    requests: tuple[str, ...] = ()  # after-sale requests
    authorisation: AuthorisationNews | None = None
    changed_at: datetime | None = None  # the platform's own time of the change
    role: Role | None = None  # the side of an order that is told; None: any store of the account may be meant
    chat: ChatNews | None = None


@dataclass(frozen=True, slots=True)
class LostPushes:
    """One page of pushes that never arrived, each as a body that `WebhookSource.read_pushes` takes.

    ``marker`` confirms them, None when there are none; ``more``: ask again after confirming.
    """

    bodies: Sequence[bytes]
    marker: str | None
    more: bool


@dataclass(frozen=True, slots=True)
class PushSettings:
    """Where a platform sends an app's pushes. ``status`` is its own word for how deliveries go."""

    url: str
    status: str
    kinds: Sequence[str]


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


@dataclass(frozen=True, slots=True)
class StockLevel:
    """Units of one variant. ``total`` includes what unpaid or unshipped orders hold (``occupied``)."""

    available: int
    total: int
    occupied: int


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
