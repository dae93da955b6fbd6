"""What the simulated Xiaohongshu knows: shops, orders, lines, parcels, after-sales, and the platform's delays.

Money is whole fen (the wire of orders), time whole unix seconds, except the instants of change, which are
milliseconds and grow with every change, so that two changes of one second can be told apart.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import IntEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mocks.kit.clock import Appointment

MINUTE = 60
HOUR = 3_600
DAY = 86_400


def yuan(fen: int) -> Decimal:
    """Turn fen into the yuan of the after-sale wire: exact, without trailing zeros."""
    whole, rest = divmod(fen, 100)
    return Decimal(whole) if rest == 0 else Decimal(fen).scaleb(-2).normalize()


def yuan_text(fen: int) -> str:
    """Turn fen into yuan with two decimals, for the truth."""
    return f"{Decimal(fen).scaleb(-2):.2f}"


class Status(IntEnum):
    """`orderStatus` (API.md section 4.3)."""

    UNPAID = 1
    PROCESSING = 2
    CUSTOMS = 3
    TO_SHIP = 4
    PARTLY_SHIPPED = 5
    SHIPPED = 6
    COMPLETED = 7
    CLOSED = 8
    CANCELLED = 9
    EXCHANGING = 10


NOT_SHIPPED = frozenset({Status.PROCESSING, Status.CUSTOMS, Status.TO_SHIP})
ON_THE_WAY = frozenset({Status.PARTLY_SHIPPED, Status.SHIPPED, Status.EXCHANGING})
ENDED = frozenset({Status.CLOSED, Status.CANCELLED})


class Kind(IntEnum):
    """`returnType` (section 5.3)."""

    RETURN = 1
    EXCHANGE = 2
    REFUND_SHIPPED = 4
    REFUND_UNSHIPPED = 5
    PRICE_PROTECTION = 6


class Stage(IntEnum):
    """`status` of an after-sale (section 5.3)."""

    REVIEW = 1
    SEND_BACK = 2
    RECEIVE = 3
    COMPLETED = 4
    WITHDRAWN = 5
    CLOSED = 6
    REJECTED = 9
    SHIP_EXCHANGE = 12
    RECEIVE_EXCHANGE = 13
    INTERVENTION = 14
    RECEIPT_REJECTED = 9001


OVER = frozenset({Stage.COMPLETED, Stage.WITHDRAWN, Stage.CLOSED})
SELLERS_TURN = frozenset({Stage.REVIEW, Stage.RECEIVE, Stage.SHIP_EXCHANGE})


@dataclass(slots=True)
class Shop:
    """One shop. `linked`: it has authorised the app. `troubled`: the platform cannot read the merchant's record."""

    seller_id: str
    name: str
    address_ids: tuple[int, ...]
    linked: bool = True
    troubled: bool = False


@dataclass(slots=True)
class Line:
    """One line of an order: all units of one SKU. Amounts are per unit; `deposit` is part of `paid`."""

    sku_id: str
    item_id: str
    title: str
    spec: str
    erp_code: str
    sc_sku_code: str
    quantity: int
    paid: int
    merchant_discount: int = 0
    red_discount: int = 0
    deposit: int = 0
    weight_gram: int = 0
    gift: bool = False
    no_logistics: bool = False
    cancel_requested: int = 0
    cancelled: int = 0
    return_requested: int = 0
    returned: int = 0
    after_sale_status: int = 1

    @property
    def list_price(self) -> int:
        """What one unit costs before discounts."""
        return self.paid + self.merchant_discount + self.red_discount

    @property
    def active(self) -> int:
        """The units still wanted."""
        return self.quantity - self.cancelled - self.returned

    @property
    def free(self) -> int:
        """The units no request is about."""
        return self.active - self.cancel_requested - self.return_requested


@dataclass(slots=True)
class Parcel:
    """One delivery order (`simpleDeliveryOrderList`): whole SKUs, and where they are."""

    index: int
    delivery_order_id: str
    sku_ids: list[str]
    express_no: str = ""
    express_code: str = ""
    express_name: str = ""
    shipped_at: int | None = None
    collected_at: int | None = None
    delivered_at: int | None = None
    lost_at: int | None = None
    came_back_at: int | None = None
    events: list[tuple[int, str, int, int]] = field(default_factory=list)
    """(second, words, nodeId, trackingStatus or 0)."""

    @property
    def on_the_road(self) -> bool:
        """Say whether the carrier has it and nothing has ended its way."""
        return self.shipped_at is not None and self.delivered_at is None and not (self.lost_at or self.came_back_at)

    @property
    def state(self) -> str:
        """Name where it is, in plain words."""
        if self.came_back_at is not None:
            return "came_back"
        if self.lost_at is not None:
            return "lost"
        if self.delivered_at is not None:
            return "delivered"
        if self.shipped_at is None:
            return "waiting"
        return "in_transit"


