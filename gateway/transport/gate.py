"""What may stop an effect at the last moment: the store's mode and a stop of all effects."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple, Protocol

from gateway.errors import NotAllowed
from gateway.model.store import Store, StoreMode
from gateway.ports import Call


class EffectGate(Protocol):
    """Asked right before each call that has an outside consequence."""

    async def check(self, store: Store, call: Call) -> None:
        """Return when the call may go. Raises NotAllowed when it may not."""
        ...


class Standing(NamedTuple):
    """How far the gateway may go in a store right now."""

    mode: StoreMode
    stopped: str | None = None  # why effects are stopped, for this store or for all; None: they are not


class ModeGate:
    """Lets effects pass in the modes `ask` and `act` while no stop is set.

    ``load`` reads both from where they last, each time: a stop counts from the moment it is stored.
    """

    def __init__(self, load: Callable[[Store], Awaitable[Standing]]) -> None:
        self._load = load

    async def check(self, store: Store, call: Call) -> None:
        """Return when the call may go. Raises NotAllowed when it may not."""
        standing = await self._load(store)
        if standing.stopped is not None:
            raise NotAllowed(
                f"{call.operation}: effects are stopped ({standing.stopped}). Nothing was sent to store {store.id}."
                " Lift the stop to go on."
            )
        if standing.mode not in (StoreMode.ask, StoreMode.act):
            raise NotAllowed(
                f"{call.operation}: store {store.id} is in mode {standing.mode}, which only reads. Nothing was sent."
                " Set the store's mode to 'ask' or 'act' to allow effects."
            )
