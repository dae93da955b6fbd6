"""A shop made of scripted answers, and the road to the simulator."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from adapters.xiaohongshu import adapter
from gateway.model.store import Store
from gateway.ports import Answer, Call
from gateway.transport.json import encode
from tests.adapters.xiaohongshu.contract.case import CASE
from tests.adapters.xiaohongshu.contract.rows import store
from tests.kit.contract_bench import Shop
from tests.kit.contract_bench import simulated as simulated_shop


@dataclass
class PaperShop:
    """Answers each method with the next scripted body (the last one again), and keeps every call.

    Errors go through the adapter's own classification, as the real channel does.
    """

    script: dict[str, list[Any]]
    store: Store = field(default_factory=store)
    calls: list[Call] = field(default_factory=list)

    async def send(self, call: Call) -> Answer:
        self.calls.append(call)
        waiting = self.script[call.operation]
        content = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if isinstance(content, Exception):
            raise content
        answer = Answer(200, {}, content if isinstance(content, bytes) else encode(content))
        failure = adapter.classify(call, answer)
        if failure is not None:
            raise failure
        return answer

    @property
    def asked(self) -> list[str]:
        return [call.operation for call in self.calls]


@pytest.fixture
def paper() -> Callable[..., PaperShop]:
    """Makes a scripted shop: ``paper({"order.getOrderDetail": [body, ...]})``."""
    return PaperShop


@pytest.fixture
async def simulated() -> AsyncIterator[Shop]:
    """A shop of a simulator with a few orders, behind the production transport."""
    async with simulated_shop(CASE, "CN", orders=40) as shop:
        yield shop
