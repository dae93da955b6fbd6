"""The table of every simulated call; the version in the path may be any six digits."""

from __future__ import annotations

from mocks.tiktok_shop import calls_auth, calls_orders
from mocks.tiktok_shop.calling import CallTable

TABLE = CallTable([*calls_auth.CALLS, *calls_orders.CALLS])
