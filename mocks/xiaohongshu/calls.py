"""The table of every simulated method, by its case-sensitive name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mocks.xiaohongshu import (
    calls_after_sales,
    calls_auth,
    calls_common,
    calls_orders,
    calls_sealed,
    calls_shipping,
    calls_stock,
)

if TYPE_CHECKING:
    from mocks.xiaohongshu.calling import Call

CALLS: dict[str, Call] = {
    **calls_auth.CALLS,
    **calls_orders.CALLS,
    **calls_shipping.CALLS,
    **calls_after_sales.CALLS,
    **calls_sealed.CALLS,
    **calls_stock.CALLS,
    **calls_common.CALLS,
}
