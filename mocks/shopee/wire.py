"""How orders, parcels and returns look on Shopee's wire (API.md sections 5 and 8)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mocks.shopee import machine
from mocks.shopee.model import DAY, LineKey, Package, major
from mocks.shopee.return_machine import window_ends

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mocks.shopee.model import Buyer, Line, Order, Shop
    from mocks.shopee.world import World

OPTIONAL = (
    "buyer_user_id",
    "buyer_username",
    "estimated_shipping_fee",
    "recipient_address",
    "actual_shipping_fee",
    "goods_to_declare",
    "note",
    "note_update_time",
    "item_list",
    "pay_time",
    "dropshipper",
    "dropshipper_phone",
    "split_up",
    "buyer_cancel_reason",
    "cancel_by",
    "cancel_reason",
    "actual_shipping_fee_confirmed",
    "buyer_cpf_id",
    "fulfillment_flag",
    "pickup_done_time",
    "package_list",
    "shipping_carrier",
    "payment_method",
    "total_amount",
    "invoice_data",
    "order_chargeable_weight_gram",
    "return_request_due_date",
    "edt",
    "payment_info",
    "international_label",
)
"""The optional fields of an order's detail."""


def shown_status(order: Order, *, pending: bool) -> str:
    """Give the status a caller sees; without the pending switch a held order looks ready to ship."""
    return "READY_TO_SHIP" if order.status == "PENDING" and not pending else order.status


def order_detail(world: World, order: Order, wanted: set[str], *, pending: bool) -> dict[str, Any]:
    """Render an order with the default fields and those optional ones that were asked for."""
    shown: dict[str, Any] = {
        "order_sn": order.sn,
        "region": order.region,
        "currency": order.currency,
        "cod": order.cod,
        "order_status": shown_status(order, pending=pending),
        "message_to_seller": order.message,
        "create_time": order.created,
        "update_time": order.updated,
        "days_to_ship": order.days_to_ship,
        "ship_by_date": order.ship_by or 0,
        "booking_sn": "",
        "advance_package": False,
        "can_full_cancel_order": machine.seller_can_cancel(order),
        "can_partial_cancel_order": machine.seller_can_cancel_part(order),
        "buyer_preference_for_partial_cancellation": order.preference,
    }
    if pending:
        held = order.status == "PENDING"
        shown["pending_terms"] = ["SYSTEM_PENDING"] if held else []
        shown["pending_description"] = ["Order is being processed by Shopee"] if held else []
    available = _optional_fields(world, order)
    shown.update({name: available[name] for name in OPTIONAL if name in wanted and name in available})
    return shown


def _optional_fields(world: World, order: Order) -> dict[str, Any]:
    shop = world.shop_of(order)
    fields: dict[str, Any] = {
        "buyer_user_id": order.buyer.user_id,
        "buyer_username": "****" if shop.masking == "whole" else order.buyer.username,
        "estimated_shipping_fee": major(order.shipping_fee, order.currency),
        "recipient_address": address(order.buyer, shop),
        "actual_shipping_fee": major(order.shipping_fee, order.currency) if order.delivered else None,
        "goods_to_declare": False,
        "note": order.note,
        "note_update_time": order.noted_at,
        "item_list": [_item(shop, line) for line in order.lines],
        "pay_time": order.paid,
        "dropshipper": None,
        "dropshipper_phone": None,
        "split_up": order.split,
        "buyer_cancel_reason": order.buyer_cancel_reason,
        "cancel_by": order.cancel_by,
        "cancel_reason": order.cancel_reason,
        "actual_shipping_fee_confirmed": order.delivered is not None,
        "buyer_cpf_id": None,
        "fulfillment_flag": order.fulfillment_flag,
        "pickup_done_time": order.pickup_done or 0,
        "package_list": [_package(package) for package in order.packages],
        "shipping_carrier": shop.carrier,
        "payment_method": order.payment_method,
        "invoice_data": None,
        "order_chargeable_weight_gram": sum(line.weight_gram * line.quantity for line in order.lines),
        "edt": {"edt_from": order.created + 3 * DAY, "edt_to": order.created + 9 * DAY},
        "international_label": "",
    }
    if order.paid is not None or (order.cod and order.status != "UNPAID"):
        fields["total_amount"] = major(order.total, order.currency)
    ends = window_ends(world, order)
    if order.status == "COMPLETED" and ends is not None and ends > world.now():
        fields["return_request_due_date"] = ends
    return fields


