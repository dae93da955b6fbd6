"""Asking a running gateway over its socket: who may, what is told, and what happens when either end goes away."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
import structlog

from gateway import errors
from gateway.api.site import open_site
from gateway.bootstrap import running
from gateway.cases.effects import EffectState, Recorded, commit, effects_of, record_decision, record_intent
from gateway.cases.hands import HANDS
from gateway.errors import ConfigurationError, DataError, GatewayError, NotFound, OutcomeUnknown
from gateway.model.store import AppSecret
from gateway.operations import apps
from gateway.operations.context import Context, DataFolder
from gateway.operations.initialise import initialise
from gateway.operations.remote import address, asking, door
from gateway.operations.remote.asking import Asking
from gateway.operations.remote.door import open_door
from gateway.operations.remote.use_cases import USE_CASES, UseCase, case_of
from gateway.operations.remote.wire import LONGEST_REQUEST, RemoteFault, error_of, trouble_of, version
from gateway.operations.roles import Role
from gateway.operations.serving import serve
from gateway.operations.stopping import stop_effects
from gateway.operations.syncing import sync_once
from gateway.ports import Act, Operation
from gateway.storage import stores as rows
from gateway.sync.pull import Progress, Pull

LIMIT = 30.0
HELLO = b'{"kind":"hello","version":"any"}\n'
CANARY = "canary-0123456789"
TREE = [
    each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, GatewayError)
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sum:
    """What the tests' own use case returns."""

    value: int
    after: timedelta


