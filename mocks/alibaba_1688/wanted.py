"""Reading the control API's wish for a new order."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from mocks.alibaba_1688 import machine
from mocks.alibaba_1688.making import HISTORIES, TO_STATUS, Wanted, WantedLine, make
from mocks.kit.platform import BadRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mocks.alibaba_1688.model import Account, Member, Order, Role
    from mocks.alibaba_1688.world import World

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
    "counterpart",
    "shipping_fee",
    "remark",
    "out_order_id",
    "channel",
    "signs",
}
AGO = 60
"""By how much an order made without `placed_at` lies back, so that it is old enough to be closed."""


def read_wanted(world: World, wish: Mapping[str, Any]) -> Order:
    """Make the wished order; BadRequest names the field that is wrong."""
    unknown = set(wish) - _KNOWN
    if unknown:
        raise BadRequest(f"unknown fields {sorted(unknown)}; known: {sorted(_KNOWN)}")
    if wish.get("presale"):
        raise BadRequest("presale orders are not simulated on 1688")
    role = _role(wish)
    fee = wish.get("shipping_fee")
    wanted = Wanted(
        account=find_account(world, wish.get("store")),
        role=role,
        status=_status(wish),
        lines=_lines(wish.get("lines")),
        counterpart=_counterpart(world, role, wish.get("counterpart")),
        cross_border=bool(wish.get("cross_border", False)),
        placed_at=_time(wish, "placed_at"),
        paid_at=_time(wish, "paid_at"),
        ship_by=_time(wish, "ship_by"),
        pace=0,
        shipping_fee=None if fee is None else fen(fee, "shipping_fee"),
        receiver=_receiver(wish.get("buyer")),
        remark=str(wish.get("remark", "")),
        out_order_id=str(wish.get("out_order_id", "")),
        channel=str(wish.get("channel", "")),
        signs=wish.get("signs") if isinstance(wish.get("signs"), bool) else None,
    )
    if max(wanted.placed_at or 0, wanted.paid_at or 0) > world.now():
        raise BadRequest("placed_at and paid_at must not lie in the future")
    if wanted.status == "part_shipped" and len(wanted.lines) < 2:
        raise BadRequest("an order of which a part is shipped needs two lines or more")
    if wanted.placed_at is None:
        wanted.placed_at = min(world.now() - AGO, wanted.paid_at or world.now())
    with world.in_the_past():
        order = make(world, wanted)
        world.pretend(world.rig.clock.unix())
        machine.touch(world, order)
    machine.arm(world, order)
    announce(world, order)
    return order


_TOPICS = {
    "waitbuyerpay": "BUYER_MAKE",
    "waitsellersend": "ORDER_PAY",
    "confirm_goods": "ORDER_COMFIRM_RECEIVEGOODS",
    "success": "ORDER_SUCCESS",
    "cancel": "ORDER_BOPS_CLOSE",
    "terminated": "ORDER_BOPS_CLOSE",
}


def announce(world: World, order: Order) -> None:
    """Tell of an order that came ready made, with the message of its last step."""
    partly = order.status == "waitsellersend" and order.parcels
    world.tell(order, "PART_PART_SENDGOODS" if partly else _TOPICS.get(order.status, "ANNOUNCE_SENDGOODS"))


def find_account(world: World, wanted: object) -> Account:
    """Give the account of this member id, the first when none is named."""
    if wanted is None:
        return next(iter(world.accounts.values()))
    found = world.accounts.get(str(wanted))
    if found is None:
        raise BadRequest(f"no store {wanted!r}; there are {list(world.accounts)}")
    return found


def fen(value: object, name: str) -> int:
    """Read an amount in yuan like "12.50" into fen."""
    try:
        amount = Decimal(str(value)).scaleb(2)
    except InvalidOperation as error:
        raise BadRequest(f"{name}: {value!r} is no amount in yuan") from error
    if not amount.is_finite() or amount != amount.to_integral_value() or amount < 0:
        raise BadRequest(f"{name}: {value!r} is no amount in yuan")
    return int(amount)


def _role(wish: Mapping[str, Any]) -> Role:
    role = wish.get("role", "seller")
    if role == "buyer":
        return "buyer"
    if role == "seller":
        return "seller"
    raise BadRequest("role must be seller or buyer")


def _status(wish: Mapping[str, Any]) -> str:
    exact = wish.get("status")
    if exact is not None:
        if exact not in HISTORIES:
            raise BadRequest(f"status must be one of {', '.join(HISTORIES)}")
        return str(exact)
    phase = wish.get("phase", "awaiting_shipment")
    if phase not in TO_STATUS:
        raise BadRequest(f"phase must be one of {', '.join(TO_STATUS)} on 1688")
    return TO_STATUS[str(phase)]


def _counterpart(world: World, role: Role, wanted: object) -> Member | None:
    if wanted is None:
        return None
    pool = [*world.strangers, *world.suppliers.values(), *(one.member for one in world.accounts.values())]
    sellers = {offer.seller.member_id for offer in world.offers.values()}
    for member in pool:
        if member.member_id == wanted and (role == "seller" or member.member_id in sellers):
            return member
    raise BadRequest(f"no member {wanted!r} can be the other side of this order")


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
        minor = None if price is None else fen(price, "price")
        if minor == 0:
            raise BadRequest("a line's price must be above 0")
        discount = row.get("discount", 0)
        if not isinstance(discount, int):
            raise BadRequest("a line's discount must be whole fen, negative for a cut")
        made.append(WantedLine(row.get("sku"), row.get("title"), quantity, minor, discount))
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


_RECEIVER = {"name", "mobile", "phone", "zip", "province", "city", "area", "areaCode", "town", "townCode", "address"}
_COMMON = {"street": "address", "zipcode": "zip"}
"""The words that all simulators take for a buyer's address."""


def _receiver(given: object) -> dict[str, str]:
    if given is None:
        return {}
    if not isinstance(given, dict) or not set(given) <= _RECEIVER | set(_COMMON):
        raise BadRequest(f"buyer must be an object with some of {sorted(_RECEIVER | set(_COMMON))}")
    return {_COMMON.get(str(name), str(name)): str(value) for name, value in given.items()}
