"""The contract every adapter keeps, on 1688, from either side of the orders."""

from __future__ import annotations

from tests.adapters.alibaba_1688.contract.case import BUYER, SELLER
from tests.kit.contract import AdapterContract, log

__all__ = ["log"]


class TestSeller(AdapterContract):
    case = SELLER


class TestBuyer(AdapterContract):
    case = BUYER
