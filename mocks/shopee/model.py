"""What the simulated Shopee knows: shops, orders, lines, parcels, cancellation requests, returns, chats.

Money is kept in minor units of the shop's currency, time in whole unix seconds, both as integers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mocks.kit.clock import Appointment

DAY = 86_400
HOUR = 3_600

EXPONENTS = {"VND": 0, "IDR": 0}
"""Decimals of the currencies that Shopee writes without cents; every other has 2."""

LineKey = tuple[int, int, int, int]
"""(item_id, model_id, order_item_id, promotion_group_id): what identifies a line within its order."""


def exponent(currency: str) -> int:
    """Tell how many decimals the currency has on Shopee's wire."""
    return EXPONENTS.get(currency, 2)


def major(minor: int, currency: str) -> Decimal:
    """Turn minor units into the major units of the wire, exactly."""
    return Decimal(minor).scaleb(-exponent(currency))


@dataclass(slots=True)
class Shop:
    """One shop; `masking` is `none`, `partial` (VN) or `whole` (TW)."""

    shop_id: int
    region: str
    currency: str
    name: str
    merchant_id: int
    masking: str
    host: str
    channel_id: int
    carrier: str
    authorised_at: int
    authorised_until: int
    linked: bool = True
    banned: bool = False
    kyc_missing: bool = False
    stock_counter: int = 0


@dataclass(slots=True)
class Line:
    """One line of an order, with its quantity counters."""

    item_id: int
    model_id: int
    order_item_id: int
    line_item_id: int
    promotion_group_id: int
    title: str
    variation: str
    item_sku: str
    sku: str
    quantity: int
    original_price: int
    price: int
    weight_gram: int
    promotion_type: str = ""
    promotion_id: int = 0
    add_on: bool = False
    main_item: bool = False
    cancel_requested: int = 0
    cancelled: int = 0
    return_requested: int = 0
    returned: int = 0

    @property
    def key(self) -> LineKey:
        """What identifies the line."""
        return (self.item_id, self.model_id, self.order_item_id, self.promotion_group_id)

    @property
    def in_bundle(self) -> bool:
        """Say whether the line belongs to a bundle deal."""
        return self.promotion_type == "bundle_deal"

    @property
    def active(self) -> int:
        """The units still wanted."""
        return self.quantity - self.cancelled - self.returned


@dataclass(slots=True)
class Package:
    """One parcel: which units of which lines, and where it is."""

    number: str
    content: dict[LineKey, int]
    carrier: str
    channel_id: int
    status: str = "LOGISTICS_NOT_START"
    tracking_number: str = ""
    arranged_at: int | None = None
    picked_up_at: int | None = None
    delivered_at: int | None = None
    updated: int = 0
    history: list[tuple[int, str, str]] = field(default_factory=list)

    @property
    def arranged(self) -> bool:
        """Say whether the seller has asked the carrier to come, or gone to it."""
        return self.arranged_at is not None


@dataclass(slots=True)
class CancelRequest:
    """A buyer's cancellation request that waits for the seller."""

    opened_at: int
    answer_by: int
    reason: str
    earlier_status: str


@dataclass(slots=True)
class Buyer:
    """The buyer and where the parcel goes; all invented."""

    user_id: int
    username: str
    name: str
    phone: str
    town: str
    district: str
    city: str
    state: str
    zipcode: str
    street: str


