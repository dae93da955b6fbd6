"""What people, carriers and the platform do to an order, through the control API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mocks.kit.platform import BadRequest, IllegalAct
from mocks.tiktok_shop import cancelling, chat, machine, reasons, returning
from mocks.tiktok_shop.machine import Illegal
from mocks.tiktok_shop.model import minor_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mocks.tiktok_shop.model import Order, Package, Return, Unit
    from mocks.tiktok_shop.world import World


@dataclass(frozen=True, slots=True)
class Act:
    """One act: what it does, and the statuses in which the page offers it."""

    do: Callable[[World, Order, Mapping[str, Any]], None]
    offered: frozenset[str]


def perform(world: World, order: Order, name: str, details: Mapping[str, Any]) -> None:
    """Do the act; BadRequest for an unknown one, IllegalAct when the state forbids it."""
    act = ACTS.get(name)
    if act is None:
        raise BadRequest(f"TikTok Shop knows no act {name!r}; known: {', '.join(ACTS)}")
    try:
        act.do(world, order, details)
    except Illegal as error:
        raise IllegalAct(f"{name}: {error}") from error


def text(details: Mapping[str, Any], name: str, default: str) -> str:
    """Give a text among an act's details."""
    value = details.get(name, default)
    if not isinstance(value, str):
        raise BadRequest(f"{name} must be a text")
    return value


def _packages(order: Order, details: Mapping[str, Any], fits: Callable[[Package], bool]) -> list[Package]:
    wanted = details.get("package_number")
    found = [one for one in order.live_packages() if wanted in (None, one.package_id) and fits(one)]
    if not found:
        raise Illegal(f"no parcel fits; the order is {order.status}")
    return found


def _pays(world: World, order: Order, _details: Mapping[str, Any]) -> None:
    machine.pay(world, order)


def _asks_cancel(world: World, order: Order, details: Mapping[str, Any]) -> None:
    cancelling.ask(world, order, text(details, "reason", reasons.NO_LONGER_NEEDED))


def _cancels(world: World, order: Order, details: Mapping[str, Any]) -> None:
    cancelling.buyer_cancels_alone(world, order, text(details, "reason", reasons.NO_LONGER_NEEDED))


def _withdraws(world: World, order: Order, details: Mapping[str, Any]) -> None:
    request = order.request
    if request is not None:
        cancelling.close(world, request, "withdrawn")
    else:
        returning.withdraw(world, _running(order, details))


def _asks_return(kind: str) -> Callable[[World, Order, Mapping[str, Any]], None]:
    def ask(world: World, order: Order, details: Mapping[str, Any]) -> None:
        usual = reasons.NOT_ARRIVED if order.status != "DELIVERED" else reasons.DAMAGED
        wish = returning.Wish(
            kind=kind,
            reason=text(details, "reason", usual),
            units=_units(order, details),
            amount=_amount(order, details),
            quick=details.get("quick") is True,
        )
        returning.ask(world, order, wish)

    return ask


def _units(order: Order, details: Mapping[str, Any]) -> list[Unit]:
    wanted = details.get("line_item_ids")
    free = returning.free_units(order)
    if wanted is None:
        return free
    found = [unit for unit in order.units if isinstance(wanted, list) and unit.line_item_id in wanted]
    if not isinstance(wanted, list) or len(found) != len(wanted):
        raise BadRequest("line_item_ids must be a list of the order's line item ids")
    return found


def _amount(order: Order, details: Mapping[str, Any]) -> int | None:
    value = details.get("amount")
    try:
        return None if value is None else minor_of(str(value), order.currency)
    except ValueError as error:
        raise BadRequest(f"amount must be a text in {order.currency}, like 980") from error


def _running(order: Order, details: Mapping[str, Any]) -> Return:
    wanted = details.get("return_id")
    found = [one for one in order.returns if one.return_id == wanted or (wanted is None and one.open)]
    if not found:
        raise Illegal(f"no running request; the order is {order.status}")
    return found[-1]


def _on_return(act: Callable[[World, Return], None]) -> Callable[[World, Order, Mapping[str, Any]], None]:
    def do(world: World, order: Order, details: Mapping[str, Any]) -> None:
        act(world, _running(order, details))

    return do


def _ships_return(world: World, order: Order, details: Mapping[str, Any]) -> None:
    returning.ship_back(world, _running(order, details), text(details, "tracking_number", ""))


def _platform_decides(world: World, order: Order, details: Mapping[str, Any]) -> None:
    winner = details.get("for")
    if winner not in {"buyer", "seller"}:
        raise BadRequest("for must be buyer or seller")
    returning.decide(world, _running(order, details), for_buyer=winner == "buyer")


def _replies(world: World, order: Order, details: Mapping[str, Any]) -> None:
    chat.buyer_writes(world, order, text(details, "text", "Hello"))


def _ships(world: World, order: Order, details: Mapping[str, Any]) -> None:
    for package in _packages(order, details, lambda one: one.status == "TO_FULFILL"):
        machine.arrange(world, order, package, tracking=text(details, "tracking_number", ""))


def _closes(world: World, order: Order, details: Mapping[str, Any]) -> None:
    usual = "seller_cancel_unpaid_reason_out_of_stock" if order.status == "UNPAID" else reasons.OUT_OF_STOCK
    if not cancelling.seller_can_cancel(world, order) or order.request is not None:
        raise Illegal(f"the seller can not cancel now; the order is {order.status}")
    cancelling.cancel(world, order, role="SELLER", reason=text(details, "reason", usual))


def _splits(world: World, order: Order, _details: Mapping[str, Any]) -> None:
    machine.split(world, order)


def _collects(world: World, order: Order, details: Mapping[str, Any]) -> None:
    for package in _packages(order, details, lambda one: one.status == "PROCESSING"):
        machine.collect(world, order, package)


