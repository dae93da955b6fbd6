"""The simulator's own truth about its orders, in a neutral shape that is not 1688's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mocks.alibaba_1688.model import yuan_text

if TYPE_CHECKING:
    from mocks.alibaba_1688.model import Entry, Order, Parcel, Refund

PHASES = {
    "waitbuyerpay": "unpaid",
    "waitsellersend": "awaiting_shipment",
    "waitlogisticstakein": "awaiting_collection",
    "waitbuyerreceive": "in_transit",
    "waitbuyersign": "delivered",
    "signinsuccess": "delivered",
    "confirm_goods": "completed",
    "success": "completed",
    "cancel": "cancelled",
    "terminated": "closed",
}


def phase(order: Order) -> str:
    """Give the canonical phase: in transit as soon as a part has left."""
    if order.status == "waitsellersend" and order.parcels:
        return "in_transit"
    return PHASES[order.status]


def order_truth(order: Order) -> dict[str, Any]:
    """Render one order: money as decimal text in yuan, times as unix seconds or null."""
    ended = order.cancelled is not None
    return {
        "id": str(order.order_id),
        "store": order.store,
        "role": order.role,
        "status": order.status,
        "phase": phase(order),
        "region": "CN",
        "currency": "CNY",
        "cod": False,
        "cross_border": order.cross_border,
        "cancellable": order.status == "waitbuyerpay",
        "buyer": order.buyer.member_id,
        "seller": order.seller.member_id,
        "out_order_id": order.out_order_id or None,
        "channel": order.channel or None,
        "times": {
            "created": order.created,
            "updated": order.updated,
            "paid": order.paid,
            "pay_by": order.created + order.pay_timeout if order.status == "waitbuyerpay" else None,
            "ship_by": None,
            "promised_ship_by": order.promised_ship_by,
            "pickup_done": order.shipped,
            "delivered": order.received,
            "confirmed": order.confirmed,
            "completed": None if ended else order.completed,
            "cancelled": order.cancelled,
        },
        "money": {
            "total": yuan_text(order.total),
            "shipping": yuan_text(order.shipping_fee),
            "refunded": yuan_text(order.refunded),
        },
        "lines": [_line(entry) for entry in order.entries],
        "packages": [_package(parcel) for parcel in order.parcels],
        "cancellation": None,
        "returns": [_refund(refund) for refund in order.refunds],
        "ended": {"by": order.ended_by, "reason": order.close_reason} if ended else None,
        "remark": order.remark,
        "memos": {member: text for member, (text, _) in order.memos.items()},
        "links": order.links,
        "downstream": order.synced,
    }


def _line(entry: Entry) -> dict[str, Any]:
    return {
        "id": str(entry.entry_id),
        "item_id": str(entry.offer_id),
        "model_id": str(entry.sku_id),
        "order_item_id": str(entry.entry_id),
        "promotion_group_id": "0",
        "spec_id": entry.spec_id,
        "sku": entry.cargo_number or entry.product_cargo_number,
        "title": entry.name,
        "status": entry.status,
        "quantity": entry.quantity,
        "cancel_requested": entry.cancel_requested,
        "cancelled": entry.cancelled,
        "return_requested": entry.return_requested,
        "returned": entry.returned,
        "refunded_and_kept": entry.kept,
        "price": None if entry.amount % entry.quantity else yuan_text(entry.amount // entry.quantity),
        "list_price": yuan_text(entry.price),
        "discount": yuan_text(entry.discount),
        "paid": yuan_text(entry.amount),
        "refunded": yuan_text(entry.refunded),
        "shipped": entry.logistics_status != 1,
    }


def _package(parcel: Parcel) -> dict[str, Any]:
    return {
        "number": parcel.logistics_id,
        "status": "alreadysend",
        "trace": parcel.state,
        "tracking_number": parcel.bill_no or None,
        "carrier": parcel.company_name,
        "carrier_code": parcel.company_no,
        "lines": [str(entry_id) for entry_id in parcel.entries],
    }


def _refund(refund: Refund) -> dict[str, Any]:
    return {
        "return_sn": refund.refund_id,
        "status": refund.status,
        "solution": "RETURN_REFUND" if refund.kind == "returnRefund" else "REFUND",
        "reason": refund.reason.name,
        "reason_id": refund.reason.reason_id,
        "after_sale": refund.after_sale,
        "shipped": refund.shipped,
        "refund_amount": yuan_text(refund.payment + refund.carriage),
        "goods_amount": yuan_text(refund.payment),
        "shipping_amount": yuan_text(refund.carriage),
        "due_date": refund.timeout_at if refund.status == "waitselleragree" else None,
        "timeout": refund.timeout_at,
        "opened_at": refund.created,
        "updated_at": refund.modified,
        "tracking_number": refund.bill_no or None,
        "negotiation_status": "",
        "disputed": refund.complaint is not None,
        "rejected": refund.reject_times,
        "lines": [{"line": str(entry_id), "quantity": units} for entry_id, units in refund.units.items()],
    }
