"""Reading Xiaohongshu's after-sales: the list by creation or update time, and one whole (API.md section 5).

Times are milliseconds, in the question as in the answer; amounts are yuan, while orders have fen. The list tells
neither refunds paid nor lines nor parcels; the detail does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from adapters.xiaohongshu import words
from adapters.xiaohongshu.client import read
from adapters.xiaohongshu.mapping import CURRENCY, Strange, Unmappable, line_ids
from adapters.xiaohongshu.orders import TIME_TYPES
from adapters.xiaohongshu.pages import SIZE, Span, after, spans_of, token_of
from adapters.xiaohongshu.payloads import (
    AfterSaleRow,
    after_sale_row,
    express,
    fields_at_fault,
    instant,
    milliseconds,
    object_of,
    rows_of,
    text_of,
    whole_of,
)
from gateway.errors import DataError, NotFound
from gateway.model.after_sale import (
    AfterSale,
    AfterSaleReason,
    GoodsState,
    OpenedBy,
    RefundState,
    RequestKind,
    RequestState,
)
from gateway.model.money import to_minor
from gateway.model.store import Store
from gateway.ports import AfterSalePage, BadItem, Call, Channel, RawItem, Unmapped, Window
from gateway.transport.json import encode

_LIST, _DETAIL = "afterSale.listAfterSaleInfos", "afterSale.getAfterSaleInfo"
_MOST_PAGES = 500
_UNKNOWN = words.Progress(RequestState.unknown, GoodsState.unknown)
_DETAILS = ("returnType", "returnsTag", "refundStatus", "cargoStatus", "closeReasonZh", "expireTime")
_GOODS_GO_BACK = frozenset({RequestKind.return_refund, RequestKind.exchange})


@cache
def _after_sale() -> TypeAdapter[AfterSale]:
    return TypeAdapter(AfterSale)


def list_call(span: Span, window: Window) -> Call:
    """Return the call for one page of after-sales."""
    return read(
        _LIST,
        {
            "pageNo": max(span.page, 1),
            "pageSize": SIZE,
            "startTime": span.start,
            "endTime": span.end,
            "timeType": TIME_TYPES[window.by],
        },
    )


def detail_call(returns_id: str) -> Call:
    """Return the call for one after-sale."""
    return read(_DETAIL, {"returnsId": returns_id, "needNegotiateRecord": True})


async def list_after_sales(channel: Channel, window: Window, page: str | None) -> AfterSalePage:
    """Return one page of after-sales as the list tells them. Raises DataError when the answer cannot be followed."""
    spans = spans_of(page, milliseconds(window.start), milliseconds(window.end))
    content = object_of(await channel.send(list_call(spans[0], window)), _LIST)
    rows = rows_of(content, "afterSaleBasicInfos", _LIST)
    count = whole_of(content, "totalCount")
    if count is None:
        raise DataError(f"Xiaohongshu's answer to {_LIST} has no `totalCount`. Nothing was read; ask again.")
    counts, left = after(spans, count, _MOST_PAGES)
    return read_after_sales([(row, {}) for row in rows] if counts else [], channel.store, token_of(left))


async def fetch_after_sale(channel: Channel, request_id: str) -> AfterSalePage:
    """Return one after-sale whole; an empty page when the platform does not know it."""
    try:
        content = await read_after_sale(channel, request_id)
    except NotFound:
        return AfterSalePage((), (), None)
    return read_after_sales([(content.get("afterSaleInfo"), content)], channel.store, None)


async def read_after_sale(channel: Channel, request_id: str) -> dict[str, Any]:
    """Return the content of one after-sale's detail. Raises NotFound, or DataError when it tells none."""
    content = object_of(await channel.send(detail_call(request_id)), _DETAIL)
    if not isinstance(content.get("afterSaleInfo"), dict):
        raise DataError(f"Xiaohongshu's answer to {_DETAIL} has no `afterSaleInfo`. Nothing was read; ask again.")
    return content


def read_after_sales(
    rows: Sequence[tuple[Any, Mapping[str, Any]]], store: Store, next_page: str | None
) -> AfterSalePage:
    """Return the page that rows mean, each with the whole content it stood in (empty for a list).

    Pure. Never raises: what cannot be mapped goes to ``bad``.
    """
    found: list[AfterSale] = []
    raws: list[RawItem] = []
    bad: list[BadItem] = []
    unmapped: list[Unmapped] = []
    for row, content in rows:
        raw = encode(content or row)
        try:
            fields, strange = after_sale_fields(after_sale_row().validate_python(row), content, store)
            found.append(_after_sale().validate_python(fields))
        except (ValidationError, Unmappable) as fault:
            reason = fields_at_fault(fault) if isinstance(fault, ValidationError) else str(fault)
            bad.append(BadItem(text_of(row, "returnsId"), reason, raw))
            continue
        raws.append(RawItem(found[-1].request_id, raw))
        unmapped += strange
    return AfterSalePage(found, raws, next_page, bad, unmapped)


