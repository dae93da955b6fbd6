"""Playing the stories: all at once, on one clock, each to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from gateway.cases.case import Case, HistoryLine
from gateway.errors import GatewayError
from gateway.operations.cases import show_case
from gateway.operations.context import Context
from gateway.operations.demo.day import Day
from gateway.operations.demo.stories.pace import Pace
from gateway.operations.demo.stories.scene import Play, Scene
from gateway.operations.demo.stories.story import Story
from gateway.policy.terms import Path


@dataclass(frozen=True, slots=True)
class ToldCase:
    """A case of a story with its timeline, as `gateway cases show` tells it.

    ``expected`` is what its end was to cost when it was first decided, ``cost`` by the last step towards it.
    """

    case: Case
    expected: str
    cost: str
    history: tuple[HistoryLine, ...]


@dataclass(frozen=True, slots=True)
class ToldStory:
    """A story as it went. ``trouble`` says why it did not come to its end; empty when it did."""

    name: str
    store: str
    order_id: str
    cases: tuple[ToldCase, ...]
    trouble: str

    @property
    def ended(self) -> bool:
        """Return whether every case of it is settled."""
        return not self.trouble and bool(self.cases) and all(not each.case.is_open for each in self.cases)


async def play_stories(day: Day, gateway: Context, stories: Sequence[Story]) -> list[ToldStory]:
    """Play the stories at once, on the simulators' clock; return how each went, in their order."""

    async def jump(instant: datetime) -> None:
        clock = next(iter(day.doors.values()))
        shown = datetime.fromisoformat((await clock.read("/clock"))["now"])
        if instant > shown:
            await clock.do("/clock", {"now": instant.astimezone(UTC).isoformat()})
        await gateway.clock.sleep_until(instant)

    play = Play(day, gateway, Pace(len(stories), jump))
    return list(await asyncio.gather(*(_played(play, story) for story in stories)))


async def _played(play: Play, story: Story) -> ToldStory:
    scene = Scene(play, play.store(story.platform, story.shop))
    trouble = ""
    try:
        await story.plot(scene)
    except GatewayError as error:  # the others go on; the report tells it
        trouble = f"{type(error).__name__}: {error}"
    finally:
        play.pace.leave()
    told = [await _told(play.gateway, case) for case in scene.cases]
    return ToldStory(story.name, scene.store.id, scene.order_id, tuple(told), trouble)


async def _told(gateway: Context, case: str) -> ToldCase:
    shown = await show_case(gateway, case)
    turns = [line.details for line in shown.history if line.what == "turn" and "cost" in line.details]
    costs = [told["cost"] for told in turns if told["path"] != Path.none]
    words = [f"{each['amount']} {each['currency']}" for each in costs] or [""]
    return ToldCase(shown.case, words[0], words[-1], tuple(shown.history))
