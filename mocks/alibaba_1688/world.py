"""The simulated 1688's state, its ids, and what it tells the client's message address."""

from __future__ import annotations

import random
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from mocks.alibaba_1688.model import Timing, plain_date
from mocks.alibaba_1688.signing import upper_hmac
from mocks.alibaba_1688.tokens import TokenBook
from mocks.kit.jsonio import write

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mocks.alibaba_1688.goods import Offer
    from mocks.alibaba_1688.model import Account, Member, Order, Parcel, Refund
    from mocks.kit.clock import Appointment
    from mocks.kit.platform import Rig

OWNER = "alibaba_1688"
LADDER = (1800,) * 5
"""Waits before each further try of a message: not published (API.md 9.1, UNVERIFIED)."""


@dataclass(slots=True)
class App:
    """The developer's app and what the platform restricts."""

    app_key: str
    secret: str
    restricted: set[str] = field(default_factory=set)
    rounds_ids: bool = False
    idempotent_creation: bool = True
    deliveries_stopped: bool = False


class World:
    """Everything the simulated platform holds; all instants come from the shared clock."""

    def __init__(self, rig: Rig, app: App, seed: int) -> None:
        self.rig = rig
        self.app = app
        self.rng = random.Random(f"1688/{seed}")  # noqa: S311 - simulated, must be repeatable
        self.timing = Timing()
        self.accounts: dict[str, Account] = {}
        self.strangers: list[Member] = []
        self.suppliers: dict[str, Member] = {}
        self.offers: dict[int, Offer] = {}
        self.addresses: dict[str, dict[int, dict[str, str]]] = {}
        self.orders: dict[int, Order] = {}
        self._sides: dict[tuple[str, str], list[Order]] = {}
        self.refunds: dict[str, Refund] = {}
        self.vouchers: dict[str, bytes] = {}
        self.bills: dict[str, int] = {}
        self.supplier_refuses = False
        self.tokens = TokenBook(self.now, random.Random(f"1688/tokens/{seed}"))  # noqa: S311 - as above
        self._pretended: int | None = None
        self._requests = 0
        self._messages = 53_000_000
        self._seed = seed

    # time and ids

    def now(self) -> int:
        """Tell the clock's unix second, or the pretended one while the past is being written."""
        return self._pretended if self._pretended is not None else self.rig.clock.unix()

    @contextmanager
    def in_the_past(self) -> Iterator[None]:
        """Write history: no messages, no timers, and `pretend` sets the instant."""
        self._pretended = self.rig.clock.unix()
        try:
            yield
        finally:
            self._pretended = None

    def pretend(self, at: int) -> None:
        """Set the instant of what is written next inside `in_the_past`."""
        self._pretended = at

    @property
    def writing_history(self) -> bool:
        """Say whether the past is being written."""
        return self._pretended is not None

    def later(self, due: int, action: Any) -> Appointment:
        """Let something happen at `due`."""
        return self.rig.clock.call_at(due, action, owner=OWNER)

    def request_id(self) -> str:
        """Make the id of one answer."""
        self._requests += 1
        return f"{random.Random(f'{self._seed}/{self._requests}').getrandbits(64):016x}"  # noqa: S311 - an id

    def number(self, digits: int) -> int:
        """Make a number of exactly so many digits."""
        return self.rng.randrange(10 ** (digits - 1), 10**digits)

    def order_number(self) -> int:
        """Make an order id: 19 digits, far beyond 2^53 and odd, so that a rounding client shows."""
        while True:
            made = self.rng.randrange(10**18, 9 * 10**18) | 1
            if made not in self.orders:
                return made

    # lookup

    def account(self, member_id: str) -> Account | None:
        """Give the account of a member who authorised the app, None for anybody else."""
        return self.accounts.get(member_id)

    def add(self, order: Order) -> None:
        """Let an order be found by its id and by its two sides."""
        self.orders[order.order_id] = order
        for member, role in ((order.buyer, "buyer"), (order.seller, "seller")):
            self._sides.setdefault((member.member_id, role), []).append(order)

    def orders_of(self, member_id: str, role: str) -> list[Order]:
        """List the orders of which a member is this side, in the order they were made."""
        return self._sides.get((member_id, role), [])

    def refund_of(self, refund_id: str) -> Refund | None:
        """Find a refund by its id, with or without the letters before the digits."""
        return self.refunds.get(refund_id) or self.refunds.get(f"TQ{refund_id}")

    # messages

    def push(self, topic: str, account: Account, detail: dict[str, Any], order_id: str | None) -> None:
        """Tell the client's message address something: a form with the message text and its signature."""
        if self.writing_history or not account.linked:
            return
        self._messages += 1
        message = {
            "msgId": self._messages,
            "gmtBorn": self.now() * 1000,
            "data": detail,
            "userInfo": account.member_id,
            "type": topic,
            "extraInfo": "",
        }
        text = write(message).decode()
        signature = upper_hmac(self.app.secret, "message" + text)
        body = urlencode({"message": text, "_aop_signature": signature}).encode()
        pushes, store = self.rig.pushes, account.member_id
        if self.app.deliveries_stopped:
            pushes.lose(kind=topic, store=store, order_id=order_id, body=body)
        else:
            pushes.send(kind=topic, store=store, order_id=order_id, body=body, ladder=LADDER)

    def tell(self, order: Order, topic: str, status: str | None = None) -> None:
        """Tell both sides about the order. `topic` is the buyer's without ORDER_BUYER_VIEW_."""
        self._both(order, topic, {"currentStatus": status or order.status}, {})

    def tell_refund(self, refund: Refund, action: str, operator: str) -> None:
        """Tell both sides that a refund moved; the message spells the refund's id without its letters."""
        topic = "ORDER_REFUND_AFTER_SALES" if refund.after_sale else "ORDER_BUYER_REFUND_IN_SALES"
        more = {"refundAction": action, "operator": operator}
        self._both(refund.order, topic, {"currentStatus": refund.status}, {**more, "refundId": str(refund.number)})

    def _both(self, order: Order, topic: str, status: dict[str, Any], more: dict[str, Any]) -> None:
        detail = {
            "orderId": order.order_id,
            **status,
            "msgSendTime": plain_date(self.now()),
            "buyerMemberId": order.buyer.member_id,
            "sellerMemberId": order.seller.member_id,
            **more,
        }
        # the seller's topics are the buyer's without BUYER_VIEW; of payment only ORDER_PAY is known
        of_seller = topic if topic == "ORDER_PAY" else f"ORDER_{topic}"
        for member, name in ((order.buyer, f"ORDER_BUYER_VIEW_{topic}"), (order.seller, of_seller)):
            account = self.account(member.member_id)
            if account is not None:
                self.push(name, account, detail, str(order.order_id))

    def tell_parcel(self, order: Order, parcel: Parcel, changed: str) -> None:
        """Tell the buyer that a parcel moved."""
        account = self.account(order.buyer.member_id)
        if account is None:
            return
        model = {
            "logisticsId": parcel.logistics_id,
            "cpCode": parcel.company_no,
            "mailNo": parcel.bill_no,
            "statusChanged": changed,
            "changeTime": plain_date(self.now()),
            "orderLogsItems": _log_items(order, parcel),
        }
        detail = {"OrderLogisticsTracingModel": model}
        self.push("LOGISTICS_BUYER_VIEW_TRACE", account, detail, str(order.order_id))

    def tell_bill(self, order: Order, parcel: Parcel, old_bill: str) -> None:
        """Tell the buyer that a parcel has another bill number."""
        account = self.account(order.buyer.member_id)
        if account is None:
            return
        model = {
            "logisticsId": parcel.logistics_id,
            "oldCpCode": parcel.company_no,
            "newCpCode": parcel.company_no,
            "oldMailNo": old_bill,
            "newMailNo": parcel.bill_no,
            "eventType": "CHANGE",
            "orderLogsItems": _log_items(order, parcel),
        }
        self.push("LOGISTICS_MAIL_NO_CHANGE", account, {"MailNoChangeModel": model}, str(order.order_id))


def _log_items(order: Order, parcel: Parcel) -> list[dict[str, int]]:
    return [{"orderId": order.order_id, "orderEntryId": entry_id} for entry_id in parcel.entries]
