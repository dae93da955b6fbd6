"""The contract every adapter keeps, on Xiaohongshu."""

from __future__ import annotations

from tests.adapters.xiaohongshu.contract.case import CASE
from tests.kit.contract import AdapterContract, log

__all__ = ["log"]


class TestXiaohongshu(AdapterContract):
    case = CASE
