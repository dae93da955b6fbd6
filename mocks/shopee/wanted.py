"""Reading the control API's wish for a new order."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mocks.kit.platform import BadRequest
from mocks.shopee import machine
from mocks.shopee.acts import machine_amount
from mocks.shopee.making import STATUSES, TO_STATUS, Wanted, WantedLine, make

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mocks.shopee.model import Order, Shop
    from mocks.shopee.world import World

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
    "cod",
    "bundle",
    "warehouse",
    "preference",
}


def read_wanted(world: World, wish: Mapping[str, Any]) -> Order:
    """Make the wished order; BadRequest names the field that is wrong."""
    unknown = set(wish) - _KNOWN
    if unknown:
        raise BadRequest(f"unknown fields {sorted(unknown)}; known: {sorted(_KNOWN)}")
    shop = _shop(world, wish.get("store"))
    status = _status(wish)
    if status == "INVOICE_PENDING" and shop.region != "BR":
        raise BadRequest("only orders of a BR shop wait for an invoice")
    wanted = Wanted(
        shop=shop,
        status=status,
        lines=_lines(shop, wish.get("lines")),
        bundle=bool(wish.get("bundle", False)),
        cod=bool(wish.get("cod", False)),
        presale=bool(wish.get("presale", False)),
        cross_border=bool(wish.get("cross_border", False)),
        warehouse=bool(wish.get("warehouse", False)),
        preference=int(wish.get("preference", 0)),
        placed_at=_time(wish, "placed_at"),
        paid_at=_time(wish, "paid_at"),
        ship_by=_time(wish, "ship_by"),
        pace=0,
        buyer=_buyer(wish.get("buyer")),
    )
    if max(wanted.placed_at or 0, wanted.paid_at or 0) > world.now():
        raise BadRequest("placed_at and paid_at must not lie in the future")
    with world.in_the_past():
        order = make(world, wanted)
        world.pretend(world.rig.clock.unix())
        machine.touch(world, order)
    machine.arm(world, order)
    world.tell_status(order)
    return order


def _shop(world: World, wanted: object) -> Shop:
    shops = list(world.shops.values())
    if wanted is None:
        return shops[0]
    for shop in shops:
        if str(shop.shop_id) == str(wanted):
            return shop
    raise BadRequest(f"no shop {wanted!r}; there are {[one.shop_id for one in shops]}")


def _status(wish: Mapping[str, Any]) -> str:
    if wish.get("role") not in (None, "seller"):
        raise BadRequest("on Shopee every store is a seller")
    exact = wish.get("status")
    if exact is not None:
        if exact not in STATUSES:
            raise BadRequest(f"status must be one of {', '.join(STATUSES)}")
        return str(exact)
    phase = wish.get("phase", "awaiting_shipment")
    if phase not in TO_STATUS:
        raise BadRequest(f"phase must be one of {', '.join(TO_STATUS)} on Shopee")
    return TO_STATUS[str(phase)]


def _lines(shop: Shop, rows: object) -> list[WantedLine]:
    if rows is None:
        return []
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise BadRequest('lines must be a list like [{"sku": "A", "title": "B", "quantity": 1, "price": "9.90"}]')
    made = []
    for row in rows:
        quantity = row.get("quantity", 1)
        if not isinstance(quantity, int) or quantity < 1:
            raise BadRequest("a line's quantity must be 1 or more")
        price = row.get("price")
        try:
            minor = None if price is None else machine_amount(str(price), shop.currency)
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


def _buyer(given: object) -> dict[str, str | int]:
    if given is None:
        return {}
    known = {"user_id", "username", "name", "phone", "town", "district", "city", "state", "zipcode", "street"}
    if not isinstance(given, dict) or not set(given) <= known:
        raise BadRequest(f"buyer must be an object with some of {sorted(known)}")
    return dict(given)
