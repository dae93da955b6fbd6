from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from mocks.kit.clock import Clock, parse_duration

START = datetime(2026, 11, 22, tzinfo=UTC)
AT = int(START.timestamp())


def test_virtual_time_stands_still() -> None:
    assert Clock("virtual").now() == START


async def test_transitions_happen_in_order_and_see_their_own_instant() -> None:
    clock = Clock("virtual")
    seen: list[tuple[str, int]] = []
    for name, due in (("late", AT + 300), ("early", AT + 10), ("early too", AT + 10), ("never", AT + 9999)):
        clock.call_at(due, lambda name=name: seen.append((name, clock.unix())), owner="t")  # type: ignore[misc]  # the default binds the loop variable
    await clock.advance(timedelta(seconds=300))
    assert seen == [("early", AT + 10), ("early too", AT + 10), ("late", AT + 300)]
    assert clock.unix() == AT + 300


async def test_a_transition_may_arrange_the_next_within_the_same_advance() -> None:
    clock = Clock("virtual")
    seen: list[int] = []

    def step() -> None:
        seen.append(clock.unix())
        clock.call_at(clock.unix() + 60, step, owner="t")

    clock.call_at(AT + 60, step, owner="t")
    await clock.set(START + timedelta(minutes=3))
    assert seen == [AT + 60, AT + 120, AT + 180]


async def test_cancelled_and_forgotten_transitions_never_happen() -> None:
    clock = Clock("virtual")
    seen: list[str] = []
    clock.call_at(AT + 1, lambda: seen.append("cancelled"), owner="a").cancel()
    clock.call_at(AT + 2, lambda: seen.append("forgotten"), owner="b")
    clock.call_at(AT + 3, lambda: seen.append("kept"), owner="a")
    clock.forget("b")
    await clock.advance(timedelta(minutes=1))
    assert seen == ["kept"]


async def test_one_broken_transition_does_not_stop_the_others(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock("virtual")
    seen: list[str] = []

    def broken() -> None:
        raise RuntimeError("broken")

    clock.call_at(AT + 1, broken, owner="a")
    clock.call_at(AT + 2, lambda: seen.append("next"), owner="a")
    await clock.advance(timedelta(minutes=1))
    assert seen == ["next"]
    assert "transition of a failed" in caplog.text


async def test_hooks_run_before_time_goes_on() -> None:
    clock = Clock("virtual")
    seen: list[int] = []

    async def hook() -> None:
        await asyncio.sleep(0)
        seen.append(clock.unix())

    clock.after_each_instant(hook)
    for due in (AT + 5, AT + 9):
        clock.call_at(due, lambda: None, owner="t")
    await clock.advance(timedelta(seconds=20))
    assert seen == [AT, AT + 5, AT + 9]


async def test_it_never_goes_backwards() -> None:
    clock = Clock("virtual")
    with pytest.raises(ValueError, match="never goes backwards"):
        await clock.set(START - timedelta(seconds=1))
    with pytest.raises(ValueError, match="never goes backwards"):
        await Clock("real").advance(timedelta(hours=-1))


async def test_a_real_clock_flows_and_keeps_its_offset() -> None:
    clock = Clock("real")
    await clock.advance(timedelta(days=1))
    ahead = clock.now() - datetime.now(UTC)
    assert timedelta(hours=23, minutes=59) < ahead <= timedelta(days=1)
    before = clock.now()
    await asyncio.sleep(0)
    assert clock.now() > before
    clock.restart()
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize("mode", ["real", "virtual"])
async def test_what_is_due_already_happens_without_an_advance(mode: str) -> None:
    clock = Clock(mode)  # type: ignore[arg-type]  # the parameter is one of the two
    happened = asyncio.Event()
    running = asyncio.create_task(clock.run())
    clock.call_at(clock.unix() - 1, happened.set, owner="t")
    await asyncio.wait_for(happened.wait(), 5)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("PT6H", timedelta(hours=6)),
        ("P2D", timedelta(days=2)),
        ("P1W", timedelta(weeks=1)),
        ("P1DT2H3M4.5S", timedelta(days=1, hours=2, minutes=3, seconds=4.5)),
    ],
)
def test_durations(text: str, span: timedelta) -> None:
    assert parse_duration(text) == span


@pytest.mark.parametrize("text", ["", "P", "PT", "6H", "-PT6H", "PT6"])
def test_no_durations(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration(text)


async def test_who_waits_for_a_jump_hears_of_each_instant_it_shows() -> None:
    clock = Clock("virtual")
    clock.call_at(AT + 60, lambda: None, owner="t")
    seen = clock.moves
    jumped = asyncio.create_task(clock.moved(seen, 60.0))
    await asyncio.sleep(0)
    assert not jumped.done()
    await clock.advance(timedelta(minutes=2))
    await asyncio.wait_for(jumped, 10)
    assert clock.moves == seen + 2, "the transition's instant, and the end"
    await asyncio.wait_for(clock.moved(seen, 60.0), 10)  # it has jumped since: at once


async def test_a_clock_that_does_not_jump_is_not_waited_for_long() -> None:
    clock = Clock("virtual")
    await asyncio.wait_for(clock.moved(clock.moves, 0.01), 10)


async def test_what_was_dated_right_before_a_real_clock_jumped_is_of_now_for_a_moment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock("real")
    dated = clock.unix()
    assert clock.is_about_now(dated - 300, 300)
    assert not clock.is_about_now(dated - 310, 300)
    assert clock.is_about_now(dated + 20, 300, 30)
    assert not clock.is_about_now(dated + 60, 300, 30)
    await clock.advance(timedelta(hours=6))
    assert clock.is_about_now(dated, 300)
    assert clock.is_about_now(clock.unix(), 300)
    assert not clock.is_about_now(dated - 310, 300)
    later = time.monotonic() + 5
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert not clock.is_about_now(dated, 300)


async def test_a_virtual_clock_takes_nothing_from_before_its_jump() -> None:
    clock = Clock("virtual")
    dated = clock.unix()
    await clock.advance(timedelta(hours=6))
    assert not clock.is_about_now(dated, 300)


async def test_a_real_clock_stands_still_and_flows_again() -> None:
    clock = Clock("real")
    await clock.advance(timedelta(days=1))
    await clock.stand(still=True)
    stood = clock.now()
    assert not clock.flows
    await asyncio.sleep(0.01)
    assert clock.now() == stood
    await clock.advance(timedelta(hours=1))
    assert clock.now() == stood + timedelta(hours=1)
    await clock.stand(still=False)
    assert clock.flows
    await asyncio.sleep(0.01)
    assert timedelta() < clock.now() - stood - timedelta(hours=1) < timedelta(minutes=1)
    with pytest.raises(ValueError, match="always stands"):
        await Clock("virtual").stand(still=True)
