"""Orders and requests as canonical bytes: sorted JSON, times in ISO 8601 UTC, personal data apart.

``document`` bytes hold no personal data; ``personal`` bytes hold buyer, recipient and what people wrote, and are
stored sealed only. The same order always gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

import orjson
from pydantic import BaseModel, TypeAdapter

from gateway.model.after_sale import AfterSale
from gateway.model.base import Instant
from gateway.model.order import Order
from gateway.orders.known import Known

PERSONAL = ("buyer", "recipient", "note", "buyer_message")

_APART = frozenset((*PERSONAL, "requests"))
_CANONICAL = orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z
_MOMENTS = TypeAdapter(dict[str, Instant])


def document_of(order: Order, as_of: Mapping[str, datetime] | None = None) -> bytes:
    """Return the order without personal data and without requests, which have rows of their own."""
    fields: dict[str, Any] = {name: value for name, value in order.__dict__.items() if name not in _APART}
    if as_of:
        fields["as_of"] = as_of
    return orjson.dumps(fields, _plain, _CANONICAL)


def personal_of(order: Order) -> bytes:
    """Return the personal data of the order."""
    fields = order.__dict__
    return orjson.dumps({name: fields[name] for name in PERSONAL}, _plain, _CANONICAL)


def request_document(request: AfterSale) -> bytes:
    """Return the request, whole: it names no person."""
    return orjson.dumps(request.__dict__, _plain, _CANONICAL)


def read_order(document: bytes, personal: bytes | None, requests: Iterable[AfterSale]) -> Known:
    """Return the order that `document_of` and `personal_of` wrote. Without ``personal`` its person is left empty."""
    fields = orjson.loads(document)
    as_of = fields.pop("as_of", None)
    if personal is not None:
        fields.update(orjson.loads(personal))
    fields["requests"] = tuple(requests)
    return Known(Order.model_validate(fields), {} if as_of is None else _MOMENTS.validate_python(as_of))


def untold_in(document: bytes) -> Collection[str]:
    """Return the `Order.absent` of a stored order without reading all of it back."""
    names: list[str] = orjson.loads(document)["absent"]
    return names


def read_request(document: bytes) -> AfterSale:
    """Return the request that `request_document` wrote."""
    return AfterSale.model_validate_json(document)


def _plain(value: object) -> Any:
    if isinstance(value, BaseModel):
        return value.__dict__
    if isinstance(value, frozenset):
        return sorted(value)
    raise TypeError(f"a {type(value).__name__} has no place in a document")
