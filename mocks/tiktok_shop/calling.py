"""The frame of every simulated call: what a handler is given, and the table it stands in."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from mocks.tiktok_shop.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mocks.tiktok_shop.model import Order, Seller, Shop
    from mocks.tiktok_shop.params import Params
    from mocks.tiktok_shop.world import World

_PATH = re.compile(r"/(?P<area>[a-z_]+)/(?P<version>\d{6})/(?P<rest>.+)")
KEY_LIMIT = 255


@dataclass(slots=True)
class Context:
    """One call: the state it works on, who calls for which shop, and what was sent."""

    world: World
    seller: Seller
    caller: Shop | None
    operation: str
    request_id: str
    path: Mapping[str, str]
    query: Params
    body: Params
    repeated: Mapping[str, Sequence[str]]
    upload: bytes | None = None
    effects: list[str | None] = field(default_factory=list)

    @property
    def shop(self) -> Shop:
        """The shop of a shop-level call."""
        if self.caller is None:
            msg = f"{self.operation} has no shop"
            raise RuntimeError(msg)
        return self.caller

    @property
    def locale(self) -> str:
        """The language asked for, in the query or the body."""
        return self.query.optional("locale") or self.body.optional("locale") or "en-US"

    def order(self, order_id: str, *, unknown: int, foreign: int) -> Order:
        """Give the shop's order, or refuse with the area's codes."""
        order = self.world.orders.get(order_id)
        if order is None:
            raise ApiError(unknown, f"Invalid parameter: order {order_id} is not found" if unknown else None)
        if order.shop is not self.shop:
            raise ApiError(foreign)
        return order

    def applied(self, order_id: str | None) -> None:
        """Note in the journal that this call's write took effect."""
        self.effects.append(order_id)
        self.world.rig.journal.record(
            at=self.world.now(),
            operation=self.operation,
            order_id=order_id,
            request_id=self.request_id,
            idempotency_key=self.query.optional("idempotency_key") or None,
        )

    def once(self, act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Do a write under its `idempotency_key`; the same key again gives the first answer and does nothing."""
        key = self.query.optional("idempotency_key")
        if len(key) > KEY_LIMIT:
            raise self.query.wrong(f"idempotency_key takes at most {KEY_LIMIT} characters")
        if not key:
            return act()
        place = (self.shop.shop_id, self.operation + "/" + "/".join(self.path.values()), key)
        if place not in self.world.replays:
            self.world.replays[place] = act()
        return self.world.replays[place]


Handler: TypeAlias = Callable[[Context], dict[str, Any]]
"""Works on the state and gives the `data` of a success."""


@dataclass(frozen=True, slots=True)
class Call:
    """One entry of the call table; `scope` is what the seller must have granted, `wrong` the parameter code."""

    method: str
    template: str
    handler: Handler
    scope: str
    wrong: int
    shop_level: bool = True
    unreadable: int = 0

    @property
    def malformed(self) -> int:
        """The code for a body that is no JSON object."""
        return self.unreadable or self.wrong

    @property
    def operation(self) -> str:
        """Name the call: its path without version and ids, such as `return_refund/cancellations/approve`."""
        return "/".join(part for part in self.template.split("/") if not part.startswith("{"))


@dataclass(slots=True)
class CallTable:
    """Finds a call by method and path, whatever its six-digit version."""

    calls: Sequence[Call]

    def find(self, method: str, path: str) -> tuple[Call, dict[str, str]] | None:
        """Give the call and the ids in its path, or None; literal paths win over those with ids."""
        matched = _PATH.fullmatch(path)
        if matched is None:
            return None
        parts = [matched["area"], *matched["rest"].split("/")]
        found = [(call, ids) for call in self.calls if call.method == method and (ids := _ids(call, parts)) is not None]
        return min(found, key=lambda one: len(one[1]), default=None)


def _ids(call: Call, parts: list[str]) -> dict[str, str] | None:
    wanted = call.template.split("/")
    if len(wanted) != len(parts):
        return None
    ids: dict[str, str] = {}
    for pattern, part in zip(wanted, parts, strict=True):
        if pattern.startswith("{") and part:
            ids[pattern.strip("{}")] = part
        elif pattern != part:
            return None
    return ids


# pages


def page_of(
    params: Params, rows: Iterable[tuple[int, str]], *, size: int, descending: bool
) -> tuple[list[str], str, int]:
    """Cut one page out of (instant, id) rows: the ids, the next token (empty at the end), the total."""
    ordered = sorted(rows, reverse=descending)
    total = len(ordered)
    token = params.optional("page_token")
    if token:
        mark = _read_token(params, token)
        ordered = [row for row in ordered if (row < mark if descending else row > mark)]
    page = ordered[:size]
    more = len(ordered) > size
    return [name for _, name in page], _token(*page[-1]) if more else "", total


def _token(at: int, name: str) -> str:
    return base64.b64encode(f"{at}/{name}".encode()).decode()


def _read_token(params: Params, token: str) -> tuple[int, str]:
    try:
        at, name = base64.b64decode(token, validate=True).decode().split("/")
        return int(at), name
    except (ValueError, binascii.Error) as error:
        raise params.wrong("page_token") from error
