"""An order as the platform shows it: TradeInfo (API.md section 5.5). Fields without a value are left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mocks.alibaba_1688.model import UNSHIPPED, wire_date, yuan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mocks.alibaba_1688.model import Entry, Member, Order, Parcel, Role
    from mocks.alibaba_1688.world import World

STATUS_WORDS = {
    "waitbuyerpay": "等待买家付款",
    "waitsellersend": "等待卖家发货",
    "waitlogisticstakein": "等待物流揽件",
    "waitbuyerreceive": "等待买家收货",
    "waitbuyersign": "等待买家签收",
    "signinsuccess": "买家已签收",
    "confirm_goods": "已收货",
    "success": "交易成功",
    "cancel": "交易取消",
    "terminated": "交易终止",
}


@dataclass(frozen=True, slots=True)
class View:
    """Who looks, and which parts were asked for."""

    role: Role
    member_id: str
    detail: bool = False
    address: bool = False
    memos: bool = False
    can_send: bool = False
    overdue: bool = False
    parts: frozenset[str] = frozenset({"GuaranteesTerms", "NativeLogistics", "OrderInvoice"})


def trade(world: World, order: Order, view: View) -> dict[str, Any]:
    """Render an order for one side."""
    shown: dict[str, Any] = {
        "baseInfo": _base(world, order, view),
        "productItems": [_item(world, entry, order, view) for entry in order.entries],
        "tradeTerms": [_term(order)] if order.paid is not None or order.status == "cancel" else [],
    }
    if not view.detail or "NativeLogistics" in view.parts:
        shown["nativeLogistics"] = _logistics(world, order, view)
    if not view.detail or "RateDetail" in view.parts:
        shown["orderRateInfo"] = {"buyerRateStatus": 5, "sellerRateStatus": 5}
    if view.detail:
        shown["orderBizInfo"] = {"odsCyd": False, "creditOrder": False, "dropshipping": bool(order.channel)}
        shown["extAttributes"] = []
        if "GuaranteesTerms" in view.parts:
            terms = {"assuranceInfo": "卖家承诺48小时发货", "assuranceType": "ssbxsfh"}
            shown["guaranteesTerms"] = {**terms, "qualityAssuranceType": "国家三包"}
        if "OrderInvoice" in view.parts and order.cross_border:
            shown["orderInvoiceInfo"] = {"invoiceType": 0}
    if order.channel:
        shown["encryptOutOrderInfo"] = {"outPlatformCode": order.channel, "outPlatformOrderNo": order.out_order_id}
    if view.role == "seller":
        shown["fromEncryptOrder"] = False
        if view.overdue and order.status == "waitsellersend" and order.promised_ship_by is not None:
            left = order.promised_ship_by - world.now()
            risk = "TMOT" if left < 0 else "PTMO" if left < 12 * 3600 else ""
            if risk:
                shown["sendGoodsOverdueRisk"] = risk
    return shown


def long_id(world: World, number: int) -> int:
    """Give an id as a JSON integer; some producers round it to what a double can hold (`set_id_rounding`)."""
    return int(float(number)) if world.app.rounds_ids else number


def _some(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, "")}


def _dates(values: Mapping[str, int | None]) -> dict[str, str]:
    return {name: wire_date(at) for name, at in values.items() if at is not None}


def _contact(member: Member) -> dict[str, str]:
    return {
        "phone": "86-0571-00000000",
        "name": member.name,
        "imInPlatform": member.login_id,
        "mobile": member.mobile,
        "companyName": member.company,
    }


def _base(world: World, order: Order, view: View) -> dict[str, Any]:
    refunds = [one for one in order.refunds if not one.after_sale]
    after = [one for one in order.refunds if one.after_sale]
    receiver = order.receiver
    base: dict[str, Any] = {
        "id": long_id(world, order.order_id),
        "idOfStr": str(order.order_id),
        "status": order.status,
        "businessType": order.business_type,
        "tradeType": "50060",
        "tradeTypeCode": "assureTrade",
        "tradeTypeDesc": "担保交易",
        "flowTemplateCode": "assureTradeAlipay",
        "buyerID": order.buyer.member_id,
        "sellerID": order.seller.member_id,
        "buyerLoginId": order.buyer.login_id,
        "sellerLoginId": order.seller.login_id,
        "buyerUserId": order.buyer.user_id,
        "sellerUserId": order.seller.user_id,
        "buyerAlipayId": order.buyer.alipay_id,
        "sellerAlipayId": order.seller.alipay_id,
        "buyerContact": _contact(order.buyer),
        "sellerContact": _contact(order.seller) | {"shopName": order.seller.company},
        "alipayTradeId": order.alipay_trade,
        "totalAmount": yuan(order.total),
        "sumProductPayment": yuan(sum(entry.price * entry.quantity for entry in order.entries)),
        "shippingFee": yuan(order.shipping_fee),
        "refund": yuan(order.refunded),
        "refundPayment": order.refunded,
        "discount": sum(entry.discount for entry in order.entries),
        "couponFee": 0,
        "payTimeout": order.pay_timeout,
        "payTimeoutType": 0,
        "overSeaOrder": order.cross_border,
        "sellerOrder": False,
        "stepPayAll": False,
        "receiverInfo": {
            "toFullName": receiver["name"],
            "toDivisionCode": receiver["areaCode"],
            "toTownCode": receiver["townCode"],
            "toPost": receiver["zip"],
            "toArea": " ".join((receiver["province"], receiver["city"], receiver["area"], receiver["town"])),
            **({"toMobile": receiver["mobile"]} if view.detail or view.address else {}),
        },
    }
    base |= _dates(
        {
            "createTime": order.created,
            "modifyTime": order.updated,
            "payTime": order.paid,
            "allDeliveredTime": order.shipped,
            "receivingTime": order.received,
            "confirmedTime": order.confirmed,
            "completeTime": order.completed,
        }
    )
    base |= _some(
        {
            "refundStatus": refunds[-1].status if refunds else "",
            "refundStatusForAs": after[-1].status if after else "",
            "refundId": order.refunds[-1].refund_id if order.refunds else "",
            "closeReason": order.close_reason,
            "closeRemark": order.close_remark,
            "closeOperateType": order.close_operate_type,
            "remark": order.remark,
            "buyerFeedback": order.feedback,
            "outOrderId": order.out_order_id if view.detail and view.role == "buyer" else "",
            **(_memo(order, view) if view.detail or view.memos else {}),
        }
    )
    return base


def _memo(order: Order, view: View) -> dict[str, str]:
    text, icon = order.memos.get(view.member_id, ("", ""))
    return {f"{view.role}Memo": text, f"{view.role}RemarkIcon": icon}


def _item(world: World, entry: Entry, order: Order, view: View) -> dict[str, Any]:
    item: dict[str, Any] = {
        "subItemID": long_id(world, entry.entry_id),
        "subItemIDString": str(entry.entry_id),
        "productID": entry.offer_id,
        "skuID": entry.sku_id,
        "specId": entry.spec_id,
        "name": entry.name,
        "skuInfos": [{"name": name, "value": value} for name, value in entry.sku_infos],
        "cargoNumber": entry.cargo_number,
        "productCargoNumber": entry.product_cargo_number,
        "price": yuan(entry.price),
        "quantity": entry.quantity,
        "quantityFactor": 1,
        "unit": entry.unit,
        "itemAmount": yuan(entry.amount),
        "entryDiscount": entry.discount,
        "sharePostage": yuan(entry.share_postage),
        "refund": yuan(entry.refunded),
        "status": entry.status,
        "statusStr": STATUS_WORDS[entry.status],
        "logisticsStatus": entry.logistics_status,
        "type": "common",
        "productImgUrl": [f"http://img.invalid/{entry.offer_id}.80x80.jpg"],
        "productSnapshotUrl": f"https://trade.1688.com/order/offer_snapshot.htm?order_entry_id={entry.entry_id}",
        "guaranteesTerms": [],
        "gmtCreate": wire_date(entry.created),
        "gmtModified": wire_date(entry.modified),
    }
    item |= _some(
        {
            "refundStatus": entry.refund_status,
            "refundId": entry.refund_id,
            "refundIdForAs": entry.refund_id_after,
            "closeReason": entry.close_reason,
        }
    )
    if view.can_send:
        waiting = order.status == "waitsellersend" and entry.logistics_status == UNSHIPPED and not entry.ended
        item["canSendGoods"] = waiting and entry.can_send
        if waiting and not entry.can_send:
            item["cantSendReason"] = "货品由平台仓发货"
    return item


def _term(order: Order) -> dict[str, Any]:
    paid = order.paid is not None
    if not paid:
        state = "8"
    elif order.refunded >= order.total:
        state = "4"
    else:
        state = "6" if order.status == "success" else "2"
    term: dict[str, Any] = {
        "payStatus": state,
        "payWay": "1",
        "payWayDesc": "支付宝",
        "phasAmount": yuan(order.total),
        "phase": order.pay_phase,
        "cardPay": False,
        "expressPay": False,
    }
    return term | _dates({"payTime": order.paid})


def _logistics(world: World, order: Order, view: View) -> dict[str, Any]:
    receiver = order.receiver
    shown = {
        "contactPerson": receiver["name"],
        "zip": receiver["zip"],
        "province": receiver["province"],
        "city": receiver["city"],
        "area": receiver["area"],
        "areaCode": receiver["areaCode"],
        "town": receiver["town"],
        "townCode": receiver["townCode"],
    }
    if view.detail or view.address:
        shown |= _some({"mobile": receiver["mobile"], "telephone": receiver["phone"], "address": receiver["address"]})
    if view.detail and order.parcels:
        return {**shown, "logisticsItems": [_parcel(world, order, one) for one in order.parcels]}
    return dict(shown)


def _parcel(world: World, order: Order, parcel: Parcel) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": long_id(world, parcel.number),
        "logisticsCode": parcel.logistics_id,
        "type": parcel.type,
        "status": "alreadysend",
        "deliveredTime": wire_date(parcel.sent_at),
        "gmtCreate": wire_date(parcel.sent_at),
        "gmtModified": wire_date(parcel.modified),
        "subItemIds": ",".join(str(entry_id) for entry_id in parcel.entries),
        "fromMobile": order.seller.mobile,
        "fromContact": order.seller.name,
        "toMobile": order.receiver["mobile"],
        "toContact": order.receiver["name"],
    }
    if parcel.type == "2":
        return {**shown, "logisticsBillNo": "不需要物流", "noLogisticsCondition": "3"}
    return {
        **shown,
        "logisticsCompanyId": parcel.company_id,
        "logisticsCompanyNo": parcel.company_no,
        "logisticsCompanyName": parcel.company_name,
        "logisticsBillNo": parcel.bill_no,
    }
