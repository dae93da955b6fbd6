"""The table of every simulated call, by its path under `/api/v2/`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mocks.shopee import calls_auth, calls_cancel, calls_orders

if TYPE_CHECKING:
    from mocks.shopee.calling import Call

CALLS: dict[str, Call] = {
    **calls_auth.CALLS,
    **calls_orders.CALLS,
    **calls_cancel.CALLS,
}
