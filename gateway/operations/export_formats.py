"""How exported orders are written: a table for spreadsheets, or JSON, one order a line."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import orjson

from gateway.model.money import to_major
from gateway.orders.export_rows import ExportedLine, ExportedOrder


class ExportFormat(StrEnum):
    """How exported orders are written."""

    csv = "csv"  # one row an order; UTF-8 with a byte-order mark, which spreadsheets need to read Chinese
    jsonl = "jsonl"  # one JSON object an order, lines and people whole


_RECIPIENT = ("name", "phone", "region", "state", "city", "district", "town", "postal_code", "full_address")
_PERSON = (*(f"recipient_{name}" for name in _RECIPIENT), "buyer_name", "note", "buyer_message")
_FORMULA = frozenset("=+-@|%＝＋－＠")
_BREAKS = frozenset("\t\r\n")
_ORDER = (
    "store", "platform", "order", "phase", "platform_says", "region", "currency", "total", "units", "open_requests",
    "placed_at", "paid_at", "updated_at", "ship_by", "nearest_deadline", "ended_at", "ended_by", "end_reason",
)  # fmt: skip


def written(
    format_: ExportFormat, *, personal: bool, platforms: dict[str, str]
) -> tuple[bytes, Callable[[Sequence[ExportedOrder]], bytes]]:
    """Return how a file begins, and what turns orders into the bytes that follow. ``platforms``: of each store."""
    if format_ is ExportFormat.jsonl:
        return b"", lambda orders: b"".join(_line(each, platforms) for each in orders)
    columns = (*_ORDER, "items", *(_PERSON if personal else ()))
    return b"\xef\xbb\xbf" + _rows([columns]), lambda orders: _rows(
        [_row(each, platforms, personal=personal) for each in orders]
    )


def harmless(text: str) -> str:
    """Return ``text`` so that no spreadsheet takes it for a formula: an apostrophe goes before what could be one.

    Buyers and platforms write names, titles and notes; a cell beginning with ``=`` would be run on opening.
    """
    risky = text.lstrip()[:1] in _FORMULA or text[:1] in _BREAKS
    return f"'{text}" if risky else text


def _facts(exported: ExportedOrder, platforms: dict[str, str]) -> dict[str, object]:
    order = exported.order
    total = None if order.total_minor is None else to_major(order.total_minor, order.currency)
    return {
        "store": order.store,
        "platform": platforms.get(order.store, ""),
        "order": order.order_id,
        "phase": order.phase.value,
        "platform_says": order.raw_status,
        "region": order.region,
        "currency": order.currency,
        "total": total,
        "units": order.quantity,
        "open_requests": order.open_requests,
        "placed_at": _instant(order.placed_at),
        "paid_at": _instant(order.paid_at),
        "updated_at": _instant(order.updated_at),
        "ship_by": _instant(order.ship_by),
        "nearest_deadline": _instant(order.due_at),
        "ended_at": _instant(order.ended_at),
        "ended_by": order.ended_by,
        "end_reason": order.end_reason,
    }


def _instant(instant: datetime | None) -> str | None:
    return None if instant is None else instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _line(exported: ExportedOrder, platforms: dict[str, str]) -> bytes:
    currency = exported.order.currency
    told = _facts(exported, platforms)
    told["lines"] = [
        {
            "line": line.line_id,
            "sku": line.sku,
            "title": line.title,
            "ordered": line.quantity,
            "cancelled": line.cancelled,
            "returned": line.returned,
            "unit_price": None if line.unit_price_minor is None else to_major(line.unit_price_minor, currency),
        }
        for line in exported.lines
    ]
    if exported.person is not None:
        told["person"] = exported.person
    return orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE)


def _row(exported: ExportedOrder, platforms: dict[str, str], *, personal: bool) -> list[str]:
    cells = list(_facts(exported, platforms).values())
    cells.append("; ".join(_item(line) for line in exported.lines))
    if personal:
        person = exported.person or {}
        recipient: dict[str, Any] = person.get("recipient") or {}
        buyer: dict[str, Any] = person.get("buyer") or {}
        cells += [recipient.get(name, "") for name in _RECIPIENT]
        cells += [buyer.get("name", ""), person.get("note", ""), person.get("buyer_message", "")]
    return ["" if each is None else harmless(str(each)) for each in cells]


def _item(line: ExportedLine) -> str:
    sku = f" ({line.sku})" if line.sku else ""
    return f"{line.quantity} x {line.title}{sku}"


def _rows(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()
