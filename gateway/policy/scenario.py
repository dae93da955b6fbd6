"""The policy question: everything a decision may rest on, at one instant (SCENARIO.md).

Whatever passes here can be decided. Malformed input raises pydantic's ValidationError; `gateway.policy.parse` turns
it into a message with file, line and field.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)

from gateway.model.order import Phase, SaleType
from gateway.model.store import Platform, Role
from gateway.policy.amount import Amount, CurrencyCode
from gateway.policy.locale import default_language, default_time_zone, is_time_zone
from gateway.policy.notation import decimal_text, json_bytes, money_object, time_text
from gateway.policy.terms import (
    EvidenceKind,
    Interception,
    Purpose,
    Reason,
    Reply,
    RequestKind,
    RequestReason,
    ReturnState,
)
from gateway.policy.valuation import Valuation, is_priceable

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST = 10**12  # no store counts further; a bound keeps every sum printable
_FIRST_YEAR, _LAST_YEAR = 2, 9998  # a week or an offset may be added without leaving the calendar
_REGION = re.compile(r"[A-Z]{2}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_NO_MONEY = Amount.zero("XXX")  # ISO 4217 "no currency": becomes zero in the store's currency
_NO_LANGUAGE = "und"  # BCP 47 "undetermined": becomes the language of the store's region


class PlainText(str):
    """A scalar of a format without types (YAML, a form): numbers and flags are read out of it where one is due."""

    __slots__ = ()


class FieldProblem(ValueError):
    """A value that is wrong only beside another one. ``path`` names the field from the model that found it."""

    def __init__(self, path: tuple[str | int, ...], problem: str) -> None:
        super().__init__(problem)
        self.path = path


def _read_instant(value: object) -> datetime:
    if isinstance(value, str) and "T" in value:
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            value = None
    if not isinstance(value, datetime):
        raise ValueError('must be an ISO 8601 time with an offset, like "2026-03-10T12:00:00+08:00"')  # noqa: TRY004 - pydantic tells the field of a ValueError only
    if value.utcoffset() is None:
        raise ValueError('has no offset: write where it is, like "2026-03-10T12:00:00+08:00"')
    try:
        instant = value.astimezone(UTC)
    except OverflowError:
        instant = datetime.max.replace(tzinfo=UTC)
    if not _FIRST_YEAR <= instant.year <= _LAST_YEAR:
        raise ValueError(f"lies outside the years {_FIRST_YEAR} to {_LAST_YEAR}: check it")
    return instant.replace(microsecond=0) if instant.microsecond else instant


def _read_integer(value: object) -> object:
    return int(value) if isinstance(value, PlainText) and _INTEGER.fullmatch(value) else value


def _read_flag(value: object) -> object:
    return {"true": True, "false": False}.get(value, value) if isinstance(value, PlainText) else value


def _read_region(value: str) -> str:
    if not _REGION.fullmatch(value):
        raise ValueError('must be an ISO country code of two capital letters, like "MY"')
    return value


def _read_time_zone(value: str) -> str:
    if not is_time_zone(value):
        raise ValueError('is no IANA time zone: write it like "Asia/Singapore"')
    return value


def _read_language(value: str) -> str:
    if not _LANGUAGE.fullmatch(value):
        raise ValueError('must be a BCP 47 language tag, like "ms" or "zh-TW"')
    return value


def _read_text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("holds half of a character (a lone surrogate): write the whole one") from None
    return value


@lru_cache(maxsize=4096)
def _amount(amount: str, currency: str) -> Amount:
    return Amount.model_validate({"amount": amount, "currency": currency})


def _read_amount(value: object, read: ValidatorFunctionWrapHandler) -> Amount:
    """Return the amount of a plain pair of texts, made once for equal ones; the rest is left to be read or refused."""
    if type(value) is dict and len(value) == 2:
        amount, currency = value.get("amount"), value.get("currency")
        if type(amount) is str and type(currency) is str:  # a `PlainText` may not be what it equals
            with suppress(ValueError):
                return _amount(amount, currency)
    read_amount: Amount = read(value)
    return read_amount


Text = Annotated[str, AfterValidator(_read_text)]
"""Text that can be written as UTF-8."""

Instant = Annotated[datetime, BeforeValidator(_read_instant)]
"""An aware instant, kept in UTC to the second."""

Count = Annotated[int, Strict(), BeforeValidator(_read_integer), Field(ge=0, le=_MOST)]
"""A whole number of zero or more."""

Flag = Annotated[bool, Strict(), BeforeValidator(_read_flag)]
"""Yes or no."""

OrderCount = Annotated[int, Strict(), BeforeValidator(_read_integer), Field(ge=1, le=_MOST)]
"""How many orders: one or more."""


Paid = Annotated[Amount, WrapValidator(_read_amount)]
"""Money beside its currency."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True, validate_by_alias=True)


