"""The layout a textbook would choose: one pydantic model a platform object, one constructor a canonical object.

An amount is a canonical object too (`Money`), as in most order models. It says the same as `adapters.shopee.orders`
does of the orders in `payload`, word tables and exact money included; only the layout differs. The tests compare the
two order by order.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from adapters.shopee import words
from gateway.model.after_sale import AfterSaleReason, RequestKind, RequestState
from gateway.model.money import Money, to_minor
from gateway.model.order import (
    Buyer,
    Closure,
    EndedBy,
    EndReason,
    FulfillmentState,
    Package,
    PackageLine,
    PaymentState,
    Recipient,
)
from tests.bench.textbook_models import AfterSale, AfterSaleLine, LineItem, Order, Payment


class Geolocation(BaseModel):
    latitude: float | None = None
    longitude: float | None = None


class Address(BaseModel):
    name: str | None = None
    phone: str | None = None
    town: str | None = None
    district: str | None = None
    city: str | None = None
    state: str | None = None
    region: str | None = None
    zipcode: str | None = None
    full_address: str | None = None
    geolocation: Geolocation | None = None


class Image(BaseModel):
    image_url: str | None = None


class Promotion(BaseModel):
    promotion_type: str | None = None
    promotion_id: int | None = None


class Item(BaseModel):
    item_id: int
    item_name: str | None = None
    item_sku: str | None = None
    model_id: int | None = None
    model_name: str | None = None
    model_sku: str | None = None
    model_quantity_purchased: int
    model_original_price: Decimal | None = None
    model_discounted_price: Decimal | None = None
    wholesale: bool | None = None
    weight: float | None = None
    add_on_deal: bool | None = None
    main_item: bool | None = None
    add_on_deal_id: int | None = None
    promotion_type: str | None = None
    promotion_id: int | None = None
    order_item_id: int | None = None
    line_item_id: int | None = None
    promotion_group_id: int | None = None
    image_info: Image | None = None
    product_location_id: list[str] | None = None
    is_prescription_item: bool | None = None
    promotion_list: list[Promotion] | None = None
    active_qty: int | None = None
    cancel_requested_qty: int | None = None
    cancelled_qty: int | None = None
    return_requested_qty: int | None = None
    returned_qty: int | None = None


class ParcelItem(BaseModel):
    item_id: int
    model_id: int | None = None
    model_quantity: int | None = None
    order_item_id: int | None = None
    promotion_group_id: int | None = None
    product_location_id: str | None = None


class Parcel(BaseModel):
    package_number: str | None = None
    logistics_status: str | None = None
    logistics_channel_id: int | None = None
    shipping_carrier: str | None = None
    allow_self_design_awb: bool | None = None
    parcel_chargeable_weight_gram: int | None = None
    group_shipment_id: int | None = None
    item_list: list[ParcelItem] | None = None


class Invoice(BaseModel):
    number: str | None = None
    series_number: str | None = None
    access_key: str | None = None
    issue_date: int | None = None
    total_value: Decimal | None = None
    products_total_value: Decimal | None = None
    tax_code: str | None = None
    status: str | None = None
    pending_reason: str | None = None


class PaymentPart(BaseModel):
    payment_method: str | None = None
    payment_processor_register: str | None = None
    card_brand: str | None = None
    transaction_id: str | None = None
    payment_amount: Decimal | None = None


class DeliverySpan(BaseModel):
    start: int | None = None
    to: int | None = None


class OrderDetail(BaseModel):
    order_sn: str
    region: str
    currency: str
    cod: bool | None = None
    order_status: str
    message_to_seller: str | None = None
    create_time: int
    update_time: int
    days_to_ship: int | None = None
    ship_by_date: int | None = None
    booking_sn: str | None = None
    advance_package: bool | None = None
    can_full_cancel_order: bool | None = None
    can_partial_cancel_order: bool | None = None
    buyer_preference_for_partial_cancellation: int | None = None
    pending_terms: list[str] | None = None
    pending_description: list[str] | None = None
    buyer_user_id: int | None = None
    buyer_username: str | None = None
    estimated_shipping_fee: Decimal | None = None
    recipient_address: Address | None = None
    actual_shipping_fee: Decimal | None = None
    actual_shipping_fee_confirmed: bool | None = None
    goods_to_declare: bool | None = None
    note: str | None = None
    note_update_time: int | None = None
    item_list: list[Item] | None = None
    pay_time: int | None = None
    dropshipper: str | None = None
    dropshipper_phone: str | None = None
    split_up: bool | None = None
    buyer_cancel_reason: str | None = None
    cancel_by: str | None = None
    cancel_reason: str | None = None
    buyer_cpf_id: str | None = None
    fulfillment_flag: str | None = None
    pickup_done_time: int | None = None
    package_list: list[Parcel] | None = None
    shipping_carrier: str | None = None
    payment_method: str | None = None
    total_amount: Decimal | None = None
    invoice_data: Invoice | None = None
    order_chargeable_weight_gram: int | None = None
    return_request_due_date: int | None = None
    edt: DeliverySpan | None = None
    payment_info: list[PaymentPart] | None = None
    international_label: str | None = None


class OrderList(BaseModel):
    order_list: list[OrderDetail]


class DetailAnswer(BaseModel):
    error: str
    message: str
    request_id: str | None = None
    response: OrderList


_NEVER_TOLD = frozenset({
    "sale_type", "ship_from", "collect_by", "latest_delivery_at", "delivered_at", "auto_cancel_at", "ended_at",
    "refunded_minor",
})  # fmt: skip


def read_page(body: bytes, store: str) -> list[Any]:
    """Return the canonical orders of one answer."""
    answer = DetailAnswer.model_validate(json.loads(body))
    return [canonical(order, store) for order in answer.response.order_list]


def read_page_whole(body: bytes, store: str) -> list[tuple[Any, bytes]]:
    """Return the canonical orders of one answer, each with the platform's own words, which the gateway always keeps."""
    answer = json.loads(body)
    told = DetailAnswer.model_validate(answer).response.order_list
    words_of = [json.dumps(each, ensure_ascii=False).encode() for each in answer["response"]["order_list"]]
    return [(canonical(order, store), raw) for order, raw in zip(told, words_of, strict=True)]


