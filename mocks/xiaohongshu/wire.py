"""The shapes of orders on the wire: fen, milliseconds, zero or empty instead of null (API.md sections 1 and 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mocks.xiaohongshu.model import ENDED, Status

if TYPE_CHECKING:
    from mocks.xiaohongshu.model import Line, Order, Parcel
    from mocks.xiaohongshu.world import World


def ms(second: int | None) -> int:
    """Write an instant in milliseconds, 0 when it has not come."""
    return (second or 0) * 1000


def listed(order: Order) -> dict[str, Any]:
    """Render a row of the order list: no amounts, no SKUs."""
    row: dict[str, Any] = {
        "orderId": order.order_id,
        "orderType": order.order_type,
        "orderStatus": int(order.status),
        "orderAfterSalesStatus": order.after_sale_status,
        "cancelStatus": order.cancel_status,
        "createdTime": ms(order.created),
        "paidTime": ms(order.paid),
        "updateTime": order.updated_ms,
        "deliveryTime": ms(order.shipped),
        "cancelTime": ms(order.cancelled),
        "finishTime": ms(order.completed),
        "promiseLastDeliveryTime": ms(order.ship_by),
        "planInfoId": f"{order.seller_id[:16]}001551f3",
        "planInfoName": "市内配送",
        "receiverCountryId": "",
        "receiverCountryName": "",
        "receiverProvinceId": "",
        "receiverProvinceName": order.receiver.province,
        "receiverCityId": "",
        "receiverCityName": order.receiver.city,
        "receiverDistrictId": "",
        "receiverDistrictName": order.receiver.district,
        "customerRemark": order.customer_remark,
        "sellerRemarkFlag": order.remark_flag,
        "logistics": order.logistics,
        "orderTagList": list(order.tags),
    }
    if order.seller_remark:
        row["sellerRemark"] = order.seller_remark
    if order.original_order_id:
        row["originalOrderId"] = order.original_order_id
    return row


def detailed(world: World, order: Order) -> dict[str, Any]:
    """Render the detail: the list's fields, lines, money, payment and parcels; never the receiver's data."""
    lines, shop = order.lines, world.shop_of(order)
    red = sum(line.red_discount * line.quantity for line in lines)
    answer = {
        **listed(order),
        "presaleDeliveryStartTime": ms(order.presale_start),
        "presaleDeliveryEndTime": ms(order.presale_end),
        "skuList": [_sku(line) for line in lines],
        "totalPayAmount": order.total,
        "totalShippingFree": order.shipping_fee,
        "totalDepositAmount": sum(line.deposit * line.quantity for line in lines),
        "totalMerchantDiscount": sum(line.merchant_discount * line.quantity for line in lines),
        "totalRedDiscount": red,
        "totalChangePriceAmount": 0,
        "merchantActualReceiveAmount": order.total + red,
        "outPromotionAmount": 0,
        "totalNetWeightAmount": sum(line.weight_gram * line.quantity for line in lines),
        "paymentType": order.payment_type,
        "outTradeNo": order.trade_no,
        "unpack": order.unpack,
        "simpleDeliveryOrderList": [_parcel(order, parcel) for parcel in order.parcels],
        "logisticsMode": order.logistics_mode,
        "shopId": shop.seller_id,
        "shopName": shop.name,
        "userId": order.user_id,
        "openAddressId": order.receiver.open_address_id,
        "boundExtendInfo": _bonded(order),
        "transferExtendInfo": {"orderDeclaredAmount": 0},
    }
    first = next((parcel for parcel in order.parcels if parcel.shipped_at is not None), None)
    if first is not None:
        answer["expressTrackingNo"], answer["expressCompanyCode"] = first.express_no, first.express_code
    return answer


def _bonded(order: Order) -> dict[str, Any]:
    if order.logistics_mode == 1:
        amounts = {"productValue": 0, "payAmount": 0, "taxAmount": 0, "shippingFee": 0, "discountAmount": 0}
        return {**amounts, "zoneCodes": []}
    return {
        "payNo": order.trade_no,
        "payChannel": "wechat" if order.payment_type == 2 else "alipay",
        "productValue": order.total - order.shipping_fee,
        "payAmount": order.total,
        "taxAmount": 0,
        "shippingFee": order.shipping_fee,
        "discountAmount": 0,
        "zoneCodes": [],
    }


def _sku(line: Line) -> dict[str, Any]:
    quantity = line.quantity
    name = f"{line.title} {line.spec}".strip()
    inner = {
        "skuId": line.sku_id,
        "skuName": name,
        "barcode": line.sc_sku_code,
        "scSkuCode": line.sc_sku_code,
        "quantity": quantity,
        "pricePerSku": line.paid,
        "taxPerSku": 0,
        "paidAmountPerSku": line.paid,
        "depositAmountPerSku": line.deposit,
        "merchantDiscountPerSku": line.merchant_discount,
        "redDiscountPerSku": line.red_discount,
        "rawPricePerSku": line.list_price,
    }
    row = {
        "skuId": line.sku_id,
        "skuName": name,
        "skuSpec": line.spec,
        "skuImage": f"//qimg.invalid/arkgoods/{line.sku_id}.png",
        "skuQuantity": quantity,
        "itemId": line.item_id,
        "itemName": line.title,
        "totalPaidAmount": line.paid * quantity,
        "totalMerchantDiscount": line.merchant_discount * quantity,
        "totalRedDiscount": line.red_discount * quantity,
        "totalTaxAmount": 0,
        "totalNetWeight": line.weight_gram * quantity,
        "skuTag": int(line.gift),
        "isChannel": False,
        "deliveryMode": int(line.no_logistics),
        "kolId": "",
        "skuAfterSaleStatus": line.after_sale_status,
        "skuDetailList": [inner],
    }
    if line.erp_code:
        row["erpcode"] = inner["erpCode"] = line.erp_code
    return row


def parcel_status(order: Order, parcel: Parcel) -> int:
    """Give a parcel's status: the order's words without 5."""
    if order.status in ENDED:
        return int(order.status)
    if order.status in {Status.PARTLY_SHIPPED, Status.SHIPPED, Status.EXCHANGING}:
        return int(Status.TO_SHIP if parcel.shipped_at is None else Status.SHIPPED)
    return int(order.status)


def _parcel(order: Order, parcel: Parcel) -> dict[str, Any]:
    row: dict[str, Any] = {
        "deliveryOrderIndex": parcel.index,
        "status": parcel_status(order, parcel),
        "skuIdList": list(parcel.sku_ids),
        "itemIdList": list(parcel.sku_ids),  # live answers repeat the SKU ids here
    }
    if parcel.shipped_at is not None:
        row["expressTrackingNo"], row["expressCompanyCode"] = parcel.express_no, parcel.express_code
    return row