@dataclass(slots=True)
class Receiver:
    """Who gets the parcel, in plain text; all invented. `open_address_id` is equal for equal receivers."""

    name: str
    phone: str
    address: str
    province: str
    city: str
    district: str
    town: str
    open_address_id: str = ""


@dataclass(slots=True)
class Order:
    """One order with everything that happened to it."""

    order_id: str
    seller_id: str
    user_id: str
    order_type: int
    status: Status
    created: int
    updated_ms: int
    receiver: Receiver
    lines: list[Line]
    shipping_fee: int
    payment_type: int = 2
    trade_no: str = ""
    logistics_mode: int = 1
    logistics: str = "red_auto"
    customer_remark: str = ""
    seller_remark: str = ""
    remark_flag: int = 0
    remark_operator: str = ""
    original_order_id: str = ""
    tags: list[str] = field(default_factory=list)
    parcels: list[Parcel] = field(default_factory=list)
    cipher: dict[str, str] = field(default_factory=dict)
    days_to_ship: int = 2
    presale_start: int = 0
    presale_end: int = 0
    paid: int | None = None
    ship_by: int | None = None
    shipped: int | None = None
    delivered: int | None = None
    completed: int | None = None
    cancelled: int | None = None
    ended_by: str = ""
    end_reason: str = ""
    cancel_status: int = 0
    after_sale_status: int = 1
    held: bool = False
    unpack: bool = False
    stock_held: bool = False
    after_sales: list[AfterSale] = field(default_factory=list)
    timers: list[Appointment] = field(default_factory=list)

    @property
    def total(self) -> int:
        """What the buyer pays: goods, deposit and shipping."""
        return sum(line.paid * line.quantity for line in self.lines) + self.shipping_fee

    def line(self, sku_id: str) -> Line | None:
        """Find a line by its SKU."""
        return next((line for line in self.lines if line.sku_id == sku_id), None)

    @property
    def open_after_sale(self) -> AfterSale | None:
        """The after-sale that still runs, if there is one."""
        return next((one for one in self.after_sales if one.open), None)


@dataclass(slots=True)
class AfterSale:
    """One after-sale request. Amounts in fen; `due` is the end of the present stage, whoever must act."""

    returns_id: str
    order: Order
    kind: Kind
    stage: Stage
    reason_id: int
    reason: str
    applied: dict[str, int]
    expected: int
    ship_fee: int
    applied_at: int
    updated_ms: int
    request_from: int = 1
    tag: int = 0
    desc: str = ""
    photos: list[str] = field(default_factory=list)
    cargo_status: int = 0
    refund_status: int = 101
    refunded: int = 0
    refund_time: int | None = None
    due: int | None = None
    extended: bool = False
    address_id: int = 0
    back_no: str = ""
    back_code: str = ""
    back_sent_at: int | None = None
    back_signed_at: int | None = None
    exchange_no: str = ""
    exchange_code: str = ""
    exchange_order_id: str = ""
    close_reason: str = ""
    earlier_status: Status = Status.SHIPPED
    records: list[dict[str, Any]] = field(default_factory=list)
    timers: list[Appointment] = field(default_factory=list)

    @property
    def open(self) -> bool:
        """Say whether it still runs (a rejected one may still go to the platform)."""
        return self.stage not in OVER


@dataclass(slots=True)
class Stock:
    """One SKU's stock in one warehouse: `total` includes what unpaid orders occupy."""

    total: int = 1000
    occupied: int = 0


@dataclass(slots=True)
class Timing:
    """The delays of the simulated platform, in seconds of the clock; the control API may set each."""

    unpaid_life: int = 30 * MINUTE
    risk_check: int = 7
    customs: int = 2 * HOUR
    auto_receipt: int = 12 * DAY
    review: int = 2 * DAY
    fast_refund: int = 1
    send_back: int = 7 * DAY
    receive: int = 3 * DAY
    receive_extension: int = 3 * DAY
    ship_exchange: int = 3 * DAY
    receive_exchange: int = 12 * DAY
    rejected_life: int = 7 * DAY
    refund_delay: int = 1050
    sign_window: int = 10 * MINUTE