def canonical(told: OrderDetail, store: str) -> Any:
    """Return the canonical order. Knows what `payload` composes: no bundles, no twins, no staged payment."""
    standing = words.ORDER_STATUS[told.order_status]
    payment = standing.payment
    if payment is not PaymentState.unpaid and told.pay_time:
        payment = PaymentState.paid
    parcels = [_package(parcel) for parcel in told.package_list or []]
    lines = [_line(item, told.currency) for item in told.item_list or []]
    cancelled = standing.closure is Closure.cancelled
    fulfillment = standing.fulfillment
    if fulfillment is None:
        fulfillment = FulfillmentState.not_due if cancelled else parcels[0].state
    absent = set(_NEVER_TOLD)
    if any(parcel.raw_status not in words.WITHOUT_TRACKING for parcel in parcels):
        absent.add("packages.tracking_number")
    total = _money(told.total_amount, told.currency)
    shipping = told.actual_shipping_fee if told.actual_shipping_fee is not None else told.estimated_shipping_fee
    ended_by = words.CANCEL_BY.get(words.plain(told.cancel_by or ""), EndedBy.unknown) if cancelled else None
    end_reason = words.CANCEL_REASON.get(words.plain(told.cancel_reason or ""), EndReason.unknown)
    paid = payment or PaymentState.unknown
    return Order(
        store=store,
        order_id=told.order_sn,
        raw_status=told.order_status,
        payment=paid,
        fulfillment=fulfillment,
        closure=standing.closure,
        region=told.region,
        currency=told.currency,
        cross_border=words.FULFILLED_ACROSS_BORDER[told.fulfillment_flag or ""],
        placed_at=datetime.fromtimestamp(told.create_time, UTC),
        updated_at=datetime.fromtimestamp(told.update_time, UTC),
        paid_at=_instant(told.pay_time),
        ship_by=_instant(told.ship_by_date),
        shipped_at=_instant(told.pickup_done_time),
        returnable_until=_instant(told.return_request_due_date),
        ended_by=ended_by,
        ended_by_raw=told.cancel_by or "",
        end_reason=end_reason if cancelled else None,
        end_reason_raw=told.cancel_reason or "",
        buyer_reason_raw=told.buyer_cancel_reason or "",
        total_money=total,
        shipping_money=_money(shipping, told.currency),
        can_cancel=told.can_full_cancel_order,
        can_cancel_lines=told.can_partial_cancel_order,
        note=told.note or "",
        buyer_message=told.message_to_seller or "",
        lines=tuple(lines),
        packages=tuple(parcels),
        payments=(
            Payment(method=told.payment_method or "", state=paid, amount_money=total, paid_at=_instant(told.pay_time)),
        ),
        requests=_requests(told, store, lines),
        buyer=_buyer(told),
        recipient=_recipient(told.recipient_address),
        absent=frozenset(absent),
    )


