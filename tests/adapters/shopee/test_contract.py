"""The contract every adapter keeps, on Shopee."""

from __future__ import annotations

from tests.adapters.shopee.contract.case import CASE
from tests.kit.contract import AdapterContract, log

__all__ = ["log"]


class TestShopee(AdapterContract):
    case = CASE
