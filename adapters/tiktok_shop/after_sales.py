"""Reading cancellations and returns: two searches of the platform, one kind of request (API.md sections 4 and 5).

The list goes through the cancellations first, then through the returns; a page's token says in which of them it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from adapters.tiktok_shop import words
from adapters.tiktok_shop.client import call
from adapters.tiktok_shop.manifest import MANIFEST
from adapters.tiktok_shop.mapping import Unmappable, by_age, minor
from adapters.tiktok_shop.orders import updated_within
from adapters.tiktok_shop.payloads import (
    RequestRow,
    RequestUnit,
    content_of,
    fields_at_fault,
    raw_bytes,
    request_row,
    rows_of,
    text_of,
)
from gateway.errors import DataError, NotFound
from gateway.model.after_sale import (
    AfterSale,
    AfterSaleReason,
    DisputeState,
    GoodsState,
    OpenedBy,
    RefundState,
    RequestKind,
    RequestState,
)
from gateway.model.store import Store
from gateway.ports import AfterSalePage, BadItem, Channel, RawItem, Unmapped, Window


class Sort(NamedTuple):
    """One of the two kinds as the platform names it."""

    prefix: str  # of the fields `<prefix>_id`, `<prefix>_status`, `<prefix>_reason`, `<prefix>_line_items`
    search: str
    rows: str
    statuses: Mapping[str, words.Progress]
    reasons: Mapping[str, AfterSaleReason]


CANCELLATION = Sort("cancel", "cancellation.search", "cancellations", words.CANCEL_STATUS, words.CANCEL_REASON)
RETURN = Sort("return", "return.search", "return_orders", words.RETURN_STATUS, words.RETURN_REASON)
_SORTS = {sort.rows: sort for sort in (CANCELLATION, RETURN)}

_UNKNOWN = words.Progress(RequestState.unknown, RefundState.unknown, GoodsState.unknown)
_DETAILS = (
    "cancel_type", "arbitration_status", "cancel_reason_text", "return_reason_text", "shipment_type",
    "handover_method", "return_method", "return_provider_name", "can_buyer_keep_item", "is_quick_refund",
    "should_replenish_stock", "buyer_rejected_partial_refund", "pre_return_id", "next_return_id",
    "seller_proposed_return_type",
)  # fmt: skip


@cache
def _after_sale() -> TypeAdapter[AfterSale]:
    return TypeAdapter(AfterSale)


async def list_after_sales(channel: Channel, window: Window, page: str | None) -> AfterSalePage:
    """Return one page of requests, the oldest change first. Raises DataError when the answer cannot be followed."""
    name, _, token = (page or "cancellations:").partition(":")
    if name not in _SORTS:
        raise DataError("This is no page of a TikTok Shop request list. Start the list again.")
    limits = MANIFEST.limits
    query = {"page_size": str(limits.after_sale_page), "sort_field": "update_time", "sort_order": "ASC"}
    body = updated_within(window, limits.after_sale_window)
    rows, following = await _search(channel, _SORTS[name], {**query, **({"page_token": token} if token else {})}, body)
    if following:
        following = f"{name}:{following}"
    elif name == CANCELLATION.rows:
        following = f"{RETURN.rows}:"
    return read_requests(_SORTS[name], rows, channel.store, following or None)


async def fetch_after_sale(channel: Channel, request_id: str) -> AfterSalePage:
    """Return one request, a cancellation or else a return; an empty page when neither has the number."""
    for sort in _SORTS.values():
        rows = await _named(channel, sort, request_id)
        if rows:
            return read_requests(sort, rows, channel.store, None)
    return AfterSalePage((), (), None)


async def requests_of(channel: Channel, sort: Sort, order_id: str) -> list[RequestRow]:
    """Return the requests of a kind about one order. Raises the error tree."""
    rows, _ = await _search(channel, sort, {"page_size": "50"}, {"order_ids": [order_id]})
    return [_validated(row) for row in rows]


async def read_request(channel: Channel, sort: Sort, request_id: str) -> RequestRow:
    """Return one request as the platform tells it now. Raises NotFound, or DataError when it cannot be read."""
    for row in await _named(channel, sort, request_id):
        return _validated(row)
    raise NotFound(f"TikTok Shop knows no request {request_id} of this kind in this shop. Read the order anew.")


async def _named(channel: Channel, sort: Sort, request_id: str) -> list[Any]:
    rows, _ = await _search(channel, sort, {"page_size": "10"}, {f"{sort.prefix}_ids": [request_id]})
    return [row for row in rows if isinstance(row, dict) and text_of(row, f"{sort.prefix}_id") == request_id]


async def _search(
    channel: Channel, sort: Sort, query: Mapping[str, str], body: Mapping[str, Any]
) -> tuple[list[Any], str]:
    asked = call(sort.search, query=query, body={**body, "locale": "ja-JP"})
    content = content_of(await channel.send(asked), asked.operation)
    return rows_of(content, sort.rows, asked.operation), text_of(content, "next_page_token")


def _validated(row: Any) -> RequestRow:
    try:
        return request_row().validate_python(row)
    except ValidationError as fault:
        raise DataError(f"A request of TikTok Shop's cannot be read: {fields_at_fault(fault)}") from None


def read_requests(sort: Sort, rows: Sequence[Any], store: Store, next_page: str | None) -> AfterSalePage:
    """Return the page that decoded requests mean. Pure. Never raises: what cannot be mapped goes to ``bad``."""
    after_sales: list[AfterSale] = []
    raws: list[RawItem] = []
    bad: list[BadItem] = []
    unmapped: list[Unmapped] = []
    for row in rows:
        raw = raw_bytes(row)
        try:
            fields, strange = request_fields(sort, request_row().validate_json(raw), store)
            request = _after_sale().validate_python(fields)
        except (ValidationError, Unmappable) as fault:
            reason = fields_at_fault(fault) if isinstance(fault, ValidationError) else str(fault)
            bad.append(BadItem(text_of(row, f"{sort.prefix}_id") if isinstance(row, dict) else "", reason, raw))
            continue
        after_sales.append(request)
        raws.append(RawItem(request.request_id, raw))
        unmapped += strange
    return AfterSalePage(after_sales, raws, next_page, bad, unmapped)


def request_fields(sort: Sort, row: RequestRow, store: Store) -> tuple[dict[str, Any], list[Unmapped]]:
    """Return the fields of the canonical request and the words no table knows.

    Raises Unmappable when a number, the status or the time is missing, or an amount is not exact.
    """
    get: Any = row.get
    needed = (f"{sort.prefix}_id", "order_id", f"{sort.prefix}_status", "create_time")
    missing = next((name for name in needed if not get(name)), None)
    if missing is not None:
        raise Unmappable(f"{missing}: missing")
    request_id, status, reason = get(needed[0]), get(needed[2]), get(f"{sort.prefix}_reason") or ""
    unmapped: dict[Unmapped, None] = {}

    def meant(table: Mapping[str, Any], where: str, word: str | None, unknown: Any) -> Any:
        if word and word not in table:
            unmapped[Unmapped(request_id, where, word)] = None
        return table.get(word, unknown) if word else None

    progress = meant(sort.statuses, needed[2], status, _UNKNOWN)
    kind = RequestKind.cancellation
    if sort is CANCELLATION:
        meant(dict.fromkeys(words.CANCEL_TYPES), "cancel_type", get("cancel_type"), None)
    else:
        kind = meant(words.RETURN_TYPE, "return_type", get("return_type"), RequestKind.unknown) or RequestKind.unknown
    refund = get("refund_amount") or {}
    currency = refund.get("currency") or store.currency
    asked = minor(refund.get("refund_total"), currency, "refund_amount.refund_total")
    goods = progress.goods if kind not in {RequestKind.cancellation, RequestKind.refund} else GoodsState.not_returning
    due = [each["deadline"] for each in get("seller_next_action_response") or () if each.get("deadline")]
    deadline = min((moment for moment in due if moment), default=None)
    paid = progress.refund
    if sort is CANCELLATION and paid is RefundState.refunded and asked is None:
        paid = RefundState.unknown  # complete without an amount: an unpaid order's, or not told (section 4.2)
    fields = {
        "store": store.id,
        "order_id": get("order_id"),
        "request_id": request_id,
        "kind": kind,
        "opened_by": meant(words.OPENED_BY, "role", get("role"), OpenedBy.unknown),
        "state": progress.state,
        "goods": goods,
        "refund": paid,
        "dispute": meant(words.ARBITRATION, "arbitration_status", get("arbitration_status"), DisputeState.none)
        or DisputeState.none,
        "raw_status": status,
        "raw_details": _details(row),
        "reason": meant(sort.reasons, f"{sort.prefix}_reason", reason, AfterSaleReason.unknown),
        "reason_raw": reason,
        "opened_at": get("create_time"),
        "updated_at": get("update_time") or get("create_time"),
        "answer_by": deadline if progress.state is RequestState.open else None,
        "inspect_by": deadline if goods is GoodsState.sent_back else None,
        "currency": currency,
        "refund_minor": asked,
        "refunded_minor": asked if paid is RefundState.refunded else None,
        "tracking_number": get("return_tracking_number") or "",
        "lines": _lines(get(f"{sort.prefix}_line_items") or (), currency),
    }
    return fields, list(unmapped)


def _details(row: RequestRow) -> dict[str, str]:
    get: Any = row.get
    told = {name: get(name) for name in _DETAILS}
    offer = get("partial_refund") or {}
    told["partial_refund"] = " ".join(filter(None, (offer.get("amount"), offer.get("currency"))))
    actions = [each.get("action") or "" for each in get("seller_next_action_response") or ()]
    told["seller_next_action"] = ",".join(filter(None, actions))
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in told.items()
        if value is not None and value != ""
    }


def _lines(units: Sequence[RequestUnit], currency: str) -> list[dict[str, Any]]:
    """Return the units asked about by SKU, which is the id of the order's line; ``unit_ids`` say which ones."""
    by_sku: dict[str, list[RequestUnit]] = {}
    for unit in units:
        by_sku.setdefault(unit.get("sku_id") or "", []).append(unit)
    return [
        {
            "line_id": sku,
            "quantity": len(group),
            "refund_minor": _sum(group, currency),
            "unit_ids": by_age([each for unit in group if (each := unit.get("order_line_item_id"))]),
        }
        for sku, group in by_sku.items()
    ]


def _sum(group: Sequence[RequestUnit], currency: str) -> int | None:
    amounts = [
        minor((unit.get("refund_amount") or {}).get("refund_total"), currency, "refund_amount.refund_total")
        for unit in group
    ]
    return sum(each for each in amounts if each is not None) if None not in amounts else None
