"""The simulated Xiaohongshu's state, its ids, and what it tells the app's callback URL."""

from __future__ import annotations

import random
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mocks.kit.jsonio import write
from mocks.xiaohongshu.errors import USUAL, Row
from mocks.xiaohongshu.model import AfterSale, Order, Shop, Stock, Timing, yuan
from mocks.xiaohongshu.sealed import Vault
from mocks.xiaohongshu.tokens import TokenBook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mocks.kit.clock import Appointment
    from mocks.kit.platform import Rig

OWNER = "xiaohongshu"
LADDER = (300,)
"""One retry, five minutes after the failure; then the message is lost (section 9)."""
DEFAULT_WAREHOUSE = "CPartner"


@dataclass(slots=True)
class App:
    """The developer's app: its keys, the answers' style, and what the platform restricts."""

    app_id: str
    app_secret: str
    errors: dict[str, Row] = field(default_factory=lambda: dict(USUAL))
    envelope: str = "flat"
    restricted: set[str] = field(default_factory=set)
    decrypt_quota: int | None = None
    decrypt_down: bool = False
    push_batch: int = 1


class World:
    """Everything the simulated platform holds; all instants come from the shared clock."""

    def __init__(self, rig: Rig, app: App, seed: int) -> None:
        self.rig = rig
        self.app = app
        self.rng = random.Random(f"xiaohongshu/{seed}")  # noqa: S311 - simulated, must be repeatable
        self.timing = Timing()
        self.shops: dict[str, Shop] = {}
        self.orders: dict[str, Order] = {}
        self.after_sales: dict[str, AfterSale] = {}
        self.stock: dict[tuple[str, str, str], Stock] = {}
        self.tokens = TokenBook(self.now, random.Random(f"xiaohongshu/tokens/{seed}"))  # noqa: S311 - as above
        self.vault = Vault(random.Random(f"xiaohongshu/vault/{seed}"), app.app_secret)  # noqa: S311 - as above
        self._pretended: int | None = None
        self._requests = 0
        self._seed = seed
        self._outbox: dict[str, list[tuple[str, str | None, dict[str, str]]]] = {}

    # time and ids

    def now(self) -> int:
        """Tell the clock's unix second, or the pretended one while the past is being written."""
        return self._pretended if self._pretended is not None else self.rig.clock.unix()

    def now_ms(self) -> int:
        """Tell the same instant in milliseconds."""
        if self._pretended is not None:
            return self._pretended * 1000
        return int(self.rig.clock.now().timestamp() * 1000)

    def change_ms(self, before: int) -> int:
        """Give the instant of a change: now, and later than the thing's earlier change."""
        return max(self.now_ms(), before + 1)

    def seen_ms(self, changed: int) -> int:
        """Give an instant of change as lists see it: several changes at one instant never lie ahead of the clock."""
        return min(changed, self.now_ms())

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

    def later(self, due: int, action: Callable[[], None]) -> Appointment:
        """Let something happen at `due`; what it tells goes out with it."""

        def run() -> None:
            try:
                action()
            finally:
                self.flush()

        return self.rig.clock.call_at(due, run, owner=OWNER)

    def request_id(self) -> str:
        """Make the id of one call, for the journal (the platform's answers carry none)."""
        self._requests += 1
        return f"{self._seed:x}-{self._requests:08x}"

    def number(self, digits: int) -> int:
        """Make a number of exactly so many digits."""
        return self.rng.randrange(10 ** (digits - 1), 10**digits)

    def hex_id(self, length: int) -> str:
        """Make an id of lower-case hex digits."""
        return f"{self.rng.getrandbits(4 * length):0{length}x}"

    def new_order_id(self) -> str:
        """Make an order id: P and 18 digits."""
        while True:
            made = f"P{self.number(18)}"
            if made not in self.orders:
                return made

    def new_returns_id(self) -> str:
        """Make an after-sale id: R and 16 digits."""
        while True:
            made = f"R{self.number(16)}"
            if made not in self.after_sales:
                return made

    # lookup

    def shop_of(self, order: Order) -> Shop:
        """Give the order's shop."""
        return self.shops[order.seller_id]

    def stock_of(self, seller_id: str, sku_id: str, warehouse: str = DEFAULT_WAREHOUSE) -> Stock:
        """Give a SKU's stock in a warehouse, beginning it when it is new there."""
        usual = Stock() if warehouse == DEFAULT_WAREHOUSE else Stock(0)
        return self.stock.setdefault((seller_id, sku_id, warehouse), usual)

    # pushes

    def push(self, tag: str, detail: dict[str, Any], *, seller_id: str, order_id: str | None = None) -> None:
        """Put a message out for the callback URL; none for a shop whose access token has run out."""
        if self.writing_history or not self.tokens.alive(seller_id):
            return
        message = {"msgTag": tag, "sellerId": seller_id, "data": write(detail).decode()}
        self._outbox.setdefault(seller_id, []).append((tag, order_id, message))
        if self.app.push_batch == 1:
            self.flush()

    def flush(self) -> None:
        """Send what lies in the outbox: arrays of at most `push_batch` messages, each of one shop."""
        size = self.app.push_batch
        waiting, self._outbox = self._outbox, {}
        for seller_id, messages in waiting.items():
            for start in range(0, len(messages), size):
                part = messages[start : start + size]
                self.rig.pushes.send(
                    kind=part[0][0],
                    store=seller_id,
                    order_id=part[0][1],
                    body=write([message for _, _, message in part]),
                    ladder=LADDER,
                )

    def tell_status(self, order: Order) -> None:
        """Say that the order's status moved, with the live message's twin fields."""
        self._tell_order(order, "status_change", {"orderStatus": int(order.status), "packageStatus": int(order.status)})

    def tell_receiver(self, order: Order) -> None:
        """Say that the order goes elsewhere."""
        self._tell_order(order, "receiver_change", {"openAddressId": order.receiver.open_address_id})

    def tell_remark(self, order: Order) -> None:
        """Say that the seller's remark changed, in the live message's words."""
        words = {"sellerRemarkContent": order.seller_remark, "sellerRemarkOperator": order.remark_operator}
        self._tell_order(order, "seller_remark_change", words)

    def tell_ship_by(self, order: Order) -> None:
        """Say what the latest shipping time is now."""
        self._tell_order(order, "delivery_time_change", {"promiseLastShipTime": (order.ship_by or 0) * 1000})

    def _tell_order(self, order: Order, what: str, words: dict[str, Any]) -> None:
        ids = {"orderId": order.order_id, "packageId": order.order_id}
        detail = {**ids, **words, "updateTime": order.updated_ms}
        self.push(f"msg_fulfillment_{what}", detail, seller_id=order.seller_id, order_id=order.order_id)

    def tell_after_sale(self, one: AfterSale, what: str) -> None:
        """Say what became of an after-sale; the amount is in yuan, without shipping."""
        order = one.order
        detail = {
            "refundFee": yuan(one.expected - one.ship_fee),
            "orderId": order.order_id,
            "packageId": order.order_id,
            "returnsId": one.returns_id,
            "updateTime": one.updated_ms,
            "returnType": int(one.kind),
            "requestFrom": one.request_from,
        }
        self.push(f"msg_after_sale_{what}", detail, seller_id=order.seller_id, order_id=order.order_id)