@dataclass(slots=True)
class Order:
    """One order with everything that happened to it."""

    sn: str
    shop_id: int
    region: str
    currency: str
    status: str
    cod: bool
    created: int
    updated: int
    buyer: Buyer
    lines: list[Line]
    shipping_fee: int
    days_to_ship: int
    fulfillment_flag: str = "fulfilled_by_local_seller"
    preference: int = 0
    payment_method: str = "Credit/Debit Card"
    message: str = ""
    note: str = ""
    noted_at: int = 0
    packages: list[Package] = field(default_factory=list)
    paid: int | None = None
    ship_by: int | None = None
    pickup_done: int | None = None
    delivered: int | None = None
    completed: int | None = None
    cancelled: int | None = None
    cancel_by: str = ""
    cancel_reason: str = ""
    buyer_cancel_reason: str = ""
    counts_as: str = ""  # "seller" or "system" when the cancellation counts as non-fulfilment
    detailed_reason: int = 0
    request: CancelRequest | None = None
    asked_before: bool = False
    split: bool = False
    returns: list[Return] = field(default_factory=list)
    timers: list[Appointment] = field(default_factory=list)

    @property
    def goods_total(self) -> int:
        """What the goods cost the buyer, minor units."""
        return sum(line.price * line.quantity for line in self.lines)

    @property
    def total(self) -> int:
        """What the buyer pays, minor units."""
        return self.goods_total + self.shipping_fee

    def line(self, key: LineKey) -> Line | None:
        """Find a line by its identity."""
        return next((line for line in self.lines if line.key == key), None)

    def live_packages(self) -> list[Package]:
        """List the parcels that still hold something."""
        return [package for package in self.packages if package.content]


@dataclass(slots=True)
class Return:
    """One return or refund request with its negotiation, evidence, dispute and way back."""

    sn: str
    order: Order
    status: str
    solution: str
    reason: str
    text: str
    content: dict[LineKey, int]
    amount: int
    created: int
    updated: int
    due_date: int | None
    request_type: int = 0
    validation: str = "seller_validation"
    kind: str = "RRBOC"
    negotiation: str = "PENDING_RESPOND"
    latest_solution: str = ""
    latest_amount: int = 0
    latest_creator: str = ""
    counter_limit: int = 3
    offer_due: int | None = None
    proof: str = "PENDING"
    proof_deadline: int | None = None
    proof_photos: list[dict[str, Any]] = field(default_factory=list)
    proof_text: str = ""
    compensation: str = "COMPENSATION_NOT_APPLICABLE"
    compensation_due: int | None = None
    compensation_amount: int = 0
    ship_due: int | None = None
    seller_due: int | None = None
    tracking_number: str = ""
    reverse_status: str = "LOGISTICS_NOT_STARTED"
    reverse_history: list[tuple[int, str]] = field(default_factory=list)
    dispute_reasons: list[int] = field(default_factory=list)
    dispute_text: str = ""
    shipping_proof: bool = False
    images: list[str] = field(default_factory=list)
    timers: list[Appointment] = field(default_factory=list)

    @property
    def open(self) -> bool:
        """Say whether the return still runs."""
        return self.status in {"REQUESTED", "PROCESSING", "SELLER_DISPUTE", "JUDGING"}

    @property
    def needs_goods_back(self) -> bool:
        """Say whether the goods must come back."""
        return self.solution == "RETURN_REFUND"


@dataclass(slots=True)
class Conversation:
    """One chat between a shop and a buyer."""

    conversation_id: str
    shop_id: int
    buyer: Buyer
    messages: list[dict[str, Any]] = field(default_factory=list)
    unread: int = 0


@dataclass(frozen=True, slots=True)
class PenaltyPoints:
    """Points issued to a shop."""

    shop_id: int
    at: int
    points: int
    violation_type: int
    reference_id: int


@dataclass(frozen=True, slots=True)
class Punishment:
    """A consequence of a reached tier."""

    shop_id: int
    issued: int
    start: int
    end: int
    punishment_type: int
    tier: int
    reference_id: int


@dataclass(slots=True)
class Timing:
    """The delays of the simulated platform, in seconds of the clock; the control API may set each."""

    unpaid_life: int = 2 * DAY
    free_cancel: int = HOUR
    cancel_answer: int = 2 * DAY
    ship_grace: int = 3 * DAY
    tracking_delay: int = 0
    auto_complete: int = 7 * DAY
    return_window: int = 15 * DAY
    return_answer: int = 2 * DAY
    return_ship: int = 5 * DAY
    return_check: int = 3 * DAY
    offer_answer: int = 2 * DAY
    dispute_review: int = DAY
