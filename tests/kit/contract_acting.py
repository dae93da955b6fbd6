"""Checks 9 and 10: writes with lost answers, and failures of every kind, over the simulator."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from gateway.clock import ManualClock
from gateway.errors import GatewayError, OutcomeUnknown, PlatformError, RateLimited
from gateway.ports import Act, Call, EffectPort, Happened, Offered
from tests.kit.contract_bench import NOON, Shop, simulated, transported
from tests.kit.contract_case import Case, Write
from tests.kit.contract_declaring import EFFECTS


class Check09Writes:
    """Each write of the manifest: done, refused, repeated, and its answer lost on either side of the deed."""

    case: Case

    @property
    def _port(self) -> EffectPort:
        return self.case.adapter

    def test_check_09_every_write_of_the_manifest_is_here(self) -> None:
        manifest = self.case.adapter.manifest
        role = self.case.connected.store.role
        offered = {operation for operation in EFFECTS if manifest.offers(operation, role) is Offered.api}
        assert {write.operation for write in self.case.writes} == offered
        assert len({str(write) for write in self.case.writes}) == len(self.case.writes)

    async def _happened(self, shop: Shop, act: Act) -> Happened:
        before = await shop.applied()
        finding = await self._port.probe(shop.channel, act)
        assert await shop.applied() == before, "a probe only reads"
        assert finding.because.strip()
        return finding.happened

    async def test_check_09_success(self, write: Write, simulated: Shop) -> None:
        act = await write.prepare(simulated)
        before = await simulated.applied()
        assert await self._happened(simulated, act) is write.before
        reference = await self._port.perform(simulated.channel, act)
        assert reference.strip(), "what the platform's support asks for"
        assert await simulated.applied() - before == {write.wire: 1}
        assert await self._happened(simulated, act) is Happened.applied

    async def test_check_09_refused(self, write: Write, simulated: Shop) -> None:
        act = await write.forbid(simulated)
        before = await simulated.applied()
        with pytest.raises(write.refused) as told:
            await self._port.perform(simulated.channel, act)
        assert type(told.value) is write.refused
        assert await simulated.applied() == before
        assert await self._happened(simulated, act) is not Happened.applied

    async def test_check_09_already_done(self, write: Write, simulated: Shop) -> None:
        act = await write.prepare(simulated)
        await self._port.perform(simulated.channel, act)
        before = await simulated.applied()
        if write.again is None:
            await self._port.perform(simulated.channel, act)
        else:
            with pytest.raises(write.again) as told:
                await self._port.perform(simulated.channel, act)
            assert type(told.value) is write.again
            assert isinstance(told.value, PlatformError)
            assert await simulated.applied() == before
        assert await self._happened(simulated, act) is Happened.applied

    async def _lost(self, write: Write, shop: Shop, fault: str) -> Act:
        act = await write.prepare(shop)
        await shop.fault(write.wire, fault, times=1, ms=10)
        with pytest.raises(OutcomeUnknown):
            await self._port.perform(shop.channel, act)
        assert shop.sent_to(write.wire) == 1, "an unclear write is never repeated"
        return act

    async def test_check_09_answer_lost_before_it_was_applied(self, write: Write, simulated: Shop) -> None:
        act = await self._lost(write, simulated, "timeout_before")
        assert (await simulated.applied())[write.wire] == 0
        assert await self._happened(simulated, act) is write.before
        await self._port.perform(simulated.channel, act)
        assert await self._happened(simulated, act) is Happened.applied

    async def test_check_09_answer_lost_after_it_was_applied(self, write: Write, simulated: Shop) -> None:
        act = await self._lost(write, simulated, "timeout_after")
        assert (await simulated.applied())[write.wire] == 1
        assert await self._happened(simulated, act) is Happened.applied


FAILURES: list[tuple[str, dict[str, Any], type[GatewayError]]] = [
    ("http_429", {"seconds": 7}, RateLimited),
    ("rate_limit_code", {}, RateLimited),
    ("http_500", {}, OutcomeUnknown),
    ("http_500", {"status": 503}, OutcomeUnknown),
    ("html_body", {}, OutcomeUnknown),
    ("html_body", {"status": 200}, OutcomeUnknown),
    ("truncated_json", {}, OutcomeUnknown),
    ("reset", {}, OutcomeUnknown),
    ("slow", {"ms": 2000}, OutcomeUnknown),
]


def _failure_id(failure: Any) -> str:
    return "-".join([failure[0], *(str(value) for value in failure[1].values())])


class Check10Failures:
    """What goes wrong on the way is told apart: wait, look, or repeat."""

    case: Case

    @property
    def _write(self) -> Write:
        return self.case.writes[0]

    @pytest.mark.parametrize("failure", FAILURES, ids=_failure_id)
    async def test_check_10_of_a_write(self, failure: tuple[str, dict[str, Any], type[GatewayError]]) -> None:
        fault, details, kind = failure
        async with simulated(self.case, self.case.simulator.regions[0], read_timeout=0.4) as shop:
            act = await self._write.prepare(shop)
            await shop.fault(self._write.wire, fault, **details)
            with pytest.raises(kind) as told:
                await self.case.adapter.perform(shop.channel, act)
            assert type(told.value) is kind
            if kind is OutcomeUnknown:
                assert shop.sent_to(self._write.wire) == 1, "an unclear write is never repeated"
                assert shop.naps == []
            else:
                assert shop.sent_to(self._write.wire) == 4, "too many calls: nothing was applied, so it is repeated"
                assert (await shop.applied())[self._write.wire] == 0
                if "seconds" in details:
                    assert told.value.retry_after == details["seconds"]  # type: ignore[attr-defined]  # RateLimited
                    assert min(shop.naps) >= details["seconds"]

    @pytest.mark.parametrize("failure", FAILURES, ids=_failure_id)
    async def test_check_10_of_a_read_is_outlived(
        self, failure: tuple[str, dict[str, Any], type[GatewayError]]
    ) -> None:
        fault, details, _ = failure
        async with simulated(self.case, self.case.simulator.regions[0], read_timeout=0.4) as shop:
            order_id = await shop.make()
            await shop.fault("*", fault, times=2, **details)
            batch = await self.case.adapter.fetch_orders(shop.channel, [order_id])
            assert [order.order_id for order in batch.orders] == [order_id]
            assert len(shop.sent) >= 3

    @pytest.mark.parametrize("start", [b"", b'{"error":"', b"<html>"], ids=["blank", "json", "html"])
    async def test_check_10_an_answer_that_drips_is_cut_off(self, start: bytes) -> None:
        """Each piece comes in time, the whole never does: only a limit over all of it helps."""
        async with _dripping(start) as base:
            connected = self.case.connected
            aimed = replace(connected, app=connected.app.model_copy(update={"base_url": base}))
            async with transported(self.case, aimed, ManualClock(NOON), time_limit=0.5, read_timeout=10.0) as shop:
                call = Call(operation="any.write", method="POST", path="/x", scope="app", idempotent="no")
                with pytest.raises(OutcomeUnknown):
                    await shop.app_channel.send(call)
                assert len(shop.sent) == 1


@asynccontextmanager
async def _dripping(start: bytes) -> AsyncIterator[str]:
    """Serve answers that begin well and then come byte by byte for ever."""

    async def drip(request: web.Request) -> web.StreamResponse:
        await request.read()
        answer = web.StreamResponse(headers={"Content-Type": "application/json"})
        await answer.prepare(request)
        await answer.write(start)
        for _ in range(600):
            if request.transport is None or request.transport.is_closing():
                break
            await answer.write(b" ")
            await asyncio.sleep(0.05)
        return answer

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", drip)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
