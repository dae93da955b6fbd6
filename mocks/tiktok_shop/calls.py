"""The table of every simulated call; the version in the path may be any six digits."""

from __future__ import annotations

from mocks.tiktok_shop import (
    calls_auth,
    calls_cancel,
    calls_chat,
    calls_eligibility,
    calls_events,
    calls_fulfilment,
    calls_orders,
    calls_returns,
)
from mocks.tiktok_shop.calling import CallTable

TABLE = CallTable(
    [
        *calls_auth.CALLS,
        *calls_orders.CALLS,
        *calls_cancel.CALLS,
        *calls_returns.CALLS,
        *calls_eligibility.CALLS,
        *calls_fulfilment.CALLS,
        *calls_chat.CALLS,
        *calls_events.CALLS,
    ]
)
