"""Which units a cancellation or refund call is about, and whether its reason fits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mocks.tiktok_shop import reasons
from mocks.tiktok_shop.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mocks.tiktok_shop.calling import Context
    from mocks.tiktok_shop.model import Order, Unit
    from mocks.tiktok_shop.params import Params
    from mocks.tiktok_shop.world import World


def own_order(ctx: Context) -> Order:
    """Give the order named in the body: unknown is a wrong parameter, another shop's is not permitted."""
    return ctx.order(ctx.body.text("order_id"), unknown=25001001, foreign=25020005)


def chosen_units(body: Params, free: Sequence[Unit]) -> list[Unit]:
    """Read `skus`, `order_line_item_ids` or `order_line_list`; none of them means every unit in `free`."""
    ids = body.texts("order_line_item_ids")
    rows = body.rows("order_line_list")
    skus = body.rows("skus")
    if ids and rows:
        raise body.wrong("order_line_item_ids and order_line_list exclude each other")
    ids = [*ids, *(row.text("order_line_item_id") for row in rows)]
    if ids:
        units = [unit for unit in free if unit.line_item_id in ids]
        if len(units) != len(set(ids)):
            raise body.wrong("a line item is not in the order or not free")
        return units
    if not skus:
        return list(free)
    taken: list[Unit] = []
    for row in skus:
        wanted = row.number("quantity")
        same = [unit for unit in free if unit.sku_id == row.text("sku_id") and unit not in taken]
        if not wanted or wanted > len(same):
            raise body.wrong("skus names more than there is")
        taken.extend(same[:wanted])
    return taken


def check_reason(world: World, name: str, allowed: Mapping[str, str], *, of_status: Mapping[str, str]) -> None:
    """Refuse a reason that is unknown, offline, not the seller's, or not for the order's status."""
    if name not in reasons.TEXTS:
        raise ApiError(25001014)
    if name in world.app.offline_reasons:
        raise ApiError(25001020)
    if name not in allowed:
        raise ApiError(25001015)
    if name not in of_status:
        raise ApiError(25001021)
