"""JSON on the simulators' wires: exact decimals in, exact money numbers out."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import orjson
from aiohttp import web


def read_object(raw: bytes) -> dict[str, Any]:
    """Parse a JSON object, numbers with a fraction as Decimal; an empty body is {}; ValueError otherwise."""
    if not raw.strip():
        return {}
    value = json.loads(raw, parse_float=Decimal)
    if not isinstance(value, dict):
        msg = "the body must be a JSON object"
        raise ValueError(msg)  # noqa: TRY004 - one error for every unreadable body
    return value


def write(value: object) -> bytes:
    """Serialise a value; Decimals become JSON numbers with exactly their digits."""
    return orjson.dumps(value, default=_plain)


def answer(value: object, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """Make a JSON response."""
    return web.Response(body=write(value), status=status, headers=headers, content_type="application/json")


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return orjson.Fragment(format(value, "f"))
    msg = f"{type(value).__name__} has no JSON form"
    raise TypeError(msg)
