"""The running gateway forgets work that was done long ago, as long as its configuration says."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from gateway.config import read_configuration
from gateway.errors import ConfigurationError
from gateway.operations import pruning
from gateway.operations.pruning import Pruning
from gateway.storage.schema import work
from gateway.work import queue
from tests.kit.office import office

__all__ = ["office"]


async def left(office: Any) -> int:
    return await office.read(lambda c: c.execute(select(func.count()).select_from(work)).scalar_one())


async def do(office: Any, count: int) -> None:
    """Let so many pieces of work be done now."""
    now = office.clock.now()

    def act(c: Any) -> None:
        queue.submit_all(c, "push", {f"{now}:{n}": now for n in range(count)}, b"")
        for claim in queue.claim_some(c, {"push"}, now, "w1", count):
            queue.done(c, claim)

    await office.write(act)


async def test_it_goes_on_soon_when_more_is_left_than_it_may_take(office: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "_AT_ONCE", 2)
    monkeypatch.setattr(pruning, "_BATCHES", 2)
    await do(office, 7)
    office.later(days=13)
    await do(office, 2)
    assert await Pruning(office.context).take() == office.clock.now() + timedelta(hours=6)
    assert await left(office) == 9
    office.later(days=1, seconds=1)
    assert await Pruning(office.context).take() == office.clock.now() + timedelta(seconds=10)
    assert await left(office) == 5
    assert await Pruning(office.context).take() == office.clock.now() + timedelta(hours=6)
    assert await left(office) == 2


async def test_the_configuration_says_how_long(office: Any) -> None:
    office.configure(work={"keep_done": "3d"})
    await do(office, 1)
    await do(office, 1)
    office.later(days=3, seconds=1)
    await Pruning(office.context).take()
    assert await left(office) == 1


@pytest.mark.parametrize("told", ["23h", "0d", "14"])
def test_less_than_a_day_is_refused(told: str, tmp_path: Any) -> None:
    file = tmp_path / "gateway.yaml"
    file.write_text(f"work:\n  keep_done: {told}\n")
    with pytest.raises(ConfigurationError, match=r"line 2.*work\.keep_done: "):
        read_configuration(file)
