"""What an adapter hands to the contract suite: facts, tables and levers, no test logic."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Protocol

import httpx

from gateway.errors import GatewayError
from gateway.model.order import Order
from gateway.model.store import App, AppSecret, Credential, Store
from gateway.ports import Act, Answer, Call, Channel, Clock, Happened, Operation, Signed

Script = Mapping[str, Any]
"""Answers by operation name (`Call.operation`): the JSON value the platform sends."""

Field = Literal["method", "path", "query", "body", "app_key", "sign_key", "shop", "token", "time"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """What goes into one signature."""

    call: Call
    app: App
    secret: AppSecret
    store: Store | None
    credential: Credential | None
    now: datetime


@dataclass(frozen=True, slots=True)
class Vector:
    """A signature the platform, or its fact sheet, publishes."""

    name: str
    signing: Signing
    signature: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFacts:
    """What the suite wants an order to say; the adapter's case writes it in the platform's words."""

    total: str = "21.50"  # major units, as it stands on the wire
    currency: str = "SGD"
    placed_at: datetime = datetime(2026, 3, 8, 12, 0, tzinfo=UTC)
    person: str = "Example Person"
    title: str = "Cup"
    note: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Axis:
    """One vocabulary of the platform. Its documented words stand in ``words.json`` under the same name."""

    kind: Literal["order", "after_sale"]
    compose: Callable[[str], Script]  # an object that carries the word
    read: Callable[[Any], object]  # the canonical value it became, from the Order or AfterSale
    kept: Callable[[Any], str] | None  # where the raw word is kept; None: in the raw object only
    where: str  # the field that an unknown word is reported under
    unknown: object  # the canonical value of a word nobody documented


class Wire(Protocol):
    """How the platform writes things. Everything here is typed from its documentation, nothing from the adapter."""

    @property
    def axes(self) -> Mapping[str, Axis]:
        """Return every vocabulary."""
        ...

    def order(self, facts: OrderFacts) -> Script:
        """Return the answers that tell one order, fetched as ``order_id``."""
        ...

    def orders_again(self, raws: Sequence[Any], script: Script) -> Script:
        """Return ``script`` with its orders replaced by raw ones that were kept."""
        ...

    def total_of(self, raw: Any) -> str:
        """Return the total as the raw order writes it."""
        ...

    def error(self, code: str, message: str) -> Answer:
        """Return the platform's answer that carries an error."""
        ...

    def signature_of(self, signed: Signed) -> str:
        """Return the signature a request carries."""
        ...

    def common(self, call_scope: str) -> Mapping[str, str | None]:
        """Return the query every signed request of a scope carries beside its own; None: any value."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """A shop with everything needed to call it."""

    app: App
    secret: AppSecret
    store: Store
    credential: Credential


class Shop(Protocol):
    """A shop behind the production transport, as the tables of an adapter may use it."""

    @property
    def channel(self) -> Channel:
        """Return the road to it."""
        ...

    @property
    def clock(self) -> Clock:
        """Return its clock."""
        ...

    async def make(self, **facts: Any) -> str:
        """Make an order in this shop and return its id."""
        ...

    async def act(self, order_id: str, act: str, **details: Any) -> Any:
        """Be the buyer, the carrier or the platform; return the order's truth afterwards."""
        ...

    async def do(self, act: str, **details: Any) -> Any:
        """Do an act on the store or the app."""
        ...

    async def order(self, order_id: str) -> Order:
        """Return an order as the adapter reads it."""
        ...

    async def later(self, duration: str) -> None:
        """Let time pass in the simulator."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One write of the manifest over the simulator."""

    operation: Operation
    wire: str  # the simulator's name of the write call, in its journal and for faults
    prepare: Callable[[Shop], Awaitable[Act]]  # a state that allows the act
    forbid: Callable[[Shop], Awaitable[Act]]  # a state that forbids it
    refused: type[GatewayError]  # what the platform's "no" becomes
    again: type[GatewayError] | None  # what a second one becomes; None: the platform takes it
    name: str = ""
    before: Happened = Happened.not_applied  # what a probe says while nothing was applied

    def __str__(self) -> str:
        return self.name or self.operation.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulator:
    """The platform's simulator. Its control API is the same on all of them; this is what differs."""

    regions: tuple[str, ...]  # first the plain one; one of them with a currency without decimals where there is one
    connect: Callable[[Any, str, str, datetime], Connected]  # (credentials told, base URL, region, now)
    requests_of: Callable[[Any], Mapping[str, str]]  # truth of an order -> after-sale request id -> raw status
    open_request: Callable[[Shop], Awaitable[str]]  # make an order with a request and return the request's id
    expire_access: str = "expire_tokens"


@dataclass(frozen=True, slots=True, kw_only=True)
class PushVector:
    """A signed push the platform, or its fact sheet, publishes."""

    secret: AppSecret
    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushes:
    """How the platform pushes. Bodies and signatures are composed here, in words of the case's own."""

    vector: PushVector
    sign: Callable[[AppSecret, str, bytes], Mapping[str, str]]  # (secret, url, body) -> headers
    shop: str  # the shop that the composed bodies are about
    order: Callable[[str, datetime], bytes]  # (order id, changed at)
    request: Callable[[str, str, datetime], bytes]  # (order id, request id, changed at)
    unknown: bytes  # of a type nobody documented
    respell: Callable[[bytes], bytes]  # the same event in other bytes
    acknowledgement: Answer
    covers_url: bool
    refuses_old: bool  # the platform signs the time, and the adapter refuses what is too old
    covers_body: bool = True  # False: the platform signs the address and the time only, so a push is never believed
    falls_back: bool  # an app without a push key of its own signs with its ordinary key
    # (secret, body) -> the body that is sent, where the signature travels within it; headers then hold none
    seal: Callable[[AppSecret, bytes], bytes] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """Real credentials, from the environment. Only reads are made with them, and tokens are never renewed."""

    variables: Mapping[str, str]  # name -> what it holds; all needed
    connect: Callable[[Mapping[str, str], datetime], Connected]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An adapter with its facts. ``folder`` holds the JSON tables (see the module `tests.kit.contract`)."""

    platform: str
    adapter: Any  # an `Adapter` with those further protocols its manifest declares
    connected: Connected  # invented, for everything that needs no server
    folder: Path
    quality: Path
    wire: Wire
    pushes: Pushes
    vectors: Sequence[Vector]
    unsigned: frozenset[Field]  # what the platform's signature does not cover
    order_id: str  # the order `Wire.order` tells
    request_id: str  # the request that an after-sale axis tells
    refresh_path: str
    simulator: Simulator
    writes: Sequence[Write]
    live: Live
    too_exact: Sequence[tuple[str, str]] = ()  # (amount, currency) with more decimals than the currency has
    money: Sequence[tuple[str, str, int]] = ()  # (amount on the wire, currency, minor units)
    never_told: frozenset[str] = field(default_factory=frozenset)  # order fields that no answer of the platform has
    # What a request is called in `Shop.sent`: its path, or what tells calls apart where all go to one address.
    name_of: Callable[[httpx.Request], str] = lambda request: request.url.path
    common_in_body: bool = False  # `Wire.common` stands in the JSON body, not in the query
    token_in_query: str = ""  # why the call that renews a token carries secrets in its query; empty: it does not
    currencies: frozenset[str] | None = None  # all that the platform deals in; None: many
    seals_recipients: bool = False  # names come as ciphertext and masks; `SealedRecipientSource` opens them
    only_whole: frozenset[str] = field(default_factory=frozenset)  # request fields that a list does not tell
