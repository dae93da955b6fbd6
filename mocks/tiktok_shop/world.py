"""The simulated TikTok Shop's state, its ids, and what it tells the client's webhook."""

from __future__ import annotations

import random
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mocks.kit.jsonio import write
from mocks.tiktok_shop.model import Style, Timing
from mocks.tiktok_shop.tokens import TokenBook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mocks.kit.clock import Appointment
    from mocks.kit.platform import Rig
    from mocks.tiktok_shop.model import Cancellation, Conversation, Order, Return, Seller, Shop

OWNER = "tiktok_shop"
LADDER = (120, 1800, 10_800, 43_200)
TOPICS = {
    "ORDER_STATUS_CHANGE": 1,
    "REVERSE_STATUS_UPDATE": 2,
    "RECIPIENT_ADDRESS_UPDATE": 3,
    "PACKAGE_UPDATE": 4,
    "PRODUCT_STATUS_CHANGE": 5,
    "SELLER_DEAUTHORIZATION": 6,
    "UPCOMING_AUTHORIZATION_EXPIRATION": 7,
    "CANCELLATION_STATUS_CHANGE": 11,
    "RETURN_STATUS_CHANGE": 12,
    "NEW_CONVERSATION": 13,
    "NEW_MESSAGE": 14,
    "PRODUCT_INFORMATION_CHANGE": 15,
    "PRODUCT_CREATION": 16,
    "PRODUCT_CATEGORY_CHANGE": 18,
    "NEW_MESSAGE_LISTENER": 33,
    "INVOICE_STATUS_CHANGE": 36,
    "PRODUCT_AUDIT_STATUS_CHANGE": 37,
}
"""Topics by name with their numbers."""

_NAMES = {number: name for name, number in TOPICS.items()}
_PUSHED_STATUS = {"CANCELLED": "CANCEL"}
_NOT_PUSHED = {"PARTIALLY_SHIPPING"}
_PUSHED_CANCELLATION = {"CANCELLATION_REQUEST_CANCEL": "CANCELLATION_REQUEST_CANCELLED"}


@dataclass(slots=True)
class App:
    """The developer's app: its keys, and what the platform restricts."""

    app_key: str
    app_secret: str
    redirect_url: str = ""
    declared_ips: list[str] | None = None
    ladder: tuple[int, ...] = LADDER
    message_quota: int = 10_000
    sensitive: tuple[str, ...] = ("whatsapp", "line id")
    offline_reasons: set[str] = field(default_factory=set)


class World:
    """Everything the simulated platform holds; all instants come from the shared clock."""

    def __init__(self, rig: Rig, app: App, seed: int) -> None:
        self.rig = rig
        self.app = app
        self.rng = random.Random(f"tiktok_shop/{seed}")  # noqa: S311 - simulated, must be repeatable
        self.timing = Timing()
        self.style = Style()
        self.sellers: dict[str, Seller] = {}
        self.shops: dict[str, Shop] = {}
        self.orders: dict[str, Order] = {}
        self.packages: dict[str, Order] = {}
        self.cancellations: dict[str, Cancellation] = {}
        self.returns: dict[str, Return] = {}
        self.chats: dict[str, Conversation] = {}
        self.replays: dict[tuple[str, str, str], dict[str, Any]] = {}
        self.messages_today: dict[tuple[str, int], int] = {}
        self.tokens = TokenBook(self.now, random.Random(f"tiktok_shop/tokens/{seed}"))  # noqa: S311 - as above
        self._pretended: int | None = None
        self._requests = 0
        self._seed = seed
        self._used: set[str] = set()

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

    def later(self, due: int, action: Callable[[], None]) -> Appointment:
        """Let something happen at `due`."""
        return self.rig.clock.call_at(due, action, owner=OWNER)

    def request_id(self) -> str:
        """Make the id of one answer: the UTC time, then hexadecimal digits."""
        self._requests += 1
        tail = random.Random(f"{self._seed}/{self._requests}").getrandbits(80)  # noqa: S311 - an id
        return f"{datetime.fromtimestamp(self.rig.clock.unix(), UTC):%Y%m%d%H%M%S}{tail:020X}"

    def new_id(self, prefix: str, digits: int) -> str:
        """Make an id of so many decimal digits that begins with `prefix` and was never used."""
        while True:
            left = digits - len(prefix)
            made = prefix + f"{self.rng.randrange(10**left):0{left}d}"
            if made not in self._used:
                self._used.add(made)
                return made

    # pushes

    def push(self, kind: int, detail: dict[str, Any], *, shop: Shop, order_id: str | None = None) -> None:
        """Tell the client's webhook something: at the shop's address for the topic, else at the app's."""
        if self.writing_history or (not shop.seller.linked and kind != 6):
            return
        hook = shop.webhooks.get(_NAMES[kind])
        notification = self.new_id("73", 19)
        envelope = {
            "type": kind,
            "tts_notification_id": notification,
            "shop_id": shop.shop_id,
            "timestamp": self.now(),
            "data": detail,
        }
        self.rig.pushes.send(
            kind=str(kind),
            store=shop.shop_id,
            order_id=order_id,
            body=write(envelope),
            ladder=self.app.ladder,
            url=hook.address if hook else None,
        )

    def tell_status(self, order: Order) -> None:
        """Push 1: the order's status; the push spells the cancelled one differently."""
        if order.status in _NOT_PUSHED:
            return
        detail = {
            "order_id": order.order_id,
            "order_status": _PUSHED_STATUS.get(order.status, order.status),
            "is_on_hold_order": order.shop.holds,
            "update_time": order.updated,
        }
        self.push(1, detail, shop=order.shop, order_id=order.order_id)

    def tell_address(self, order: Order) -> None:
        """Push 3: the buyer changed the address."""
        detail = {"order_id": order.order_id, "update_time": self.now()}
        self.push(3, detail, shop=order.shop, order_id=order.order_id)

    def tell_split(self, order: Order) -> None:
        """Push 4: the parcels of the order were split."""
        detail = {
            "sc_type": "SPLIT",
            "role_type": "ROLE_SELLER",
            "package_list": [
                {"package_id": one.package_id, "order_id_list": [order.order_id]} for one in order.live_packages()
            ],
            "update_time": self.now(),
        }
        self.push(4, detail, shop=order.shop, order_id=order.order_id)

    def tell_cancellation(self, one: Cancellation) -> None:
        """Push 11: a cancellation's status; the push spells the closed one differently and gives no reason."""
        detail = {
            "order_id": one.order.order_id,
            "cancellations_role": one.role,
            "cancel_status": _PUSHED_CANCELLATION.get(one.status, one.status),
            "cancel_id": one.cancel_id,
            "create_time": one.created,
        }
        self.push(11, detail, shop=one.order.shop, order_id=one.order.order_id)

    def tell_return(self, one: Return) -> None:
        """Push 12: a return's status."""
        detail = {
            "order_id": one.order.order_id,
            "return_role": one.role,
            "return_type": one.kind,
            "return_status": one.status,
            "return_id": one.return_id,
            "create_time": one.created,
            "update_time": one.updated,
        }
        self.push(12, detail, shop=one.order.shop, order_id=one.order.order_id)
