"""What the simulated TikTok Shop knows: sellers, shops, orders, units, parcels, cancellations, returns, chats.

Money is kept in minor units of the shop's currency (JPY has none), time in whole unix seconds, ids as decimal text.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mocks.kit.clock import Appointment

DAY = 86_400
HOUR = 3_600

EXPONENTS = {"JPY": 0, "GBP": 2}
"""Decimals of the currencies of the simulated markets."""

OPEN_RETURNS = {
    "RETURN_OR_REFUND_REQUEST_PENDING",
    "REFUND_OR_RETURN_REQUEST_REJECT",
    "AWAITING_BUYER_SHIP",
    "BUYER_SHIPPED_ITEM",
    "REJECT_RECEIVE_PACKAGE",
    "RETURN_OR_REFUND_REQUEST_SUCCESS",
    "AWAITING_BUYER_RESPONSE",
    "REPLACEMENT_REQUEST_PENDING",
    "REPLACEMENT_REQUEST_REJECT",
}
"""Return statuses after which something may still happen; a rejection is not final (API.md 5.1)."""


def text_of(minor: int, currency: str) -> str:
    """Write minor units as the wire does: a decimal text, without a fraction where the currency has none."""
    return f"{Decimal(minor).scaleb(-EXPONENTS[currency]):f}"


def minor_of(text: str, currency: str) -> int:
    """Read a decimal text into minor units; ValueError when it is none, negative, or finer than the currency."""
    whole, _, fraction = text.partition(".")
    fraction = fraction.rstrip("0")
    places = EXPONENTS[currency]
    if not whole.isdigit() or (fraction and not fraction.isdigit()) or len(fraction) > places:
        raise ValueError(text)
    return int(whole + fraction.ljust(places, "0"))


@dataclass(slots=True)
class Seller:
    """One seller account: what authorises the app, and what a token stands for."""

    open_id: str
    name: str
    base_region: str
    authorised_until: int
    scopes: set[str]
    linked: bool = True
    active: bool = True


@dataclass(slots=True)
class Shop:
    """One shop of a seller; `holds` says whether paid orders pass ON_HOLD, `partial_cancel` the market's rule."""

    shop_id: str
    seller: Seller
    name: str
    region: str
    currency: str
    seller_type: str
    cipher: str
    code: str
    warehouse_id: str
    provider_id: str
    provider: str
    holds: bool = True
    partial_cancel: bool = False
    active: bool = True
    webhooks: dict[str, Webhook] = field(default_factory=dict)


@dataclass(slots=True)
class Webhook:
    """Where one topic of one shop is delivered."""

    address: str
    created: int
    updated: int


@dataclass(slots=True)
class Unit:
    """One piece bought: the platform has one line item for each."""

    line_item_id: str
    sku_id: str
    product_id: str
    title: str
    variation: str
    sku: str
    original_price: int
    seller_discount: int = 0
    platform_discount: int = 0
    gift: bool = False
    cancelled: bool = False
    cancel_user: str = ""
    cancel_reason: str = ""
    refunded: int = 0
    returned: bool = False

    @property
    def price(self) -> int:
        """What the buyer pays for it."""
        return self.original_price - self.seller_discount - self.platform_discount


@dataclass(slots=True)
class Package:
    """One parcel: which units, and where it is (`TO_FULFILL`, `PROCESSING`, `FULFILLING`, `COMPLETED`, `CANCELLED`)."""

    package_id: str
    unit_ids: list[str]
    provider_id: str
    provider: str
    created: int
    updated: int
    status: str = "TO_FULFILL"
    tracking_number: str = ""
    handover_method: str = ""
    arranged_at: int | None = None
    collected_at: int | None = None
    delivered_at: int | None = None
    exception: str = ""
    history: list[tuple[int, int, str]] = field(default_factory=list)  # ms, action code, words


@dataclass(slots=True)
class Buyer:
    """The buyer and where the parcel goes; all invented."""

    user_id: str
    email: str
    name: str
    first_name: str
    last_name: str
    first_kana: str
    last_kana: str
    phone: str
    state: str
    city: str
    street: str
    building: str
    zipcode: str


@dataclass(slots=True, eq=False)
class Cancellation:
    """One cancellation, asked by the buyer or done by seller, platform or operator."""

    cancel_id: str
    order: Order
    kind: str  # CANCEL or BUYER_CANCEL
    status: str
    role: str
    reason: str
    units: list[Unit]
    created: int
    updated: int
    deadline: int | None = None
    refund: int = 0
    restock: bool = True
    ended_as: str = ""  # approved, auto_approved, rejected, withdrawn, closed
    timers: list[Appointment] = field(default_factory=list)

    @property
    def pending(self) -> bool:
        """Say whether it waits for the seller."""
        return self.status == "CANCELLATION_REQUEST_PENDING"

    @property
    def under_way(self) -> bool:
        """Say whether it waits for the seller or for the refund."""
        return self.status in {"CANCELLATION_REQUEST_PENDING", "CANCELLATION_REQUEST_SUCCESS"}


