"""What the simulated 1688 holds: members, orders, entries, parcels, refunds. Money is whole fen, time unix seconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from mocks.kit.clock import Appointment

HOUR = 3600
DAY = 24 * HOUR
CHINA = timezone(timedelta(hours=8))
Role = Literal["seller", "buyer"]

OPEN_REFUND = {"waitselleragree", "waitbuyermodify", "waitbuyersend", "waitsellerreceive"}
"""The refund statuses in which somebody still has to do something (API.md section 7.2)."""
UNSHIPPED, SHIPPED, RECEIVED, RETURNED = 1, 2, 3, 4
"""An entry's `logisticsStatus` (API.md section 5.5)."""


def yuan(fen: int) -> int | Decimal:
    """Give fen as the JSON number in yuan that the order model shows: 615 is 6.15, 600 is 6."""
    whole, rest = divmod(fen, 100)
    return whole if rest == 0 else Decimal(fen).scaleb(-2).normalize()


def yuan_text(fen: int) -> str:
    """Give fen as a decimal text in yuan."""
    return str(Decimal(fen).scaleb(-2).quantize(Decimal("0.01")))


def wire_date(at: int) -> str:
    """Write an instant as `java.util.Date` goes over the wire, in China time: `20180801104333000+0800`."""
    return datetime.fromtimestamp(at, UTC).astimezone(CHINA).strftime("%Y%m%d%H%M%S000%z")


def plain_date(at: int) -> str:
    """Write an instant as messages and traces do: `2018-05-30 19:34:27`, China time without saying so."""
    return datetime.fromtimestamp(at, UTC).astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")


@dataclass(frozen=True, slots=True)
class Member:
    """One 1688 member; all invented."""

    member_id: str
    login_id: str
    user_id: int
    alipay_id: str
    name: str
    company: str
    mobile: str


@dataclass(slots=True)
class Account:
    """A member who authorised the app: buyer of some orders, seller of others."""

    member: Member
    ali_id: str
    linked: bool = True
    protocol_pay: bool = True
    memo_count: int = 0

    @property
    def member_id(self) -> str:
        """The member id that names the account everywhere."""
        return self.member.member_id


@dataclass(slots=True)
class Entry:
    """One sub-order (`productItems[]`)."""

    entry_id: int
    offer_id: int
    sku_id: int
    spec_id: str
    name: str
    sku_infos: tuple[tuple[str, str], ...]
    cargo_number: str
    product_cargo_number: str
    unit: str
    price: int
    quantity: int
    discount: int
    created: int
    modified: int
    share_postage: int = 0
    status: str = "waitbuyerpay"
    logistics_status: int = UNSHIPPED
    refund_status: str = ""
    refund_id: str = ""
    refund_id_after: str = ""
    refunded: int = 0
    refunded_units: int = 0
    cancel_requested: int = 0
    cancelled: int = 0
    return_requested: int = 0
    returned: int = 0
    kept: int = 0
    close_reason: str = ""
    can_send: bool = True

    @property
    def amount(self) -> int:
        """What the buyer pays for the line (`itemAmount`)."""
        return self.price * self.quantity + self.discount

    @property
    def ended(self) -> bool:
        """Say whether nothing of the line is wanted any more."""
        return self.left <= 0

    @property
    def left(self) -> int:
        """The units still wanted: not cancelled, not returned, not refunded while the buyer keeps them."""
        return self.quantity - self.cancelled - self.returned - self.kept

    def amount_of(self, units: int) -> int:
        """What so many of the still paid units cost; the last units take what is left."""
        left = self.quantity - self.refunded_units
        if units >= left:
            return self.amount - self.refunded
        return self.amount * units // self.quantity


@dataclass(slots=True)
class Parcel:
    """One shipment (`logisticsItems[]`)."""

    number: int
    entries: tuple[int, ...]
    company_id: str
    company_no: str
    company_name: str
    bill_no: str
    sent_at: int
    modified: int
    type: str = "0"
    state: str = "WAITACCEPT"
    steps: list[tuple[int, str]] = field(default_factory=list)

    @property
    def logistics_id(self) -> str:
        """The shipment's id (`logisticsId`, `logisticsCode`)."""
        return f"LP{self.number}"