class Health(_Part):
    """What the store has already spent and how its rate stands."""

    closes_this_month: Count = 0
    credit_score: Count = 100
    penalty_points: Count = 0
    orders_in_window: Count = 0
    counted_cancellations_in_window: Count = 0


class StoreFacts(_Part):
    """The store the order belongs to. Without its own time zone it keeps the platform's (UTC where none is known)."""

    platform: Platform
    region: Annotated[str, AfterValidator(_read_region)]
    role: Role = Role.seller
    currency: CurrencyCode
    time_zone: Annotated[str, AfterValidator(_read_time_zone)] = Field(
        default_factory=lambda data: default_time_zone(data["platform"], data["region"])
    )
    health: Health = Health()
    valuation: Valuation = Valuation()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.role is Role.buyer and self.platform not in {Platform.alibaba_1688, Platform.other}:
            raise FieldProblem(("role",), "buyer exists on alibaba_1688 only: leave it out or say seller")
        if not is_priceable(self.currency, self.valuation):
            fix = "give store.valuation.rate, how much of it one CNY buys"
            raise FieldProblem(("currency",), f"{self.currency} is not in the table of rates: {fix}")
        return self

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the store's calendar days and months."""
        return ZoneInfo(self.time_zone)


class Request(_Part):
    """The buyer's open request (role buyer: this account's own application)."""

    kind: RequestKind
    reason: RequestReason | None = None
    opened_at: Instant
    answer_by: Instant | None = None


class OrderFacts(_Part):
    """The order as it stands. Money left out is zero in the store's currency."""

    phase: Phase
    sale_type: SaleType = SaleType.in_stock
    placed_at: Instant | None = None
    paid_at: Instant | None = None
    ship_by: Instant | None = None
    shipped_at: Instant | None = None
    latest_delivery_at: Instant | None = None
    delivered_at: Instant | None = None
    auto_cancel_at: Instant | None = None
    cross_border: Flag = False
    paid: Paid = _NO_MONEY
    goods_cost: Paid = _NO_MONEY
    outbound_shipping_cost: Paid = _NO_MONEY
    return_shipping_cost: Paid = _NO_MONEY
    stock_available: Flag = True
    interception: Interception = Interception.none
    return_state: ReturnState = Field(default=ReturnState.none, alias="return")
    request: Request | None = None
    buyer_language: Annotated[str, AfterValidator(_read_language)] = _NO_LANGUAGE


_MONEY_FIELDS = ("paid", "goods_cost", "outbound_shipping_cost", "return_shipping_cost")


class Intent(_Part):
    """What the seller wants to end, and truly why."""

    reason: Reason
    batch_size: OrderCount = 1


class Message(_Part):
    """One message to the buyer in the platform's own chat."""

    at: Instant
    language: Annotated[str, AfterValidator(_read_language)]
    purpose: Purpose
    announced_close_at: Instant | None = None


class Contact(_Part):
    """What was said in the platform's chat. A `Scenario` holds the messages in the order of time."""

    messages: tuple[Message, ...] = ()
    reply: Reply = Reply.none
    replied_at: Instant | None = None


def _once_each(kinds: tuple[EvidenceKind, ...]) -> tuple[EvidenceKind, ...]:
    return tuple(kind for kind in EvidenceKind if kind in kinds)


def _completed(order: OrderFacts, currency: str, region: str) -> OrderFacts:
    given = order.model_fields_set
    defaults: dict[str, Any] = {name: Amount.zero(currency) for name in _MONEY_FIELDS if name not in given}
    if "buyer_language" not in given:
        defaults["buyer_language"] = default_language(region)
    return order.model_copy(update=defaults) if defaults else order


