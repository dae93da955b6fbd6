"""Checks 1 to 3: what an adapter declares, how it signs, how its token is renewed."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gateway.errors import InvalidRequest, StoreDisconnected
from gateway.model.store import Role
from gateway.ports import (
    BUYING,
    Act,
    AfterSaleSource,
    EffectPort,
    EvidencePort,
    HealthSource,
    Offered,
    Operation,
    OrderSource,
    Rate,
    SaleLinkPort,
)
from gateway.registry import adapter_for
from tests.kit.contract_bench import NOON, PaperChannel, Shop
from tests.kit.contract_case import Case, Signing, Vector

READS = {
    Operation.list_orders: OrderSource,
    Operation.list_after_sales: AfterSaleSource,
    Operation.read_health: HealthSource,
}
BESIDE = {Operation.upload_evidence: EvidencePort, Operation.link_sale: SaleLinkPort}
"""Writes that may be repeated without harm, by ports of their own."""
PUSHES = (Operation.receive_pushes, Operation.fetch_lost_pushes, Operation.set_push_url)  # check 8
EFFECTS = tuple(operation for operation in Operation if operation not in {*READS, *BESIDE, *PUSHES})
CALLERS = 50


class Check01Manifest:
    """The manifest is valid, and says what the adapter really is."""

    case: Case

    def test_check_01_manifest_is_valid(self) -> None:
        manifest = self.case.adapter.manifest
        assert manifest.platform == self.case.platform
        assert re.fullmatch(r"[a-z][a-z0-9_]*", manifest.platform)
        assert manifest.title.strip()
        assert "default" in manifest.rates
        for rate in manifest.rates.values():
            assert isinstance(rate, Rate)
            assert rate.per_second > 0
            assert rate.burst >= 1
        assert "default" in manifest.base_urls
        assert all(re.fullmatch(r"https://[a-z0-9.-]+", url) for url in manifest.base_urls.values())
        assert manifest.time_zones
        assert all(re.fullmatch(r"[A-Z]{2}", region) for region in manifest.time_zones)
        for zone in manifest.time_zones.values():
            ZoneInfo(zone)
        assert manifest.refresh_before > timedelta(0)
        assert isinstance(manifest.masks_buyers, bool)

    def test_check_01_limits_are_positive(self) -> None:
        limits = self.case.adapter.manifest.limits
        assert min(limits.order_window, limits.after_sale_window) > timedelta(0)
        assert min(limits.order_page, limits.order_batch, limits.after_sale_page) >= 1

    def test_check_01_registry_gives_this_adapter(self) -> None:
        assert adapter_for(self.case.platform) is self.case.adapter

    def test_check_01_says_of_every_operation_who_can_do_it(self) -> None:
        manifest = self.case.adapter.manifest
        told = manifest.capabilities
        everything = set(Operation) - (set() if Role.buyer in manifest.roles else BUYING)
        assert set(told) == everything, "declare what is not offered too: nothing is left to guess"
        assert all(isinstance(offered, Offered) for offered in told.values())

    @pytest.mark.parametrize("operation", [*READS, *BESIDE], ids=str)
    def test_check_01_what_is_read_is_implemented_and_declared(self, operation: Operation) -> None:
        declared = self.case.adapter.manifest.offers(operation) is Offered.api
        assert isinstance(self.case.adapter, {**READS, **BESIDE}[operation]) == declared

    def test_check_01_effects_are_implemented_and_declared(self) -> None:
        manifest = self.case.adapter.manifest
        declared = any(manifest.offers(operation) is Offered.api for operation in EFFECTS)
        assert isinstance(self.case.adapter, EffectPort) == declared

    @pytest.mark.parametrize("operation", EFFECTS, ids=str)
    async def test_check_01_effects_not_declared_are_refused_unsent(self, operation: Operation) -> None:
        if self.case.adapter.manifest.offers(operation, self.case.connected.store.role) is Offered.api:
            assert operation in {write.operation for write in self.case.writes}, "declared, so check 9 must write it"
            return
        channel = PaperChannel(self.case, {})
        act = Act(operation=operation, order_id=self.case.order_id, key="k")
        for attempt in (self.case.adapter.perform, self.case.adapter.probe):
            with pytest.raises(InvalidRequest, match=str(operation)):
                await attempt(channel, act)
        assert channel.calls == []


def _changes(signing: Signing) -> dict[str, Signing]:
    assert signing.store is not None
    assert signing.credential is not None
    call, body = signing.call, signing.call.body or b""
    return {
        "method": replace(signing, call=replace(call, method="POST" if call.method == "GET" else "GET")),
        "path": replace(signing, call=replace(call, path=call.path + "x")),
        "query": replace(signing, call=replace(call, query=(*call.query, ("more", "1")))),
        "body": replace(signing, call=replace(call, body=body + b" ")),
        "app_key": replace(signing, app=signing.app.model_copy(update={"key": signing.app.key + "1"})),
        "sign_key": replace(signing, secret=signing.secret.model_copy(update={"sign_key": "another"})),
        "shop": replace(signing, store=signing.store.model_copy(update={"external_id": "999"})),
        "token": replace(
            signing, credential=signing.credential.model_copy(update={"access_token": "another-access-token"})
        ),
        "time": replace(signing, now=signing.now + timedelta(seconds=1)),
    }


class Check02Signing:
    """Signatures are the platform's, and cover what the platform says they cover."""

    case: Case

    def _sign(self, signing: Signing) -> Any:
        parts = (signing.call, signing.app, signing.secret, signing.store, signing.credential, signing.now)
        return self.case.adapter.sign(*parts)

    def test_check_02_signature_equals_the_published_one(self, vector: Vector) -> None:
        assert self.case.wire.signature_of(self._sign(vector.signing)) == vector.signature

    def _of_a_shop(self) -> Signing:
        return next(vector.signing for vector in self.case.vectors if vector.signing.call.scope == "store")

    @pytest.mark.parametrize(
        "field", ["method", "path", "query", "body", "app_key", "sign_key", "shop", "token", "time"]
    )
    def test_check_02_signature_changes_with_what_it_covers(self, field: str) -> None:
        plain = self._of_a_shop()
        before, after = self._sign(plain), self._sign(_changes(plain)[field])
        changed = self.case.wire.signature_of(before) != self.case.wire.signature_of(after)
        assert changed == (field not in self.case.unsigned)

    def test_check_02_signing_is_pure_and_keeps_the_key(self) -> None:
        signing = self._of_a_shop()
        signed = self._sign(signing)
        assert signed == self._sign(signing)
        wire = f"{signed.url} {dict(signed.headers)} {signed.body!r}"
        assert signing.secret.sign_key not in wire

    def test_check_02_a_shops_call_without_token_is_refused(self) -> None:
        signing = self._of_a_shop()
        with pytest.raises(StoreDisconnected):
            self._sign(replace(signing, store=None, credential=None))

    async def test_check_02_signature_is_accepted(self, shop: Shop) -> None:
        """By the simulator, which shares no code with the adapter; by the platform itself when run live."""
        window = shop.windows(1, self.case.adapter.manifest.limits.order_window)[-1]
        page = await self.case.adapter.list_orders(shop.channel, window, None)
        assert page.ids is not None
        assert len(shop.sent) == 1


