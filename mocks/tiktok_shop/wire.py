"""Orders and parcels as the calls show them (API.md 3.4 and 6); fields that do not apply are missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mocks.tiktok_shop.model import text_of

if TYPE_CHECKING:
    from mocks.tiktok_shop.model import Order, Package, Unit

_UNIT_STATUS = {
    "TO_FULFILL": "AWAITING_SHIPMENT",
    "PROCESSING": "AWAITING_COLLECTION",
    "FULFILLING": "IN_TRANSIT",
    "COMPLETED": "DELIVERED",
    "CANCELLED": "CANCELLED",
}


def display_status(order: Order, unit: Unit) -> str:
    """Give a unit's status: the order's words without ON_HOLD and PARTIALLY_SHIPPING."""
    if unit.cancelled:
        return "CANCELLED"
    if order.status in {"UNPAID", "COMPLETED"}:
        return order.status
    package = order.package_of(unit)
    return _UNIT_STATUS[package.status] if package is not None else "AWAITING_SHIPMENT"


def order_json(order: Order) -> dict[str, Any]:
    """Show an order; what is None or empty does not apply and is left out."""
    request = order.request
    last = next((one for one in reversed(order.cancellations) if one.kind == "BUYER_CANCEL"), None)
    shown = {
        "id": order.order_id,
        "user_id": order.buyer.user_id,
        "status": order.status,
        "order_type": "NORMAL",
        "commerce_platform": "TIKTOK_SHOP",
        "seller_note": order.note or None,
        "is_replacement_order": bool(order.replaces),
        "replaced_order_id": order.replaces or None,
        "is_buyer_request_cancel": request is not None,
        "request_cancel_time": last.created if last else None,
        "cancel_time": order.cancelled,
        "cancel_reason": order.end_reason or None,
        "cancellation_initiator": order.ended_by.upper() or None,
        "fulfillment_type": order.fulfillment_type,
        "shipping_type": order.shipping_type,
        "payment_method_name": order.payment_method if order.paid else None,
        "warehouse_id": order.shop.warehouse_id,
        "split_or_combine_tag": "SPLIT" if order.split else None,
        **_times(order),
        **_shipping(order),
    }
    always = {
        "buyer_message": order.message,
        "buyer_email": "" if order.status == "ON_HOLD" else order.buyer.email,
        "is_cod": False,
        "is_sample_order": False,
        "is_exchange_order": False,
        "is_on_hold_order": order.shop.holds,
        "has_updated_recipient_address": order.address_changed,
        "delivery_type": "HOME_DELIVERY",
        "delivery_option_id": "6956553057215710977",
        "delivery_option_name": "Standard Shipping",
        "payment": payment(order),
        "recipient_address": address(order),
        "packages": [{"id": package.package_id} for package in order.packages],
        "line_items": [_line(order, unit) for unit in order.units],
    }
    return {name: value for name, value in shown.items() if value is not None} | always


def _times(order: Order) -> dict[str, int | None]:
    return {
        "create_time": order.created,
        "paid_time": order.paid,
        "update_time": order.updated,
        "rts_time": order.rts,
        "collection_time": order.collected,
        "delivery_time": order.delivered,
        "rts_sla_time": order.ship_by,
        "tts_sla_time": order.collect_by,
        "shipping_due_time": order.shipping_due,
        "cancel_order_sla_time": order.shipping_due,
        "collection_due_time": order.collection_due,
        "delivery_sla_time": order.delivery_sla,
        "delivery_due_time": order.delivery_due,
    }


def _shipping(order: Order) -> dict[str, str | None]:
    package = next((one for one in order.live_packages() if one.tracking_number), None)
    if package is None:
        return {}
    return {
        "shipping_provider": package.provider,
        "shipping_provider_id": package.provider_id,
        "tracking_number": package.tracking_number,
    }


def _line(order: Order, unit: Unit) -> dict[str, Any]:
    currency = order.currency
    package = order.package_of(unit)
    shown: dict[str, Any] = {
        "id": unit.line_item_id,
        "sku_id": unit.sku_id,
        "product_id": unit.product_id,
        "product_name": unit.title,
        "sku_name": unit.variation,
        "seller_sku": unit.sku,
        "sku_image": f"https://img.invalid/{unit.sku_id}.jpg",
        "sku_type": "NORMAL",
        "original_price": text_of(unit.original_price, currency),
        "sale_price": text_of(unit.price, currency),
        "seller_discount": text_of(unit.seller_discount, currency),
        "platform_discount": text_of(unit.platform_discount, currency),
        "currency": currency,
        "display_status": display_status(order, unit),
        "is_gift": unit.gift,
    }
    if unit.cancelled:
        shown |= {"cancel_user": unit.cancel_user, "cancel_reason": unit.cancel_reason}
    if package is not None:
        shown |= {"package_id": package.package_id, "package_status": package.status}
        if package.tracking_number:
            shown |= {
                "tracking_number": package.tracking_number,
                "shipping_provider_id": package.provider_id,
                "shipping_provider_name": package.provider,
                "rts_time": package.arranged_at,
            }
    return shown


def payment(order: Order) -> dict[str, str]:
    """Show what the buyer pays, all as decimal texts."""
    amounts = {
        "original_total_product_price": sum(unit.original_price for unit in order.units),
        "seller_discount": sum(unit.seller_discount for unit in order.units),
        "platform_discount": sum(unit.platform_discount for unit in order.units),
        "sub_total": sum(unit.price for unit in order.units),
        "original_shipping_fee": order.shipping_fee,
        "shipping_fee_seller_discount": 0,
        "shipping_fee_platform_discount": 0,
        "shipping_fee_cofunded_discount": 0,
        "shipping_fee": order.shipping_fee,
        "tax": 0,
        "total_amount": order.total,
    }
    texts = {name: text_of(value, order.currency) for name, value in amounts.items()}
    return {"currency": order.currency, **texts}


def address(order: Order) -> dict[str, Any]:
    """Show where the parcel goes: empty while on hold, with asterisks where TikTok ships."""
    if order.status == "ON_HOLD":
        return {}
    buyer = order.buyer
    masked = order.shipping_type == "TIKTOK" or order.fulfillment_type == "FULFILLMENT_BY_TIKTOK"
    hide = _hidden if masked else str
    country, levels = ("日本", ("Country", "Prefecture", "City"))
    if order.shop.region != "JP":
        country, levels = ("United Kingdom", ("Country", "County", "City"))
    names = (country, buyer.state, buyer.city)
    detail = hide(f"{buyer.street} {buyer.building}".strip())
    shown: dict[str, Any] = {
        "name": hide(buyer.name),
        "first_name": hide(buyer.first_name),
        "last_name": hide(buyer.last_name),
        "phone_number": hide(buyer.phone),
        "region_code": order.shop.region,
        "postal_code": buyer.zipcode,
        "address_line1": hide(buyer.street),
        "address_line2": hide(buyer.building),
        "address_line3": "",
        "address_line4": "",
        "address_detail": detail,
        "full_address": ", ".join([*names, detail]),
        "district_info": [
            {"address_level": f"L{number}", "address_level_name": level, "address_name": name}
            for number, (level, name) in enumerate(zip(levels, names, strict=True))
        ],
    }
    if order.shop.region == "JP":
        shown |= {
            "first_name_local_script": hide(buyer.first_kana),
            "last_name_local_script": hide(buyer.last_kana),
        }
    return shown


def _hidden(text: str) -> str:
    return text[:1] + "*" * (len(text) - 1)


def package_json(order: Order, package: Package) -> dict[str, Any]:
    """Show one parcel."""
    shown: dict[str, Any] = {
        "package_id": package.package_id,
        "package_status": package.status,
        "orders": [
            {
                "id": order.order_id,
                "skus": [
                    {"id": sku, "name": name, "quantity": number}
                    for (sku, name), number in _counted(order, package).items()
                ],
            }
        ],
        "order_line_item_ids": list(package.unit_ids),
        "split_and_combine_tag": "SPLIT" if order.split else "DEFAULT",
        "tracking_number": package.tracking_number,
        "shipping_provider_id": package.provider_id,
        "shipping_provider_name": package.provider,
        "shipping_type": order.shipping_type,
        "handover_method": package.handover_method,
        "create_time": package.created,
        "update_time": package.updated,
    }
    if package.exception:
        shown["ship_exception_reason"] = package.exception
    return {name: value for name, value in shown.items() if value != ""}


def _counted(order: Order, package: Package) -> dict[tuple[str, str], int]:
    counts: dict[tuple[str, str], int] = {}
    for unit in order.units:
        if unit.line_item_id in package.unit_ids:
            key = (unit.sku_id, unit.title)
            counts[key] = counts.get(key, 0) + 1
    return counts