def _money(amount: Decimal | None, currency: str) -> Money | None:
    return None if amount is None else Money(minor=to_minor(amount, currency), currency=currency)


def _instant(seconds: int | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


def _line_id(item: Item | ParcelItem) -> str:
    return f"{item.item_id}:{item.model_id or 0}:{item.order_item_id or item.item_id}:{item.promotion_group_id or 0}"


def _line(item: Item, currency: str) -> Any:
    return LineItem(
        line_id=_line_id(item),
        product_id=str(item.item_id),
        variant_id=str(item.model_id or ""),
        sku=item.model_sku or item.item_sku or None,
        title=item.item_name or "",
        variant=item.model_name or "",
        quantity=item.model_quantity_purchased,
        cancel_requested=item.cancel_requested_qty or 0,
        cancelled=item.cancelled_qty or 0,
        return_requested=item.return_requested_qty or 0,
        returned=item.returned_qty or 0,
        unit_price_money=_money(item.model_discounted_price, currency),
        list_price_money=_money(item.model_original_price, currency),
        platform_ids={
            "item_id": str(item.item_id),
            "model_id": str(item.model_id or 0),
            "order_item_id": str(item.order_item_id or item.item_id),
            "promotion_group_id": str(item.promotion_group_id or 0),
        },
    )


def _package(parcel: Parcel) -> Package:
    return Package(
        package_id=parcel.package_number or "",
        state=words.LOGISTICS[parcel.logistics_status or ""],
        raw_status=parcel.logistics_status or "",
        carrier=parcel.shipping_carrier or "",
        shipment_id=str(parcel.group_shipment_id or ""),
        lines=tuple(
            PackageLine(line_id=_line_id(item), quantity=item.model_quantity or 0) for item in parcel.item_list or []
        ),
    )


def _requests(told: OrderDetail, store: str, lines: list[Any]) -> tuple[Any, ...]:
    if told.order_status != "IN_CANCEL":
        return ()
    raw = told.buyer_cancel_reason or ""
    return (
        AfterSale(
            store=store,
            order_id=told.order_sn,
            request_id=f"cancel:{told.order_sn}",
            in_order=True,
            kind=RequestKind.cancellation,
            state=RequestState.open,
            raw_status=told.order_status,
            reason=words.BUYER_CANCEL_REASON.get(words.plain(raw), AfterSaleReason.unknown) if raw else None,
            reason_raw=raw,
            opened_at=datetime.fromtimestamp(told.update_time, UTC),
            updated_at=datetime.fromtimestamp(told.update_time, UTC),
            currency=told.currency,
            lines=tuple(
                AfterSaleLine(line_id=line.line_id, quantity=line.cancel_requested)
                for line in lines
                if line.cancel_requested > 0
            ),
        ),
    )


def _masked(fields: dict[str, str]) -> frozenset[str]:
    return frozenset(name for name, value in fields.items() if "*" in value)


def _buyer(told: OrderDetail) -> Buyer:
    fields = {"buyer_id": str(told.buyer_user_id or ""), "name": told.buyer_username or ""}
    return Buyer(buyer_id=fields["buyer_id"], name=fields["name"], masked=_masked(fields))


def _recipient(address: Address | None) -> Recipient | None:
    if address is None:
        return None
    fields = {
        "name": address.name or "",
        "phone": address.phone or "",
        "region": address.region or "",
        "state": address.state or "",
        "city": address.city or "",
        "district": address.district or "",
        "town": address.town or "",
        "postal_code": address.zipcode or "",
        "full_address": address.full_address or "",
    }
    return Recipient(
        name=fields["name"],
        phone=fields["phone"],
        region=fields["region"],
        state=fields["state"],
        city=fields["city"],
        district=fields["district"],
        town=fields["town"],
        postal_code=fields["postal_code"],
        full_address=fields["full_address"],
        masked=_masked(fields),
    )
