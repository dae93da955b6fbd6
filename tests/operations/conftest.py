"""A gateway in this process over a simulator's real HTTP, with all its shops connected."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.bootstrap import running
from gateway.model.store import AppSecret
from gateway.operations.apps import add_app
from gateway.operations.connecting import connect_with
from gateway.operations.context import Context, DataFolder
from gateway.operations.initialise import initialise
from mocks.kit.running import serve


@dataclass(frozen=True, slots=True)
class Shopee:
    """A running simulator's levers."""

    base_url: str
    client: httpx.AsyncClient

    async def read(self, path: str) -> Any:
        return (await self.client.get(f"{self.base_url}/_mock{path}")).raise_for_status().json()

    async def do(self, path: str, what: object) -> Any:
        return (await self.client.post(f"{self.base_url}/_mock{path}", json=what)).raise_for_status().json()

    async def orders(self) -> list[dict[str, Any]]:
        told = await self.read("/orders")
        return told["orders"] if isinstance(told, dict) else told


@pytest.fixture
async def shopee() -> AsyncIterator[Shopee]:
    """Run a simulator with ten orders on the real clock."""
    async with (
        serve(platforms=["shopee"], orders=10, clock="real") as served,
        httpx.AsyncClient(trust_env=False, timeout=30) as client,
    ):
        yield Shopee(served["shopee"]["base_url"], client)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataFolder:
    """Return a data folder that is not there yet."""
    monkeypatch.delenv("ORDER_GATEWAY_KEY", raising=False)
    return DataFolder(tmp_path / "data")


@pytest.fixture
async def context(folder: DataFolder, shopee: Shopee) -> AsyncIterator[Context]:
    """Return a gateway that pulls every second, listens on a free port, and has the app and all shops."""
    await initialise(folder, os.environ)
    folder.configuration.write_text("listen: 127.0.0.1:0\nsync:\n  every: 1s\n")
    async with running(folder.path) as gateway:
        told = await shopee.read("/credentials")
        await add_app(
            gateway,
            name="demo",
            platform="shopee",
            key=str(told["partner_id"]),
            secret=AppSecret(sign_key=told["partner_key"]),
            base_url=shopee.base_url,
        )
        await connect_with(
            gateway, "demo", {"code": told["auth_codes"][0], "main_account_id": str(told["main_account_id"])}
        )
        yield gateway
