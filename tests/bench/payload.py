"""Invented orders in the shape of Shopee's `get_order_detail`: two lines, one parcel, about 3.3 KB.

Order ``i`` is always the same, so that any process can make it again and check what was stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from typing import Any

import orjson

PAGE = 50
FIRST_UPDATE = datetime(2026, 3, 1, tzinfo=UTC)
STEP = 20  # seconds from one order's update to the next: 20,000 orders lie in less than five days


@dataclass(frozen=True, slots=True)
class _Market:
    region: str
    currency: str
    decimals: int
    carrier: str
    city: str


_MARKETS = (
    _Market("SG", "SGD", 2, "Island Express (seller)", "Singapore"),
    _Market("MY", "MYR", 2, "Standard Delivery (Peninsula)", "Petaling Jaya"),
    _Market("VN", "VND", 0, "Giao Nhanh Ba Mien", "Thành phố Thủ Đức"),
    _Market("TW", "TWD", 2, "店到店宅配", "新北市"),
)
_STANDINGS = (
    ("READY_TO_SHIP", "LOGISTICS_READY"),
    ("READY_TO_SHIP", "LOGISTICS_READY"),
    ("PROCESSED", "LOGISTICS_REQUEST_CREATED"),
    ("SHIPPED", "LOGISTICS_PICKUP_DONE"),
    ("COMPLETED", "LOGISTICS_DELIVERY_DONE"),
    ("TO_CONFIRM_RECEIVE", "LOGISTICS_DELIVERY_DONE"),
    ("IN_CANCEL", "LOGISTICS_READY"),
    ("CANCELLED", "LOGISTICS_INVALID"),
    ("UNPAID", "LOGISTICS_NOT_START"),
    ("SHIPPED", "LOGISTICS_PICKUP_DONE"),
)
_GONE = {"SHIPPED", "COMPLETED", "TO_CONFIRM_RECEIVE"}


def updated_at(i: int) -> datetime:
    """When order ``i`` changed last. Later orders changed later, no two at the same time."""
    return FIRST_UPDATE + timedelta(seconds=i * STEP)


def order_sn(i: int) -> str:
    return f"260301{i:08d}"


def tracking_number(i: int) -> str:
    return f"TRK{i:010d}"


def order(i: int) -> dict[str, Any]:
    market = _MARKETS[i % len(_MARKETS)]
    status, parcel = _STANDINGS[i // len(_MARKETS) % len(_STANDINGS)]
    update = int(updated_at(i).timestamp())
    create = update - 40_000 - i % 9_000
    paid = None if status == "UNPAID" else create + 60
    cancelled = status == "CANCELLED"
    items = [_item(i, place, market, status) for place in range(2)]
    fee = _amount(399 + i % 50, market)
    total = sum(item["model_discounted_price"] * item["model_quantity_purchased"] for item in items) + fee
    return {
        "order_sn": order_sn(i),
        "region": market.region,
        "currency": market.currency,
        "cod": False,
        "order_status": status,
        "message_to_seller": "Please pack the two apart, thank you." if i % 3 == 0 else "",
        "create_time": create,
        "update_time": update,
        "days_to_ship": 3,
        "ship_by_date": 0 if paid is None else paid + 3 * 86_400,
        "advance_package": False,
        "can_full_cancel_order": status == "READY_TO_SHIP",
        "can_partial_cancel_order": status == "READY_TO_SHIP",
        "buyer_preference_for_partial_cancellation": 0,
        "buyer_user_id": 500_000_000 + i,
        "buyer_username": f"invented_buyer_{i:06d}",
        "estimated_shipping_fee": fee,
        "recipient_address": _address(i, market),
        "actual_shipping_fee": fee if status in _GONE else None,
        "actual_shipping_fee_confirmed": status == "COMPLETED",
        "goods_to_declare": False,
        "note": "fragile: bubble wrap" if i % 7 == 0 else "",
        "note_update_time": update - 500 if i % 7 == 0 else 0,
        "item_list": items,
        "pay_time": paid,
        "dropshipper": None,
        "dropshipper_phone": None,
        "split_up": False,
        "buyer_cancel_reason": "Need to Modify Order" if status == "IN_CANCEL" else "",
        "cancel_by": "seller" if cancelled else "",
        "cancel_reason": "Out of Stock" if cancelled else "",
        "fulfillment_flag": "fulfilled_by_cb_seller" if i % 2 else "fulfilled_by_local_seller",
        "pickup_done_time": update - 9_000 if status in _GONE else 0,
        "package_list": [_package(i, parcel, market, items)],
        "shipping_carrier": market.carrier,
        "payment_method": "Credit/Debit Card",
        "total_amount": round(total, market.decimals),
        "order_chargeable_weight_gram": 640 + i % 300,
        "return_request_due_date": update + 15 * 86_400 if status == "COMPLETED" else 0,
        "edt": {"from": create + 4 * 86_400, "to": create + 7 * 86_400},
    }


def _amount(cents: int, market: _Market) -> float | int:
    return cents / 100 if market.decimals else cents * 10


def _item(i: int, place: int, market: _Market, status: str) -> dict[str, Any]:
    number = 20_000_000_000 + (i * 2 + place) % 7_919
    quantity = 1 + (i + place) % 3
    price = 1_290 + (i * 37 + place * 911) % 9_000
    return {
        "item_id": number,
        "item_name": f"Linen travel pouch with two zips, series {number % 97}",
        "item_sku": f"POUCH-{number % 1_000:03d}",
        "model_id": 90_000_000_000 + number % 5_000,
        "model_name": "Sand, large" if place else "Moss, small",
        "model_sku": f"POUCH-{number % 1_000:03d}-{'L' if place else 'S'}",
        "model_quantity_purchased": quantity,
        "model_original_price": _amount(price + 500, market),
        "model_discounted_price": _amount(price, market),
        "wholesale": False,
        "weight": 0.32,
        "add_on_deal": False,
        "main_item": False,
        "add_on_deal_id": 0,
        "promotion_type": "product_promotion",
        "promotion_id": 700_000_000_000 + number % 311,
        "order_item_id": number,
        "promotion_group_id": 0,
        "image_info": {"image_url": f"https://images.example.com/file/sg-{number:016x}_tn"},
        "product_location_id": ["LOC1"],
        "is_prescription_item": False,
        "promotion_list": [],
        "active_qty": 0 if status == "CANCELLED" else quantity,
        "cancel_requested_qty": quantity if status == "IN_CANCEL" else 0,
        "cancelled_qty": quantity if status == "CANCELLED" else 0,
        "return_requested_qty": 0,
        "returned_qty": 0,
    }


def _address(i: int, market: _Market) -> dict[str, Any]:
    return {
        "name": f"I******{i % 10}",
        "phone": f"******{i % 100:02d}",
        "town": "",
        "district": f"District {i % 24}",
        "city": market.city,
        "state": "",
        "region": market.region,
        "zipcode": f"{10_000 + i % 80_000}",
        "full_address": f"Invented House {i % 400}, {i % 90} Sample Street, District {i % 24}, {market.city}",
    }


def _package(i: int, parcel: str, market: _Market, items: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "package_number": package_number(i),
        "logistics_status": parcel,
        "logistics_channel_id": 18_000 + i % 40,
        "shipping_carrier": market.carrier,
        "allow_self_design_awb": True,
        "parcel_chargeable_weight_gram": 640 + i % 300,
        "group_shipment_id": None,
        "item_list": [
            {
                "item_id": item["item_id"],
                "model_id": item["model_id"],
                "model_quantity": item["model_quantity_purchased"],
                "order_item_id": item["order_item_id"],
                "promotion_group_id": 0,
                "product_location_id": "LOC1",
            }
            for item in items
        ],
    }


def package_number(i: int) -> str:
    return f"OFG{i:015d}"


def rendered(i: int) -> bytes:
    """Return order ``i`` as JSON."""
    return orjson.dumps(order(i))


@cache
def _waiting() -> bytes:
    number = next(i for i in count() if (order(i)["order_status"], order(i)["currency"]) == ("READY_TO_SHIP", "SGD"))
    return orjson.dumps(order(number) | {"order_sn": "{}"})


def waiting(order_sn: str) -> bytes:
    """Return an order of this number that is paid in SGD and waits to be sent, as JSON."""
    return _waiting().replace(b"{}", order_sn.encode(), 1)


def answer(orders: list[bytes], more: bytes = b"") -> bytes:
    """Return the whole answer around rendered orders. ``more`` stands before the list, with its comma."""
    return b"".join(
        (
            b'{"error":"","message":"","request_id":"5f1c3a7e9b2d4860","response":{',
            more,
            b'"order_list":[',
            b",".join(orders),
            b"]}}",
        )
    )


def parcels(orders: list[int]) -> bytes:
    """Return the answer of `get_package_detail` about the parcels of these orders."""
    listed = [
        b'{"order_sn":"%s","package_number":"%s","tracking_number":"%s"}'
        % (order_sn(i).encode(), package_number(i).encode(), tracking_number(i).encode())
        for i in orders
    ]
    return (
        b'{"error":"","message":"","request_id":"5f1c3a7e9b2d4860","response":{"package_list":['
        + b",".join(listed)
        + b"]}}"
    )


def first_after(instant: datetime) -> int:
    """Return the first order that changed after ``instant``."""
    return max(0, (instant - FIRST_UPDATE) // timedelta(seconds=STEP) + 1)
