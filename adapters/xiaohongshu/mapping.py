"""One Xiaohongshu order -> the fields of one canonical order. Pure: dict in, dict out (API.md section 4).

Amounts are fen already, times become instants (0 means "none"), words go through `words`. What did not arrive is named
in ``absent``; what no table knows becomes ``unknown`` and is listed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, TypeVar

from adapters.xiaohongshu import words
from adapters.xiaohongshu.payloads import OrderRow, Parcel, Receiver, Sku, instant
from adapters.xiaohongshu.personal import SEALED, Masks, sealed_of
from gateway.errors import DataError
from gateway.model.order import Closure, EndedBy, EndReason, FulfillmentState, PaymentState, SaleType
from gateway.model.store import Store
from gateway.ports import Unmapped

Meaning = TypeVar("Meaning")

CURRENCY = "CNY"
UNPAID_FOR = timedelta(minutes=30)
"""After this long the platform itself ends an order that nobody paid (section 4.3)."""

_SOURCES: tuple[tuple[str, str], ...] = (
    ("paid_at", "paidTime"),
    ("shipped_at", "deliveryTime"),
    ("ship_by", "promiseLastDeliveryTime"),
    ("ship_from", "presaleDeliveryStartTime"),
    ("ended_at", "cancelTime"),
    ("total_minor", "totalPayAmount"),
    ("shipping_minor", "totalShippingFree"),
    ("cross_border", "logisticsMode"),
    ("buyer_message", "customerRemark"),
    ("note", "sellerRemark"),
    ("lines", "skuList"),
    ("packages", "simpleDeliveryOrderList"),
    ("payments", "paymentType"),
    ("buyer", "userId"),
    ("replaces", "originalOrderId"),
)
"""Canonical field -> the field of the platform it comes from."""

_EMPTY_IS_MISSING = frozenset({"buyer_message", "note", "replaces"})
"""Texts that live answers leave away when they are empty."""

NEVER_TOLD = frozenset({
    "collect_by", "latest_delivery_at", "delivered_at", "auto_cancel_at", "returnable_until", "ended_by_raw",
    "end_reason_raw", "buyer_reason_raw", "refunded_minor", "can_cancel", "can_cancel_lines",
})  # fmt: skip
"""`order.getOrderDetail` has no field for these: they stay what is stored, or unknown."""

_UNKNOWN = words.Standing(None, FulfillmentState.unknown, Closure.unknown)
_DETAILS = ("orderType", "orderAfterSalesStatus", "cancelStatus", "logistics", "logisticsMode")


class Unmappable(DataError):
    """A field that cannot be carried over exactly. The text names the field and the rule, never the value."""


class Strange:
    """Looks words up in their tables and lists those that are in none."""

    def __init__(self, external_id: str) -> None:
        self.found: list[Unmapped] = []
        self._id = external_id

    def meaning(self, table: Mapping[str, Meaning], where: str, word: str | None, unknown: Meaning) -> Meaning:
        """Return what a word means; a missing one is unknown, but nothing to report."""
        if word is not None and word in table:
            return table[word]
        if word:
            self.found.append(Unmapped(self._id, where, word))
        return unknown

    def check(self, known: frozenset[str], where: str, word: str | None) -> None:
        """Report a word that is only kept as it is."""
        if word and word not in known:
            self.found.append(Unmapped(self._id, where, word))


def order_fields(
    row: OrderRow, store: Store, receiver: Receiver | None, masks: Masks
) -> tuple[dict[str, Any], list[Unmapped]]:
    """Return the fields of the canonical order and the words no table knows.

    Raises Unmappable when its number, status, creation or update time is missing.
    """
    order_id, status = row.get("orderId") or "", row.get("orderStatus") or ""
    placed_at, updated_at = instant(row.get("createdTime")), instant(row.get("updateTime"))
    needed = {"orderId": order_id, "orderStatus": status, "createdTime": placed_at, "updateTime": updated_at}
    if not all(needed.values()) or placed_at is None:
        raise Unmappable(f"{next(name for name, value in needed.items() if not value)}: missing")
    strange = Strange(order_id)
    standing = strange.meaning(words.ORDER_STATUS, "orderStatus", status, _UNKNOWN)
    paid_at, shipped_at = instant(row.get("paidTime")), instant(row.get("deliveryTime"))
    payment = _payment(standing, paid_at is not None)
    cancelled_at, finished_at = instant(row.get("cancelTime")), instant(row.get("finishTime"))
    ended_by, end_reason = _ending(standing, payment, None if cancelled_at is None else cancelled_at - placed_at)
    fulfillment = standing.fulfillment
    if standing.closure in {Closure.cancelled, Closure.closed}:
        fulfillment = FulfillmentState.shipped if shipped_at else FulfillmentState.not_due
    strange.check(words.ORDER_AFTER_SALES, "orderAfterSalesStatus", row.get("orderAfterSalesStatus"))
    strange.check(words.CANCEL_STATUS, "cancelStatus", row.get("cancelStatus"))
    lines = _lines(row)
    fields: dict[str, Any] = {
        "store": store.id,
        "order_id": order_id,
        "raw_status": status,
        "raw_details": _details(row),
        "platform_ids": {"open_address_id": row["openAddressId"]} if row.get("openAddressId") else {},
        "replaces": row.get("originalOrderId") or "",
        "payment": payment,
        "fulfillment": fulfillment,
        "closure": standing.closure,
        "region": store.region,
        "currency": CURRENCY,
        "sale_type": strange.meaning(words.ORDER_TYPE, "orderType", row.get("orderType"), SaleType.in_stock),
        "cross_border": _cross_border(row, strange),
        "placed_at": placed_at,
        "updated_at": updated_at,
        "paid_at": paid_at,
        "ship_from": instant(row.get("presaleDeliveryStartTime")),
        "ship_by": instant(row.get("promiseLastDeliveryTime")),
        "shipped_at": shipped_at,
        "ended_at": None if standing.closure is Closure.open else cancelled_at or finished_at,
        "ended_by": ended_by,
        "end_reason": end_reason,
        "total_minor": row.get("totalPayAmount"),
        "shipping_minor": row.get("totalShippingFree"),
        "note": row.get("sellerRemark") or "",
        "buyer_message": row.get("customerRemark") or "",
        "lines": lines,
        "packages": _packages(row, lines, strange),
        "payments": _payments(row, payment, paid_at, strange),
        "buyer": {"buyer_id": row["userId"]} if row.get("userId") else None,
        "recipient": _recipient(row, receiver, masks),
        "absent": _absent(row, receiver, lines),
    }
    return fields, strange.found


def _details(row: Mapping[str, Any]) -> dict[str, str]:
    tags = row.get("orderTagList")
    told = {name: row[name] for name in _DETAILS if row.get(name)}
    return told | ({"orderTagList": ",".join(tags)} if tags else {})


def _payment(standing: words.Standing, paid: bool) -> PaymentState:
    if standing.paid or (paid and standing.paid is None):
        return PaymentState.paid
    if standing.paid is None and standing.closure is Closure.unknown:
        return PaymentState.unknown
    return PaymentState.unpaid


def _ending(
    standing: words.Standing, payment: PaymentState, after: timedelta | None
) -> tuple[EndedBy | None, EndReason | None]:
    """Tell who ended an order, which the platform never says: only for unpaid ones the time that passed does."""
    if standing.closure not in {Closure.cancelled, Closure.closed}:
        return None, None
    if standing.closure is Closure.cancelled and payment is PaymentState.unpaid and after is not None:
        if after >= UNPAID_FOR:
            return EndedBy.platform, EndReason.unpaid
        return EndedBy.buyer, EndReason.buyer_asked
    return EndedBy.unknown, EndReason.unknown


def _cross_border(row: OrderRow, strange: Strange) -> bool | None:
    mode = row.get("logisticsMode")
    unknown: bool | None = None
    table: Mapping[str, bool | None] = words.LOGISTICS_MODE
    return None if mode in {None, "", "0"} else strange.meaning(table, "logisticsMode", mode, unknown)


def line_ids(skus: list[Sku]) -> list[str]:
    """Return one id a line: the SKU's; a repeated one (a gift of what is bought) counts up in order."""
    seen: dict[str, int] = {}
    ids = []
    for sku in skus:
        key = sku.get("skuId") or ""
        seen[key] = seen.get(key, 0) + 1
        ids.append(key if seen[key] == 1 else f"{key}#{seen[key]}")
    return ids


