"""1688's answers as the adapter reads them: only the fields that are mapped, every one of them optional.

Unknown keys are skipped; a missing key and null are the same here (API.md section 1). Ids and amounts are kept as the
text of their number, so that none is ever a float.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from gateway.errors import DataError
from gateway.ports import Answer
from gateway.transport.json import decode, encode

Text = str | None
Number = Annotated[str, Field(coerce_numbers_to_str=True)] | None
Amount = Number
Flag = Any


class Contact(TypedDict, total=False):
    """`buyerContact`, `sellerContact`."""

    name: Text
    companyName: Text
    shopName: Text
    imInPlatform: Text


class Receiver(TypedDict, total=False):
    """`receiverInfo`."""

    toFullName: Text
    toMobile: Text
    toPhone: Text
    toPost: Number
    toArea: Text


class Step(TypedDict, total=False):
    """One entry of `newStepOrderList`. The page does not say in which unit its amounts are, so none is read."""

    stepNo: int | None
    stepName: Text
    payStatus: Number
    gmtStart: Text
    gmtPay: Text
    gmtEnd: Text


class BaseInfo(TypedDict, total=False):
    """`baseInfo` (section 5.5)."""

    id: Number
    idOfStr: Text
    status: Text
    refundStatus: Text
    refundStatusForAs: Text
    refundId: Text
    outOrderId: Number
    preOrderId: Number
    closeReason: Text
    closeRemark: Text
    closeOperateType: Text
    currency: Text
    createTime: Text
    payTime: Text
    allDeliveredTime: Text
    receivingTime: Text
    confirmedTime: Text
    completeTime: Text
    modifyTime: Text
    payTimeout: Number
    payTimeoutType: Number
    totalAmount: Amount
    shippingFee: Amount
    refund: Amount
    tradeType: Number
    businessType: Text
    overSeaOrder: Flag
    remark: Text
    buyerFeedback: Text
    buyerMemo: Text
    sellerMemo: Text
    buyerID: Text
    sellerID: Text
    buyerLoginId: Text
    sellerLoginId: Text
    buyerContact: Contact | None
    sellerContact: Contact | None
    receiverInfo: Receiver | None
    newStepOrderList: list[Step] | None


class SkuInfo(TypedDict, total=False):
    """One property of a variant."""

    name: Text
    value: Text


class Item(TypedDict, total=False):
    """One entry of `productItems`, a sub-order."""

    subItemID: Number
    subItemIDString: Text
    productID: Number
    skuID: Number
    specId: Text
    name: Text
    skuInfos: list[SkuInfo] | None
    cargoNumber: Text
    productCargoNumber: Text
    price: Amount
    quantity: Amount
    unit: Text
    itemAmount: Amount
    status: Text
    refundStatus: Text
    refundId: Text
    refundIdForAs: Text
    logisticsStatus: Number
    closeReason: Text
    gmtPayExpireTime: Text
    productSnapshotUrl: Text
    canSendGoods: Flag


class Shipment(TypedDict, total=False):
    """One entry of `logisticsItems`."""

    id: Number
    logisticsCode: Text
    type: Number
    status: Text
    logisticsCompanyName: Text
    logisticsBillNo: Text
    subItemIds: Text


class Logistics(TypedDict, total=False):
    """`nativeLogistics`."""

    contactPerson: Text
    mobile: Text
    telephone: Text
    zip: Number
    province: Text
    city: Text
    area: Text
    town: Text
    address: Text
    logisticsItems: list[Shipment] | None


class Term(TypedDict, total=False):
    """One entry of `tradeTerms`, a payment."""

    payStatus: Number
    payTime: Text
    payWay: Number
    payWayDesc: Text
    phasAmount: Amount
    phase: Number


class Encrypted(TypedDict, total=False):
    """`encryptOutOrderInfo`: the sale elsewhere that this order was made for."""

    outPlatformOrderNo: Number
    outPlatformCode: Text
    oaid: Text
    encryptReceiverName: Text
    encryptReceiverMobile: Text
    encryptReceiverAddress: Text


class OrderRow(TypedDict, total=False):
    """TradeInfo (section 5.5)."""

    baseInfo: BaseInfo | None
    productItems: list[Item] | None
    nativeLogistics: Logistics | None
    tradeTerms: list[Term] | None
    encryptOutOrderInfo: Encrypted | None


class RefundOperation(TypedDict, total=False):
    """One line of a refund's history."""

    operateTypeInt: Number
    operateRemark: Text
    discription: Text
    operatorRoleId: Number


class RefundRow(TypedDict, total=False):
    """A refund as list, query by order and detail give it (section 7.2). Flags have two spellings; both are taken."""

    refundId: Number
    id: Number
    orderId: Number
    orderEntryIdList: list[Number] | None
    orderEntryCountMap: dict[str, Number] | None
    status: Text
    disputeType: Number
    goodsStatus: Number
    applyPayment: Amount
    applyCarriage: Amount
    refundPayment: Amount
    refundCarriage: Amount
    applyReason: Text
    applyReasonId: Number
    rejectReason: Text
    gmtApply: Text
    gmtCreate: Text
    gmtModified: Text
    gmtTimeOut: Text
    freightBill: Text
    taskStatus: Number
    onlyRefund: Flag
    isOnlyRefund: Flag
    refundGoods: Flag
    isRefundGoods: Flag
    buyerSendGoods: Flag
    isBuyerSendGoods: Flag
    refundOperationList: list[RefundOperation] | None


@cache
def order_row() -> TypeAdapter[OrderRow]:
    """Return the validator of one order, built when first used."""
    return TypeAdapter(OrderRow)


@cache
def refund_row() -> TypeAdapter[RefundRow]:
    """Return the validator of one refund, built when first used."""
    return TypeAdapter(RefundRow)


def body_of(answer: Answer) -> dict[str, Any]:
    """Return the whole answer as a dict with exact numbers. Raises DataError when it is no JSON object."""
    body = decode(answer.body)
    if not isinstance(body, dict):
        raise DataError("1688's answer is JSON, but no object. Nothing was read; ask again.")
    return body


def dict_of(content: Mapping[str, Any], key: str, call: str) -> dict[str, Any]:
    """Return an object of an answer. Raises DataError when there is none: nothing is not "no orders"."""
    found = content.get(key)
    if not isinstance(found, dict):
        raise DataError(f"1688's answer to {call} has no object `{key}`. Nothing was read; ask again.")
    return found


def rows_of(content: Mapping[str, Any], key: str, call: str, *, optional: bool = False) -> list[dict[str, Any]]:
    """Return the objects of a list. ``optional``: a missing one is empty. Raises DataError for anything else."""
    rows = content.get(key)
    if rows is None and (optional or key in content):
        return []
    if not isinstance(rows, list):
        raise DataError(f"1688's answer to {call} has no list `{key}`. Nothing was read; ask again.")
    return [row for row in rows if isinstance(row, dict)]


def raw_bytes(row: Any) -> bytes:
    """Return the platform's words for one object."""
    return encode(row)


def text_of(content: Mapping[str, Any], key: str) -> str:
    """Return a text or a number of an answer as text; empty when missing, null or of another kind."""
    value = content.get(key)
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def fields_at_fault(fault: ValidationError) -> str:
    """Return which fields broke which rule, never their values."""
    found = [
        f"{'.'.join(str(step) for step in error['loc']) or 'object'}: {error['type']}"
        for error in fault.errors(include_url=False, include_context=False, include_input=False)
    ]
    return "; ".join(dict.fromkeys(found))
