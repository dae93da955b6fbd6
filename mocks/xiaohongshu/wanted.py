"""Reading the control API's wish for a new order."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mocks.kit.platform import BadRequest
from mocks.xiaohongshu import after_sale_machine, machine
from mocks.xiaohongshu.acts import fen_of
from mocks.xiaohongshu.machine import Illegal
from mocks.xiaohongshu.making import TO_STATUS, Wanted, WantedLine, make
from mocks.xiaohongshu.model import Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mocks.xiaohongshu.model import Order, Shop
    from mocks.xiaohongshu.world import World

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
}
_PRESALES = {None: 1, False: 1, True: 4, "full": 4, "deposit": 2}


def read_wanted(world: World, wish: Mapping[str, Any]) -> Order:
    """Make the wished order; BadRequest names the field that is wrong."""
    unknown = set(wish) - _KNOWN
    if unknown:
        raise BadRequest(f"unknown fields {sorted(unknown)}; known: {sorted(_KNOWN)}")
    presale = wish.get("presale")
    if presale not in _PRESALES:
        raise BadRequest("presale must be true, false, full or deposit")
    status = _status(wish)
    wanted = Wanted(
        shop=_shop(world, wish.get("store")),
        status=status,
        delivered=wish.get("status") is None and wish.get("phase") == "delivered",
        lines=_lines(wish.get("lines")) or ([WantedLine(), WantedLine("SPLIT-B")] if status == 5 else []),
        order_type=_PRESALES[presale],
        cross_border=bool(wish.get("cross_border", status == Status.CUSTOMS)),
        placed_at=_time(wish, "placed_at"),
        paid_at=_time(wish, "paid_at"),
        ship_by=_time(wish, "ship_by"),
        pace=0,
        buyer=_buyer(wish.get("buyer")),
    )
    if max(wanted.placed_at or 0, wanted.paid_at or 0) > world.now():
        raise BadRequest("placed_at and paid_at must not lie in the future")
    try:
        return _made(world, wanted)
    except Illegal as error:
        raise BadRequest(str(error)) from error


def _made(world: World, wanted: Wanted) -> Order:
    with world.in_the_past():
        order = make(world, wanted)
        world.pretend(world.rig.clock.unix())
        machine.touch(world, order)
    machine.arm(world, order)
    for one in order.after_sales:
        after_sale_machine.arm(world, one)
    if order.status != Status.UNPAID:  # no message tells of an unpaid order
        world.tell_status(order)
    return order


def _shop(world: World, wanted: object) -> Shop:
    if wanted is None:
        return next(iter(world.shops.values()))
    shop = world.shops.get(str(wanted))
    if shop is None:
        raise BadRequest(f"no shop {wanted!r}; there are {list(world.shops)}")
    return shop


def _status(wish: Mapping[str, Any]) -> Status:
    if wish.get("role") not in (None, "seller"):
        raise BadRequest("on Xiaohongshu every store is a seller")
    exact = wish.get("status")
    if exact is not None:
        try:
            return Status(int(str(exact)))
        except ValueError as error:
            raise BadRequest("status must be 1 to 10") from error
    phase = wish.get("phase", "awaiting_shipment")
    if phase not in TO_STATUS:
        raise BadRequest(f"phase must be one of {', '.join(TO_STATUS)} on Xiaohongshu")
    return TO_STATUS[str(phase)]


def _lines(rows: object) -> list[WantedLine]:
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
            fen = None if price is None else fen_of(str(price))
        except ValueError as error:
            raise BadRequest(f"{price!r} is no price in yuan") from error
        made.append(WantedLine(row.get("sku"), row.get("title"), quantity, fen))
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
    known = {"name", "phone", "address", "province", "city", "district", "town", "street", "zipcode"}
    if not isinstance(given, dict) or not set(given) <= known or not all(isinstance(v, str) for v in given.values()):
        raise BadRequest(f"buyer must be an object with some of {sorted(known)}")
    # other simulators say street and postal code; here they are one address without a code
    common = {"address": given["street"]} if "street" in given else {}
    return common | {name: value for name, value in given.items() if name not in {"street", "zipcode"}}