def _lines(row: OrderRow) -> list[dict[str, Any]]:
    skus = row.get("skuList") or []
    return [_line(line_id, sku) for line_id, sku in zip(line_ids(skus), skus, strict=True)]


def _line(line_id: str, sku: Sku) -> dict[str, Any]:
    quantity, paid = sku.get("skuQuantity"), sku.get("totalPaidAmount")
    if not sku.get("skuId") or quantity is None:
        raise Unmappable("skuList: an entry without skuId or skuQuantity")
    parts = sku.get("skuDetailList") or []
    part = parts[0] if len(parts) == 1 else {}  # several parts: a bundle, whose own price is the line's
    unit = part.get("paidAmountPerSku")
    if unit is None and paid is not None and quantity > 0 and paid % quantity == 0:
        unit = paid // quantity
    return {
        "line_id": line_id,
        "product_id": sku.get("itemId") or sku.get("skuId"),
        "variant_id": sku.get("skuId"),
        "sku": sku.get("erpcode") or part.get("erpCode") or None,
        "title": sku.get("itemName") or sku.get("skuName") or "",
        "variant": sku.get("skuSpec") or "",
        "quantity": quantity,
        "unit_price_minor": unit,
        "list_price_minor": part.get("rawPricePerSku"),
        "paid_minor": paid,
        "gift": sku.get("skuTag") == 1,
    }


