"""The table of every simulated API: `namespace/name` -> who answers it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mocks.alibaba_1688 import (
    calls_links,
    calls_logistics,
    calls_orders,
    calls_purchase,
    calls_push,
    calls_refund_queries,
    calls_refunds,
)
from mocks.alibaba_1688.calling import Call
from mocks.alibaba_1688.model import wire_date

if TYPE_CHECKING:
    from mocks.alibaba_1688.calling import Context
    from mocks.alibaba_1688.params import Params


def _time(ctx: Context, _params: Params) -> dict[str, Any]:
    return {"result": wire_date(ctx.world.now())}


def _time_millis(ctx: Context, _params: Params) -> dict[str, Any]:
    return {"result": ctx.world.now() * 1000}


CALLS: dict[str, Call] = {
    "system/currentTime": Call(_time, user=False),
    "system/currentTimeMillis": Call(_time_millis, user=False),
    **calls_orders.CALLS,
    **calls_refunds.CALLS,
    **calls_refund_queries.CALLS,
    **calls_purchase.CALLS,
    **calls_links.CALLS,
    **calls_logistics.CALLS,
    **calls_push.CALLS,
}