def after_sale_fields(
    row: AfterSaleRow, content: Mapping[str, Any], store: Store
) -> tuple[dict[str, Any], list[Unmapped]]:
    """Return the fields of the canonical request and the words no table knows.

    Raises Unmappable when a number, the status or an instant is missing, or an amount is not exact.
    """
    request_id, order_id, status = (row.get("returnsId") or "", row.get("orderId") or "", row.get("status") or "")
    opened_at, updated_at = instant(row.get("applyTime")), instant(row.get("updatedAt"))
    needed = {
        "returnsId": request_id,
        "orderId": order_id,
        "status": status,
        "applyTime": opened_at,
        "updatedAt": updated_at,
    }
    if not all(needed.values()):
        raise Unmappable(f"{next(name for name, value in needed.items() if not value)}: missing")
    strange = Strange(request_id)
    kind = strange.meaning(words.RETURN_TYPE, "returnType", row.get("returnType"), RequestKind.unknown)
    progress = strange.meaning(words.AFTER_SALE_STATUS, "status", status, _UNKNOWN)
    strange.check(words.RETURNS_TAG, "returnsTag", row.get("returnsTag"))
    strange.check(words.CARGO_STATUS, "cargoStatus", row.get("cargoStatus"))
    deadline = instant(row.get("expireTime"))  # -1: it is not the seller's turn
    told = _express(content)
    return {
        "store": store.id,
        "order_id": order_id,
        "request_id": request_id,
        "kind": kind,
        "state": progress.state,
        "goods": _goods(kind, progress, told),
        "refund": _refund(row, progress.state, strange),
        "dispute": progress.dispute,
        "opened_by": _opened_by(content, strange),
        "raw_status": status,
        "raw_details": {name: str(value) for name in _DETAILS if (value := row.get(name)) not in (None, "", -1, 0)},
        # Ids of reasons are not published and their names are the platform's to change: nothing is guessed.
        "reason": AfterSaleReason.unknown if row.get("reasonNameZh") else None,
        "reason_raw": row.get("reasonNameZh") or "",
        "opened_at": opened_at,
        "updated_at": updated_at,
        "answer_by": deadline if status == "1" else None,
        "inspect_by": deadline if status == "3" else None,
        "currency": CURRENCY,
        "refund_minor": yuan(row.get("expectedRefundAmountYuan"), "expectedRefundAmountYuan"),
        "refunded_minor": yuan(row.get("refundAmountYuan"), "refundAmountYuan"),
        "tracking_number": told.get("expressNo") or "",
        "lines": _lines(row),
    }, strange.found


def yuan(amount: str | None, field: str) -> int | None:
    """Return an amount in fen, None for none. Raises Unmappable when it has more than two decimals."""
    if not amount:
        return None
    try:
        return to_minor(amount, CURRENCY)
    except (DataError, ArithmeticError, ValueError) as fault:
        raise Unmappable(f"{field}: not a whole number of fen") from fault


def _express(content: Mapping[str, Any]) -> Mapping[str, Any]:
    parcels = content.get("logisticsInfo")
    parcel = parcels.get("afterSale") if isinstance(parcels, dict) else None
    return express().validate_python(parcel) if isinstance(parcel, dict) else {}


def _opened_by(content: Mapping[str, Any], strange: Strange) -> OpenedBy | None:
    """Tell who opened an after-sale by the first line of its talk (section 5.2); None where no talk is told."""
    talk = content.get("negotiateRecords")
    lines = [each for each in talk if isinstance(each, dict)] if isinstance(talk, list) else []
    first = min(lines, key=lambda line: str(line.get("time") or ""), default=None)
    role = None if first is None else first.get("operatorRole")
    return None if role in {None, ""} else strange.meaning(words.ROLE, "operatorRole", str(role), OpenedBy.unknown)


def _goods(kind: RequestKind, progress: words.Progress, parcel: Mapping[str, Any]) -> GoodsState:
    """Tell where the goods are; a parcel that was signed for has come back, though the status still waits for it."""
    if kind not in _GOODS_GO_BACK:
        return GoodsState.unknown if kind is RequestKind.unknown else GoodsState.not_returning
    if progress.goods is GoodsState.sent_back and instant(parcel.get("expressSignTime")) is not None:
        return GoodsState.received
    if progress.goods is not GoodsState.unknown or not parcel.get("expressNo"):
        return progress.goods
    return GoodsState.sent_back


def _refund(row: AfterSaleRow, state: RequestState, strange: Strange) -> RefundState:
    """Only the refund's own status proves that money moved; a list tells none (section 5.3)."""
    word = row.get("refundStatus")
    if word in {None, "", "0"}:
        return RefundState.unknown if state in {RequestState.done, RequestState.unknown} else RefundState.none
    return strange.meaning(words.REFUND_STATUS, "refundStatus", word, RefundState.unknown)


def _lines(row: AfterSaleRow) -> list[dict[str, Any]]:
    skus = [sku for sku in row.get("skus") or () if sku.get("skuId") and sku.get("appliedCount") is not None]
    ids = line_ids([{"skuId": sku.get("skuId")} for sku in skus])
    return [
        {
            "line_id": line_id,
            "quantity": sku.get("appliedCount"),
            "refund_minor": yuan(sku.get("appliedTotalAmountYuan"), "skus.appliedTotalAmountYuan"),
        }
        for line_id, sku in zip(ids, skus, strict=True)
    ]
