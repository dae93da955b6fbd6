"""The orders a simulation begins with: the same for the same seed and start of the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from mocks.alibaba_1688 import machine, refund_applying, refund_machine
from mocks.alibaba_1688.making import Wanted, WantedLine, make
from mocks.alibaba_1688.model import DAY, HOUR, Account, Order, Refund, Role

if TYPE_CHECKING:
    from collections.abc import Callable

    from mocks.alibaba_1688.world import World


def fill(world: World, count: int) -> None:
    """Write the history of `count` orders, spread over accounts, roles and the past weeks, then start their timers."""
    roles: tuple[Role, ...] = ("seller", "buyer")
    lanes = [(account, role) for account in world.accounts.values() for role in roles]
    with world.in_the_past():
        for number in range(count):
            account, role = lanes[number % len(lanes)]
            _RECIPES[(number // len(lanes)) % len(_RECIPES)](world, account, role)
    for order in world.orders.values():
        machine.arm(world, order)
    for refund in world.refunds.values():
        refund_machine.arm(world, refund)


def _order(
    world: World,
    account: Account,
    role: Role,
    status: str,
    ago: tuple[int, int],
    *,
    pace: int = 6 * HOUR,
    lines: int | None = None,
    quantity: int | None = None,
) -> Order:
    count = lines if lines is not None else world.rng.choice((1, 1, 2, 3))
    rows = [
        WantedLine(
            quantity=quantity or world.rng.choice((1, 1, 2, 3, 10)),
            discount=world.rng.choice((0, 0, 0, -30)),
        )
        for _ in range(count)
    ]
    placed = world.rig.clock.unix() - world.rng.randrange(ago[1], ago[0])
    cross = role == "buyer" and world.rng.random() < 0.5
    wanted = Wanted(
        account=account,
        role=role,
        status=status,
        lines=rows,
        cross_border=cross,
        placed_at=placed,
        paid_at=placed + world.rng.randrange(30, 1800),
        pace=pace,
        out_order_id=f"OUT{world.number(12)}" if cross else "",
        channel="kuajing" if cross else "",
        remark=world.rng.choice(("", "", "请尽快发货")),
    )
    return make(world, wanted)


def _after(world: World, order: Order, seconds: int) -> None:
    world.pretend(min(order.updated + seconds, world.rig.clock.unix()))


def _ask(
    world: World,
    order: Order,
    kind: Literal["refund", "returnRefund"],
    goods_status: str,
    *,
    lines: int | None = None,
    reason_id: int | None = None,
) -> Refund:
    entries = [entry.entry_id for entry in order.live_entries()][:lines]
    return refund_applying.apply(
        world, order, refund_applying.Wish(entries, kind, goods_status, reason_id=reason_id, description="协商退款")
    )


def _unpaid(world: World, account: Account, role: Role) -> None:
    _order(world, account, role, "waitbuyerpay", (2 * DAY, HOUR))


def _ready(world: World, account: Account, role: Role) -> None:
    _order(world, account, role, "waitsellersend", (2 * DAY, HOUR))


def _late(world: World, account: Account, role: Role) -> None:
    _order(world, account, role, "waitsellersend", (6 * DAY, 3 * DAY))


def _part_shipped(world: World, account: Account, role: Role) -> None:
    _order(world, account, role, "part_shipped", (3 * DAY, DAY), lines=2)


def _taken_in(world: World, account: Account, role: Role) -> None:
    _order(world, account, role, "waitlogisticstakein", (3 * DAY, DAY))


def _shipped(world: World, account: Account, role: Role) -> None:
    order = _order(world, account, role, "waitbuyerreceive", (6 * DAY, 2 * DAY))
    for parcel in order.parcels:
        _after(world, order, 6 * HOUR)
        machine.trace(world, order, parcel, "ACCEPT")


def _arriving(world: World, account: Account, role: Role) -> None:
    _order(world, account, role, "waitbuyersign", (6 * DAY, 3 * DAY))


def _signed(world: World, account: Account, role: Role) -> None:
    _order(world, account, role, "signinsuccess", (7 * DAY, 3 * DAY), pace=12 * HOUR)


def _completed(world: World, account: Account, role: Role) -> None:
    _order(world, account, role, "success", (28 * DAY, 6 * DAY), pace=DAY)


def _ended_unpaid(world: World, account: Account, role: Role) -> None:
    order = _order(world, account, role, "waitbuyerpay", (20 * DAY, 4 * DAY))
    _after(world, order, order.pay_timeout)
    machine.expire(world, order)


def _ended_by_buyer(world: World, account: Account, role: Role) -> None:
    order = _order(world, account, role, "waitbuyerpay", (14 * DAY, DAY))
    _after(world, order, HOUR)
    machine.close(world, order, by="buyer", reason="buyerCancel")


def _ended_by_seller(world: World, account: Account, role: Role) -> None:
    order = _order(world, account, role, "waitbuyerpay", (14 * DAY, DAY))
    _after(world, order, 2 * HOUR)
    machine.close(world, order, by="seller", reason="sellerGoodsLack")


def _ended_by_staff(world: World, account: Account, role: Role) -> None:
    _order(world, account, role, "terminated", (14 * DAY, 2 * DAY))


def _asked_back(world: World, account: Account, role: Role) -> None:
    order = _order(world, account, role, "waitsellersend", (DAY, 8 * HOUR))
    _after(world, order, 4 * HOUR)
    _ask(world, order, "refund", "refundWaitSellerSend")


def _refused(world: World, account: Account, role: Role) -> None:
    order = _order(world, account, role, "waitsellersend", (2 * DAY, DAY))
    _after(world, order, 4 * HOUR)
    refund = _ask(world, order, "refund", "refundWaitSellerSend")
    _after(world, order, 3 * HOUR)
    refund_machine.refuse(world, refund, "货品已备好")


def _refunded(world: World, account: Account, role: Role) -> None:
    order = _order(world, account, role, "waitsellersend", (14 * DAY, 2 * DAY))
    _after(world, order, 4 * HOUR)
    refund = _ask(world, order, "refund", "refundWaitSellerSend", reason_id=20005)
    _after(world, order, 5 * HOUR)
    refund_machine.agree(world, refund)


def _one_line_refunded(world: World, account: Account, role: Role) -> None:
    order = _order(world, account, role, "waitsellersend", (2 * DAY, DAY), lines=2)
    _after(world, order, 4 * HOUR)
    refund = _ask(world, order, "refund", "refundWaitSellerSend", lines=1)
    _after(world, order, 3 * HOUR)
    refund_machine.agree(world, refund)


def _shipped_meanwhile(world: World, account: Account, role: Role) -> None:
    order = _order(world, account, role, "waitsellersend", (4 * DAY, 2 * DAY))
    _after(world, order, 4 * HOUR)
    _ask(world, order, "refund", "refundWaitSellerSend")
    _after(world, order, 6 * HOUR)
    machine.ship(world, order, machine.Dispatch(order.live_entries(), company_no="ZTO"))


def _return(world: World, account: Account, role: Role) -> Refund:
    order = _order(world, account, role, "waitbuyerreceive", (90 * HOUR, 80 * HOUR), lines=2)
    _after(world, order, 40 * HOUR)
    return _ask(world, order, "returnRefund", "refundBuyerReceived", lines=1, reason_id=20021)


def _returning(world: World, account: Account, role: Role) -> None:
    _return(world, account, role)


def _return_agreed(world: World, account: Account, role: Role) -> Refund:
    refund = _return(world, account, role)
    _after(world, refund.order, 6 * HOUR)
    refund_machine.agree(world, refund)
    return refund


def _to_send_back(world: World, account: Account, role: Role) -> None:
    _return_agreed(world, account, role)


def _on_the_way_back(world: World, account: Account, role: Role) -> Refund:
    refund = _return_agreed(world, account, role)
    _after(world, refund.order, 6 * HOUR)
    refund_machine.send_back(world, refund, ("YUNDA", machine.CARRIERS["YUNDA"][1]), f"YUNDA{world.number(12)}", [])
    return refund


def _sent_back(world: World, account: Account, role: Role) -> None:
    _on_the_way_back(world, account, role)


def _returned(world: World, account: Account, role: Role) -> None:
    refund = _on_the_way_back(world, account, role)
    _after(world, refund.order, 6 * HOUR)
    refund_machine.receive(world, refund)


def _after_sale(world: World, account: Account, role: Role) -> None:
    order = _order(world, account, role, "success", (9 * DAY, 6 * DAY), pace=12 * HOUR)
    _after(world, order, DAY)
    refund = _ask(world, order, "refund", "aftersaleBuyerReceived", lines=1)
    _after(world, order, 12 * HOUR)
    refund_machine.agree(world, refund)


def _after_sale_open(world: World, account: Account, role: Role) -> None:
    order = _order(world, account, role, "success", (84 * HOUR, 80 * HOUR), pace=12 * HOUR)
    _after(world, order, 40 * HOUR)
    _ask(world, order, "returnRefund", "aftersaleBuyerReceived", lines=1)


_RECIPES: tuple[Callable[[World, Account, Role], None], ...] = (
    _ready,
    _asked_back,
    _completed,
    _shipped,
    _unpaid,
    _returning,
    _part_shipped,
    _refunded,
    _completed,
    _shipped_meanwhile,
    _ended_by_buyer,
    _ready,
    _refused,
    _signed,
    _one_line_refunded,
    _ended_unpaid,
    _completed,
    _to_send_back,
    _shipped,
    _after_sale,
    _ended_by_seller,
    _late,
    _sent_back,
    _taken_in,
    _completed,
    _returned,
    _arriving,
    _after_sale_open,
    _ended_by_staff,
    _ready,
)
"""What the orders are, in turn; the frequent ones stand several times."""
