"""Xiaohongshu's answers as the adapter reads them: the envelope, and only the fields that are mapped, all optional.

Unknown keys are skipped. "No value" is 0 for a time, "" for an id, null, or a missing key (API.md section 1). Words
and ids are kept as text, whether they came as numbers or as text; times are epoch milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from gateway.errors import DataError
from gateway.ports import Answer
from gateway.transport.json import decode

Text = Annotated[str, Field(coerce_numbers_to_str=True)] | None
Whole = int | None
Flag = bool | None
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = 20_000_000_000_000  # milliseconds; what is beyond is no instant


class SkuDetail(TypedDict, total=False):
    """One entry of `skuDetailList`: what one unit of a line is made of."""

    skuId: Text
    erpCode: Text
    paidAmountPerSku: Whole
    rawPricePerSku: Whole


class Sku(TypedDict, total=False):
    """One entry of an order's `skuList`."""

    skuId: Text
    skuName: Text
    erpcode: Text
    skuSpec: Text
    skuQuantity: Whole
    itemId: Text
    itemName: Text
    totalPaidAmount: Whole
    skuTag: Whole
    skuAfterSaleStatus: Text
    skuDetailList: list[SkuDetail] | None


class Parcel(TypedDict, total=False):
    """One entry of `simpleDeliveryOrderList`."""

    deliveryOrderIndex: Text
    status: Text
    expressTrackingNo: Text
    expressCompanyCode: Text
    skuIdList: list[str] | None


class OrderRow(TypedDict, total=False):
    """One order of `order.getOrderDetail` (API.md section 4.2). Amounts are fen."""

    orderId: Text
    orderType: Text
    orderStatus: Text
    orderAfterSalesStatus: Text
    cancelStatus: Text
    createdTime: Whole
    paidTime: Whole
    updateTime: Whole
    deliveryTime: Whole
    cancelTime: Whole
    finishTime: Whole
    promiseLastDeliveryTime: Whole
    presaleDeliveryStartTime: Whole
    customerRemark: Text
    sellerRemark: Text
    sellerRemarkFlag: Text
    originalOrderId: Text
    receiverProvinceName: Text
    receiverCityName: Text
    receiverDistrictName: Text
    openAddressId: Text
    logistics: Text
    logisticsMode: Text
    orderTagList: list[str] | None
    userId: Text
    totalPayAmount: Whole
    totalShippingFree: Whole
    paymentType: Text
    outTradeNo: Text
    expressTrackingNo: Text
    expressCompanyCode: Text
    unpack: Flag
    skuList: list[Sku] | None
    simpleDeliveryOrderList: list[Parcel] | None


class Receiver(TypedDict, total=False):
    """One entry of `receiverInfos` (API.md section 4.4). Name, phone and address are ciphertext."""

    orderId: Text
    matched: Flag
    receiverTownName: Text
    receiverName: Text
    receiverPhone: Text
    receiverAddress: Text


class ReturnedSku(TypedDict, total=False):
    """One entry of an after-sale's `skus`. Amounts are yuan."""

    skuId: Text
    appliedCount: Whole
    appliedTotalAmountYuan: Text


class Express(TypedDict, total=False):
    """One entry of `logisticsInfo`."""

    expressNo: Text
    expressCompanyCode: Text
    expressSignTime: Whole


class AfterSaleRow(TypedDict, total=False):
    """One after-sale, as listed or whole (API.md sections 5.1 and 5.2). Amounts are yuan."""

    returnsId: Text
    returnType: Text
    reasonNameZh: Text
    status: Text
    orderId: Text
    applyTime: Whole
    updatedAt: Whole
    expireTime: Whole
    desc: Text
    returnsTag: Text
    expectedRefundAmountYuan: Text
    refundAmountYuan: Text
    refundStatus: Text
    cargoStatus: Text
    closeReasonZh: Text
    skus: list[ReturnedSku] | None


@cache
def order_row() -> TypeAdapter[OrderRow]:
    """Return the validator of one order, built when first used."""
    return TypeAdapter(OrderRow)


@cache
def receiver_rows() -> TypeAdapter[list[Receiver]]:
    """Return the validator of receivers, built when first used."""
    return TypeAdapter(list[Receiver])


@cache
def after_sale_row() -> TypeAdapter[AfterSaleRow]:
    """Return the validator of one after-sale, built when first used."""
    return TypeAdapter(AfterSaleRow)


@cache
def express() -> TypeAdapter[Express]:
    """Return the validator of one parcel of `logisticsInfo`, built when first used."""
    return TypeAdapter(Express)


def levels_of(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the envelope, and those that newer methods put inside its ``data`` (API.md section 1, c)."""
    levels = [body]
    while len(levels) < 4:
        inner = levels[-1].get("data")
        if not isinstance(inner, dict) or "success" not in inner or not {"code", "error_code", "data"} & inner.keys():
            break
        levels.append(inner)
    return levels


def content_of(answer: Answer) -> Any:
    """Return the innermost ``data`` of an answer that was judged good, None where it has none.

    Numbers are exact. Raises DataError when the answer is no JSON object.
    """
    body = decode(answer.body)
    if not isinstance(body, dict):
        raise DataError("Xiaohongshu's answer is JSON, but no object. Nothing was read; ask again.")
    return levels_of(body)[-1].get("data")


def object_of(answer: Answer, call: str) -> dict[str, Any]:
    """Return the content of a read that must have one. Raises DataError: nothing is not "none"."""
    content = content_of(answer)
    if not isinstance(content, dict):
        raise DataError(f"Xiaohongshu's answer to {call} has no `data` object. Nothing was read; ask again.")
    return content


def rows_of(content: Mapping[str, Any], key: str, call: str) -> list[Any]:
    """Return a list of the content, null as empty. Raises DataError when the key is missing or no list."""
    rows = content.get(key)
    if rows is None and key in content:
        return []
    if not isinstance(rows, list):
        raise DataError(f"Xiaohongshu's answer to {call} has no list `{key}`. Nothing was read; ask again.")
    return rows


def text_of(content: Any, key: str) -> str:
    """Return a text or a whole number of an object as text; empty when missing, null or of another kind."""
    value = content.get(key) if isinstance(content, Mapping) else None
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def whole_of(content: Any, key: str) -> int | None:
    """Return a whole number, also one that came as text; None for anything else."""
    text = text_of(content, key)
    return int(text[:20]) if text.isascii() and text.removeprefix("-").isdigit() else None


def instant(milliseconds: int | None) -> datetime | None:
    """Return the instant of epoch milliseconds; 0, -1 and null mean that there is none."""
    if milliseconds is None or not 0 < milliseconds < _LAST:
        return None
    return _EPOCH + timedelta(milliseconds=milliseconds)


def milliseconds(moment: datetime) -> int:
    """Return an instant as epoch milliseconds, rounded down."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def fields_at_fault(fault: ValidationError) -> str:
    """Return which fields broke which rule, never their values: ``"skuList.0.skuQuantity: int_type"``."""
    found = [
        f"{'.'.join(str(step) for step in error['loc']) or 'row'}: {error['type']}"
        for error in fault.errors(include_url=False, include_context=False, include_input=False)
    ]
    return "; ".join(dict.fromkeys(found))
