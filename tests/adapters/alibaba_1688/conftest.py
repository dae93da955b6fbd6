"""A store made of scripted answers, and the roads to both stores of a simulated account."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from adapters.alibaba_1688 import adapter
from gateway.model.store import Role, Store
from gateway.ports import Answer, Call
from gateway.transport.json import encode
from tests.adapters.alibaba_1688.contract.case import BUYER, SELLER
from tests.kit.contract_bench import Shop
from tests.kit.contract_bench import simulated as started


@dataclass
class Paper:
    """Answers each operation with the next scripted body (the last one again), and keeps every call."""

    store: Store
    script: dict[str, list[Any]]
    calls: list[Call] = field(default_factory=list)

    async def send(self, call: Call) -> Answer:
        self.calls.append(call)
        waiting = self.script[call.operation]
        content = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        answer = Answer(200, {}, content if isinstance(content, bytes) else encode(content))
        failure = adapter.classify(call, answer)
        if failure is not None:
            raise failure
        return answer


@pytest.fixture
def paper() -> Callable[..., Paper]:
    def make(role: str = "seller", **script: Any) -> Paper:
        store = (BUYER if role == Role.buyer else SELLER).connected.store
        named = script.pop("named", {}) | script
        return Paper(store, {name: told if isinstance(told, list) else [told] for name, told in named.items()})

    return make


@pytest.fixture
async def seller() -> AsyncIterator[Shop]:
    async with started(SELLER, "CN", orders=60) as shop:
        yield shop


@pytest.fixture
async def buyer() -> AsyncIterator[Shop]:
    async with started(BUYER, "CN", orders=60) as shop:
        yield shop
