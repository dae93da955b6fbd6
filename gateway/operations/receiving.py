"""The parts that take pushes in and act on them, put together over a running gateway."""

from __future__ import annotations

from collections.abc import Callable

from gateway.cases.heard import hear_buyer
from gateway.errors import Unavailable
from gateway.inbox.lost import LostPushFetcher
from gateway.inbox.process import Processor
from gateway.inbox.receive import Receiver
from gateway.inbox.truth import Truth
from gateway.model.store import StoreState
from gateway.operations.context import Context
from gateway.operations.stores import check_stores


def receiver(context: Context, on_kept: Callable[[], None]) -> Receiver:
    """Return what takes pushes in; without a public address it learns its own when it is served."""
    return Receiver(
        database=context.database,
        vault=context.vault,
        clock=context.clock,
        adapter_for=context.adapter_for,
        base_url=context.configuration.public_url,
        on_kept=on_kept,
    )


def processor(context: Context, app: str | None = None, *, look_every: float = 5.0) -> Processor:
    """Return what acts on pushes that were taken in, of all apps or of one."""

    async def check(store_id: str) -> None:
        checked = (await check_stores(context, [store_id]))[0]
        if not checked.works and checked.state is StoreState.connected:
            raise Unavailable(f"Whether store {store_id} is still authorised could not be told: {checked.words}")

    async def heard(store_id: str, buyer: str) -> None:
        await hear_buyer(context.database, context.vault, store_id, buyer, context.clock.now())

    truth = Truth(
        database=context.database,
        connections=context.connections,
        pull_for=context.pull_for,
        check=check,
        heard=heard,
    )
    return Processor(
        database=context.database,
        vault=context.vault,
        clock=context.clock,
        adapter_for=context.adapter_for,
        truth=truth,
        app=app,
        look_every=look_every,
    )


def lost_pushes(context: Context, on_kept: Callable[[], None], app: str | None = None) -> LostPushFetcher:
    """Return what fetches pushes that never arrived, of all apps or of one."""
    return LostPushFetcher(
        database=context.database,
        vault=context.vault,
        clock=context.clock,
        adapter_for=context.adapter_for,
        app_channel=context.app_channel,
        on_kept=on_kept,
        app=app,
    )
