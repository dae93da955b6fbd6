"""Playing the stories: all at once, on one clock, each to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import Connection, select

from gateway.cases.case import Case, HistoryLine
from gateway.cases.effects import Effect
from gateway.errors import GatewayError
from gateway.operations.cases import show_case
from gateway.operations.context import Context
from gateway.operations.demo.day import Day
from gateway.operations.demo.stories.pace import Pace
from gateway.operations.demo.stories.scene import Happening, Play, Scene
from gateway.operations.demo.stories.story import Story
from gateway.policy.terms import Path
from gateway.policy.wording.catalog import Language, texts_in
from gateway.storage.schema import decisions


@dataclass(frozen=True, slots=True)
class ToldEnd:
    """An end as it was decided: its path and what it was expected to cost, as a sum and by what."""

    path: str
    cost: str
    items: tuple[tuple[str, str], ...]  # in words, and how much of the sum's currency


@dataclass(frozen=True, slots=True)
class ToldCase:
    """A case of a story with its timeline, as `gateway cases show` tells it.

    ``first`` is how it was to end when it was first decided, ``last`` by the last step towards its end.
    """

    case: Case
    first: ToldEnd | None
    last: ToldEnd | None
    history: tuple[HistoryLine, ...]
    effects: tuple[Effect, ...]
    outside: tuple[Happening, ...]  # what others did with its order


@dataclass(frozen=True, slots=True)
class ToldStory:
    """A story as it went: ``plot`` says what happens, ``trouble`` why it did not come to its end; empty when it did."""

    name: str
    plot: str
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
        async with day.moving:
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
    told = [await _told(play, case) for case in scene.cases]
    plot = (story.plot.__doc__ or "").partition("\n")[0]
    return ToldStory(story.name, plot, scene.store.id, scene.order_id, tuple(told), trouble)


async def _told(play: Play, case: str) -> ToldCase:
    shown = await show_case(play.gateway, case)
    turns = [line for line in shown.history if line.what == "turn" and "cost" in line.details]
    ends = [each.decision for each in turns if each.details["path"] != Path.none and each.decision is not None]

    def read(c: Connection) -> list[ToldEnd]:
        return [_end(c, each) for each in (ends[0], ends[-1])] if ends else []

    first, last = await play.gateway.database.read(read) or (None, None)
    mine = (shown.case.store, shown.case.order_id)
    outside = tuple(each for each in play.outside if (each.store, each.order_id) == mine)
    return ToldCase(shown.case, first, last, tuple(shown.history), tuple(shown.effects), outside)


def _end(c: Connection, decision: str) -> ToldEnd:
    recorded = c.execute(select(decisions.c.decision).where(decisions.c.id == decision)).scalar_one()
    decided: dict[str, Any] = orjson.loads(recorded)
    cost, texts = decided["cost"], texts_in(Language.en)
    items = [(texts.say(f"cost.{each['kind']}"), each["amount"]["amount"]) for each in cost["items"]]
    total = cost["total"]
    return ToldEnd(decided["path"], f"{total['amount']} {total['currency']}", tuple(items))
