"""What every platform simulator gives to the shared control API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping

    from aiohttp import web

    from mocks.kit.clock import Clock
    from mocks.kit.faults import FaultTable
    from mocks.kit.journal import Journal
    from mocks.kit.push import PushSender

JsonObject: TypeAlias = dict[str, Any]
"""A JSON object as it is read from or written to the wire."""


class UnknownOrder(LookupError):
    """No order has this id."""


class IllegalAct(Exception):
    """The act is not possible in the present state; the text says why."""


class BadRequest(Exception):
    """The control request itself is wrong; the text says what to send."""


@dataclass(slots=True)
class Rig:
    """The shared parts one simulator runs on."""

    clock: Clock
    faults: FaultTable
    journal: Journal
    pushes: PushSender


class Platform(Protocol):
    """One simulated platform: its own HTTP surface, and the doors the control API needs."""

    name: str
    rig: Rig
    base_url: str
    store_acts: tuple[str, ...]

    def install(self, app: web.Application) -> None:
        """Add the platform's own routes."""
        ...

    def operation(self, request: web.Request) -> tuple[str, ...] | Awaitable[tuple[str, ...]]:
        """Name the call for faults, most usual name first; empty for pages that no fault hits.

        Awaited where the name stands in the body.
        """
        ...

    def rate_limited(self, *, status: int, retry_after: int) -> web.Response:
        """Give the platform's own rate limit answer."""
        ...

    def own_error(self, code: str, message: str | None) -> web.Response:
        """Give the platform's own answer for an error code."""
        ...

    def credentials(self) -> JsonObject:
        """Give everything a client needs."""
        ...

    def orders(self, status: str | None, limit: int | None) -> list[JsonObject]:
        """Tell the truth about the orders, newest change first."""
        ...

    def order(self, order_id: str) -> JsonObject:
        """Tell the truth about one order, or raise UnknownOrder."""
        ...

    def make_order(self, wanted: Mapping[str, Any]) -> str:
        """Make an order and give its id; BadRequest when the wish cannot be met."""
        ...

    def act(self, order_id: str, act: str, details: Mapping[str, Any]) -> JsonObject:
        """Do what a person, carrier or the platform does to an order; IllegalAct when the state forbids it."""
        ...

    def possible_acts(self, order_id: str) -> list[str]:
        """Name the acts the present state may allow."""
        ...

    def store_act(self, act: str, details: Mapping[str, Any]) -> JsonObject:
        """Do something about a store or the app."""
        ...

    def reset(self, seed: int, orders: int) -> None:
        """Start over with this seed and number of orders."""
        ...
