"""The shapes of after-sales on the wire: yuan with decimals, milliseconds (API.md section 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mocks.xiaohongshu.after_sale_machine import seller_due
from mocks.xiaohongshu.carriers import ADDRESSES, carrier_name
from mocks.xiaohongshu.model import Kind, yuan
from mocks.xiaohongshu.wire import ms

if TYPE_CHECKING:
    from mocks.xiaohongshu.model import AfterSale


def basic(one: AfterSale) -> dict[str, Any]:
    """Render a row of the list."""
    due = seller_due(one)
    return {
        "returnsId": one.returns_id,
        "returnType": int(one.kind),
        "reasonId": one.reason_id,
        "reasonNameZh": one.reason,
        "status": int(one.stage),
        "userId": one.order.user_id,
        "orderId": one.order.order_id,
        "applyTime": ms(one.applied_at),
        "updatedAt": one.updated_ms,
        "expireTime": -1 if due is None else ms(due),
        "desc": one.desc,
        "returnsTag": one.tag,
        "expectedRefundAmountYuan": yuan(one.expected),
    }


def detailed(one: AfterSale, *, with_records: bool) -> dict[str, Any]:
    """Render the detail with its three logistics and, if asked, the negotiation."""
    address = ADDRESSES.get(one.address_id)
    skus = [_sku(one, sku_id, count) for sku_id, count in one.applied.items()]
    info = {
        **basic(one),
        "returnAddress": _address(address) if address else {},
        "proofPhotos": list(one.photos),
        "supportCarriageInsurance": False,
        "openAddressId": one.order.receiver.open_address_id,
        "skus": skus,
        "exchangeSKUs": skus if one.kind == Kind.EXCHANGE else [],
        "closeReasonZh": one.close_reason,
        "appliedShipFeeAmountYuan": yuan(one.ship_fee),
        "appliedSkusAmountYuan": yuan(one.expected - one.ship_fee),
        "refundAmountYuan": yuan(one.refunded),
        "refundStatus": one.refund_status,
        "cargoStatus": one.cargo_status,
        "refundTime": ms(one.refund_time),
    }
    shipped = next((parcel for parcel in one.order.parcels if parcel.shipped_at is not None), None)
    records = {"negotiateRecords": list(one.records)} if with_records else {}
    return {
        "afterSaleInfo": info,
        "logisticsInfo": {
            "afterSale": _way(one.back_no, one.back_code, one.back_sent_at, one.back_signed_at),
            "exchange": _way(one.exchange_no, one.exchange_code, None, None),
            "order": _way(shipped.express_no, shipped.express_code, shipped.shipped_at, shipped.delivered_at)
            if shipped
            else _way("", "", None, None),
        },
        **records,
    }


def _way(number: str, code: str, filled: int | None, signed: int | None) -> dict[str, Any]:
    return {
        "expressNo": number,
        "expressCompanyCode": code,
        "expressCompanyName": carrier_name(code) or "",
        "fillExpressNoTime": ms(filled),
        "expressSignTime": ms(signed),
    }


def _sku(one: AfterSale, sku_id: str, count: int) -> dict[str, Any]:
    line = next(line for line in one.order.lines if line.sku_id == sku_id)
    row = {
        "skuId": sku_id,
        "skuName": f"{line.title} {line.spec}".strip(),
        "image": f"//qimg.invalid/arkgoods/{sku_id}.png",
        "price": yuan(line.paid),
        "boughtCount": line.quantity,
        "appliedCount": count,
        "appliedTotalAmountYuan": yuan(line.paid * count),
        "scskucode": line.sc_sku_code,
        "barcode": line.sc_sku_code,
        "variants": [{"name": "规格", "value": line.spec}] if line.spec else [],
    }
    if line.erp_code:
        row["skuERPCode"] = line.erp_code
    return row


def _address(record: dict[str, Any]) -> dict[str, Any]:
    return {
        "province": record["provinceName"],
        "city": record["cityName"],
        "county": record["countyName"],
        "town": record["townName"],
        "street": record["address"],
        "phone": record["phone"],
        "name": record["contactName"],
        "fullAddress": record["fullAddress"],
    }