@dataclass(slots=True, eq=False)
class Return:
    """One return, refund or replacement of some units."""

    return_id: str
    order: Order
    kind: str  # REFUND, RETURN_AND_REFUND, REPLACEMENT
    status: str
    role: str
    reason: str
    units: list[Unit]
    created: int
    updated: int
    amount: int
    shipping_part: int = 0
    partial: int | None = None
    offered: bool = False
    offer_refused: bool = False
    keep_item: bool = False
    quick: bool = False
    arbitration: str = ""
    shipment_type: str = ""
    handover_method: str = ""
    tracking_number: str = ""
    provider_id: str = ""
    provider: str = ""
    received_at: int | None = None
    action: str = ""
    deadline: int | None = None
    records: list[dict[str, Any]] = field(default_factory=list)
    timers: list[Appointment] = field(default_factory=list)

    @property
    def open(self) -> bool:
        """Say whether something may still happen to it."""
        return self.status in OPEN_RETURNS


@dataclass(slots=True, eq=False)
class Order:
    """One order with everything that happened to it."""

    order_id: str
    shop: Shop
    status: str
    created: int
    updated: int
    buyer: Buyer
    units: list[Unit]
    shipping_fee: int
    days_to_ship: int
    shipping_type: str = "SELLER"
    fulfillment_type: str = "FULFILLMENT_BY_SELLER"
    payment_method: str = "Credit/debit card"
    message: str = ""
    note: str = ""
    wished_ship_by: int | None = None
    packages: list[Package] = field(default_factory=list)
    split: bool = False
    held: bool = False
    address_changed: bool = False
    replaces: str = ""
    replacement: str = ""
    paid: int | None = None
    ready: int | None = None  # when it became AWAITING_SHIPMENT
    ship_by: int | None = None
    collect_by: int | None = None
    shipping_due: int | None = None
    collection_due: int | None = None
    delivery_sla: int | None = None
    delivery_due: int | None = None
    rts: int | None = None
    collected: int | None = None
    delivered: int | None = None
    completed: int | None = None
    cancelled: int | None = None
    ended_by: str = ""
    end_reason: str = ""
    refunded: int = 0
    cancellations: list[Cancellation] = field(default_factory=list)
    returns: list[Return] = field(default_factory=list)
    timers: list[Appointment] = field(default_factory=list)

    @property
    def currency(self) -> str:
        """The shop's currency."""
        return self.shop.currency

    @property
    def total(self) -> int:
        """What the buyer pays: goods after discounts, and shipping."""
        return sum(unit.price for unit in self.units) + self.shipping_fee

    @property
    def request(self) -> Cancellation | None:
        """The buyer's cancellation request that waits for the seller."""
        return next((one for one in self.cancellations if one.pending), None)

    def live_units(self) -> list[Unit]:
        """Give the units that are not cancelled."""
        return [unit for unit in self.units if not unit.cancelled]

    def live_packages(self) -> list[Package]:
        """Give the parcels that are not void."""
        return [package for package in self.packages if package.status != "CANCELLED"]

    def package_of(self, unit: Unit) -> Package | None:
        """Give the parcel of a unit."""
        return next((one for one in self.packages if unit.line_item_id in one.unit_ids), None)

    def open_returns(self) -> list[Return]:
        """Give the returns that have not ended."""
        return [one for one in self.returns if one.open]


@dataclass(slots=True)
class Message:
    """One message of a chat; `content` is the JSON text of the wire."""

    message_id: str
    index: int
    kind: str
    content: str
    role: str
    created: int


@dataclass(slots=True)
class Conversation:
    """The chat of a shop with one buyer."""

    conversation_id: str
    shop_id: str
    buyer_id: str
    im_ids: dict[str, str]
    created: int
    messages: list[Message] = field(default_factory=list)
    unread: int = 0


@dataclass(slots=True)
class Timing:
    """The platform's delays in seconds; what the fact sheet gives no number for is our choice."""

    hold: int = HOUR
    unpaid_life: int = 2 * DAY
    cancel_answer: int = 2 * DAY
    refund_delay: int = 600
    collect_grace: int = DAY
    ship_grace: int = 3 * DAY
    collection_life: int = 3 * DAY
    delivery_local: int = 5 * DAY
    delivery_cross_border: int = 14 * DAY
    late_local: int = 3 * DAY
    late_cross_border: int = 15 * DAY
    after_sale_window: int = 7 * DAY
    return_answer: int = 2 * DAY
    return_ship: int = 7 * DAY
    return_check: int = 2 * DAY
    dispute_window: int = 3 * DAY
    offer_answer: int = 2 * DAY


@dataclass(slots=True)
class Style:
    """How the simulator settles what the fact sheet leaves open; see the README."""

    errors_as_200: bool = False
    free_cancel_type: str = "BUYER_CANCEL"
    unpaid_cancel: bool = True
    collection_cancel: bool = False
    foreign_order: str = "error"
    unknown_order: str = "left_out"
    requests_touch_order: bool = False
    line_limit: int = 100