class Scenario(_Part):
    """One policy question. Equal questions compare equal and have equal `canonical_bytes`."""

    id: Text | None = None
    as_of: Instant
    known_by: Instant = Field(default_factory=lambda data: data["as_of"])
    store: StoreFacts
    order: OrderFacts
    intent: Intent
    contact: Contact = Contact()
    evidence: Annotated[tuple[EvidenceKind, ...], AfterValidator(_once_each)] = ()
    support_ticket: Text | None = None

    @model_validator(mode="after")
    def _complete_and_check(self) -> Self:
        own = self.store.currency
        # the writes to a frozen value end with this method: defaults only the store can give, one order of messages
        object.__setattr__(self, "order", _completed(self.order, own, self.store.region))
        for name in _MONEY_FIELDS:
            currency = getattr(self.order, name).currency
            if currency != own:
                raise FieldProblem(
                    ("order", name, "currency"),
                    f"{currency} is not the store's currency: convert the amount to {own}",
                )
        for path, at in self._events():
            if at is not None and at > self.as_of:
                raise FieldProblem(path, "lies after as_of: an event cannot be in the future, check both")
        if len(self.contact.messages) > 1:
            messages = tuple(sorted(self.contact.messages, key=lambda each: (each.at, each.model_dump_json())))
            object.__setattr__(self, "contact", self.contact.model_copy(update={"messages": messages}))
        return self

    def _events(self) -> Iterator[tuple[tuple[str | int, ...], datetime | None]]:
        for name in ("placed_at", "paid_at", "shipped_at", "delivered_at"):
            yield ("order", name), getattr(self.order, name)
        if self.order.request is not None:
            yield ("order", "request", "opened_at"), self.order.request.opened_at
        for number, message in enumerate(self.contact.messages):
            yield ("contact", "messages", number, "at"), message.at
        yield ("contact", "replied_at"), self.contact.replied_at


def canonical_bytes(scenario: Scenario) -> bytes:
    """Return the one JSON spelling of a scenario: every default written out, keys in SCENARIO.md's order.

    Times carry the offset of the store's time zone; messages stand in time order, evidence in the order of its kinds.
    """
    return json_bytes(scenario_object(scenario))


def scenario_object(scenario: Scenario) -> dict[str, object]:
    """Return what `canonical_bytes` writes, as plain dicts, lists and texts."""
    store, zone = scenario.store, scenario.store.zone
    contact = scenario.contact
    return {
        "id": scenario.id,
        "as_of": time_text(scenario.as_of, zone),
        "known_by": time_text(scenario.known_by, zone),
        "store": {
            "platform": store.platform.value,
            "region": store.region,
            "role": store.role.value,
            "currency": store.currency,
            "time_zone": store.time_zone,
            "health": store.health.model_dump(),
            "valuation": _valuation_object(store.valuation),
        },
        "order": _order_object(scenario.order, zone),
        "intent": {"reason": scenario.intent.reason.value, "batch_size": scenario.intent.batch_size},
        "contact": {
            "messages": [_message_object(message, zone) for message in contact.messages],
            "reply": contact.reply.value,
            "replied_at": time_text(contact.replied_at, zone),
        },
        "evidence": [kind.value for kind in scenario.evidence],
        "support_ticket": scenario.support_ticket,
    }


def _order_object(order: OrderFacts, zone: ZoneInfo) -> dict[str, object]:
    written: dict[str, object] = {}
    for name, field in OrderFacts.model_fields.items():
        value = getattr(order, name)
        key = field.alias or name
        if isinstance(value, datetime):
            written[key] = time_text(value, zone)
        elif isinstance(value, Amount):
            written[key] = money_object(value.amount, value.currency)
        elif isinstance(value, Request):
            written[key] = _request_object(value, zone)
        else:
            written[key] = value  # words and flags; StrEnum members are written as their value
    return written


def _request_object(request: Request, zone: ZoneInfo) -> dict[str, object]:
    return {
        "kind": request.kind.value,
        "reason": request.reason,
        "opened_at": time_text(request.opened_at, zone),
        "answer_by": time_text(request.answer_by, zone),
    }


def _message_object(message: Message, zone: ZoneInfo) -> dict[str, object]:
    return {
        "at": time_text(message.at, zone),
        "language": message.language,
        "purpose": message.purpose.value,
        "announced_close_at": time_text(message.announced_close_at, zone),
    }


def _valuation_object(valuation: Valuation) -> dict[str, object]:
    written: dict[str, object] = {}
    for name in Valuation.model_fields:
        value = getattr(valuation, name)
        if isinstance(value, dict):
            if value:
                written[name] = {key: decimal_text(value[key]) for key in sorted(value, key=int)}
        elif value is not None:
            written[name] = decimal_text(value)
    return written
