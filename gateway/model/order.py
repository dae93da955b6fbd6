"""The canonical order: orthogonal facts, never one mixed status. The phase is derived from them."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from gateway.model.after_sale import AfterSale
from gateway.model.base import Frozen, Instant

OWN_NUMBER = "own_number"
"""The key in `Order.platform_ids` of the number we gave the order when we placed it: a purchase's is its sale's."""


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
    partly_paid = "partly_paid"  # a deposit, or the first steps of a staged payment; see `Order.payments`
    paid = "paid"
    on_credit = "on_credit"  # the buyer pays at the end of a credit period: nothing to wait for before shipping
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
    """One thing bought. ``line_id`` stays the same over the order's life and is unique within the order.

    Quantities are whole numbers of ``unit``: a platform that sells by measure counts its smallest step (1688: 2.5 m
    are 25 of "0.1 m"). A platform that tells each unit apart (TikTok Shop) gives equal ones as one line that names
    them all in ``unit_ids``. Units that differ in price are lines of their own; those that ended are counted, so that a
    line stays the same one whatever becomes of its units.
    ``ended_by``, ``end_reason`` are those of a line that ended while others go on.
    """

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
    unit: str = ""  # empty: pieces
    unit_price_minor: int | None = None  # what the buyer pays for one
    list_price_minor: int | None = None
    paid_minor: int | None = None  # what the buyer pays for the whole line; need not divide by the quantity
    gift: bool = False
    ended_by: EndedBy | None = None
    end_reason: EndReason | None = None
    end_reason_raw: str = ""
    platform_ids: dict[str, str] = Field(default_factory=dict)  # ids that calls about this line need
    unit_ids: tuple[str, ...] = ()  # platforms with one id a unit (TikTok Shop): all of them


class PackageLine(Frozen):
    """How many of a line are in a package."""

    line_id: str
    quantity: int
    unit_ids: tuple[str, ...] = ()  # which of `LineItem.unit_ids`, where units have ids


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
    """One payment towards the order. Staged ones (deposit, balance) are numbered; those still to come are unpaid."""

    payment_id: str = ""
    method: str = ""
    state: PaymentState
    amount_minor: int | None = None
    paid_at: Instant | None = None
    step: int | None = None  # from 1; None: not staged
    pay_from: Instant | None = None  # a step may open late
    pay_by: Instant | None = None


class Buyer(Frozen):
    """Who bought. Personal data: stored encrypted, erased with the order's key."""

    buyer_id: str = ""
    name: str = ""
    masked: frozenset[str] = frozenset()


class Supplier(Frozen):
    """Who sells to us, in an order of a store with role `buyer`."""

    supplier_id: str = ""
    name: str = ""  # of the shop or company, not of a person
    chat_id: str = ""  # by which it is written to


class Recipient(Frozen):
    """Where the goods go. Personal data. ``masked`` names the fields the platform hides with asterisks.

    ``encrypted`` holds fields the platform gives as ciphertext only (Xiaohongshu, 1688): opening one is a call, made
    when a person needs it; the field itself is then empty, or masked.
    """

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
    address_token: str = ""  # a platform's handle for an encrypted address; equal for equal receivers
    encrypted: dict[str, str] = Field(default_factory=dict)  # field -> the platform's ciphertext
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
    raw_details: dict[str, str] = Field(
        default_factory=dict
    )  # further words of the platform that say how the order stands
    platform_ids: dict[str, str] = Field(
        default_factory=dict
    )  # further ids that calls about this order need, our own number (`OWN_NUMBER`) among them
    replaces: str = ""  # the number of the order this one replaces (exchange, sent again)
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
    ship_from: Instant | None = None  # presale: not to be shipped before
    ship_by: Instant | None = None
    collect_by: Instant | None = None  # the courier must have it
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
    refunded_minor: int | None = None  # what has gone back to the buyer so far
    can_cancel: bool | None = None  # the platform's own word on whether the seller may cancel now
    can_cancel_lines: bool | None = None
    note: str = ""
    buyer_message: str = ""
    lines: tuple[LineItem, ...] = ()
    packages: tuple[Package, ...] = ()
    payments: tuple[Payment, ...] = ()
    requests: tuple[AfterSale, ...] = ()  # requests that are part of the order itself (Shopee IN_CANCEL)
    buyer: Buyer | None = None
    supplier: Supplier | None = None
    recipient: Recipient | None = None
    absent: frozenset[str] = frozenset()
