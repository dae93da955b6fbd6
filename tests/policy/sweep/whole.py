"""The parts of the sweep, and how many scenarios of each a quick run draws."""

from __future__ import annotations

import os
from collections.abc import Sequence

from tests.policy.sweep import alibaba_1688, shopee, tiktok_shop, xiaohongshu
from tests.policy.sweep.space import Space, total

PARTS: dict[str, Sequence[Space]] = {
    "xiaohongshu_closing": (xiaohongshu.CLOSING, xiaohongshu.MONEY),
    "xiaohongshu_other": tuple(s for s in xiaohongshu.SPACES if s not in (xiaohongshu.CLOSING, xiaohongshu.MONEY)),
    "shopee": shopee.SPACES,
    "tiktok_shop": tiktok_shop.SPACES,
    "alibaba_1688": alibaba_1688.SPACES,
}
WHOLE = sum(total(spaces) for spaces in PARTS.values())
DRAWN = 50_000
SHARD = 5_000  # small enough to end in time on a machine that others use too


def drawn(part: str) -> int:
    """Return the part's share of the draw, by its size."""
    return -(-DRAWN * total(PARTS[part]) // WHOLE)


def shards(part: str) -> int:
    return -(-total(PARTS[part]) // SHARD)


def seed() -> int:
    """Return the seed that the head of the test report names."""
    return int(os.environ["SWEEP_SEED"])