def _delivers(world: World, order: Order, details: Mapping[str, Any]) -> None:
    for package in _packages(order, details, lambda one: one.status == "FULFILLING"):
        machine.deliver(world, order, package)


def _loses(world: World, order: Order, details: Mapping[str, Any]) -> None:
    package = _packages(order, details, lambda one: one.status == "FULFILLING")[0]
    machine.fail_delivery(world, order, package, "package_lost", "Lost")


def _brings_back(world: World, order: Order, details: Mapping[str, Any]) -> None:
    reason = text(details, "reason", "returned_to_shipper_other")
    package = _packages(order, details, lambda one: one.status == "FULFILLING")[0]
    machine.fail_delivery(world, order, package, reason, "Returned to the shipper")


def _confirms(world: World, order: Order, _details: Mapping[str, Any]) -> None:
    if order.status != "DELIVERED":
        raise Illegal(f"only a delivered order can be confirmed; it is {order.status}")
    if order.open_returns():
        raise Illegal("a return of the order still runs")
    machine.complete(world, order)


def _changes_address(world: World, order: Order, details: Mapping[str, Any]) -> None:
    if order.status not in {"UNPAID", "ON_HOLD", "AWAITING_SHIPMENT"}:
        raise Illegal(f"the address can not be changed any more; the order is {order.status}")
    order.buyer.street = text(details, "street", "見本町9-99")
    order.buyer.zipcode = text(details, "zipcode", order.buyer.zipcode)
    order.address_changed = True
    world.tell_address(order)


def _platform_cancels(world: World, order: Order, details: Mapping[str, Any]) -> None:
    if order.status in {"DELIVERED", "COMPLETED", "CANCELLED"}:
        raise Illegal(f"the order has ended or arrived; it is {order.status}")
    operator = text(details, "by", "system").lower() in {"operator", "ops"}
    usual = "system_cancel_order_reason_potential_fraud" if operator else "platform_cancel"
    role = "OPERATOR" if operator else "SYSTEM"
    cancelling.cancel(world, order, role=role, reason=text(details, "reason", usual))


def _holds(_world: World, order: Order, _details: Mapping[str, Any]) -> None:
    if order.held or order.status in {"COMPLETED", "CANCELLED"}:
        raise Illegal(f"the order is held already or has ended; it is {order.status}")
    order.held = True


def _releases(world: World, order: Order, _details: Mapping[str, Any]) -> None:
    if order.held:
        order.held = False
    elif order.status == "ON_HOLD":
        machine.get_ready(world, order)
    else:
        raise Illegal(f"nothing is held; the order is {order.status}")


_OPEN = frozenset({"UNPAID", "ON_HOLD", "AWAITING_SHIPMENT", "PARTIALLY_SHIPPING", "AWAITING_COLLECTION", "IN_TRANSIT"})
_TO_SHIP = frozenset({"AWAITING_SHIPMENT", "PARTIALLY_SHIPPING"})
_REFUNDABLE = frozenset({"AWAITING_COLLECTION", "IN_TRANSIT", "DELIVERED"})
_MOVING = frozenset({"PARTIALLY_SHIPPING", "AWAITING_COLLECTION", "IN_TRANSIT"})
ACTS: dict[str, Act] = {
    "buyer_pays": Act(_pays, frozenset({"UNPAID"})),
    "buyer_requests_cancellation": Act(_asks_cancel, _TO_SHIP),
    "buyer_cancels": Act(_cancels, frozenset({"UNPAID", "ON_HOLD"})),
    "buyer_withdraws_request": Act(_withdraws, _TO_SHIP | _REFUNDABLE),
    "buyer_requests_refund": Act(_asks_return("REFUND"), _REFUNDABLE),
    "buyer_requests_return": Act(_asks_return("RETURN_AND_REFUND"), frozenset({"DELIVERED"})),
    "buyer_requests_replacement": Act(_asks_return("REPLACEMENT"), frozenset({"DELIVERED"})),
    "buyer_ships_return": Act(_ships_return, frozenset({"DELIVERED"})),
    "buyer_accepts_offer": Act(_on_return(returning.accept_offer), _REFUNDABLE),
    "buyer_refuses_offer": Act(_on_return(returning.refuse_offer), _REFUNDABLE),
    "buyer_opens_dispute": Act(_on_return(returning.dispute), _REFUNDABLE),
    "buyer_replies": Act(_replies, _OPEN | {"DELIVERED", "COMPLETED", "CANCELLED"}),
    "buyer_confirms_receipt": Act(_confirms, frozenset({"DELIVERED"})),
    "buyer_changes_address": Act(_changes_address, frozenset({"UNPAID", "ON_HOLD", "AWAITING_SHIPMENT"})),
    "seller_ships": Act(_ships, _TO_SHIP),
    "seller_splits": Act(_splits, frozenset({"AWAITING_SHIPMENT"})),
    "merchant_closes": Act(_closes, frozenset({"UNPAID", "ON_HOLD"}) | _TO_SHIP),
    "carrier_collects": Act(_collects, frozenset({"PARTIALLY_SHIPPING", "AWAITING_COLLECTION"})),
    "carrier_delivers": Act(_delivers, _MOVING),
    "carrier_loses": Act(_loses, _MOVING),
    "carrier_returns": Act(_brings_back, _MOVING),
    "warehouse_receives_return": Act(_on_return(returning.arrive), frozenset({"DELIVERED"})),
    "platform_decides": Act(_platform_decides, _REFUNDABLE),
    "platform_cancels": Act(_platform_cancels, _OPEN),
    "platform_holds": Act(_holds, _OPEN | {"DELIVERED"}),
    "platform_releases": Act(_releases, _OPEN | {"DELIVERED"}),
}
