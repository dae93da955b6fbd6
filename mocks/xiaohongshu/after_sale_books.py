"""What an after-sale is about and worth: the wish, the units it claims, the money, the negotiation record."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from mocks.xiaohongshu.model import AfterSale, Kind, Order, Stage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mocks.xiaohongshu.world import World

BUYER, SELLER, SERVICE, SYSTEM = 1, 2, 3, 4
_BEIJING = timedelta(hours=8)

REASONS = {
    Kind.RETURN: (101, "质量问题"),
    Kind.EXCHANGE: (111, "尺码不合适"),
    Kind.REFUND_SHIPPED: (121, "未收到货"),
    Kind.REFUND_UNSHIPPED: (131, "多拍/拍错/不想要"),
    Kind.PRICE_PROTECTION: (141, "商品降价"),
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for; `amount` None means all that was paid for the units."""

    kind: Kind
    units: dict[str, int] = field(default_factory=dict)
    amount: int | None = None
    reason: str = ""
    reason_id: int = 0
    desc: str = ""
    request_from: int = BUYER
    tag: int = 0
    cargo_status: int = 0


def paid_back(order: Order) -> int:
    """Give what has gone back to the buyer or is on its way."""
    return sum(one.expected for one in order.after_sales if one.stage == Stage.COMPLETED)


def worth_of(order: Order, units: Mapping[str, int], ship_fee: int = 0) -> int:
    """Give what was paid for the units, as far as it has not gone back already."""
    paid = sum(line.paid * units.get(line.sku_id, 0) for line in order.lines) + ship_fee
    return min(paid, order.total - paid_back(order))


def claim(one: AfterSale, *, asked: bool = False, granted: bool = False) -> None:
    """Note on the order's lines that units are asked for, or no longer are, and what became of them."""
    if one.kind == Kind.PRICE_PROTECTION:
        return
    cancelling = one.kind == Kind.REFUND_UNSHIPPED
    for line in one.order.lines:
        units = one.applied.get(line.sku_id, 0)
        if not units:
            continue
        change = units if asked else -units
        if cancelling:
            line.cancel_requested += change
            line.cancelled += units if granted else 0
        else:
            line.return_requested += change
            line.returned += units if granted and one.kind != Kind.EXCHANGE else 0


def record(world: World, one: AfterSale, title: str, who: int) -> None:
    """Write a line into the negotiation record, in Beijing time."""
    when = datetime.fromtimestamp(world.now(), UTC) + _BEIJING
    roles = {BUYER: "买家", SELLER: "商家", SERVICE: "客服", SYSTEM: "系统"}
    one.records.append(
        {
            "title": title,
            "operatorRoleName": roles[who],
            "operatorRole": who,
            "attributes": [{"type": 1, "key": 1, "desc": one.desc, "photos": []}] if one.desc else [],
            "time": when.strftime("%Y-%m-%d %H:%M:%S"),
        }
    )
