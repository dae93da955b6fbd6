"""Reading refunds: a list by update time, and one whole, from the side of the store (API.md section 7).

The deadline and the history stand in the detail only. Money is in fen, and what came back follows from the status:
`refundPayment` is told of closed refunds too.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from adapters.alibaba_1688 import words
from adapters.alibaba_1688.client import read, wire_date
from adapters.alibaba_1688.manifest import PAGE
from adapters.alibaba_1688.orders import check_width
from adapters.alibaba_1688.paging import Place, next_place, place_of
from adapters.alibaba_1688.payloads import (
    RefundRow,
    body_of,
    dict_of,
    fields_at_fault,
    raw_bytes,
    refund_row,
    rows_of,
    text_of,
)
from adapters.alibaba_1688.values import Unmappable, fen, flag, instant
from gateway.errors import DataError, InvalidRequest, NotFound
from gateway.model.after_sale import (
    AfterSale,
    DisputeState,
    GoodsState,
    OpenedBy,
    RefundState,
    RequestKind,
)
from gateway.model.store import Role, Store
from gateway.ports import AfterSalePage, BadItem, Call, Channel, RawItem, Unmapped, Window

KEY = "TQ"
"""How the id of a refund begins; messages may leave it out."""
_CURRENCY = "CNY"
_DETAILS = ("disputeType", "goodsStatus", "taskStatus", "rejectReason")
_STAFF = "介入"  # "steps in": the word of the history where the platform is asked to judge


@cache
def _after_sale() -> TypeAdapter[AfterSale]:
    return TypeAdapter(AfterSale)


def listing(store: Store) -> str:
    """Return the list call of the store's side."""
    side = "" if store.role is Role.seller else "buyer."
    return f"alibaba.trade.refund.{side}queryOrderRefundList"


def detail(store: Store) -> str:
    """Return the detail call of the store's side."""
    return f"alibaba.trade.refund.OpQueryOrderRefund{'.sellerView' if store.role is Role.seller else ''}"


def list_call(store: Store, window: Window, place: Place) -> Call:
    """Return the call for one page."""
    return read(
        listing(store),
        {
            "modifyStartTime": wire_date(window.start),
            "modifyEndTime": wire_date(window.end),
            "currentPageNum": str(place.page),
            "pageSize": str(PAGE),
        },
    )


def detail_call(store: Store, request_id: str) -> Call:
    """Return the call for one refund whole. Raises InvalidRequest when its id is none."""
    asked = refund_id(request_id)
    return read(detail(store), {"refundId": asked, "needTimeOutInfo": True, "needOrderRefundOperation": True})


def refund_id(told: str) -> str:
    """Return the key of a refund. Raises InvalidRequest for what cannot be one."""
    digits = told.removeprefix(KEY)
    if not (digits.isascii() and digits.isdigit()):
        raise InvalidRequest("The id of a 1688 refund is TQ and digits. Take it from the request as read.")
    return KEY + digits


async def list_after_sales(channel: Channel, window: Window, page: str | None) -> AfterSalePage:
    """Return one page of refunds updated within ``window``, as far as the list tells them.

    The seller's list is not known to take update times (its page names the application's only): what it gives beyond
    the window is left out here. Raises InvalidRequest for a window wider than the manifest's.
    """
    check_width(window)
    place = place_of(page, first=0)
    call = list_call(channel.store, window, place)
    result = dict_of(body_of(await channel.send(call)), "result", call.operation)
    total = text_of(result, "totalCount")
    rows = rows_of(result, "opOrderRefundModels", call.operation, optional=True)
    following = next_place(place, len(rows), int(total) if total.isdigit() else None, first=0)
    wanted = [row for row in rows if _within(row, window)]
    return map_refunds(wanted, channel.store, None if following is None else str(following))


def _within(row: dict[str, Any], window: Window) -> bool:
    try:
        at = instant(text_of(row, "gmtModified"), "gmtModified")
    except Unmappable:
        return True  # to be told about
    return at is None or (window.start.replace(microsecond=0) <= at <= window.end)


async def fetch_after_sale(channel: Channel, request_id: str) -> AfterSalePage:
    """Return one refund whole; an empty page when the platform does not know it for this account."""
    try:
        return map_refunds([await _read(channel, request_id)], channel.store, None)
    except NotFound:
        return AfterSalePage((), (), None)


async def read_refund(channel: Channel, request_id: str) -> RefundRow:
    """Return one refund as the platform tells it now. Raises NotFound, or DataError when it cannot be read."""
    try:
        return refund_row().validate_python(await _read(channel, request_id))
    except ValidationError as fault:
        raise DataError(f"1688's refund {request_id} cannot be read: {fields_at_fault(fault)}") from None


async def _read(channel: Channel, request_id: str) -> dict[str, Any]:
    call = detail_call(channel.store, request_id)
    result = dict_of(body_of(await channel.send(call)), "result", call.operation)
    found = result.get("opOrderRefundModelDetail")
    if not isinstance(found, dict):
        raise NotFound(f"1688 does not know refund {request_id} for this account. Check the number and the account.")
    return found


