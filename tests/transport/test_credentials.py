"""Renewing tokens: once for all callers, ahead of time, and never losing the one that is good."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import respx
import structlog

from gateway.clock import ManualClock
from gateway.errors import DataError, OutcomeUnknown, StoreDisconnected, TokenExpired
from gateway.model.store import Credential, StoreMode
from gateway.ports import Call
from gateway.transport.client import make_client
from gateway.transport.credentials import SingleFlightCredentials
from gateway.transport.gate import Standing
from gateway.transport.retry import RetryPlan

START = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
LIMIT = 20.0


def token(number: int, lives: timedelta = timedelta(hours=4)) -> Credential:
    return Credential(access_token=f"access-{number}", refresh_token=f"refresh-{number}", expires_at=START + lives)


class Platform:
    """Knows one good token a shop; its refresh tokens are good once."""

    def __init__(self, router: respx.MockRouter) -> None:
        self.access, self.refresh = "access-2", "refresh-1"
        self.refreshed = 0
        self.lose_answers = 0
        self.refuse_before_applying = 0
        self.router = router
        router.get("/orders").mock(side_effect=self.orders)
        router.post("/refresh").mock(side_effect=self.renew)

    def calls(self, path: str) -> list[respx.models.Call]:
        return [call for call in self.router.calls if call.request.url.path == path]

    def orders(self, request: httpx.Request) -> httpx.Response:
        good = request.url.params["access_token"] == self.access
        return httpx.Response(200, headers={} if good else {"X-Code": "token_expired"})

    def renew(self, request: httpx.Request) -> httpx.Response:
        if self.refuse_before_applying:
            self.refuse_before_applying -= 1
            return httpx.Response(500)
        shop, given = request.content.decode().split()
        if given != self.refresh:
            return httpx.Response(200, headers={"X-Code": "refresh_token_dead"})
        self.refreshed += 1
        self.access, self.refresh = f"access-{self.refreshed + 1}", f"refresh-{self.refreshed + 1}"
        if self.lose_answers:
            self.lose_answers -= 1
            raise httpx.ReadTimeout("lost", request=request)
        return httpx.Response(200, content=f"{shop} {self.access} {self.refresh} 14400".encode())


@pytest.fixture
def router() -> respx.MockRouter:
    return respx.MockRouter(base_url="https://toy.example", assert_all_called=False)


@pytest.fixture
def platform(router: respx.MockRouter) -> Platform:
    return Platform(router)


@pytest.fixture
def make(router: respx.MockRouter, platform: Platform, make_bench, toy, make_store) -> Callable[..., object]:
    def build(**options):
        bench = make_bench(make_client(httpx.MockTransport(router.async_handler)), **options)
        return bench, bench.channel(toy, make_store())

    return build


async def test_an_expired_token_is_renewed_once_and_the_call_repeated(make, platform, read_call) -> None:
    bench, channel = make()

    assert (await channel.send(read_call)).status == 200

    assert platform.refreshed == 1
    assert bench.stored["s1"].access_token == "access-2"
    assert bench.stored["s1"].refresh_token == "refresh-2"
    assert bench.stored["s1"].expires_at == START + timedelta(hours=4)


async def test_fifty_callers_cause_one_refresh(make, platform, read_call) -> None:
    bench, channel = make()

    answers = await asyncio.gather(*(channel.send(read_call) for _ in range(50)))

    assert [answer.status for answer in answers] == [200] * 50
    assert platform.refreshed == 1
    assert bench.saves == 1


async def test_an_effect_that_met_an_expired_token_is_repeated_since_nothing_was_applied(make, router) -> None:
    bench, channel = make()
    bench.standing = Standing(StoreMode.act)
    route = router.post("/cancel").mock(
        side_effect=[httpx.Response(200, headers={"X-Code": "token_expired"}), httpx.Response(200)]
    )

    await channel.send(Call(operation="cancel", method="POST", path="/cancel", effect=True, idempotent="no"))

    assert [call.request.url.params["access_token"] for call in route.calls] == ["access-1", "access-2"]


async def test_a_fresh_token_that_is_called_expired_again_is_not_renewed_for_ever(
    make, platform, router, read_call
) -> None:
    _, channel = make()
    router.get("/orders").respond(200, headers={"X-Code": "token_expired"})

    with pytest.raises(TokenExpired):
        await channel.send(read_call)
    assert platform.refreshed == 1


async def test_a_token_is_renewed_ahead_of_its_end(make, platform, read_call, make_store) -> None:
    clock = ManualClock(START)
    bench, channel = make(clock=clock)
    platform.access = "access-1"
    await channel.send(read_call)
    assert platform.refreshed == 0

    clock.advance(timedelta(hours=3, minutes=49, seconds=59))
    await channel.send(read_call)
    assert platform.refreshed == 0
    clock.advance(timedelta(seconds=1))  # ten minutes before its end: the manifest's refresh_before
    await asyncio.gather(*(channel.send(read_call) for _ in range(5)))
    assert platform.refreshed == 1
    assert bench.stored["s1"].expires_at == START + timedelta(hours=7, minutes=50)


async def test_an_early_renewal_that_fails_does_not_stop_the_call_and_is_not_tried_each_time(
    make, platform, read_call, make_store
) -> None:
    clock = ManualClock(START)
    bench, channel = make(clock=clock, plan=RetryPlan(tries=1))
    bench.give(make_store(), lives=timedelta(minutes=5))
    platform.access = "access-1"
    platform.refuse_before_applying = 1

    for _ in range(3):
        assert (await channel.send(read_call)).status == 200
    assert platform.refuse_before_applying == 0
    assert platform.refreshed == 0

    clock.advance(timedelta(minutes=1))
    await channel.send(read_call)
    assert platform.refreshed == 1


async def test_a_token_that_has_ended_is_renewed_without_waiting_for_the_next_early_attempt(
    make, platform, read_call, make_store
) -> None:
    clock = ManualClock(START)
    bench, channel = make(clock=clock, plan=RetryPlan(tries=1))
    bench.give(make_store(), lives=timedelta(seconds=20))
    platform.access = "access-1"
    platform.refuse_before_applying = 1
    await channel.send(read_call)

    clock.advance(timedelta(seconds=20))
    platform.access = "nothing sent before is good now"
    await channel.send(read_call)

    orders = [call.request.url.params["access_token"] for call in platform.calls("/orders")]
    assert orders == ["access-1", "access-2"], "the ended token was not even tried"


async def test_a_lost_answer_is_asked_for_again_and_a_platform_that_had_not_applied_it_gives_a_token(
    make, platform, read_call
) -> None:
    bench, channel = make()
    platform.refuse_before_applying = 2

    assert (await channel.send(read_call)).status == 200
    assert bench.stored["s1"].access_token == "access-2"


async def test_a_lost_answer_disconnects_the_store_only_when_the_platform_says_its_token_is_dead(
    make, platform, read_call
) -> None:
    bench, channel = make()
    platform.lose_answers = 1
    platform.access = "not access-1"

    with pytest.raises(StoreDisconnected, match="refresh token is dead"):
        await channel.send(read_call)
    assert bench.saves == 0


async def test_answers_lost_again_and_again_leave_the_store_connected(make, platform, router, read_call) -> None:
    _, channel = make(plan=RetryPlan(tries=3, jitter=0.0))
    platform.refuse_before_applying = 3

    with pytest.raises(OutcomeUnknown):
        await channel.send(read_call)
    assert (await channel.send(read_call)).status == 200, "later the platform answers again"


async def test_a_refresh_answered_with_expired_means_a_person_must_come(make, router, read_call) -> None:
    _, channel = make()
    router.post("/refresh").respond(200, headers={"X-Code": "token_expired"})

    with pytest.raises(StoreDisconnected, match="connect the store again") as error:
        await channel.send(read_call)
    assert error.value.code == "token_expired"


async def test_an_answer_for_another_shop_is_not_taken(make, router, read_call) -> None:
    bench, channel = make()
    router.post("/refresh").respond(200, content=b"ext-other access-9 refresh-9 14400")

    with pytest.raises(DataError, match="holds none for this shop"):
        await channel.send(read_call)
    assert bench.stored["s1"].access_token == "access-1"


# --- the keeper alone


class Box:
    """Where a keeper loads from and saves to."""

    def __init__(self, credential: Credential) -> None:
        self.credential = credential
        self.saves: list[Credential] = []
        self.broken = False

    async def load(self, store) -> Credential:
        await asyncio.sleep(0)
        return self.credential

    async def save(self, store, credential: Credential) -> None:
        await asyncio.sleep(0)
        if self.broken:
            raise OSError("disk full")
        self.saves.append(credential)
        self.credential = credential


async def test_who_comes_with_an_old_token_gets_the_new_one_without_a_refresh(make_store) -> None:
    box = Box(token(2))
    keeper = SingleFlightCredentials(box.load, box.save)

    async def refresh(old: Credential) -> Credential:
        raise AssertionError("there is a newer token already")

    assert await keeper.renew(make_store(), token(1), refresh) == token(2)


async def test_a_caller_that_gives_up_does_not_stop_the_refresh(make_store) -> None:
    box, going, asked = Box(token(1)), asyncio.Event(), []
    keeper = SingleFlightCredentials(box.load, box.save)

    async def refresh(old: Credential) -> Credential:
        asked.append(old)
        await going.wait()
        return token(2)

    caller = asyncio.create_task(keeper.renew(make_store(), token(1), refresh))
    for _ in range(5):
        await asyncio.sleep(0)
    caller.cancel()
    await asyncio.gather(caller, return_exceptions=True)
    going.set()

    assert await asyncio.wait_for(keeper.renew(make_store(), token(1), refresh), LIMIT) == token(2)
    assert box.saves == [token(2)]
    assert asked == [token(1)], "a second request would spend a refresh token that the first one used up"


async def test_a_failure_reaches_all_who_wait_and_the_next_tries_anew(make_store) -> None:
    box, tries = Box(token(1)), 0
    keeper = SingleFlightCredentials(box.load, box.save)

    async def refresh(old: Credential) -> Credential:
        nonlocal tries
        tries += 1
        await asyncio.sleep(0)
        if tries == 1:
            raise OutcomeUnknown("lost")
        return token(2)

    outcomes = await asyncio.gather(
        *(keeper.renew(make_store(), token(1), refresh) for _ in range(10)), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes] == [OutcomeUnknown] * 10
    assert await keeper.renew(make_store(), token(1), refresh) == token(2)
    assert tries == 2


async def test_another_process_that_was_quicker_wins_over_a_dead_refresh_token(make_store) -> None:
    box = Box(token(1))
    keeper = SingleFlightCredentials(box.load, box.save)

    async def refresh(old: Credential) -> Credential:
        box.credential = token(7)  # stored by the other process while ours asked
        raise StoreDisconnected("the refresh token is dead")

    assert await keeper.renew(make_store(), token(1), refresh) == token(7)


async def test_a_token_that_could_not_be_stored_is_used_and_stored_later(make_store) -> None:
    box = Box(token(1))
    keeper = SingleFlightCredentials(box.load, box.save)
    box.broken = True

    async def refresh(old: Credential) -> Credential:
        return token(2)

    with structlog.testing.capture_logs() as lines:
        assert await keeper.renew(make_store(), token(1), refresh) == token(2)
        assert await keeper.current(make_store()) == token(2)
    assert {line["event"] for line in lines} == {"credential could not be stored"}
    assert "access-2" not in str(lines)

    box.broken = False
    assert await keeper.current(make_store()) == token(2)
    assert box.saves == [token(2)]
    assert await keeper.current(make_store()) == token(2)
    assert box.saves == [token(2)]


async def test_stores_do_not_wait_for_each_other(make_store) -> None:
    box, never = Box(token(1)), asyncio.Event()
    keeper = SingleFlightCredentials(box.load, box.save)

    async def hang(old: Credential) -> Credential:
        await never.wait()
        return token(9)

    async def quick(old: Credential) -> Credential:
        return token(2)

    other = token(1).model_copy(update={"refresh_token": "another-authorisation"})
    slow = asyncio.create_task(keeper.renew(make_store("slow"), other, hang))
    assert await asyncio.wait_for(keeper.renew(make_store("quick"), token(1), quick), LIMIT) == token(2)
    never.set()
    await slow


async def test_shops_of_one_authorisation_are_renewed_one_after_another(make_store) -> None:
    """A refresh token is good once, and two shops hold the same: the second waits for what the first one got."""
    stores = [make_store("one"), make_store("two")]
    kept = {store.id: token(1) for store in stores}
    spent: list[str] = []

    async def load(store) -> Credential:
        return kept[store.id]

    async def save(_store, credential: Credential) -> None:
        await asyncio.sleep(0)
        kept.update(dict.fromkeys(kept, credential))

    async def refresh(old: Credential) -> Credential:
        await asyncio.sleep(0)
        if old.refresh_token in spent:
            raise StoreDisconnected("the refresh token was used before")
        spent.append(old.refresh_token)
        return token(2)

    keeper = SingleFlightCredentials(load, save)
    both = await asyncio.gather(*(keeper.renew(store, token(1), refresh) for store in stores))
    assert {each.access_token for each in both} == {"access-2"}
    assert spent == ["refresh-1"]
