"""The frame of every simulated call: what a handler is given and what it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from mocks.alibaba_1688.errors import ApiError, Envelope, bad

if TYPE_CHECKING:
    from mocks.alibaba_1688.model import Account, Order
    from mocks.alibaba_1688.params import Params
    from mocks.alibaba_1688.world import World


@dataclass(frozen=True, slots=True)
class Upload:
    """One file of a multipart body."""

    field_name: str
    content: bytes


@dataclass(slots=True)
class Context:
    """One call: the state it works on, whose token it carries (None where none is needed), its answer's id."""

    world: World
    caller: Account | None
    operation: str
    request_id: str
    uploads: list[Upload] = field(default_factory=list)

    @property
    def account(self) -> Account:
        """The account of a call with a user's token."""
        if self.caller is None:
            msg = f"{self.operation} needs no user"
            raise RuntimeError(msg)
        return self.caller

    def order(
        self, order_id: int, *, side: str = "", unknown: str = "ORDER_NOT_EXIST", foreign: str = "400_3"
    ) -> Order:
        """Give an order of which the account is this side (either when none is named), or refuse with these codes."""
        order = self.world.orders.get(order_id)
        if order is None:
            raise ApiError(unknown)
        mine = order.side(self.account.member_id)
        if mine is None or side not in {"", mine}:
            raise ApiError(foreign)
        return order

    def applied(self, order_id: int | None, key: str | None = None) -> None:
        """Note in the journal that this call's write took effect."""
        self.world.rig.journal.record(
            at=self.world.now(),
            operation=self.operation,
            order_id=None if order_id is None else str(order_id),
            request_id=self.request_id,
            idempotency_key=key,
        )


def web_site(params: Params) -> None:
    """Demand the mark of the Chinese site."""
    if params.text("webSite") != "1688":
        raise bad("webSite must be 1688")


Handler: TypeAlias = Callable[[Context, "Params"], dict[str, Any]]
"""Works on the state and gives the whole body of a success."""


@dataclass(frozen=True, slots=True)
class Call:
    """One entry of the call table: who answers, how it fails, whether a user's token is needed."""

    handler: Handler
    envelope: Envelope = Envelope.FLAT
    user: bool = True
