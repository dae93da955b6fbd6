"""Pages that are read by another process, which must find their reader in a module."""

from __future__ import annotations

import os
from datetime import timedelta

from gateway.errors import DataError
from gateway.model.store import Store
from gateway.ports import BadItem, OrderBatch, RawItem, Unmapped
from tests.kit.paper import NOON, make_order


def numbered(words: bytes, store: Store) -> OrderBatch:
    """Return orders of the numbers in ``words``; "bad" is one that cannot be mapped, "none" no page at all."""
    numbers = words.decode().split()
    if "none" in numbers:
        raise DataError("this is no page")
    good = [each for each in numbers if each != "bad"]
    return OrderBatch(
        orders=[make_order(each, NOON - timedelta(hours=1), store=store.id, note=f"note {each}") for each in good],
        raws=[RawItem(each, each.encode()) for each in good],
        bad=[BadItem(each, "total: missing", b"{}") for each in numbers if each == "bad"],
        unmapped=[Unmapped(each, "status", "NEW") for each in good if each.endswith("7")],
    )


def who_reads(_: bytes) -> OrderBatch:
    """Return one order whose number is that of the process that reads it."""
    return OrderBatch([make_order(str(os.getpid()), NOON)])
