"""What people, carriers and the platform do to an order, through the control API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mocks.kit.platform import BadRequest, IllegalAct
from mocks.shopee import chat, machine, return_machine
from mocks.shopee.machine import Illegal
from mocks.shopee.model import exponent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mocks.shopee.model import LineKey, Order, Package, Return
    from mocks.shopee.world import World


@dataclass(frozen=True, slots=True)
class Act:
    """One act: what it does, and the statuses in which the page offers it."""

    do: Callable[[World, Order, Mapping[str, Any]], None]
    offered: frozenset[str]


def perform(world: World, order: Order, name: str, details: Mapping[str, Any]) -> None:
    """Do the act; BadRequest for an unknown one, IllegalAct when the state forbids it."""
    act = ACTS.get(name)
    if act is None:
        known = ", ".join(ACTS)
        raise BadRequest(f"Shopee knows no act {name!r}; known: {known}")
    try:
        act.do(world, order, details)
    except Illegal as error:
        raise IllegalAct(f"{name}: {error}") from error


def _text(details: Mapping[str, Any], name: str, default: str) -> str:
    value = details.get(name, default)
    if not isinstance(value, str):
        raise BadRequest(f"{name} must be a text")
    return value


def _minor(order: Order, details: Mapping[str, Any], name: str) -> int | None:
    value = details.get(name)
    if value is None:
        return None
    try:
        minor = machine_amount(str(value), order.currency)
    except ValueError as error:
        raise BadRequest(f"{name} must be an amount like 12.50") from error
    return minor


def machine_amount(text: str, currency: str) -> int:
    """Read an amount in major units into minor units; ValueError when it has too many decimals."""
    whole, _, fraction = text.partition(".")
    places = exponent(currency)
    fraction = fraction.rstrip("0")
    if not whole.isdigit() or (fraction and not fraction.isdigit()) or len(fraction) > places:
        raise ValueError(text)
    return int(whole + fraction.ljust(places, "0"))


def _package(order: Order, details: Mapping[str, Any], fits: Callable[[Package], bool]) -> list[Package]:
    wanted = details.get("package_number")
    packages = [one for one in order.live_packages() if wanted in (None, one.number) and fits(one)]
    if not packages:
        raise Illegal(f"no parcel fits; the order is {order.status}")
    return packages


def _pays(world: World, order: Order, _details: Mapping[str, Any]) -> None:
    machine.pay(world, order)


def _asks_cancel(world: World, order: Order, details: Mapping[str, Any]) -> None:
    machine.ask_to_cancel(world, order, _text(details, "reason", "Change of mind / others"))


def _cancels(world: World, order: Order, details: Mapping[str, Any]) -> None:
    machine.buyer_cancels_alone(world, order, _text(details, "reason", "Change of mind / others"))


def _withdraws(world: World, order: Order, details: Mapping[str, Any]) -> None:
    if order.status == "IN_CANCEL":
        machine.drop_request(world, order)
    else:
        return_machine.withdraw(world, _running_return(world, order, details))


def _asks_return(solution: str) -> Callable[[World, Order, Mapping[str, Any]], None]:
    def ask(world: World, order: Order, details: Mapping[str, Any]) -> None:
        reason = _text(details, "reason", "ITEM_DAMAGED" if solution == "RETURN_REFUND" else "NOT_RECEIPT")
        request_type = details.get("request_type")
        wish = return_machine.Wish(
            solution=solution,
            reason=reason,
            text=_text(details, "text", ""),
            content=_units(order, details),
            amount=_minor(order, details, "amount"),
            request_type=request_type if isinstance(request_type, int) else None,
            validation=_text(details, "validation", "seller_validation"),
        )
        return_machine.ask(world, order, wish)

    return ask


def _units(order: Order, details: Mapping[str, Any]) -> dict[LineKey, int]:
    rows = details.get("lines")
    if rows is None:
        units = {line.key: line.active - line.return_requested for line in order.lines}
        return {key: quantity for key, quantity in units.items() if quantity > 0}
    if not isinstance(rows, list):
        raise BadRequest('lines must be a list like [{"line": 0, "quantity": 1}]')
    try:
        return {order.lines[int(row["line"])].key: int(row.get("quantity", 1)) for row in rows}
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise BadRequest('lines must be a list like [{"line": 0, "quantity": 1}]') from error


def _running_return(world: World, order: Order, details: Mapping[str, Any]) -> Return:
    wanted = details.get("return_sn")
    found = [one for one in world.returns_of(order) if one.sn == wanted or (wanted is None and one.open)]
    if not found:
        raise Illegal(f"no running return; the order is {order.status}")
    return found[-1]


def _ships_return(world: World, order: Order, details: Mapping[str, Any]) -> None:
    return_machine.ship_back(world, _running_return(world, order, details))


def _receives_return(world: World, order: Order, details: Mapping[str, Any]) -> None:
    return_machine.arrive(world, _running_return(world, order, details))


def _confirms(world: World, order: Order, _details: Mapping[str, Any]) -> None:
    if order.status != "TO_CONFIRM_RECEIVE":
        raise Illegal(f"only a delivered order can be confirmed; it is {order.status}")
    machine.complete(world, order)


def _replies(world: World, order: Order, details: Mapping[str, Any]) -> None:
    chat.buyer_writes(world, order, _text(details, "text", "Hello"))


def _offers(world: World, order: Order, details: Mapping[str, Any]) -> None:
    one = _running_return(world, order, details)
    amount = _minor(order, details, "amount")
    solution = _text(details, "solution", one.solution)
    return_machine.buyer_counters(world, one, solution, one.amount if amount is None else amount)


def _accepts_offer(world: World, order: Order, details: Mapping[str, Any]) -> None:
    return_machine.buyer_accepts(world, _running_return(world, order, details))


def _seller_ships(world: World, order: Order, details: Mapping[str, Any]) -> None:
    if order.status not in {"READY_TO_SHIP", "RETRY_SHIP"}:
        raise Illegal(f"only an order ready to ship can be shipped; it is {order.status}")
    for package in _package(order, details, lambda one: not one.arranged):
        machine.arrange(world, order, package, _text(details, "tracking_number", ""))


def _carrier(
    do: Callable[[World, Order, Package], None], *statuses: str
) -> Callable[[World, Order, Mapping[str, Any]], None]:
    def act(world: World, order: Order, details: Mapping[str, Any]) -> None:
        for package in _package(order, details, lambda one: one.status in statuses):
            if order.status != "CANCELLED":
                do(world, order, package)

    return act


def _platform_cancels(world: World, order: Order, details: Mapping[str, Any]) -> None:
    if order.status in {"CANCELLED", "COMPLETED"}:
        raise Illegal(f"the order is {order.status} already")
    by = _text(details, "by", "system")
    if by not in {"system", "Ops"}:
        raise BadRequest("by must be system or Ops")
    reason = _text(details, "reason", "Other")
    for one in world.returns_of(order):
        if one.open:
            return_machine.withdraw(world, one, order_ends=True)
    machine.cancel(world, order, by=by, reason=reason)


def _merchant_closes(world: World, order: Order, details: Mapping[str, Any]) -> None:
    if not machine.seller_can_cancel(order):
        raise Illegal(f"the seller can not cancel any more; the order is {order.status}")
    reason = _text(details, "reason", "Out of Stock")
    machine.cancel(world, order, by="seller", reason=reason, counts_as="seller")


def _changes_address(world: World, order: Order, details: Mapping[str, Any]) -> None:
    if order.status not in {"UNPAID", "PENDING", "READY_TO_SHIP"}:
        raise Illegal(f"the address is fixed; the order is {order.status}")
    buyer = order.buyer
    buyer.street = _text(details, "street", f"{world.rng.randrange(1, 400)} Changed Road")
    buyer.zipcode = _text(details, "zipcode", buyer.zipcode)
    machine.touch(world, order)
    world.tell_status(order)


def _opens_dispute(world: World, order: Order, details: Mapping[str, Any]) -> None:
    one = _running_return(world, order, details)
    if one.status == "JUDGING":
        raise Illegal("the platform looks at it already")
    return_machine.judge(world, one)


def _decides(world: World, order: Order, details: Mapping[str, Any]) -> None:
    winner = _text(details, "for", _text(details, "for_whom", "buyer"))
    if winner not in {"buyer", "seller"}:
        raise BadRequest("for must be buyer or seller")
    claims = [one for one in world.returns_of(order) if one.compensation == "COMPENSATION_REQUESTED"]
    running = [one for one in world.returns_of(order) if one.open]
    if not claims and not running:
        raise Illegal("there is nothing to decide")
    return_machine.decide(world, (running or claims)[-1], winner)


def _extends(world: World, order: Order, details: Mapping[str, Any]) -> None:
    machine.extend(world, order, int(details.get("days", 2)))


def _holds(world: World, order: Order, _details: Mapping[str, Any]) -> None:
    machine.hold(world, order)


def _releases(world: World, order: Order, _details: Mapping[str, Any]) -> None:
    machine.release(world, order)


def _act(do: Callable[[World, Order, Mapping[str, Any]], None], *statuses: str) -> Act:
    return Act(do, frozenset(statuses))


_RUNNING = ("UNPAID", "PENDING", "INVOICE_PENDING", "IN_CANCEL", "SHIPPED", "TO_RETURN", *machine.NOT_SHIPPED)
_ROAD = ("LOGISTICS_PICKUP_DONE",)
_ARRANGED = ("LOGISTICS_REQUEST_CREATED",)
ACTS: dict[str, Act] = {
    "buyer_pays": _act(_pays, "UNPAID"),
    "buyer_cancels": _act(_cancels, "UNPAID", "PENDING", "INVOICE_PENDING", "READY_TO_SHIP"),
    "buyer_requests_cancellation": _act(_asks_cancel, *machine.NOT_SHIPPED),
    "buyer_requests_refund": _act(_asks_return("REFUND"), *return_machine.RETURNABLE),
    "buyer_requests_return": _act(_asks_return("RETURN_REFUND"), *return_machine.RETURNABLE),
    "buyer_withdraws_request": _act(_withdraws, "IN_CANCEL", "TO_RETURN", "COMPLETED"),
    "buyer_ships_return": _act(_ships_return, "TO_RETURN", "COMPLETED"),
    "buyer_offers": _act(_offers, "TO_RETURN", "COMPLETED"),
    "buyer_accepts_offer": _act(_accepts_offer, "TO_RETURN", "COMPLETED"),
    "buyer_opens_dispute": _act(_opens_dispute, "TO_RETURN", "COMPLETED"),
    "buyer_confirms_receipt": _act(_confirms, "TO_CONFIRM_RECEIVE"),
    "buyer_replies": _act(_replies, "UNPAID", "IN_CANCEL", *machine.NOT_SHIPPED, *return_machine.RETURNABLE),
    "buyer_changes_address": _act(_changes_address, "UNPAID", "PENDING", "READY_TO_SHIP"),
    "seller_ships": _act(_seller_ships, "READY_TO_SHIP", "RETRY_SHIP"),
    "merchant_closes": _act(_merchant_closes, "UNPAID", *machine.NOT_SHIPPED),
    "carrier_collects": _act(_carrier(machine.collect, *_ARRANGED), "PROCESSED"),
    "carrier_misses_pickup": _act(_carrier(machine.miss_pickup, *_ARRANGED), "PROCESSED"),
    "carrier_delivers": _act(_carrier(machine.deliver, *_ROAD), "SHIPPED", "TO_RETURN"),
    "carrier_loses": _act(_carrier(machine.lose, *_ROAD), "SHIPPED"),
    "carrier_returns": _act(_carrier(machine.bring_back, *_ROAD), "SHIPPED"),
    "warehouse_receives_return": _act(_receives_return, "TO_RETURN", "COMPLETED"),
    "platform_cancels": _act(_platform_cancels, *_RUNNING),
    "platform_holds": _act(_holds, "UNPAID", "READY_TO_SHIP"),
    "platform_releases": _act(_releases, "PENDING", "INVOICE_PENDING"),
    "platform_decides": _act(_decides, "TO_RETURN", "COMPLETED"),
    "platform_extends_ship_by": _act(_extends, *machine.NOT_SHIPPED),
}
