"""The contract every adapter keeps, on TikTok Shop."""

from __future__ import annotations

from tests.adapters.tiktok_shop.contract.case import CASE
from tests.kit.contract import AdapterContract, log

__all__ = ["log"]


class TestTikTokShop(AdapterContract):
    case = CASE
