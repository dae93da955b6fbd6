"""The canonical order: orthogonal facts, never one mixed status. The phase is derived from them."""

from __future__ import annotations

from enum import StrEnum

from gateway.model.after_sale import AfterSale
from gateway.model.base import Frozen, Instant


class Phase(StrEnum):
    """Where an order stands, in words shared by adapters, policy and people. Derived, never stored as truth."""

    unpaid = "unpaid"
    on_hold = "on_hold"
    awaiting_shipment = "awaiting_shipment"
    awaiting_collection = "awaiting_collection"
    in_transit = "in_transit"
    delivered = "delivered"
    completed = "completed"
    cancelled = "cancelled"
    closed = "closed"
    unknown = "unknown"


class PaymentState(StrEnum):
    """Whether the buyer's money is there."""

    unpaid = "unpaid"
    paid = "paid"
    on_delivery = "on_delivery"  # cash on delivery: nothing to wait for before shipping
    unknown = "unknown"


class FulfillmentState(StrEnum):
    """How far the goods have come, over the whole order."""

    not_due = "not_due"  # nothing to ship (unpaid, or ended before shipment)
    held = "held"  # the platform forbids shipping for now
    to_ship = "to_ship"
    arranged = "arranged"  # shipment arranged, not yet with the courier
    partly_shipped = "partly_shipped"
    shipped = "shipped"
    delivered = "delivered"
    unknown = "unknown"


class Closure(StrEnum):
    """Whether and how the order has ended."""

    open = "open"
    completed = "completed"
    cancelled = "cancelled"
    closed = "closed"
    unknown = "unknown"


class EndedBy(StrEnum):
    """Who ended a cancelled or closed order."""

    buyer = "buyer"
    seller = "seller"
    platform = "platform"
    unknown = "unknown"


class EndReason(StrEnum):
    """Why an order ended, in the gateway's words; the platform's own word is kept beside it."""

    out_of_stock = "out_of_stock"
    buyer_asked = "buyer_asked"
    undeliverable_area = "undeliverable_area"
    cash_on_delivery_unsupported = "cash_on_delivery_unsupported"
    price_error = "price_error"
    unpaid = "unpaid"
    payment_failed = "payment_failed"
    not_shipped_in_time = "not_shipped_in_time"
    logistics_failed = "logistics_failed"
    parcel_lost = "parcel_lost"
    delivery_failed = "delivery_failed"
    seller_inactive = "seller_inactive"
    suspected_fraud = "suspected_fraud"
    other = "other"
    unknown = "unknown"


class SaleType(StrEnum):
    """Goods on the shelf or promised for later."""

    in_stock = "in_stock"
    presale = "presale"


class LineItem(Frozen):
    """One thing bought. ``line_id`` stays the same over the order's life and is unique within the order."""

    line_id: str
    product_id: str
    variant_id: str = ""
    sku: str | None = None
    title: str = ""
    variant: str = ""
    quantity: int  # ordered
    cancel_requested: int = 0
    cancelled: int = 0
    return_requested: int = 0
    returned: int = 0
    unit_price_minor: int | None = None  # what the buyer pays for one
    list_price_minor: int | None = None
    platform_ids: dict[str, str] = {}  # ids that calls about this line need
    unit_ids: tuple[str, ...] = ()  # platforms with one id a unit (TikTok Shop): all of them


class PackageLine(Frozen):
    """How many of a line are in a package."""

    line_id: str
    quantity: int


class Package(Frozen):
    """One parcel of an order. A parcel may hold parts of lines, and a line may lie in several parcels."""

    package_id: str
    state: FulfillmentState
    raw_status: str = ""
    carrier: str = ""
    tracking_number: str = ""
    shipment_id: str = ""  # parcels of several orders that travel together
    lines: tuple[PackageLine, ...] = ()


class Payment(Frozen):
    """One payment towards the order (platforms with staged or split payment give several)."""

    payment_id: str = ""
    method: str = ""
    state: PaymentState
    amount_minor: int | None = None
    paid_at: Instant | None = None


class Buyer(Frozen):
    """Who bought. Personal data: stored encrypted, erased with the order's key."""

    buyer_id: str = ""
    name: str = ""
    masked: frozenset[str] = frozenset()


class Recipient(Frozen):
    """Where the goods go. Personal data. ``masked`` names the fields the platform hides with asterisks."""

    name: str = ""
    phone: str = ""
    region: str = ""
    state: str = ""
    city: str = ""
    district: str = ""
    town: str = ""
    postal_code: str = ""
    full_address: str = ""
    name_katakana: str = ""
    address_token: str = ""  # a platform's handle for an encrypted address
    masked: frozenset[str] = frozenset()


class Order(Frozen):
    """One order of one store, as the platform told it last.

    ``absent`` names the fields the platform was not asked for or did not send: they are unknown, not empty,
    and never overwrite what is stored. ``None`` means the platform said "no value".
    Money is in minor units of ``currency``.
    """

    store: str
    order_id: str
    raw_status: str
    payment: PaymentState
    fulfillment: FulfillmentState
    closure: Closure
    region: str
    currency: str
    sale_type: SaleType = SaleType.in_stock
    cross_border: bool | None = None
    placed_at: Instant
    updated_at: Instant  # the platform's own; the newest wins
    paid_at: Instant | None = None
    ship_by: Instant | None = None
    shipped_at: Instant | None = None
    latest_delivery_at: Instant | None = None
    delivered_at: Instant | None = None
    auto_cancel_at: Instant | None = None
    returnable_until: Instant | None = None
    ended_at: Instant | None = None
    ended_by: EndedBy | None = None
    ended_by_raw: str = ""
    end_reason: EndReason | None = None
    end_reason_raw: str = ""
    buyer_reason_raw: str = ""
    total_minor: int | None = None  # what the buyer pays, shipping included
    shipping_minor: int | None = None
    can_cancel: bool | None = None  # the platform's own word on whether the seller may cancel now
    can_cancel_lines: bool | None = None
    note: str = ""
    buyer_message: str = ""
    lines: tuple[LineItem, ...] = ()
    packages: tuple[Package, ...] = ()
    payments: tuple[Payment, ...] = ()
    requests: tuple[AfterSale, ...] = ()  # requests that are part of the order itself (Shopee IN_CANCEL)
    buyer: Buyer | None = None
    recipient: Recipient | None = None
    absent: frozenset[str] = frozenset()
