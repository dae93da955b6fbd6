"""Reading Shopee's returns and refunds: list by update time, and one whole (API.md section 8).

List and detail differ in shape (`negotiation_status` as text or inside `negotiation`, `dispute_reason` as a number
or a list); both are taken. Only the detail tells the evidence deadline and the parcel's way back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from adapters.shopee import words
from adapters.shopee.client import read
from adapters.shopee.lines import Unmappable, line_key, minor
from adapters.shopee.payloads import ReturnRow, content_of, fields_at_fault, raw_bytes, return_rows, rows_of, text_of
from gateway.errors import DataError, NotFound
from gateway.model.after_sale import (
    AfterSale,
    AfterSaleReason,
    GoodsState,
    RefundState,
    RequestKind,
    RequestState,
)
from gateway.model.after_sale import DisputeState as Dispute
from gateway.model.order import FulfillmentState
from gateway.model.store import Store
from gateway.ports import AfterSalePage, BadItem, Call, Channel, RawItem, Unmapped, Window

_LIST, _DETAIL = "returns.get_return_list", "returns.get_return_detail"
_UNKNOWN = words.Progress(RequestState.unknown, RefundState.unknown, Dispute.none)
_COMPENSATION = "COMPENSATION_"


@cache
def _after_sales() -> TypeAdapter[list[AfterSale]]:
    return TypeAdapter(list[AfterSale])


def list_call(window: Window, page: str | None) -> Call:
    """Return the call for one page. Pages count from 0: where the platform counts from 1, one page comes twice."""
    start = int(window.start.timestamp())
    return read(
        _LIST,
        page_no=page or "0",
        page_size=100,
        update_time_from=start,
        update_time_to=max(int(window.end.timestamp()), start + 1),
    )


def detail_call(return_sn: str) -> Call:
    """Return the call for one return."""
    return read(_DETAIL, return_sn=return_sn)


async def list_after_sales(channel: Channel, window: Window, page: str | None) -> AfterSalePage:
    """Return one page of returns in the list's shape. Raises DataError when the answer cannot be followed."""
    number = page or "0"
    if not (number.isascii() and number.isdigit()):
        raise DataError("The page of a Shopee return list is a number. Start the list again.")
    content = content_of(await channel.send(list_call(window, number)), _LIST)
    rows = rows_of(content, "return", _LIST)
    return read_after_sales(rows, channel.store, str(int(number) + 1) if content.get("more") else None)


async def fetch_after_sale(channel: Channel, request_id: str) -> AfterSalePage:
    """Return one return whole; an empty page when the platform does not know it for this shop."""
    try:
        answer = await channel.send(detail_call(request_id))
    except NotFound:
        return AfterSalePage((), (), None)
    return read_after_sales([content_of(answer, _DETAIL)], channel.store, None)


def read_after_sales(rows: Sequence[Any], store: Store, next_page: str | None) -> AfterSalePage:
    """Return the page that decoded returns mean. Pure. Never raises: what cannot be mapped goes to ``bad``."""
    bad: list[BadItem] = []
    try:
        after_sales, unmapped = _mapped(rows, store)
        good = list(rows)
    except (ValidationError, Unmappable):
        after_sales, unmapped, good = [], [], []
        for row in rows:
            try:
                one, strange = _mapped([row], store)
            except (ValidationError, Unmappable) as fault:
                reason = fields_at_fault(fault) if isinstance(fault, ValidationError) else str(fault)
                bad.append(BadItem(text_of(row, "return_sn") if isinstance(row, dict) else "", reason, raw_bytes(row)))
            else:
                after_sales, unmapped, good = [*after_sales, *one], [*unmapped, *strange], [*good, row]
    raws = [RawItem(one.request_id, raw_bytes(row)) for one, row in zip(after_sales, good, strict=True)]
    return AfterSalePage(after_sales, raws, next_page, bad, unmapped)


def _mapped(rows: Sequence[Any], store: Store) -> tuple[list[AfterSale], list[Unmapped]]:
    unmapped: list[Unmapped] = []
    fields = [return_fields(row, store, unmapped) for row in return_rows().validate_python(rows)]
    return _after_sales().validate_python(fields), unmapped


def return_fields(row: ReturnRow, store: Store, unmapped: list[Unmapped]) -> dict[str, Any]:
    """Return the fields of the canonical request; words no table knows are added to ``unmapped``.

    Raises Unmappable when a number, the status, the currency or an instant is missing, or an amount is not exact.
    """
    for name in ("return_sn", "order_sn", "status", "currency", "create_time", "update_time"):
        if not row.get(name):
            raise Unmappable(f"{name}: missing")
    request_id, status, currency = str(row.get("return_sn")), str(row.get("status")), str(row.get("currency"))
    progress = words.RETURN_STATUS.get(status)
    if progress is None:
        progress = _UNKNOWN
        unmapped.append(Unmapped(request_id, "status", status))
    kind = _kind(row, request_id, unmapped)
    return {
        "store": store.id,
        "order_id": row.get("order_sn"),
        "request_id": request_id,
        "kind": kind,
        "state": progress.state,
        "goods": _goods(row, kind, progress.state, request_id, unmapped),
        "refund": progress.refund,
        "dispute": _dispute(row, progress),
        "raw_status": status,
        "raw_details": _details(row, request_id, unmapped),
        "reason": _reason(row, request_id, unmapped),
        "reason_raw": row.get("reason") or "",
        "opened_at": row.get("create_time"),
        "updated_at": row.get("update_time"),
        "answer_by": row.get("due_date") or None,
        "send_back_by": row.get("return_ship_due_date") or None,
        "inspect_by": row.get("return_seller_due_date") or None,
        "evidence_by": inner(row, "seller_proof").get("seller_evidence_deadline") or None,
        "currency": currency,
        "refund_minor": minor(row.get("refund_amount"), currency, "refund_amount"),
        "tracking_number": row.get("tracking_number") or "",
        "lines": _lines(row, currency),
    }