class Levers:
    """Holds the tests' own use cases in the middle."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.go_on = asyncio.Event()
        self.ended: list[str] = []

    async def held(self, context: Context, number: int) -> Sum:
        self.begun.set()
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.ended.append("cancelled")
            raise
        self.ended.append("done")
        return Sum(number + 1, timedelta(seconds=3))


@pytest.fixture
async def bare(folder: DataFolder) -> AsyncIterator[Context]:
    """Return a gateway without shops."""
    await initialise(folder, os.environ)
    async with running(folder.path) as context:
        yield context


@pytest.fixture
def levers(monkeypatch: pytest.MonkeyPatch) -> Levers:
    """Return the levers of `held`, which may be asked; ``waits`` is the same but only waits."""
    made = Levers()

    async def held(context: Context, number: int) -> Sum:
        return await made.held(context, number)

    async def waits(context: Context, number: int) -> Sum:
        return await made.held(context, number)

    monkeypatch.setitem(USE_CASES, "held", UseCase(held, "gateway held list"))
    monkeypatch.setitem(USE_CASES, "waits", UseCase(waits, "gateway held list", waits=True))
    return made


def _ask(context: Context, name: str, tell=lambda _: None, **arguments: object):
    return asking.ask(context.folder, USE_CASES[name], arguments, tell)


@asynccontextmanager
async def _never() -> AsyncIterator[Context]:
    raise AssertionError("the running gateway is asked, nothing is opened here")
    yield


def _asker(folder: DataFolder, open_own=_never, say=lambda _: None) -> Asking:
    return Asking(folder, open_own, tell=lambda _: None, say=say)


async def _raw(context: Context, sent: bytes) -> list[dict]:
    """Send bytes as they are, and return every line of the answer but the greeting."""
    reader, writer = await asyncio.open_unix_connection(str(context.folder.door))
    writer.write(sent)
    writer.write_eof()
    async with asyncio.timeout(LIMIT):
        told = await reader.read()
    writer.close()
    return [said for each in told.splitlines() if (said := json.loads(each))["kind"] != "hello"]


def _line(ask: str, arguments: object, said: str | None = None) -> bytes:
    return json.dumps({"version": said or version(), "ask": ask, "arguments": arguments}).encode() + b"\n"


# what is told


@pytest.mark.parametrize("case", USE_CASES.values(), ids=USE_CASES)
def test_every_use_case_can_be_put_into_json(case: UseCase) -> None:
    assert case.arguments.model_json_schema()["additionalProperties"] is False
    assert case.result.json_schema(mode="serialization")
    assert case.look.startswith("gateway ")


@pytest.mark.parametrize("kind", TREE)
def test_an_error_arrives_as_the_same_class_with_all_it_carries(kind: type[GatewayError]) -> None:
    carried: dict[str, object] = {}
    if issubclass(kind, errors.PlatformError | errors.AuthError):
        carried = {"code": "error_x", "request_id": "r1"}
    elif issubclass(kind, errors.RateLimited):
        carried = {"retry_after": 7, "code": "error_limit"}
    elif issubclass(kind, errors.NotAllowed):
        carried = {"citations": ("XHS-1", "XHS-2")}
    elif issubclass(kind, errors.NeedsApproval):
        carried = {"reasons": ("costs money",)}
    back = error_of(trouble_of(kind("It is so.", **carried)))
    assert type(back) is kind
    assert str(back) == "It is so."
    assert vars(back) == carried


def test_a_class_outside_the_tree_arrives_as_the_nearest_within() -> None:
    class Special(NotFound):
        pass

    assert type(error_of(trouble_of(Special("x")))) is NotFound


def test_a_fault_tells_its_place_and_not_its_words() -> None:
    try:
        raise KeyError(CANARY)
    except KeyError as error:
        told = error_of(trouble_of(error))
    assert isinstance(told, RemoteFault)
    assert "KeyError at test_remote.py:" in str(told)
    assert CANARY not in str(told)


async def test_result_and_progress_come_back_as_they_were(bare, monkeypatch) -> None:
    step = Progress("s", "orders", 3, timedelta(hours=1), timedelta(hours=4), None)

    async def pulls(context: Context, number: int) -> Sum:
        context.tell(step)
        return Sum(number, timedelta(microseconds=1))

    monkeypatch.setitem(USE_CASES, "pulls", UseCase(pulls, "gateway x"))
    told: list[Progress] = []
    async with open_door(bare):
        assert await _ask(bare, "pulls", told.append, number=5) == Sum(5, timedelta(microseconds=1))
    assert told == [step]


async def test_what_was_asked_is_done_in_the_running_gateway(bare) -> None:
    async with open_door(bare):
        stopped = await _asker(bare.folder)(stop_effects, None, active=True, by="somebody")
        assert stopped.everywhere
        with pytest.raises(NotFound, match="no store nowhere"):
            await _asker(bare.folder)(stop_effects, "nowhere", active=True, by="somebody")
    assert [stop.by for stop in await bare.database.read(rows.stops)] == ["somebody"]


async def test_a_fault_of_the_running_gateway_is_a_fault_here(bare, monkeypatch) -> None:
    async def breaks(context: Context) -> int:
        raise RuntimeError(CANARY)

    monkeypatch.setitem(USE_CASES, "breaks", UseCase(breaks, "gateway x"))
    async with open_door(bare):
        with pytest.raises(RemoteFault, match=r"RuntimeError at test_remote\.py"):
            await _ask(bare, "breaks")


def test_an_operation_without_a_line_in_the_table_is_a_mistake_at_once() -> None:
    with pytest.raises(LookupError, match="list_apps"):
        case_of(apps.list_apps)


# who may ask


async def test_the_socket_is_this_users_alone_and_goes_with_the_gateway(bare) -> None:
    async with open_door(bare):
        mode = bare.folder.door.stat().st_mode
        assert stat.S_ISSOCK(mode)
        assert stat.S_IMODE(mode) == 0o600
    assert not bare.folder.door.exists()


def test_the_peer_is_the_user_at_the_other_end() -> None:
    ours, other = socket.socketpair(socket.AF_UNIX)
    with closing(ours), closing(other):
        assert address.peer_of(ours) == os.getuid()


async def test_another_users_process_is_refused_by_either_end(bare, monkeypatch) -> None:
    async with open_door(bare):
        monkeypatch.setattr(address, "peer_of", lambda _: os.getuid() + 1)
        (told,) = await _raw(bare, _line("stop_effects", {"store": None, "active": True, "by": "x"}))
        assert (told["kind"], told["error"]) == ("error", "ConfigurationError")
        assert "another user" in told["text"]
        with pytest.raises(ConfigurationError, match="Another user's process answers"):
            await _ask(bare, "stop_effects", store=None, active=True, by="x")
    assert await bare.database.read(rows.stops) == []


# requests that are none


@pytest.mark.parametrize(
    ("sent", "error", "says"),
    [
        (b"hello\n", "DataError", "line"),
        (b"{}\n", "DataError", "ask"),
        (_line("stop_effects", {}, "0.0.0"), "ConfigurationError", "of 0.0.0"),
        (_line("no_such", {}), "DataError", "no_such"),
        (_line("add_app", {"secret": {"sign_key": CANARY, "other": CANARY}, CANARY: 1}), "DataError", "secret.other"),
        (b"x" * (LONGEST_REQUEST + 2), "DataError", "33554432 bytes"),
    ],
    ids=["garbage", "empty", "release", "name", "arguments", "size"],
)
async def test_what_is_no_request_is_refused_and_its_values_are_never_repeated(bare, sent, error, says) -> None:
    with structlog.testing.capture_logs() as log:
        async with open_door(bare):
            (told,) = await _raw(bare, sent)
    assert (told["kind"], told["error"]) == ("error", error)
    assert says in told["text"]
    assert "sign_key" not in told["text"] or CANARY not in told["text"].replace(f"{CANARY}: extra", "")
    assert CANARY not in str(log)


async def test_a_request_too_long_is_not_even_sent(bare) -> None:
    async with open_door(bare):
        with pytest.raises(DataError, match="33554432 at most"):
            await _ask(bare, "stop_effects", store=None, active=True, by="x" * LONGEST_REQUEST)


async def test_half_a_request_is_none(bare) -> None:
    async with open_door(bare):
        half = _line("stop_effects", {"store": None, "active": True, "by": "x"})[:-1]
        assert await _raw(bare, half) == []
    assert await bare.database.read(rows.stops) == []


async def test_secrets_travel_and_are_not_logged(bare) -> None:
    with structlog.testing.capture_logs() as log:
        async with open_door(bare):
            asker = _asker(bare.folder)
            secret = AppSecret(sign_key=CANARY, push_key=f"{CANARY}-push")
            added = await asker(apps.add_app, name="a", platform="shopee", key="1", secret=secret)
            with pytest.raises(DataError):
                await asker(apps.add_app, name="a", platform="shopee", key="1", secret=secret)
    assert added == (await apps.list_apps(bare))[0]
    kept = await bare.database.read(lambda c: rows.app_secret(c, bare.vault, "a"))
    assert kept == secret
    assert "add_app" in str(log)
    assert CANARY not in str(log)


# either end goes away


async def test_two_ask_at_once_and_neither_waits_for_the_other(bare, levers) -> None:
    async with open_door(bare):
        first = asyncio.create_task(_ask(bare, "held", number=1))
        await asyncio.wait_for(levers.begun.wait(), LIMIT)
        assert (await _ask(bare, "stop_effects", store=None, active=True, by="x")).everywhere
        second = asyncio.create_task(_ask(bare, "held", number=2))
        levers.go_on.set()
        assert [each.value for each in await asyncio.gather(first, second)] == [2, 3]


async def test_what_was_accepted_is_finished_though_nobody_waits(bare, levers) -> None:
    async with open_door(bare):
        said: list[str] = []
        asked = asyncio.create_task(
            asking.ask(bare.folder, USE_CASES["held"], {"number": 1}, lambda _: None, said.append)
        )
        await asyncio.wait_for(levers.begun.wait(), LIMIT)
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
        levers.go_on.set()
    assert levers.ended == ["done"]
    assert "has begun held and finishes it. `gateway held list`" in said[0]


async def test_a_gateway_that_stops_finishes_what_it_accepted(bare, levers) -> None:
    async with open_door(bare):
        asked = asyncio.create_task(_ask(bare, "held", number=1))
        await asyncio.wait_for(levers.begun.wait(), LIMIT)
        asyncio.get_running_loop().call_later(0.1, levers.go_on.set)
    assert (await asked).value == 2


async def test_a_gateway_that_cannot_finish_in_time_says_so(bare, levers, monkeypatch) -> None:
    monkeypatch.setattr(door, "GRACE", 0.05)
    async with open_door(bare):
        asked = asyncio.create_task(_ask(bare, "held", number=1))
        await asyncio.wait_for(levers.begun.wait(), LIMIT)
    with pytest.raises(OutcomeUnknown, match=r"in the middle of held.*See `gateway held list`"):
        await asked
    assert levers.ended == ["cancelled"]


async def test_a_gateway_that_dies_leaves_the_outcome_unknown(bare, levers) -> None:
    async def dies(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HELLO)
        await reader.readline()
        writer.write(b'{"kind":"accepted"}\n{"kind":"resu')
        writer.close()

    async with await asyncio.start_unix_server(dies, str(bare.folder.door)):
        with pytest.raises(OutcomeUnknown, match="See `gateway held list`"):
            await _ask(bare, "held", number=1)


async def test_a_gateway_that_goes_before_it_accepts_has_done_nothing(bare, levers) -> None:
    async def goes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HELLO)
        await reader.readline()
        writer.close()

    async with await asyncio.start_unix_server(goes, str(bare.folder.door)):
        with pytest.raises(asking.Nobody):
            await _ask(bare, "held", number=1)


async def test_a_gateway_that_does_not_greet_is_asked_nothing(bare, levers, monkeypatch) -> None:
    monkeypatch.setattr(asking, "HURRY", 0.05)
    read: list[bytes] = []

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        read.append(await reader.read())
        writer.close()

    async with await asyncio.start_unix_server(silent, str(bare.folder.door)) as server:
        with pytest.raises(asking.Nobody, match="does not answer"):
            await _ask(bare, "held", number=1)
        async with asyncio.timeout(LIMIT):
            while not read:
                await asyncio.sleep(0.01)
        server.close()
    assert read == [b""]


async def test_what_only_waits_ends_with_who_asked(bare, levers) -> None:
    async with open_door(bare):
        asked = asyncio.create_task(_ask(bare, "waits", number=1))
        await asyncio.wait_for(levers.begun.wait(), LIMIT)
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
        async with asyncio.timeout(LIMIT):
            while not levers.ended:
                await asyncio.sleep(0.01)
    assert levers.ended == ["cancelled"]


async def test_what_only_waits_does_not_hold_up_the_end(bare, levers) -> None:
    async with asyncio.timeout(door.GRACE / 2):
        async with open_door(bare):
            asked = asyncio.create_task(_ask(bare, "waits", number=1))
            await levers.begun.wait()
        with pytest.raises(OutcomeUnknown):
            await asked


# here or there


async def test_without_a_gateway_it_is_done_here_also_beside_a_dead_ones_socket(folder) -> None:
    await initialise(folder, os.environ)
    with closing(socket.socket(socket.AF_UNIX)) as dead, address.short_name(folder.door) as name:
        dead.bind(name)
    assert (await _asker(folder, lambda: running(folder.path))(stop_effects, None, active=True, by="x")).everywhere
    async with running(folder.path) as context, open_door(context):
        assert not (await _asker(folder)(stop_effects, None, active=False, by="x")).everywhere


async def test_a_lock_held_by_one_who_takes_no_requests_is_waited_for_then_told(bare, monkeypatch) -> None:
    monkeypatch.setattr(asking, "PATIENCE", 0.2)
    said: list[str] = []
    asker = _asker(bare.folder, lambda: running(bare.folder.path), said.append)
    with pytest.raises(ConfigurationError, match=r"held by pid .* takes no requests at .*gateway\.sock"):
        await asker(stop_effects, None, active=True, by="x")
    assert len(said) == 1
    assert f"pid {os.getpid()}" in said[0]


async def test_a_lock_that_is_let_go_is_taken(folder) -> None:
    await initialise(folder, os.environ)
    waits = asyncio.Event()
    asker = _asker(folder, lambda: running(folder.path), lambda _: waits.set())
    async with running(folder.path):
        asked = asyncio.create_task(asker(stop_effects, None, active=True, by="x"))
        await asyncio.wait_for(waits.wait(), LIMIT)
    assert (await asked).everywhere


async def test_a_gateway_that_comes_up_meanwhile_is_asked(bare) -> None:
    waits = asyncio.Event()
    asker = _asker(bare.folder, lambda: running(bare.folder.path), lambda _: waits.set())
    asked = asyncio.create_task(asker(stop_effects, None, active=True, by="x"))
    await asyncio.wait_for(waits.wait(), LIMIT)
    async with open_door(bare):
        assert (await asked).everywhere


async def test_a_path_too_long_for_a_socket_works_all_the_same(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.delenv("ORDER_GATEWAY_KEY", raising=False)
    folder = DataFolder(tmp_path / ("long-" * 20) / "data")
    assert len(str(folder.door)) > 108
    await initialise(folder, os.environ)
    async with running(folder.path) as context:
        async with open_door(context):
            assert (await _asker(folder)(stop_effects, None, active=True, by="x")).everywhere
        monkeypatch.setattr(address, "_OPEN_FOLDERS", tmp_path / "none")
        with pytest.raises(ConfigurationError, match="too long for a socket"):
            async with open_door(context):
                pass


# pulls


async def test_pulls_of_one_store_go_one_after_another(context, monkeypatch) -> None:
    under_way: list[int] = [0]
    most: list[int] = [0]
    real = Pull._changes

    async def counted(pull: Pull):
        under_way[0] += 1
        most[0] = max(most[0], under_way[0])
        try:
            return await real(pull)
        finally:
            under_way[0] -= 1

    monkeypatch.setattr(Pull, "_changes", counted)
    store = (await context.connections.stores())[0].id
    pulls = [context.pull_for(await context.connections.open(store)) for _ in range(3)]
    await asyncio.gather(*(pull.changes() for pull in pulls))
    assert most == [1]


async def test_a_pull_that_goes_well_wakes_the_stores_loop_and_one_that_fails_does_not(context, shopee) -> None:
    stores = [store.id for store in await context.connections.stores()]
    woken: list[str] = []
    context.loops.update({store: partial(woken.append, store) for store in stores})
    await shopee.do("/acts", {"act": "seller_revokes_authorization", "store": 301000101})
    done = await sync_once(context)
    assert [each.store for each in done if each.report is None] == ["shopee-301000101"]
    assert sorted(woken) == sorted(set(stores) - {"shopee-301000101"})


async def test_a_loop_that_is_woken_pulls_though_its_next_turn_is_far_off(context, shopee) -> None:
    rare = context.configuration.model_copy(
        update={"sync": context.configuration.sync.model_copy(update={"every": timedelta(days=1)})}
    )
    context = replace(context, configuration=rare)
    ready, stop = asyncio.Event(), asyncio.Event()
    serving = asyncio.create_task(
        serve(context, roles=[Role.sync], stop=stop, ready=lambda _: ready.set(), open_site=open_site)
    )

    async def stored() -> set[str]:
        def read(c) -> set[str]:
            return {order for (order,) in c.exec_driver_sql("select order_id from orders")}

        return await context.database.read(read)

    async with asyncio.timeout(LIMIT):
        await ready.wait()
        while len(await stored()) < 10 or len(context.loops) < 5:
            await asyncio.sleep(0.02)
        new = (await shopee.do("/orders", {"store": "301000101", "phase": "awaiting_shipment"}))["id"]
        while new not in await stored():
            context.loops["shopee-301000101"]()
            await asyncio.sleep(0.02)
        stop.set()
        await serving
    assert context.loops == {}


async def test_a_sync_beside_a_call_under_way_leaves_that_call_alone(context, shopee) -> None:
    """An effect in mid-call was left by a dead process only where nobody else can be calling."""
    sg = "shopee-301000101"
    order = (await shopee.do("/orders", {"store": "301000101", "phase": "awaiting_shipment"}))["id"]
    act = Act(operation=Operation.seller_close, order_id=order, key="k", reason="OUT_OF_STOCK")
    now = context.clock.now()

    def begin(c) -> None:
        intent = record_intent(c, sg, order, "out_of_stock", "test", now)
        decision = record_decision(c, intent, sg, order, Recorded("2026.11.1", b"{}", b"{}"), now)
        commit(c, intent=intent, decision=decision, store=sg, act=act, known=(), now=now, due_at=now)
        c.exec_driver_sql("update effects set state = 'calling'")

    await context.database.write(begin)

    async def state() -> EffectState:
        return (await context.database.read(lambda c: effects_of(c, sg, order)))[0].state

    (effect,) = await context.database.read(lambda c: effects_of(c, sg, order))
    with HANDS.hold(effect.id):
        async with open_door(context):
            assert all(each.report for each in await _asker(context.folder)(sync_once))
            assert await state() is EffectState.calling
    await sync_once(context)
    assert await state() is not EffectState.calling
