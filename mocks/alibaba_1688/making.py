"""Making orders, and bringing an order into a wanted status through its history."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mocks.alibaba_1688 import machine
from mocks.alibaba_1688.goods import invent_receiver
from mocks.alibaba_1688.model import HOUR, UNSHIPPED, Entry, Order

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mocks.alibaba_1688.goods import Offer, Spec
    from mocks.alibaba_1688.model import Account, Member, Role
    from mocks.alibaba_1688.world import World

TO_STATUS = {
    "unpaid": "waitbuyerpay",
    "awaiting_shipment": "waitsellersend",
    "awaiting_collection": "waitlogisticstakein",
    "in_transit": "waitbuyerreceive",
    "delivered": "signinsuccess",
    "completed": "success",
    "cancelled": "cancel",
    "closed": "terminated",
}
"""The canonical phases this platform has, with the status an order of that phase is made in."""


@dataclass(frozen=True, slots=True)
class WantedLine:
    """One line to be made; what is None is taken from the seller's offers."""

    sku: str | None = None
    title: str | None = None
    quantity: int = 1
    price: int | None = None
    discount: int = 0
    offer: Offer | None = None
    spec: Spec | None = None


@dataclass(slots=True)
class Wanted:
    """One order to be made; what is None is invented. Times are unix seconds, money fen."""

    account: Account
    role: Role = "seller"
    status: str = "waitsellersend"
    lines: list[WantedLine] = field(default_factory=list)
    counterpart: Member | None = None
    cross_border: bool = False
    placed_at: int | None = None
    paid_at: int | None = None
    ship_by: int | None = None
    pace: int | None = None
    shipping_fee: int | None = None
    receiver: dict[str, str] = field(default_factory=dict)
    remark: str = ""
    out_order_id: str = ""
    channel: str = ""
    signs: bool | None = None


def make(world: World, wanted: Wanted) -> Order:
    """Make an order and let its history happen inside `World.in_the_past`."""
    pace = wanted.pace if wanted.pace is not None else HOUR
    start = wanted.placed_at if wanted.placed_at is not None else world.now()
    world.pretend(start)
    order = new_order(world, wanted, start)
    machine.place(world, order)
    at = max(wanted.paid_at if wanted.paid_at is not None else start, start)
    for step in HISTORIES[wanted.status]:
        world.pretend(at)
        step(world, order)
        at += pace
    if wanted.ship_by is not None and order.promised_ship_by is not None:
        order.promised_ship_by = wanted.ship_by
    return order


def new_order(world: World, wanted: Wanted, start: int) -> Order:
    """Write down an order that is about to be placed."""
    account = wanted.account
    other = wanted.counterpart or _counterpart(world, wanted.role)
    seller, buyer = (account.member, other) if wanted.role == "seller" else (other, account.member)
    order_id = world.order_number()
    entries = _entries(world, order_id, seller, wanted.lines or [WantedLine()], start)
    fee = wanted.shipping_fee if wanted.shipping_fee is not None else world.rng.choice((0, 600, 850, 1000))
    _share(entries, fee)
    return Order(
        order_id=order_id,
        store=account.member_id,
        role=wanted.role,
        buyer=buyer,
        seller=seller,
        status="waitbuyerpay",
        created=start,
        updated=start,
        entries=entries,
        shipping_fee=fee,
        pay_timeout=world.timing.unpaid_life,
        receiver=invent_receiver(world.rng, wanted.receiver),
        business_type="cb" if wanted.cross_border else "cn",
        cross_border=wanted.cross_border,
        signs=wanted.status in {"signinsuccess", "waitbuyersign"} if wanted.signs is None else wanted.signs,
        takes_in=wanted.status == "waitlogisticstakein",
        remark=wanted.remark,
        out_order_id=wanted.out_order_id,
        channel=wanted.channel,
        pay_phase=world.number(13),
    )


def _counterpart(world: World, role: Role) -> Member:
    pool = world.strangers if role == "seller" else list(world.suppliers.values())
    return world.rng.choice(pool)


def _share(entries: Sequence[Entry], fee: int) -> None:
    goods = sum(entry.amount for entry in entries)
    rest = fee
    for entry in entries[1:]:
        entry.share_postage = fee * entry.amount // goods
        rest -= entry.share_postage
    entries[0].share_postage = rest


def _entries(world: World, order_id: int, seller: Member, wanted: Sequence[WantedLine], start: int) -> list[Entry]:
    offers = [offer for offer in world.offers.values() if offer.seller == seller]
    entries = []
    for number, line in enumerate(wanted):
        offer = line.offer or world.rng.choice(offers)
        spec = line.spec or world.rng.choice(offer.specs)
        entries.append(
            Entry(
                # the platform gives an order of one line the same id as its line
                entry_id=order_id if len(wanted) == 1 else order_id + 1_000_000 * (number + 1),
                offer_id=offer.offer_id,
                sku_id=spec.sku_id,
                spec_id=spec.spec_id,
                name=line.title or offer.title,
                sku_infos=spec.infos,
                cargo_number=line.sku or spec.cargo_number,
                product_cargo_number=offer.cargo_number,
                unit=offer.unit,
                price=line.price if line.price is not None else spec.price,
                quantity=line.quantity,
                discount=line.discount,
                created=start,
                modified=start,
            )
        )
    return entries


def _ship_all(world: World, order: Order) -> None:
    machine.ship(world, order, machine.Dispatch(order.live_entries()))


def _ship_one(world: World, order: Order) -> None:
    waiting = [one for one in order.live_entries() if one.logistics_status == UNSHIPPED]
    machine.ship(world, order, machine.Dispatch(waiting[:1]))


def _sign(world: World, order: Order) -> None:
    for parcel in order.parcels:
        machine.trace(world, order, parcel, "SIGN")


def _confirm_only(world: World, order: Order) -> None:
    settle, world.timing.settle = world.timing.settle, world.timing.settle or 1
    try:
        machine.confirm(world, order)
    finally:
        world.timing.settle = settle


def _terminate(world: World, order: Order) -> None:
    machine.close_by_platform(world, order, "other", by="Ops", terminate=True)


HISTORIES: dict[str, list[Callable[[World, Order], None]]] = {
    "waitbuyerpay": [],
    "waitsellersend": [machine.pay],
    "part_shipped": [machine.pay, _ship_one],
    "waitlogisticstakein": [machine.pay, _ship_all],
    "waitbuyerreceive": [machine.pay, _ship_all],
    "waitbuyersign": [machine.pay, _ship_all, machine.arrive],
    "signinsuccess": [machine.pay, _ship_all, _sign],
    "confirm_goods": [machine.pay, _ship_all, _confirm_only],
    "success": [machine.pay, _ship_all, machine.confirm],
    "cancel": [machine.expire],
    "terminated": [machine.pay, _terminate],
}
"""How each status (and `part_shipped`, a waitsellersend of which one line has left) comes about."""
