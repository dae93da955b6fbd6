"""The table of every simulated call, by its path under `/api/v2/`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mocks.shopee import (
    calls_auth,
    calls_cancel,
    calls_disputes,
    calls_health,
    calls_logistics,
    calls_money,
    calls_orders,
    calls_push,
    calls_returns,
)

if TYPE_CHECKING:
    from mocks.shopee.calling import Call

CALLS: dict[str, Call] = {
    **calls_auth.CALLS,
    **calls_orders.CALLS,
    **calls_cancel.CALLS,
    **calls_logistics.CALLS,
    **calls_returns.CALLS,
    **calls_disputes.CALLS,
    **calls_health.CALLS,
    **calls_push.CALLS,
    **calls_money.CALLS,
}