def address(buyer: Buyer, shop: Shop) -> dict[str, Any]:
    """Render the recipient, masked as the market does it."""
    full = ", ".join(part for part in (buyer.street, buyer.district, buyer.city, shop.region, buyer.zipcode) if part)
    shown = {
        "name": buyer.name,
        "phone": buyer.phone,
        "town": buyer.town,
        "district": buyer.district,
        "city": buyer.city,
        "state": buyer.state,
        "region": shop.region,
        "zipcode": buyer.zipcode,
        "full_address": full,
    }
    if shop.masking == "whole":
        return {name: value if name == "region" else "****" for name, value in shown.items()}
    if shop.masking == "partial":
        shown["name"] = f"{buyer.name[0]}******{buyer.name[-1]}"
        shown["phone"] = f"******{buyer.phone[-2:]}"
        shown["full_address"] = f"{full[:2]}******"
    return shown


def _item(shop: Shop, line: Line) -> dict[str, Any]:
    promotions = [{"promotion_type": line.promotion_type, "promotion_id": line.promotion_id}]
    return {
        "item_id": line.item_id,
        "item_name": line.title,
        "item_sku": line.item_sku,
        "model_id": line.model_id,
        "model_name": line.variation,
        "model_sku": line.sku,
        "model_quantity_purchased": line.quantity,
        "model_original_price": major(line.original_price, shop.currency),
        "model_discounted_price": 0 if line.in_bundle else major(line.price, shop.currency),
        "wholesale": False,
        "weight": Decimal(line.weight_gram).scaleb(-3),
        "add_on_deal": line.add_on,
        "main_item": line.main_item,
        "add_on_deal_id": line.promotion_id if line.add_on else 0,
        "promotion_type": line.promotion_type,
        "promotion_id": line.promotion_id,
        "order_item_id": line.order_item_id,
        "line_item_id": line.line_item_id,
        "promotion_group_id": line.promotion_group_id,
        "image_info": {"image_url": f"https://img.invalid/{line.item_id}_tn"},
        "product_location_id": [f"{shop.region}L"],
        "is_prescription_item": False,
        "promotion_list": promotions if line.promotion_type else [],
        "active_qty": line.active,
        "cancel_requested_qty": line.cancel_requested,
        "cancelled_qty": line.cancelled,
        "return_requested_qty": line.return_requested,
        "returned_qty": line.returned,
    }


def content_rows(content: Mapping[LineKey, int], *, location: str = "") -> list[dict[str, Any]]:
    """Render which units of which lines a parcel holds."""
    return [
        {
            "item_id": key[0],
            "model_id": key[1],
            "model_quantity": quantity,
            "order_item_id": key[2],
            "promotion_group_id": key[3],
            "product_location_id": location,
        }
        for key, quantity in content.items()
    ]


def _package(package: Package) -> dict[str, Any]:
    return {
        "package_number": package.number,
        "logistics_status": package.status,
        "logistics_channel_id": package.channel_id,
        "shipping_carrier": package.carrier,
        "allow_self_design_awb": True,
        "parcel_chargeable_weight_gram": 0,
        "group_shipment_id": None,
        "item_list": content_rows(package.content),
    }


def package_detail(world: World, order: Order, package: Package) -> dict[str, Any]:
    """Render a parcel as the package calls show it."""
    shop = world.shop_of(order)
    return {
        "order_sn": order.sn,
        "package_number": package.number,
        "fulfillment_status": package.status,
        "update_time": package.updated,
        "logistics_channel_id": package.channel_id,
        "shipping_carrier": package.carrier,
        "allow_self_design_awb": True,
        "days_to_ship": order.days_to_ship,
        "ship_by_date": order.ship_by or 0,
        "pending_terms": ["SYSTEM_PENDING"] if order.status == "PENDING" else [],
        "pending_description": [],
        "tracking_number": package.tracking_number,
        "tracking_number_expiration_date": 0,
        "pickup_done_time": package.picked_up_at or 0,
        "is_split_up": order.split,
        "item_list": content_rows(package.content),
        "recipient_address": address(order.buyer, shop),
        "parcel_chargeable_weight_gram": 0,
        "group_shipment_id": 0,
        "is_shipment_arranged": package.arranged,
        "can_full_cancel_order": machine.seller_can_cancel(order),
        "can_partial_cancel_order": machine.seller_can_cancel_part(order),
        "status_info_tag": status_tag(world, order, package),
        "can_split_order": order.status == "READY_TO_SHIP" and sum(package.content.values()) > 1,
        "can_unsplit_order": order.status == "READY_TO_SHIP" and order.split,
        "is_pre_order": order.days_to_ship > 7,
    }


def status_tag(world: World, order: Order, package: Package) -> dict[str, int]:
    """Tell how near the deadline of an unshipped parcel is."""
    if order.status not in machine.NOT_SHIPPED or package.picked_up_at or order.ship_by is None:
        return {"tag_id": 0, "timestamp": 0}
    ends = order.ship_by + world.timing.ship_grace
    now = world.now()
    if now > order.ship_by:
        return {"tag_id": 1 if ends - now <= DAY else 5, "timestamp": ends}
    return {"tag_id": 2, "timestamp": order.ship_by}