class Check03Refresh:
    """One refresh serves all who need it, for the refresh token may be good for one use."""

    case: Case

    async def _list(self, shop: Shop) -> None:
        window = shop.windows(1, self.case.adapter.manifest.limits.order_window)[-1]
        await self.case.adapter.list_orders(shop.channel, window, None)

    async def _fifty(self, shop: Shop) -> None:
        old = shop.kept[shop.store.id]
        await asyncio.gather(*(self._list(shop) for _ in range(CALLERS)))
        assert shop.sent_to(self.case.refresh_path) == 1
        (fresh,) = shop.saved
        assert fresh.access_token != old.access_token
        assert fresh.expires_at > shop.clock.now()

    async def test_check_03_fifty_callers_of_a_token_about_to_end(self, simulated: Shop) -> None:
        left = simulated.kept[simulated.store.id].expires_at - simulated.clock.now()
        seconds = int((left - self.case.adapter.manifest.refresh_before / 2).total_seconds())
        await simulated.later(f"PT{seconds}S")
        await self._fifty(simulated)
        assert len(simulated.sent) == CALLERS + 1, "nobody was refused first"

    async def test_check_03_fifty_callers_whom_the_platform_calls_expired(self, simulated: Shop) -> None:
        await simulated.do(self.case.simulator.expire_access)
        await self._fifty(simulated)

    async def test_check_03_a_dead_refresh_token_disconnects_once(self, simulated: Shop) -> None:
        await simulated.do(self.case.simulator.expire_access, refresh=True)
        ended = await asyncio.gather(*(self._list(simulated) for _ in range(CALLERS)), return_exceptions=True)
        assert {type(each) for each in ended} == {StoreDisconnected}
        assert simulated.saved == []

    def test_check_03_tokens_stay_out_of_representations(self) -> None:
        connected = self.case.connected
        shown = f"{connected.credential!r} {connected.secret!r} {connected.credential} {connected.secret}"
        for secret in (
            connected.credential.access_token,
            connected.credential.refresh_token,
            connected.secret.sign_key,
            connected.secret.push_key,
        ):
            assert not secret or secret not in shown

    async def test_check_03_refresh_is_signed_without_the_dead_token(self, simulated: Shop) -> None:
        connected = simulated.connected
        call = self.case.adapter.refresh_call(connected.app, connected.store, connected.credential)
        assert not call.refreshable
        assert not call.effect
        assert (call.path if call.path.endswith(self.case.refresh_path) else call.operation).endswith(
            self.case.refresh_path
        )
        store = None if call.scope == "app" else connected.store
        credential = None if call.scope == "app" else connected.credential
        signed = self.case.adapter.sign(call, connected.app, connected.secret, store, credential, NOON)
        in_query = connected.credential.refresh_token in signed.url
        assert in_query == bool(self.case.token_in_query), "secrets stay out of addresses, unless the platform asks"