def _packages(row: OrderRow, lines: list[dict[str, Any]], strange: Strange) -> list[dict[str, Any]]:
    return [
        {
            "package_id": parcel.get("deliveryOrderIndex") or "",
            "state": strange.meaning(
                words.PARCEL_STATUS,
                "simpleDeliveryOrderList.status",
                parcel.get("status"),
                FulfillmentState.unknown,
            ),
            "raw_status": parcel.get("status") or "",
            "carrier": parcel.get("expressCompanyCode") or "",
            "tracking_number": parcel.get("expressTrackingNo") or "",
            "lines": _contents(parcel, row, lines),
        }
        for parcel in row.get("simpleDeliveryOrderList") or ()
    ]


def _contents(parcel: Parcel, row: OrderRow, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what lies in a parcel: whole lines, as far as no other parcel names their SKU too."""
    named = set(parcel.get("skuIdList") or ())
    shared = _shared(row)
    return [
        {"line_id": line["line_id"], "quantity": line["quantity"]}
        for line in lines
        if line["variant_id"] in named and line["variant_id"] not in shared
    ]


def _shared(row: OrderRow) -> set[str]:
    """Return the SKUs that lie in several parcels; how many in which, the platform does not tell."""
    seen: set[str] = set()
    twice: set[str] = set()
    for parcel in row.get("simpleDeliveryOrderList") or ():
        skus = set(parcel.get("skuIdList") or ())
        twice |= seen & skus
        seen |= skus
    return twice


def _payments(row: OrderRow, state: PaymentState, paid_at: Any, strange: Strange) -> list[dict[str, Any]]:
    kind = row.get("paymentType")
    if kind in {None, "", "0"}:
        return []
    return [
        {
            "payment_id": row.get("outTradeNo") or "",
            "method": strange.meaning(words.PAYMENT, "paymentType", kind, str(kind)),
            "state": state,
            "amount_minor": row.get("totalPayAmount"),
            "paid_at": paid_at,
        }
    ]


def _recipient(row: OrderRow, receiver: Receiver | None, masks: Masks) -> dict[str, Any] | None:
    """Return area, ciphertexts and masked words. Without a receiver name, phone and address count as hidden."""
    told: dict[str, Any] = {
        "state": row.get("receiverProvinceName") or "",
        "city": row.get("receiverCityName") or "",
        "district": row.get("receiverDistrictName") or "",
        "address_token": row.get("openAddressId") or "",
    }
    if receiver is not None:
        sealed = sealed_of(receiver)
        shown = {field: masks.get((row.get("orderId") or "", text), "") for field, text in sealed.items()}
        told |= {**shown, "town": receiver.get("receiverTownName") or "", "encrypted": sealed}
    return {**told, "masked": frozenset(SEALED)} if any(told.values()) else None


def _absent(row: OrderRow, receiver: Receiver | None, lines: list[dict[str, Any]]) -> frozenset[str]:
    absent = set(NEVER_TOLD)
    absent |= {name for name, key in _SOURCES if key not in row and name not in _EMPTY_IS_MISSING}
    if receiver is None:
        absent |= {f"recipient.{field}" for field in (*SEALED, "town", "encrypted")}
    if _shared(row) & {line["variant_id"] for line in lines}:
        absent.add("packages.lines")
    return frozenset(absent)
