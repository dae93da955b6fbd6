"""How a return looks on Shopee's wire, in the list and in the detail (API.md section 8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mocks.shopee.model import major

if TYPE_CHECKING:
    from mocks.shopee.model import Return
    from mocks.shopee.world import World


def return_row(world: World, one: Return) -> dict[str, Any]:
    """Render a return as the list shows it: negotiation, proof and compensation as plain words."""
    shown = _common(world, one)
    shown["dispute_reason"] = [str(reason) for reason in one.dispute_reasons]
    shown["dispute_text_reason"] = [one.dispute_text] if one.dispute_text else []
    shown["negotiation_status"] = one.negotiation
    shown["seller_proof_status"] = one.proof
    shown["seller_compensation_status"] = one.compensation.removeprefix("COMPENSATION_")
    return shown


def return_detail(world: World, one: Return) -> dict[str, Any]:
    """Render a return as the detail shows it: negotiation, proof and compensation as objects."""
    shown = _common(world, one)
    currency = one.order.currency
    buyer = one.order.buyer
    creator = {"buyer": buyer.username, "seller": world.shop_of(one.order).name}
    shown.update(
        {
            "dispute_reason": list(one.dispute_reasons),
            "dispute_text_reason": [one.dispute_text] if one.dispute_text else [],
            "negotiation": {
                "negotiation_status": one.negotiation,
                "latest_solution": one.latest_solution,
                "latest_offer_amount": major(one.latest_amount, currency),
                "latest_offer_creator": creator.get(one.latest_creator, ""),
                "counter_limit": one.counter_limit,
                "offer_due_date": one.offer_due or 0,
            },
            "seller_proof": {
                "seller_proof_status": one.proof,
                "seller_evidence_deadline": one.proof_deadline or 0,
            },
            "seller_compensation": {
                "seller_compensation_status": one.compensation,
                "seller_compensation_due_date": one.compensation_due or 0,
                "compensation_amount": major(one.compensation_amount, currency),
            },
            "activity": [],
            "logistics_status": one.reverse_status,
            "reverse_logistics_status": one.reverse_status,
            "return_pickup_address": {},
            "return_address": {"whs_id": f"{one.order.region}C" if one.validation == "warehouse_validation" else ""},
            "has_uploaded_shipping_proof": one.shipping_proof,
        }
    )
    return shown


def _common(world: World, one: Return) -> dict[str, Any]:
    currency = one.order.currency
    shop = world.shop_of(one.order)
    user = {"username": one.order.buyer.username, "email": "********@mail.invalid", "portrait": ""}
    if shop.masking == "whole":
        user["username"] = "****"
    return {
        "return_sn": one.sn,
        "order_sn": one.order.sn,
        "status": one.status,
        "reason": one.reason,
        "text_reason": one.text,
        "reassessed_request_reason": "NONE",
        "refund_amount": major(one.amount, currency),
        "amount_before_discount": major(one.amount, currency),
        "currency": currency,
        "create_time": one.created,
        "update_time": one.updated,
        "due_date": one.due_date or 0,
        "return_ship_due_date": one.ship_due or 0,
        "return_seller_due_date": one.seller_due or 0,
        "tracking_number": one.tracking_number,
        "needs_logistics": one.needs_goods_back,
        "image": list(one.images),
        "buyer_videos": [],
        "user": user,
        "item": _items(one),
        "return_refund_type": one.kind,
        "return_solution": 0 if one.needs_goods_back else 1,
        "return_refund_request_type": one.request_type,
        "validation_type": one.validation,
        "is_seller_arrange": shop.region in {"TW", "BR"},
        "is_shipping_proof_mandatory": False,
        "follow_up_action_list": [],
    }


def _items(one: Return) -> list[dict[str, Any]]:
    currency = one.order.currency
    rows = []
    for key, quantity in one.content.items():
        line = one.order.line(key)
        if line is None:
            continue
        rows.append(
            {
                "item_id": line.item_id,
                "model_id": line.model_id,
                "name": line.title,
                "images": [f"https://img.invalid/{line.item_id}"],
                "amount": quantity,
                "item_price": major(line.price, currency),
                "is_add_on_deal": line.add_on,
                "is_main_item": line.main_item,
                "add_on_deal_id": line.promotion_id if line.add_on else 0,
                "item_sku": line.item_sku,
                "variation_sku": line.sku,
                "refund_amount": major(line.price * quantity, currency),
            }
        )
    return rows
