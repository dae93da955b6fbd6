"""Simulated shops, connected to a gateway's data folder."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from gateway.model.store import AppSecret, StoreMode
from gateway.operations.apps import add_app
from gateway.operations.connecting import connect_with
from gateway.operations.context import Context, DataFolder
from gateway.operations.initialise import initialise
from gateway.operations.simulated import Simulator
from gateway.operations.stores import set_store_mode


async def connected_folder(
    running: Callable[..., AbstractAsyncContextManager[Context]], data: Path, simulator: Simulator
) -> None:
    """Make ``data`` a gateway's folder that follows the simulator's clock, connect every shop, pull all orders."""
    folder = DataFolder(data)
    await initialise(folder, {})
    folder.configuration.write_text(
        f"clock: {simulator.control_url}\nlisten: 127.0.0.1:0\nsync:\n  every: 2h\nlog:\n  level: error\n", "utf-8"
    )
    told: dict[str, Any] = await simulator.read("/credentials")
    async with running(data) as gateway:
        app = await add_app(
            gateway,
            name="simulated",
            platform="shopee",
            key=str(told["partner_id"]),
            secret=AppSecret(sign_key=told["partner_key"]),
            base_url=simulator.base_url,
        )
        callback = {"code": told["auth_codes"][0], "main_account_id": str(told["main_account_id"])}
        for connected in await connect_with(gateway, app.id, callback):
            store = await set_store_mode(gateway, connected.store.id, StoreMode.act, by="test")
            await gateway.pull_for(await gateway.connections.open(store.id)).changes()