def inner(row: ReturnRow, name: str) -> Mapping[str, Any]:
    """Return a detail's object, or an object holding the text a list has in its place."""
    value: Any = row.get(name)
    if isinstance(value, dict):
        return value
    flat = row.get(f"{name}_status")
    return {f"{name}_status": value if isinstance(value, str) else flat}


def compensation_word(row: ReturnRow) -> str:
    """Return the compensation status without the prefix that lists drop."""
    word = inner(row, "seller_compensation").get("seller_compensation_status")
    return str(word or "").removeprefix(_COMPENSATION)


def _kind(row: ReturnRow, request_id: str, unmapped: list[Unmapped]) -> RequestKind:
    solution = row.get("return_solution")
    if solution is None:
        needs = row.get("needs_logistics")
        return RequestKind.unknown if needs is None else (RequestKind.return_refund if needs else RequestKind.refund)
    kind = words.RETURN_SOLUTION.get(str(solution))
    if kind is None:
        unmapped.append(Unmapped(request_id, "return_solution", str(solution)))
    return kind or RequestKind.unknown


def _goods(
    row: ReturnRow, kind: RequestKind, state: RequestState, request_id: str, unmapped: list[Unmapped]
) -> GoodsState:
    if kind is not RequestKind.return_refund:
        return GoodsState.unknown if kind is RequestKind.unknown else GoodsState.not_returning
    word = row.get("reverse_logistics_status") or row.get("reverse_logistic_status") or row.get("logistics_status")
    if not word:
        # The list does not tell the parcel's way back; only before the answer it is certain that nothing moves.
        return GoodsState.not_returning if state in _NOTHING_MOVES else GoodsState.unknown
    parcel = words.LOGISTICS.get(_REVERSE_SPELLING.get(word, word))
    if parcel is None:
        unmapped.append(Unmapped(request_id, "reverse_logistics_status", word))
        return GoodsState.unknown
    if parcel is FulfillmentState.delivered:
        return GoodsState.received
    if parcel is FulfillmentState.shipped:
        return GoodsState.sent_back
    return GoodsState.to_send_back if state is RequestState.agreed else GoodsState.not_returning


_NOTHING_MOVES = frozenset({RequestState.open, RequestState.withdrawn})
_REVERSE_SPELLING = {"LOGISTICS_NOT_STARTED": "LOGISTICS_NOT_START"}
"""The return push sample writes the first word with two more letters."""


def _dispute(row: ReturnRow, progress: words.Progress) -> Dispute:
    if progress.dispute is not Dispute.none:
        return progress.dispute
    word = compensation_word(row)
    if word == "REQUESTED":
        return Dispute.opened
    if word in {"APPROVED", "REJECTED"}:
        return Dispute.decided
    return Dispute.none


def _reason(row: ReturnRow, request_id: str, unmapped: list[Unmapped]) -> AfterSaleReason | None:
    raw = row.get("reason") or ""
    if not raw:
        return None
    key = words.plain(raw)
    if key in words.RETURN_REASON:
        return words.RETURN_REASON[key]
    unmapped.append(Unmapped(request_id, "reason", raw))
    return AfterSaleReason.unknown


def _details(row: ReturnRow, request_id: str, unmapped: list[Unmapped]) -> dict[str, str]:
    negotiation, proof = inner(row, "negotiation"), inner(row, "seller_proof")
    compensation = inner(row, "seller_compensation")
    details = {
        "negotiation_status": negotiation.get("negotiation_status"),
        "latest_solution": negotiation.get("latest_solution"),
        "latest_offer_amount": negotiation.get("latest_offer_amount"),
        "offer_due_date": negotiation.get("offer_due_date"),
        "seller_proof_status": proof.get("seller_proof_status"),
        "seller_compensation_status": compensation.get("seller_compensation_status"),
        "seller_compensation_due_date": compensation.get("seller_compensation_due_date"),
        "compensation_amount": compensation.get("compensation_amount"),
        "reassessed_request_reason": row.get("reassessed_request_reason"),
        "return_refund_type": row.get("return_refund_type"),
        "return_refund_request_type": row.get("return_refund_request_type"),
        "validation_type": row.get("validation_type"),
        "dispute_reason": _joined(row.get("dispute_reason")),
        "reverse_logistics_status": row.get("reverse_logistics_status") or row.get("reverse_logistic_status"),
    }
    for name, known in (("negotiation_status", words.NEGOTIATION), ("seller_proof_status", words.PROOF)):
        word = str(details[name] or "")
        if word and word not in known:
            unmapped.append(Unmapped(request_id, name, word))
    if compensation_word(row) and compensation_word(row) not in words.COMPENSATION:
        word = str(details["seller_compensation_status"])
        unmapped.append(Unmapped(request_id, "seller_compensation_status", word))
    return {name: str(value) for name, value in details.items() if value is not None and value != ""}


def _joined(reasons: Any) -> str:
    if isinstance(reasons, list):
        return ",".join(str(reason) for reason in reasons if reason is not None)
    return "" if reasons is None else str(reasons)


def _lines(row: ReturnRow, currency: str) -> list[dict[str, Any]]:
    """Return the lines asked about. A return names item and model only: lines inside a bundle are not told apart."""
    return [
        {
            "line_id": line_key({"item_id": item.get("item_id"), "model_id": item.get("model_id")}),
            "quantity": item.get("amount"),
            "refund_minor": minor(item.get("refund_amount"), currency, "item.refund_amount"),
        }
        for item in row.get("item") or ()
        if item.get("item_id") is not None and item.get("amount") is not None
    ]
