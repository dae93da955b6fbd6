"""Numbers that a sync keeps, in virtual time: near the limit but never over it, and a sick store delays nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from pathlib import Path

import pytest

from tests.kit.sync_numbers import ILL, SUBJECTS, Neighbours, neighbours, pace

pytestmark = pytest.mark.slow  # whole minutes of virtual time on four platforms


@pytest.mark.parametrize("platform", SUBJECTS)
async def test_a_store_is_read_at_the_limit_of_its_manifest_and_never_refused(platform: str, tmp_path: Path) -> None:
    """Answers take 0.3 seconds, so calls must be on their way side by side."""
    measured = await pace(SUBJECTS[platform], tmp_path)
    assert measured.ended is None, "there was more to read than a minute's calls"
    assert measured.refused == 0
    assert 0.95 <= measured.share <= 1
    rate = SUBJECTS[platform].rate
    assert max(measured.by_second[1:]) <= rate.per_second + rate.burst
    assert len(measured.by_second) == 60, "calls went out to the end"


@pytest.fixture(scope="module")
def undisturbed() -> Neighbours:
    """When three healthy stores are done, nobody else being there."""
    return asyncio.run(neighbours(()))


@pytest.mark.parametrize("slow", [ILL[:1], ILL], ids=["one of each", "three of a platform slow"])
async def test_sick_stores_do_not_delay_the_others(undisturbed: Neighbours, slow: Collection[str]) -> None:
    """A store that answers after 5 seconds, one always refused with Retry-After, one disconnected."""
    disturbed = await neighbours(ILL, slow=slow)
    assert disturbed.done.keys() == undisturbed.done.keys() == {"TW", "BR", "JP"}
    for name, alone in undisturbed.done.items():
        assert alone > 5, "long enough for a slow answer to matter"
        assert disturbed.done[name] <= 1.1 * alone
    if slow == ILL[:1]:
        assert disturbed.refusals > 0
        assert disturbed.disconnected == ["VN"]
