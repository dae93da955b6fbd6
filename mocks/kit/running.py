"""Starting simulators inside the present process, for the command and for tests."""

from __future__ import annotations

import asyncio
import random
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING, Literal, TypedDict

from aiohttp import web

from mocks.alibaba_1688.simulator import Alibaba1688Simulator
from mocks.kit.clock import Clock
from mocks.kit.control import CONTROL_PREFIX, control_errors, install_control
from mocks.kit.front import fault_middleware
from mocks.shopee.simulator import ShopeeSimulator
from mocks.tiktok_shop.simulator import TiktokShopSimulator
from mocks.xiaohongshu.simulator import XiaohongshuSimulator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from mocks.kit.platform import Platform

PORT_OFFSETS = {"shopee": 1, "tiktok_shop": 2, "xiaohongshu": 3, "alibaba_1688": 4}
"""Each platform's port above the base port."""

BUILDERS: dict[str, Callable[[Clock, random.Random], Platform]] = {
    "shopee": ShopeeSimulator,
    "xiaohongshu": XiaohongshuSimulator,
    "alibaba_1688": Alibaba1688Simulator,
    "tiktok_shop": TiktokShopSimulator,
}
"""The simulators that exist."""


class Address(TypedDict):
    """Where one simulator listens: the platform's own host, and the control API."""

    base_url: str
    control_url: str


class UnknownPlatform(ValueError):
    """A simulator was asked for that does not exist; the text names those that do."""


@asynccontextmanager
async def serve(
    *,
    platforms: Sequence[str] = tuple(BUILDERS),
    seed: int = 7,
    orders: int = 200,
    clock: Literal["real", "virtual"] = "virtual",
    push_to: str | None = None,
    base_port: int = 0,
    host: str = "127.0.0.1",
) -> AsyncIterator[dict[str, Address]]:
    """Run simulators and yield where each listens, keyed by platform; all of them share one clock.

    With `base_port` 0 the system chooses free ports. Pushes go to `push_to` + `/webhooks/<platform>`. Raises
    UnknownPlatform before anything listens.
    """
    for name in platforms:
        if name not in BUILDERS:
            msg = f"there is no simulator for {name!r}; those that exist: {', '.join(BUILDERS)}"
            raise UnknownPlatform(msg)
    shared = Clock(clock)
    addresses: dict[str, Address] = {}
    async with AsyncExitStack() as stack:
        for name in dict.fromkeys(platforms):
            platform = BUILDERS[name](shared, random.Random(seed))  # noqa: S311 - simulated, must be repeatable
            port = base_port + PORT_OFFSETS[name] if base_port else 0
            addresses[name] = await _start(stack, platform, host, port)
            platform.base_url = addresses[name]["base_url"]
            if push_to is not None:
                platform.rig.pushes.url = f"{push_to.rstrip('/')}/webhooks/{name}"
            shared.owners.add(name)
            platform.reset(seed, orders)
        ticking = asyncio.create_task(shared.run())
        stack.push_async_callback(_stop, ticking)
        yield addresses


async def _start(stack: AsyncExitStack, platform: Platform, host: str, port: int) -> Address:
    app = web.Application(middlewares=[control_errors, fault_middleware(platform)], client_max_size=16 * 2**20)
    install_control(app, platform)
    platform.install(app)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    stack.push_async_callback(platform.rig.pushes.close)
    site = web.TCPSite(runner, host, port)
    await site.start()
    bound = runner.addresses[0][1]
    shown = f"[{host}]" if ":" in host else host
    base = f"http://{shown}:{bound}"
    return {"base_url": base, "control_url": base + CONTROL_PREFIX}


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
