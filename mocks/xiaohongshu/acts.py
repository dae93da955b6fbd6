"""What people, carriers and the platform do to an order, through the control API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mocks.kit.platform import BadRequest, IllegalAct
from mocks.xiaohongshu import after_sale_machine, calls_shipping, machine
from mocks.xiaohongshu.after_sale_books import BUYER, SELLER, Wish
from mocks.xiaohongshu.carriers import carrier_name
from mocks.xiaohongshu.machine import Illegal
from mocks.xiaohongshu.making import address_id_of
from mocks.xiaohongshu.model import DAY, ENDED, NOT_SHIPPED, Kind, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mocks.xiaohongshu.model import AfterSale, Order, Parcel
    from mocks.xiaohongshu.world import World


@dataclass(frozen=True, slots=True)
class Act:
    """One act: what it does, and the order statuses in which the page offers it."""

    do: Callable[[World, Order, Mapping[str, Any]], None]
    offered: frozenset[Status]


def perform(world: World, order: Order, name: str, details: Mapping[str, Any]) -> None:
    """Do the act; BadRequest for an unknown one, IllegalAct when the state forbids it."""
    act = ACTS.get(name)
    if act is None:
        raise BadRequest(f"Xiaohongshu knows no act {name!r}; known: {', '.join(ACTS)}")
    try:
        act.do(world, order, details)
    except Illegal as error:
        raise IllegalAct(f"{name}: {error}") from error


def _text(details: Mapping[str, Any], name: str, default: str) -> str:
    value = details.get(name, default)
    if not isinstance(value, str):
        raise BadRequest(f"{name} must be a text")
    return value


def _whole(details: Mapping[str, Any], name: str, default: int) -> int:
    value = details.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool):
        raise BadRequest(f"{name} must be a whole number")
    return value


def fen_of(text: str) -> int:
    """Read an amount in yuan into fen; ValueError when it is none."""
    whole, _, fraction = text.partition(".")
    fraction = fraction.rstrip("0")
    if not whole.isdecimal() or (fraction and not fraction.isdecimal()) or len(fraction) > 2:
        raise ValueError(text)
    return int(whole + fraction.ljust(2, "0"))


def _amount(details: Mapping[str, Any]) -> int | None:
    value = details.get("amount")
    if value is None:
        return None
    try:
        return fen_of(str(value))
    except ValueError as error:
        raise BadRequest("amount must be yuan like 12.50") from error


def _units(order: Order, details: Mapping[str, Any]) -> dict[str, int]:
    rows = details.get("lines")
    if rows is None:
        return {}
    try:
        return {order.lines[int(row["line"])].sku_id: int(row.get("quantity", 1)) for row in rows}
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise BadRequest('lines must be a list like [{"line": 0, "quantity": 1}]') from error


def _open(order: Order) -> AfterSale:
    found = order.open_after_sale
    if found is None:
        raise Illegal(f"no after-sale runs; the order is {int(order.status)}")
    return found


def _parcels(order: Order, details: Mapping[str, Any], fits: Callable[[Parcel], bool]) -> list[Parcel]:
    wanted = details.get("package_number")
    found = [one for one in order.parcels if wanted in (None, one.delivery_order_id, one.index) and fits(one)]
    if not found:
        raise Illegal(f"no parcel fits; the order is {int(order.status)}")
    return found


def _pays(world: World, order: Order, _details: Mapping[str, Any]) -> None:
    machine.pay(world, order)
    order.trade_no = f"43{world.number(26)}"


def _cancels(world: World, order: Order, details: Mapping[str, Any]) -> None:
    machine.cancel_unpaid(world, order, by="buyer", reason=_text(details, "reason", "买家取消"))


def _asks(kind: Kind | None) -> Callable[[World, Order, Mapping[str, Any]], None]:
    def ask(world: World, order: Order, details: Mapping[str, Any]) -> None:
        unshipped = kind == Kind.REFUND_UNSHIPPED or (kind is None and order.status in NOT_SHIPPED)
        chosen = Kind.REFUND_UNSHIPPED if unshipped else kind or Kind.REFUND_SHIPPED
        wish = Wish(
            chosen,
            _units(order, details),
            _amount(details),
            reason=_text(details, "reason", ""),
            reason_id=_whole(details, "reason_id", 0),
            desc=_text(details, "text", ""),
            request_from=_whole(details, "request_from", BUYER),
            tag=_whole(details, "tag", 0),
            cargo_status=_whole(details, "cargo_status", 0),
        )
        after_sale_machine.ask(world, order, wish)

    return ask


def _withdraws(world: World, order: Order, _details: Mapping[str, Any]) -> None:
    after_sale_machine.withdraw(world, _open(order))


def _edits(world: World, order: Order, details: Mapping[str, Any]) -> None:
    reason, desc = _text(details, "reason", ""), _text(details, "text", "")
    after_sale_machine.change(world, _open(order), reason=reason, desc=desc, amount=_amount(details))


def _turns(world: World, order: Order, _details: Mapping[str, Any]) -> None:
    after_sale_machine.exchange_to_refund(world, _open(order))


def _sends_back(world: World, order: Order, details: Mapping[str, Any]) -> None:
    number = _text(details, "tracking_number", f"YD{world.number(13)}")
    after_sale_machine.ship_back(world, _open(order), number, _text(details, "carrier", "yunda"))


def _arrives(world: World, order: Order, _details: Mapping[str, Any]) -> None:
    after_sale_machine.arrive(world, _open(order))


def _disputes(world: World, order: Order, _details: Mapping[str, Any]) -> None:
    after_sale_machine.intervene(world, _open(order))


def _decides(world: World, order: Order, details: Mapping[str, Any]) -> None:
    winner = _text(details, "for", _text(details, "for_whom", "buyer"))
    if winner not in {"buyer", "seller"}:
        raise BadRequest("for must be buyer or seller")
    after_sale_machine.decide(world, _open(order), winner)


def _confirms(world: World, order: Order, _details: Mapping[str, Any]) -> None:
    waiting = order.open_after_sale
    if waiting is not None and waiting.kind == Kind.EXCHANGE:
        after_sale_machine.finish_exchange(world, waiting)
        return
    if waiting is not None:
        raise Illegal(f"after-sale {waiting.returns_id} still runs")
    if order.status != Status.SHIPPED:
        raise Illegal(f"only a shipped order (6) can be confirmed; it is {int(order.status)}")
    machine.complete(world, order)


def _moves(world: World, order: Order, details: Mapping[str, Any]) -> None:
    if order.status not in {Status.UNPAID, Status.PROCESSING, Status.TO_SHIP}:
        raise Illegal(f"the address is fixed; the order is {int(order.status)}")
    receiver = order.receiver
    receiver.address = _text(details, "address", f"新址路{world.rng.randrange(1, 400)}号")
    receiver.phone = _text(details, "phone", receiver.phone)
    receiver.name = _text(details, "name", receiver.name)
    receiver.open_address_id = address_id_of(receiver)
    order.cipher.clear()
    if "MODIFIED_ADDR" not in order.tags:
        order.tags.append("MODIFIED_ADDR")
    machine.touch(world, order)
    world.tell_receiver(order)


def _ships(world: World, order: Order, details: Mapping[str, Any]) -> None:
    if order.status not in {Status.TO_SHIP, Status.PARTLY_SHIPPED}:
        raise Illegal(f"only an order that waits for shipping (4, 5) can be shipped; it is {int(order.status)}")
    parcels = _parcels(order, details, lambda one: one.shipped_at is None)
    code = _text(details, "carrier", "shunfeng")
    number = _text(details, "tracking_number", f"SF{world.number(13)}")
    calls_shipping.deliver(world, order, parcels, number, code, carrier_name(code) or code)


def _picks(world: World, order: Order, _details: Mapping[str, Any]) -> None:
    if order.status != Status.TO_SHIP or "PRINTED" in order.tags:
        raise Illegal(f"only an order that waits for shipping (4) is picked, once; it is {int(order.status)}")
    order.tags.append("PRINTED")
    machine.touch(world, order)
    world.tell_status(order)  # the second message with status 4


def _closes(world: World, order: Order, details: Mapping[str, Any]) -> None:
    reason = _text(details, "reason", "缺货")
    if order.status == Status.SHIPPED and all(one.came_back_at is not None for one in order.parcels):
        wish = Wish(Kind.REFUND_SHIPPED, reason=reason, request_from=SELLER)
        after_sale_machine.agree_refund(world, after_sale_machine.ask(world, order, wish))
    else:
        after_sale_machine.console_close(world, order, reason)


def _carrier(do: Callable[[World, Order, Parcel], None]) -> Callable[[World, Order, Mapping[str, Any]], None]:
    def act(world: World, order: Order, details: Mapping[str, Any]) -> None:
        scanning = do is machine.collect
        for parcel in _parcels(order, details, lambda one: one.on_the_road and not (scanning and one.collected_at)):
            do(world, order, parcel)

    return act


def _platform_cancels(world: World, order: Order, details: Mapping[str, Any]) -> None:
    if order.status in ENDED | {Status.COMPLETED, Status.EXCHANGING}:
        raise Illegal(f"the order is {int(order.status)} already")
    waiting = order.open_after_sale
    if waiting is not None:
        after_sale_machine.withdraw(world, waiting)
    status = Status.CANCELLED if order.shipped is None else Status.CLOSED
    machine.end(world, order, status, by="system", reason=_text(details, "reason", "平台关闭"))


def _holds(world: World, order: Order, _details: Mapping[str, Any]) -> None:
    machine.hold(world, order)


def _releases(world: World, order: Order, _details: Mapping[str, Any]) -> None:
    machine.pass_check(world, order)


def _clears(world: World, order: Order, _details: Mapping[str, Any]) -> None:
    machine.clear_customs(world, order)


def _extends(world: World, order: Order, details: Mapping[str, Any]) -> None:
    machine.extend(world, order, _whole(details, "days", 2) * DAY)


def _act(do: Callable[[World, Order, Mapping[str, Any]], None], *statuses: Status) -> Act:
    return Act(do, frozenset(statuses))


_UNSHIPPED = (Status.PROCESSING, Status.CUSTOMS, Status.TO_SHIP)
_GONE = (Status.PARTLY_SHIPPED, Status.SHIPPED, Status.COMPLETED)
_ROAD = (Status.PARTLY_SHIPPED, Status.SHIPPED, Status.EXCHANGING)
_ASKED = (*_UNSHIPPED, *_GONE, Status.EXCHANGING)
ACTS: dict[str, Act] = {
    "buyer_pays": _act(_pays, Status.UNPAID),
    "buyer_cancels": _act(_cancels, Status.UNPAID),
    "buyer_requests_cancellation": _act(_asks(Kind.REFUND_UNSHIPPED), *_UNSHIPPED),
    "buyer_requests_refund": _act(_asks(None), *_UNSHIPPED, *_GONE),
    "buyer_requests_return": _act(_asks(Kind.RETURN), *_GONE),
    "buyer_requests_exchange": _act(_asks(Kind.EXCHANGE), Status.SHIPPED, Status.COMPLETED),
    "buyer_requests_price_protection": _act(_asks(Kind.PRICE_PROTECTION), *_GONE),
    "buyer_changes_request": _act(_edits, *_ASKED),
    "buyer_turns_exchange_into_refund": _act(_turns, Status.EXCHANGING),
    "buyer_withdraws_request": _act(_withdraws, *_ASKED),
    "buyer_ships_return": _act(_sends_back, *_GONE, Status.EXCHANGING),
    "buyer_opens_dispute": _act(_disputes, *_GONE, Status.EXCHANGING),
    "buyer_confirms_receipt": _act(_confirms, Status.SHIPPED, Status.EXCHANGING),
    "buyer_changes_address": _act(_moves, Status.UNPAID, Status.PROCESSING, Status.TO_SHIP),
    "seller_ships": _act(_ships, Status.TO_SHIP, Status.PARTLY_SHIPPED),
    "seller_picks": _act(_picks, Status.TO_SHIP),
    "seller_reports_delay": _act(_extends, *_UNSHIPPED),
    "merchant_closes": _act(_closes, Status.TO_SHIP, Status.SHIPPED),
    "carrier_collects": _act(_carrier(machine.collect), *_ROAD),
    "carrier_delivers": _act(_carrier(machine.deliver), *_ROAD),
    "carrier_loses": _act(_carrier(machine.lose), *_ROAD),
    "carrier_returns": _act(_carrier(machine.bring_back), *_ROAD),
    "warehouse_receives_return": _act(_arrives, *_GONE, Status.EXCHANGING),
    "platform_cancels": _act(_platform_cancels, Status.UNPAID, *_UNSHIPPED, Status.PARTLY_SHIPPED, Status.SHIPPED),
    "platform_holds": _act(_holds, Status.PROCESSING, Status.TO_SHIP),
    "platform_releases": _act(_releases, Status.PROCESSING),
    "platform_clears_customs": _act(_clears, Status.CUSTOMS),
    "platform_decides": _act(_decides, *_GONE, Status.EXCHANGING),
    "platform_extends_ship_by": _act(_extends, *_UNSHIPPED),
}
