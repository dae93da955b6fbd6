"""Orders from an answer's bytes to canonical objects, per second of CPU: the textbook's layout against the adapter's.

Both sides validate what came and what goes out, keep money exact, and give each order with its raw words, and each runs
as it would in a program of its own: the textbook with Python's collector as it is, the adapter with the gateway's. A
textbook that lets the raw words go, with the gateway's collector too, is measured beside them.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from adapters.shopee import orders as adapter
from adapters.shopee.pages import read_page
from gateway.bootstrap import calm_collector
from gateway.model.store import Store
from gateway.ports import Answer, OrderBatch
from tests.bench import payload, textbook

STORE = Store(
    id="bench",
    app="bench",
    platform="shopee",
    external_id="700100",
    region="SG",
    currency="SGD",
    time_zone="Asia/Singapore",
)


@dataclass(frozen=True, slots=True)
class Layout:
    """One way to read a page, and how many orders it read in each round per second of CPU."""

    name: str
    read: Callable[[bytes], object]
    rounds: list[float]
    collector: tuple[int, int, int]  # thresholds

    @property
    def orders_per_second(self) -> float:
        return statistics.median(self.rounds)


def pages(count: int) -> list[bytes]:
    """Return ``count`` answers of 50 orders each."""
    return [
        payload.answer([payload.rendered(i) for i in range(page * payload.PAGE, (page + 1) * payload.PAGE)])
        for page in range(count)
    ]


def ours(body: bytes) -> OrderBatch:
    """Read a page as the adapter does; the copy of each order's raw words is part of it."""
    _, told = read_page(Answer(200, {}, body), "order.get_order_detail")
    return adapter.orders_told(told, STORE, (), {})


def theirs(body: bytes) -> list[Any]:
    """Read a page in the textbook's layout, each order with its raw words."""
    return textbook.read_page_whole(body, STORE.id)


def theirs_bare(body: bytes) -> list[Any]:
    """Read a page in the textbook's layout and let the raw words go."""
    return textbook.read_page(body, STORE.id)


def measure(*, rounds: int, page_count: int) -> tuple[Layout, Layout, Layout]:
    """Return textbook, textbook without raw words, and adapter, measured in turns on the same pages."""
    plain = gc.get_threshold()
    calm_collector()
    calm = gc.get_threshold()
    bodies = pages(page_count)
    layouts = (
        Layout("textbook", theirs, [], plain),
        Layout("bare textbook", theirs_bare, [], calm),
        Layout("adapter", ours, [], calm),
    )
    for layout in layouts:  # warm: validators are built when first used
        layout.read(bodies[0])
    for _ in range(rounds):
        for layout in layouts:
            gc.collect()  # nobody pays for what the one before left
            gc.set_threshold(*layout.collector)
            began = time.process_time()
            for body in bodies:
                layout.read(body)
            layout.rounds.append(len(bodies) * payload.PAGE / (time.process_time() - began))
    gc.set_threshold(*calm)
    return layouts
