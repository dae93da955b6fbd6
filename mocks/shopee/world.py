"""The simulated Shopee's state, its ids, and what it tells the client's webhook."""

from __future__ import annotations

import random
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mocks.kit.jsonio import write
from mocks.shopee.model import Order, Package, Return, Shop, Timing
from mocks.shopee.push_health import delivery_status
from mocks.shopee.tokens import Holder, TokenBook

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mocks.kit.clock import Appointment
    from mocks.kit.platform import Rig
    from mocks.shopee.model import Conversation, PenaltyPoints, Punishment

OWNER = "shopee"
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTUVWXY"
LADDER = (300, 1800, 10_800)
CHAT_LADDER = (1, 2, 3)
PUSH_ON = {1, 2, 3, 4, 10, 12, 28, 29, 30, 47}
"""The pushes a new app is subscribed to; 8 (stock) is known too but off at first."""
PUSH_KNOWN = PUSH_ON | {5, 8, 15}


@dataclass(slots=True)
class App:
    """The developer's app: its keys, its webhook settings and what the platform restricts."""

    partner_id: int
    partner_key: str
    push_key: str
    main_account_id: int
    subscribed: set[int] = field(default_factory=lambda: set(PUSH_ON))
    blocked_shops: set[int] = field(default_factory=set)
    key_expired: bool = False
    restricted: dict[str, str] = field(default_factory=dict)
    daily_limit: int | None = None
    calls_today: dict[int, int] = field(default_factory=dict)
    declared_ips: list[str] | None = None
    gateway_as_200: bool = False


class World:
    """Everything the simulated platform holds; all instants come from the shared clock."""

    def __init__(self, rig: Rig, app: App, seed: int) -> None:
        self.rig = rig
        self.app = app
        self.rng = random.Random(f"shopee/{seed}")  # noqa: S311 - simulated, must be repeatable
        self.timing = Timing()
        self.shops: dict[int, Shop] = {}
        self.orders: dict[str, Order] = {}
        self.returns: dict[str, Return] = {}
        self.chats: dict[str, Conversation] = {}
        self.points: list[PenaltyPoints] = []
        self.punishments: list[Punishment] = []
        self.files: dict[str, tuple[bytes, str]] = {}
        self.lost_confirmed = 0
        self.tokens = TokenBook(self.now, random.Random(f"shopee/tokens/{seed}"))  # noqa: S311 - as above
        self._pretended: int | None = None
        self._requests = 0
        self._seed = seed

    # time and ids

    def now(self) -> int:
        """Tell the clock's unix second, or the pretended one while the past is being written."""
        return self._pretended if self._pretended is not None else self.rig.clock.unix()

    @contextmanager
    def in_the_past(self) -> Iterator[None]:
        """Write history: no pushes, no timers, and `pretend` sets the instant."""
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
        return f"{random.Random(f'{self._seed}/{self._requests}').getrandbits(128):032x}"  # noqa: S311 - an id

    def dated_id(self, length: int) -> str:
        """Make an order_sn (14) or return_sn (15): YYMMDD of the creation in UTC, then letters and digits."""
        day = datetime.fromtimestamp(self.now(), UTC).strftime("%y%m%d")
        while True:
            made = day + "".join(self.rng.choices(_LETTERS, k=length - 6))
            if made not in self.orders and made not in self.returns:
                return made

    def number(self, digits: int) -> int:
        """Make a number of exactly so many digits."""
        return self.rng.randrange(10 ** (digits - 1), 10**digits)

    # lookup

    def shop_of(self, order: Order) -> Shop:
        """Give the order's shop."""
        return self.shops[order.shop_id]

    def returns_of(self, order: Order) -> list[Return]:
        """Give the order's returns, oldest first."""
        return order.returns

    def holders(self) -> tuple[Holder, ...]:
        """Name every shop and merchant of the app's main account."""
        shops: list[Holder] = [("shop", shop_id) for shop_id in self.shops]
        merchants: list[Holder] = [("merchant", one) for one in {s.merchant_id: 0 for s in self.shops.values()}]
        return (*shops, *merchants)

    # pushes

    def push(
        self, code: int, detail: dict[str, Any], *, shop: Shop | None, order_id: str | None = None, chat: bool = False
    ) -> None:
        """Tell the client's webhook something, if it subscribed to it."""
        if self.writing_history or code not in self.app.subscribed:
            return
        if shop is not None and (shop.shop_id in self.app.blocked_shops or not shop.linked) and code not in {1, 2}:
            return
        envelope: dict[str, Any] = {"code": code, "timestamp": self.now(), "data": detail}
        if shop is not None:
            envelope["shop_id"] = shop.shop_id
        else:
            envelope["partner_id"] = self.app.partner_id
        pushes, store, body = self.rig.pushes, str(shop.shop_id) if shop else "app", write(envelope)
        if delivery_status(pushes, self.now()) == "Suspended":
            pushes.lose(kind=str(code), store=store, order_id=order_id, body=body)
            return
        pushes.send(
            kind=str(code),
            store=store,
            order_id=order_id,
            body=body,
            ladder=CHAT_LADDER if chat else LADDER,
            patience=2.0 if chat else 3.0,
        )

    def tell_status(self, order: Order) -> None:
        """Push 3: the order's status moved (or something under it did)."""
        runs_after_completion = any(one.kind == "RRAOC" for one in self.returns_of(order))
        scenario = "" if order.status != "COMPLETED" else ("RRAOC" if runs_after_completion else "NORMAL")
        detail = {
            "items": [],
            "ordersn": order.sn,
            "status": order.status,
            "completed_scenario": scenario,
            "update_time": order.updated,
        }
        self.push(3, detail, shop=self.shop_of(order), order_id=order.sn)

    def tell_tracking(self, order: Order, package: Package) -> None:
        """Push 4: a parcel has its tracking number."""
        detail = {
            "ordersn": order.sn,
            "forder_id": package.number.removeprefix("OFG"),
            "package_number": package.number,
            "tracking_no": package.tracking_number,
        }
        self.push(4, detail, shop=self.shop_of(order), order_id=order.sn)

    def tell_package(self, order: Order, package: Package) -> None:
        """Push 30: a parcel's fulfilment status moved."""
        detail = {
            "ordersn": order.sn,
            "package_number": package.number,
            "fulfillment_status": package.status,
            "update_time": package.updated,
        }
        self.push(30, detail, shop=self.shop_of(order), order_id=order.sn)

    def tell_return(self, one: Return, changes: list[tuple[str, str, str]]) -> None:
        """Push 29: fields of a return changed, as (field, old, new)."""
        values = [
            {"update_field": name, "old_value": old, "new_value": new, "update_time": one.updated}
            for name, old, new in changes
            if old != new
        ]
        if values:
            detail = {"order_sn": one.order.sn, "return_sn": one.sn, "updated_values": values}
            self.push(29, detail, shop=self.shop_of(one.order), order_id=one.order.sn)

    def tell_stock(self, order: Order, action: str) -> None:
        """Push 8: an order takes stock or gives it back, one message a line."""
        shop = self.shop_of(order)
        for line in order.lines:
            before = shop.stock_counter
            shop.stock_counter += line.quantity if action == "cancel_order" else -line.quantity
            detail = {
                "shop_id": shop.shop_id,
                "item_id": line.item_id,
                "variation_id": line.model_id,
                "action": action,
                "changed_values": [{"name": "reserved_stock", "old": before, "new": shop.stock_counter}],
                "ordersn": order.sn,
                "update_time": order.updated,
            }
            self.push(8, detail, shop=shop, order_id=order.sn)
