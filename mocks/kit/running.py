"""Starting simulators inside the present process, for the command and for tests."""

from __future__ import annotations

import asyncio
import random
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Literal, TypedDict, cast

from aiohttp import web

from mocks.kit.clock import Clock
from mocks.kit.control import CONTROL_PREFIX, control_errors, install_control
from mocks.kit.front import fault_middleware

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from mocks.kit.platform import Platform

_OURS = {
    "shopee": "mocks.shopee.simulator:ShopeeSimulator",
    "tiktok_shop": "mocks.tiktok_shop.simulator:TiktokShopSimulator",
    "xiaohongshu": "mocks.xiaohongshu.simulator:XiaohongshuSimulator",
    "alibaba_1688": "mocks.alibaba_1688.simulator:Alibaba1688Simulator",
}
"""The simulators of this project. Their places are their ports above the base port: a new one goes to the end."""
_GROUP = "order_gateway.simulators"


def simulated() -> tuple[str, ...]:
    """Return the ids of all platforms that have a simulator, in the order of their ports."""
    return tuple(dict.fromkeys([*_OURS, *sorted(point.name for point in entry_points(group=_GROUP))]))


def _builder(platform: str) -> Callable[[Clock, random.Random], Platform]:
    target = _OURS.get(platform)
    if target is None:
        point = next(iter(entry_points(group=_GROUP, name=platform)))
        return cast("Callable[[Clock, random.Random], Platform]", point.load())
    module, name = target.split(":")
    return cast("Callable[[Clock, random.Random], Platform]", getattr(import_module(module), name))


class Address(TypedDict):
    """Where one simulator listens: the platform's own host, and the control API."""

    base_url: str
    control_url: str


class UnknownPlatform(ValueError):
    """A simulator was asked for that does not exist; the text names those that do."""


@asynccontextmanager
async def serve(
    *,
    platforms: Sequence[str] | None = None,
    seed: int = 7,
    orders: int = 200,
    clock: Literal["real", "virtual"] | Clock = "virtual",
    push_to: str | None = None,
    base_port: int = 0,
    host: str = "127.0.0.1",
) -> AsyncIterator[dict[str, Address]]:
    """Run simulators, all without `platforms`, and yield where each listens, by platform; they share one clock.

    A test that moves the clock itself, without the control API, hands one in.
    With `base_port` 0 the system chooses free ports. Pushes go to `push_to` + `/webhooks/<platform>`. Raises
    UnknownPlatform before anything listens.
    """
    known = simulated()
    wanted = tuple(dict.fromkeys(known if platforms is None else platforms))
    for name in wanted:
        if name not in known:
            msg = f"there is no simulator for {name!r}; those that exist: {', '.join(known)}"
            raise UnknownPlatform(msg)
    shared = clock if isinstance(clock, Clock) else Clock(clock)
    addresses: dict[str, Address] = {}
    async with AsyncExitStack() as stack:
        for name in wanted:
            platform = _builder(name)(shared, random.Random(seed))  # noqa: S311 - simulated, must be repeatable
            port = base_port + known.index(name) + 1 if base_port else 0
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
