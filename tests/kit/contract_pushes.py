"""Check 8: pushes. Who signed them, what they say, and what the platform wants to hear back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from aiohttp import web

from gateway.errors import BadSignature, DataError
from gateway.model.store import App, AppSecret
from gateway.ports import Answer, Hint, LostPushSource, Offered, Operation, PushSettingsPort, WebhookSource
from tests.kit.contract_bench import NOON, Shop
from tests.kit.contract_case import Case, Pushes
from tests.kit.contract_safety import told

URL = "https://gw.example.com/webhooks/example"
SECRET = AppSecret(sign_key="example-sign-key", push_key="example-push-key")
LIMIT = 30  # seconds a busy machine may need
PORTS = {
    Operation.receive_pushes: WebhookSource,
    Operation.fetch_lost_pushes: LostPushSource,
    Operation.set_push_url: PushSettingsPort,
}


@dataclass
class Listener:
    """A receiver that keeps what arrives, and answers as it is told."""

    url: str = ""
    answer: Answer = field(default_factory=lambda: Answer(500, {}, b""))
    arrived: list[tuple[Mapping[str, str], bytes]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        self.arrived.append((request.headers.copy(), await request.read()))
        return web.Response(status=self.answer.status, headers=dict(self.answer.headers), body=self.answer.body)


@asynccontextmanager
async def listening(answer: Answer) -> AsyncIterator[Listener]:
    """Listen on a free port of this machine."""
    listener = Listener(answer=answer)
    app = web.Application()
    app.router.add_post("/webhooks/example", listener.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        listener.url = f"http://127.0.0.1:{runner.addresses[0][1]}/webhooks/example"
        yield listener
    finally:
        await runner.cleanup()


class Check08Webhooks:
    """A push is believed when the platform signed it, and then only as a hint."""

    case: Case

    @property
    def _said(self) -> Pushes:
        return self.case.pushes

    def _verify(
        self,
        body: bytes,
        headers: Mapping[str, str],
        secret: AppSecret = SECRET,
        url: str = URL,
        app: App | None = None,
    ) -> None:
        self.case.adapter.verify(app or self.case.connected.app, secret, url, headers, body)

    def _refuse_body(
        self,
        body: bytes,
        headers: Mapping[str, str],
        secret: AppSecret = SECRET,
        url: str = URL,
        app: App | None = None,
    ) -> None:
        """Another body under a good signature is refused; where bodies are not signed it is only ever a hint."""
        if not self._said.covers_body:
            self._verify(body, headers, secret, url, app)
            return
        with pytest.raises(BadSignature):
            self._verify(body, headers, secret, url, app)

    def _good(self, at: datetime = NOON) -> tuple[bytes, dict[str, str]]:
        body = self._said.order("order-1", at)
        headers = dict(self._said.sign(SECRET, URL, body))
        return body if self._said.seal is None else self._said.seal(SECRET, body), headers

    @pytest.mark.parametrize("operation", PORTS, ids=str)
    def test_check_08_pushes_are_implemented_and_declared(self, operation: Operation) -> None:
        declared = self.case.adapter.manifest.offers(operation) is Offered.api
        assert isinstance(self.case.adapter, PORTS[operation]) == declared

    def test_check_08_published_signature_is_good(self) -> None:
        vector = self._said.vector
        self._verify(vector.body, vector.headers, vector.secret, vector.url)
        self._refuse_body(vector.body + b" ", vector.headers, vector.secret, vector.url)

    def test_check_08_good(self) -> None:
        body, headers = self._good()
        self._verify(body, headers)

    def test_check_08_tampered_body(self) -> None:
        body, headers = self._good()
        for tampered in (body.replace(b"order-1", b"order-2"), body + b" ", body[:-1], b""):
            self._refuse_body(tampered, headers)

    def test_check_08_wrong_key(self) -> None:
        body, headers = self._good()
        for other in (AppSecret(sign_key=SECRET.sign_key, push_key="another"), AppSecret(sign_key="another")):
            with pytest.raises(BadSignature) as refused:
                self._verify(body, headers, other)
            shown = told(refused.value)
            assert not any(secret in shown for secret in ("another", *headers.values()))

    def test_check_08_another_address(self) -> None:
        body, headers = self._good()
        if not self._said.covers_url:
            self._verify(body, headers, url=URL + "/elsewhere")
            return
        with pytest.raises(BadSignature):
            self._verify(body, headers, url=URL + "/elsewhere")

    def test_check_08_missing_or_malformed_header(self) -> None:
        body, headers = self._good()
        if self._said.seal is not None:
            assert headers == {}, "the signature travels within the body"
            bare, other = self._said.order("order-1", NOON), self._said.seal(AppSecret(sign_key="another"), b"")
            for spoilt in (bare, bare + b"&" + other, body + b"&" + body):
                with pytest.raises(BadSignature):
                    self._verify(spoilt, headers)
        for name, value in headers.items():
            rest = {each: text for each, text in headers.items() if each != name}
            for spoilt in (rest, *({**rest, name: text} for text in ("", value[:-1], f"Bearer {value}", "ü" * 64))):
                with pytest.raises(BadSignature):
                    self._verify(body, spoilt)

    def test_check_08_old_timestamp(self) -> None:
        """Refused where the platform signs the time; else taken, and too old only beside what is already known."""
        body, headers = self._good(NOON - timedelta(days=400))
        if self._said.refuses_old:
            with pytest.raises(BadSignature):
                self._verify(body, headers)
            return
        self._verify(body, headers)
        (hint,) = self._read(body)
        assert hint.changed_at == NOON - timedelta(days=400)

    def _read(self, body: bytes) -> list[Hint]:
        return list(self.case.adapter.read_pushes(body))

    def test_check_08_says_what_to_read_anew(self) -> None:
        (order,) = self._read(self._said.order("order-1", NOON))
        assert (order.shop, order.orders, order.requests) == (self._said.shop, ("order-1",), ())
        assert order.changed_at == NOON
        (request,) = self._read(self._said.request("order-1", "request-1", NOON))
        assert (request.shop, request.requests) == (self._said.shop, ("request-1",))

    def test_check_08_replay_and_duplicate_are_the_same_event(self) -> None:
        body = self._said.order("order-1", NOON)
        again = self._said.respell(body)
        assert again != body
        assert {hint.event_id for hint in [*self._read(body), *self._read(body), *self._read(again)]} == {
            self._read(body)[0].event_id
        }

    def test_check_08_different_events_differ(self) -> None:
        bodies = [
            self._said.order("order-1", NOON),
            self._said.order("order-2", NOON),
            self._said.order("order-1", NOON + timedelta(seconds=1)),
            self._said.request("order-1", "request-1", NOON),
            self._said.request("order-1", "request-2", NOON),
        ]
        assert len({self._read(body)[0].event_id for body in bodies}) == len(bodies)

    def test_check_08_reordered_pushes_tell_which_is_newer(self) -> None:
        later, earlier = (self._read(self._said.order("order-1", NOON + timedelta(seconds=s)))[0] for s in (5, 0))
        assert isinstance(later.changed_at, datetime)
        assert isinstance(earlier.changed_at, datetime)
        assert later.changed_at > earlier.changed_at

    def test_check_08_unknown_type_is_a_hint_about_nothing(self) -> None:
        (hint,) = self._read(self._said.unknown)
        assert (hint.orders, hint.requests, hint.authorisation) == ((), (), None)
        assert hint.event_id
        assert hint.kind

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"null",
            b"[]",
            b"\xff\xfe",
            b"<html>",
            b"{" * 200_000,
            b"[" * 200_000 + b"]" * 200_000,
            b'{"data":' * 5_000 + b"1" + b"}" * 5_000,
            b'"' + b"x" * 4_000_000,
            b'{"code": 1e400}',
        ],
        ids=["empty", "null", "list", "no utf-8", "html", "open", "deep list", "deep", "long", "huge number"],
    )
    def test_check_08_huge_and_broken_bodies_are_errors_of_data(self, body: bytes) -> None:
        hints: list[Hint] = []
        said = ""
        try:
            hints = self._read(body)
        except DataError as error:
            said = str(error)
        assert len(said) < 500, "the error does not repeat the body"
        assert all(isinstance(hint, Hint) and not hint.orders for hint in hints)
        self._refuse_body(body, self._good()[1])

    def test_check_08_acknowledgement_is_exact(self) -> None:
        answer = self.case.adapter.ack()
        expected = self._said.acknowledgement
        assert (answer.status, dict(answer.headers), answer.body) == (
            expected.status,
            dict(expected.headers),
            expected.body,
        )

    # over the simulator, which signs with code of its own

    async def _attempts(self, shop: Shop) -> list[Any]:
        found = await shop.get("/pushes")
        return list(found["pushes"] if isinstance(found, dict) else found)

    async def _arrivals(self, listener: Listener, count: int) -> list[tuple[Mapping[str, str], bytes]]:
        async with asyncio.timeout(LIMIT):
            while len(listener.arrived) < count:
                await asyncio.sleep(0.01)
        return listener.arrived

    async def _subscribe(self, shop: Shop, url: str) -> None:
        assert shop.control is not None
        answer = await shop.control.put("/push", json={"url": url, "enabled": True})
        assert answer.status_code == 200

    async def test_check_08_pushes_of_the_simulator(self, simulated: Shop) -> None:
        """Each is signed as we verify, names the order that changed, and is taken with our acknowledgement."""
        async with listening(self.case.adapter.ack()) as listener:
            await self._subscribe(simulated, listener.url)
            order_id = await simulated.make()
            await simulated.act(order_id, "buyer_requests_cancellation")
            request_id = await self.case.simulator.open_request(simulated)
            arrived = await self._arrivals(listener, 4)
            hints: list[Hint] = []
            for headers, body in arrived:
                self._verify(body, headers, simulated.connected.secret, listener.url, simulated.connected.app)
                self._refuse_body(
                    body + b" ", headers, simulated.connected.secret, listener.url, simulated.connected.app
                )
                hints += self._read(body)
            assert order_id in {each for hint in hints for each in hint.orders}
            assert request_id in {each for hint in hints for each in hint.requests}
            assert {hint.shop for hint in hints} == {simulated.store.external_id}
            async with asyncio.timeout(LIMIT):
                while not all(attempt["ok"] for attempt in await self._attempts(simulated)):
                    await asyncio.sleep(0.01)

    async def test_check_08_a_duplicate_of_the_simulator_is_the_same_event(self, simulated: Shop) -> None:
        async with listening(self.case.adapter.ack()) as listener:
            await self._subscribe(simulated, listener.url)
            await simulated.fault("push/*", "push_duplicate", times=1)
            await simulated.make()
            arrived = await self._arrivals(listener, 2)
            first, second = (self._read(body)[0].event_id for _, body in arrived[:2])
            assert first == second

    async def test_check_08_lost_pushes_are_kept_read_and_forgotten(self, simulated: Shop) -> None:
        adapter = self.case.adapter
        if adapter.manifest.offers(Operation.fetch_lost_pushes) is not Offered.api:
            assert not isinstance(adapter, LostPushSource)
            return
        async with listening(Answer(503, {}, b"")) as listener:
            await self._subscribe(simulated, listener.url)
            order_id = await simulated.make()
            await self._arrivals(listener, 1)
            await simulated.later("PT12H")
            lost = await adapter.lost_pushes(simulated.app_channel)
            assert lost.marker is not None
            assert order_id in {each for body in lost.bodies for hint in self._read(body) for each in hint.orders}
            delivered = {self._read(body)[0].event_id for _, body in listener.arrived}
            assert {self._read(body)[0].event_id for body in lost.bodies} <= delivered, "the same event either way"
            while lost.marker is not None:
                await adapter.confirm_lost_pushes(simulated.app_channel, lost.marker)
                lost = await adapter.lost_pushes(simulated.app_channel)
            assert list(lost.bodies) == []

    async def test_check_08_the_address_is_set_and_tried(self, simulated: Shop) -> None:
        adapter = self.case.adapter
        if adapter.manifest.offers(Operation.set_push_url) is not Offered.api:
            assert not isinstance(adapter, PushSettingsPort)
            return
        async with listening(adapter.ack()) as listener:
            await adapter.set_push_url(simulated.app_channel, listener.url)
            assert (await adapter.push_settings(simulated.app_channel)).url == listener.url
            (test,) = await self._arrivals(listener, 1)
            self._verify(test[1], test[0], simulated.connected.secret, listener.url, simulated.connected.app)
            assert not any(hint.orders for hint in self._read(test[1]))

    def test_check_08_an_app_without_a_push_key_signs_with_its_own(self) -> None:
        if not self._said.falls_back:
            return
        plain = replace(self._said.vector, secret=AppSecret(sign_key=self._said.vector.secret.push_key))
        self._verify(plain.body, plain.headers, plain.secret, plain.url)