def map_refunds(rows: list[dict[str, Any]], store: Store, next_page: str | None) -> AfterSalePage:
    """Return the page that decoded refunds mean. Pure. Never raises: what cannot be mapped goes to ``bad``."""
    after_sales: list[AfterSale] = []
    raws: list[RawItem] = []
    bad: list[BadItem] = []
    unmapped: list[Unmapped] = []
    for row in rows:
        strange: list[Unmapped] = []
        try:
            fields = refund_fields(refund_row().validate_python(row), store, strange)
            one = _after_sale().validate_python(fields)
        except (ValidationError, Unmappable) as fault:
            reason = fields_at_fault(fault) if isinstance(fault, ValidationError) else str(fault)
            bad.append(BadItem(text_of(row, "refundId"), reason, raw_bytes(row)))
            continue
        after_sales.append(one)
        raws.append(RawItem(one.request_id, raw_bytes(row)))
        unmapped += strange
    return AfterSalePage(after_sales, raws, next_page, bad, unmapped)


def refund_fields(row: RefundRow, store: Store, unmapped: list[Unmapped]) -> dict[str, Any]:
    """Return the fields of the canonical request; words no table knows are added to ``unmapped``.

    Raises Unmappable when a number, the status or an instant is missing, or an amount is not exact.
    """
    request_id = row.get("refundId") or (f"{KEY}{row['id']}" if row.get("id") else "")
    status = row.get("status") or ""
    opened, updated = row.get("gmtApply") or row.get("gmtCreate"), row.get("gmtModified") or row.get("gmtCreate")
    needed = {"refundId": request_id, "orderId": row.get("orderId"), "status": status, "gmtApply": opened}
    for name, value in {**needed, "gmtModified": updated}.items():
        if not value:
            raise Unmappable(f"{name}: missing")
    progress = words.REFUND_STATUS.get(status)
    if progress is None:
        progress = words.UNKNOWN_REFUND
        unmapped.append(Unmapped(request_id, "status", status))
    kind = kind_of(row)
    back = progress.refund is RefundState.refunded
    deadline = words.DEADLINE.get(status)
    times = {deadline: instant(row.get("gmtTimeOut"), "gmtTimeOut")} if deadline else {}
    return {
        "store": store.id,
        "order_id": row.get("orderId"),
        "request_id": request_id,
        "kind": kind,
        "opened_by": OpenedBy.buyer,
        "state": progress.state,
        "goods": _goods(row, kind, progress),
        "refund": progress.refund,
        "dispute": DisputeState.judging if judged(row) and status in words.RUNNING else DisputeState.none,
        "raw_status": status,
        "raw_details": {name: str(row[name]) for name in _DETAILS if row.get(name) not in {None, ""}},  # type: ignore[literal-required]  # names of the TypedDict
        "reason": words.reason_of(row.get("applyReason") or ""),
        "reason_raw": row.get("applyReason") or "",
        "opened_at": instant(opened, "gmtApply"),
        "updated_at": instant(updated, "gmtModified"),
        **times,
        "currency": _CURRENCY,
        "refund_minor": _sum(row, "applyPayment", "applyCarriage"),
        "refunded_minor": _sum(row, "refundPayment", "refundCarriage") if back else 0,
        "tracking_number": row.get("freightBill") or "",
        "lines": [
            {"line_id": line_id, "quantity": int(units)}
            for line_id, units in (row.get("orderEntryCountMap") or {}).items()
            if units and units.isdigit()
        ],
    }


def kind_of(row: RefundRow) -> RequestKind:
    """Return whether goods come back, by the flags; `disputeRequest` is not documented. Unknown when none tells."""
    returning = flag(row, "refundGoods", "isRefundGoods")
    if returning:
        return RequestKind.return_refund
    if flag(row, "onlyRefund", "isOnlyRefund") or returning is False or row.get("goodsStatus") == "1":
        return RequestKind.refund
    return RequestKind.unknown


def judged(row: RefundRow) -> bool:
    """Return whether the platform's staff was asked: by their ticket, or by the history."""
    history = row.get("refundOperationList") or ()
    return bool(row.get("taskStatus")) or any(
        _STAFF in f"{step.get('operateRemark') or ''}{step.get('discription') or ''}" for step in history
    )


def _goods(row: RefundRow, kind: RequestKind, progress: words.Progress) -> GoodsState:
    if kind is RequestKind.refund:
        return GoodsState.not_returning
    if kind is RequestKind.unknown and progress.goods is GoodsState.received:
        return GoodsState.unknown
    if progress.goods is GoodsState.received and flag(row, "buyerSendGoods", "isBuyerSendGoods") is False:
        return GoodsState.not_returning
    return progress.goods


def _sum(row: RefundRow, *names: str) -> int | None:
    told = [fen(row.get(name), _CURRENCY, name) for name in names]  # type: ignore[arg-type]  # names of the TypedDict
    known = [amount for amount in told if amount is not None and amount >= 0]
    return sum(known) if known else None