@dataclass(frozen=True, slots=True)
class Reason:
    """One refund reason of the platform's list."""

    reason_id: int
    name: str
    need_voucher: bool = False
    no_carriage: bool = False
    tip: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """One line of a refund's history."""

    operation_id: int
    at: int
    kind: int
    remark: str
    words: str
    role: int
    member: Member | None
    before: str
    after: str
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Refund:
    """One refund application."""

    number: int
    order: Order
    units: dict[int, int]
    kind: Literal["refund", "returnRefund"]
    dispute_type: int
    payment: int
    carriage: int
    reason: Reason
    description: str
    goods_status: int
    shipped: bool
    full: bool
    vouchers: tuple[str, ...]
    created: int
    modified: int
    status: str = "waitselleragree"
    timeout_at: int | None = None
    completed: int | None = None
    reject_times: int = 0
    reject_reason: str = ""
    company_no: str = ""
    company_name: str = ""
    bill_no: str = ""
    return_address: str = ""
    return_name: str = ""
    return_mobile: str = ""
    buyer_sent: bool = False
    ended_by: str = ""
    complaint: int | None = None
    carriage_back: int = 0
    operations: list[Operation] = field(default_factory=list)
    timers: list[Appointment] = field(default_factory=list)

    @property
    def refund_id(self) -> str:
        """The key: TQ and digits."""
        return f"TQ{self.number}"

    @property
    def open(self) -> bool:
        """Say whether it still runs."""
        return self.status in OPEN_REFUND

    @property
    def after_sale(self) -> bool:
        """Say whether it was opened after the trade was complete."""
        return self.dispute_type == 2


@dataclass(slots=True)
class Order:
    """One order with everything that happened to it."""

    order_id: int
    store: str
    role: Role
    buyer: Member
    seller: Member
    status: str
    created: int
    updated: int
    entries: list[Entry]
    shipping_fee: int
    pay_timeout: int
    receiver: dict[str, str]
    business_type: str = "cn"
    cross_border: bool = False
    signs: bool = False
    takes_in: bool = False
    remark: str = ""
    feedback: str = ""
    memos: dict[str, tuple[str, str]] = field(default_factory=dict)
    out_order_id: str = ""
    channel: str = ""
    alipay_trade: str = "UNCREATED"
    pay_phase: int = 0
    paid: int | None = None
    promised_ship_by: int | None = None
    shipped: int | None = None
    received: int | None = None
    confirmed: int | None = None
    completed: int | None = None
    cancelled: int | None = None
    close_reason: str = ""
    close_remark: str = ""
    close_operate_type: str = ""
    ended_by: str = ""
    refunded: int = 0
    carriage_refunded: int = 0
    downstream_refund: str = ""
    links: list[dict[str, str]] = field(default_factory=list)
    synced: list[dict[str, Any]] = field(default_factory=list)
    parcels: list[Parcel] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    timers: list[Appointment] = field(default_factory=list)

    @property
    def goods_total(self) -> int:
        """What the goods cost the buyer."""
        return sum(entry.amount for entry in self.entries)

    @property
    def total(self) -> int:
        """What the buyer pays (`totalAmount`): all lines and the shipping fee."""
        return self.goods_total + self.shipping_fee

    def entry(self, entry_id: int) -> Entry | None:
        """Find a sub-order by its id."""
        return next((one for one in self.entries if one.entry_id == entry_id), None)

    def side(self, member_id: str) -> Role | None:
        """Tell which side of the order a member is, None for a stranger."""
        if member_id == self.buyer.member_id:
            return "buyer"
        return "seller" if member_id == self.seller.member_id else None

    def live_entries(self) -> list[Entry]:
        """List the lines of which something is still wanted."""
        return [one for one in self.entries if not one.ended]


@dataclass(slots=True)
class Timing:
    """The delays of the simulated platform, in seconds of the clock; the control API may set each."""

    unpaid_life: int = 3 * DAY
    close_guard: int = 10
    ship_promise: int = 2 * DAY
    auto_confirm: int = 10 * DAY
    settle: int = 0
    refund_answer: int = 2 * DAY
    refund_modify: int = 7 * DAY
    return_ship: int = 7 * DAY
    return_check: int = 10 * DAY
    after_sale_window: int = 15 * DAY
    arbitration: int = 3 * DAY
    supplier_ships: int = 0
    supplier_answers: int = 0
