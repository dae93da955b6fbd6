"""Reading the control API's wish for a new order."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mocks.kit.platform import BadRequest
from mocks.tiktok_shop import machine
from mocks.tiktok_shop.making import STATUSES, TO_STATUS, Wanted, WantedLine, make
from mocks.tiktok_shop.model import minor_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mocks.tiktok_shop.model import Order, Shop
    from mocks.tiktok_shop.world import World

_KNOWN = {
    "store",
    "phase",
    "status",
    "role",
    "lines",
    "presale",
    "cross_border",
    "placed_at",
    "paid_at",
    "ship_by",
    "buyer",
    "split",
    "shipping_type",
    "warehouse",
    "message",
}
_BUYER = {
    "user_id",
    "email",
    "name",
    "first_name",
    "last_name",
    "first_kana",
    "last_kana",
    "phone",
    "state",
    "city",
    "street",
    "building",
    "zipcode",
}


def read_wanted(world: World, wish: Mapping[str, Any]) -> Order:
    """Make the wished order; BadRequest names the field that is wrong."""
    unknown = set(wish) - _KNOWN
    if unknown:
        raise BadRequest(f"unknown fields {sorted(unknown)}; known: {sorted(_KNOWN)}")
    shop = find_shop(world, wish.get("store"), cross_border=wish.get("cross_border") is True)
    status = _status(wish)
    if status == "ON_HOLD" and not shop.holds:
        raise BadRequest(f"orders of the {shop.region} shop are never ON_HOLD")
    lines = _lines(shop, wish.get("lines"))
    split = bool(wish.get("split", False))
    if split and sum(line.quantity for line in lines) < 2:
        raise BadRequest("only an order of two units or more can be split; send lines")
    shipping_type = wish.get("shipping_type", "SELLER")
    if shipping_type not in {"SELLER", "TIKTOK"}:
        raise BadRequest("shipping_type must be SELLER or TIKTOK")
    wanted = Wanted(
        shop=shop,
        status=status,
        lines=lines,
        split=split,
        presale=bool(wish.get("presale", False)),
        warehouse=bool(wish.get("warehouse", False)),
        shipping_type=str(shipping_type),
        placed_at=_time(wish, "placed_at"),
        paid_at=_time(wish, "paid_at"),
        ship_by=_time(wish, "ship_by"),
        pace=0,
        buyer=_buyer(wish.get("buyer")),
        message=str(wish.get("message", "")),
    )
    if max(wanted.placed_at or 0, wanted.paid_at or 0) > world.now():
        raise BadRequest("placed_at and paid_at must not lie in the future")
    with world.in_the_past():
        order = make(world, wanted)
        order.updated = world.rig.clock.unix()
    machine.arm(world, order)
    world.tell_status(order)
    return order


def find_shop(world: World, wanted: object, *, cross_border: bool = False) -> Shop:
    """Give the named shop, else the first one (of a cross-border seller if asked); BadRequest when there is none."""
    shops = list(world.shops.values())
    if wanted is None:
        return next((one for one in shops if cross_border is (one.seller_type == "CROSS_BORDER")), shops[0])
    for shop in shops:
        if shop.shop_id == str(wanted):
            return shop
    raise BadRequest(f"no shop {wanted!r}; there are {[one.shop_id for one in shops]}")


def _status(wish: Mapping[str, Any]) -> str:
    if wish.get("role") not in (None, "seller"):
        raise BadRequest("on TikTok Shop every store is a seller")
    exact = wish.get("status")
    if exact is not None:
        if exact not in STATUSES:
            raise BadRequest(f"status must be one of {', '.join(STATUSES)}")
        return str(exact)
    phase = wish.get("phase", "awaiting_shipment")
    if phase not in TO_STATUS:
        raise BadRequest(f"phase must be one of {', '.join(TO_STATUS)} on TikTok Shop")
    return TO_STATUS[str(phase)]


def _lines(shop: Shop, rows: object) -> list[WantedLine]:
    if rows is None:
        return []
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise BadRequest('lines must be a list like [{"sku": "A", "title": "B", "quantity": 1, "price": "990"}]')
    made = []
    for row in rows:
        quantity = row.get("quantity", 1)
        if not isinstance(quantity, int) or quantity < 1:
            raise BadRequest("a line's quantity must be 1 or more")
        price = row.get("price")
        try:
            minor = None if price is None else minor_of(str(price), shop.currency)
        except ValueError as error:
            raise BadRequest(f"{price!r} is no price in {shop.currency}") from error
        made.append(WantedLine(row.get("sku"), row.get("title"), quantity, minor))
    return made


def _time(wish: Mapping[str, Any], name: str) -> int | None:
    value = wish.get(name)
    if value is None or isinstance(value, int):
        return value
    try:
        when = datetime.fromisoformat(str(value))
    except ValueError as error:
        raise BadRequest(f"{name} must be unix seconds or a time like 2026-11-22T08:00:00Z") from error
    if when.tzinfo is None:
        raise BadRequest(f"{name} needs its zone; end it with Z")
    return int(when.astimezone(UTC).timestamp())


def _buyer(given: object) -> dict[str, str]:
    if given is None:
        return {}
    if not isinstance(given, dict) or not set(given) <= _BUYER:
        raise BadRequest(f"buyer must be an object with some of {sorted(_BUYER)}")
    return {name: str(value) for name, value in given.items()}
