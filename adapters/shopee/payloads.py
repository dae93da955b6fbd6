"""Shopee's answers as the adapter reads them: only the fields that are mapped, every one of them optional.

Unknown keys are skipped, a missing key stays missing, and null stays null: the three are told apart when mapping.
Amounts and ids are kept as the text of their number, instants as epoch seconds.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from gateway.errors import DataError
from gateway.ports import Answer
from gateway.transport.json import decode, encode

Text = str | None
Number = Annotated[str, Field(coerce_numbers_to_str=True)]
Amount = Number | None
Id = Number | None
Seconds = int | None


class Envelope(TypedDict, total=False):
    """What every answer may carry beside its content. Types are open: broken envelopes must be readable too."""

    error: Any
    message: Any
    request_id: Any


class Address(TypedDict, total=False):
    """`recipient_address` of an order, under the canonical names. Values may be masked with asterisks."""

    name: Text
    phone: Text
    town: Text
    district: Text
    city: Text
    state: Text
    region: Text
    postal_code: Annotated[Text, Field(validation_alias="zipcode")]
    full_address: Text


class OrderItem(TypedDict, total=False):
    """One entry of `item_list`; what is carried over as it is stands under the canonical names."""

    item_id: Id
    title: Annotated[Text, Field(validation_alias="item_name")]
    item_sku: Text
    model_id: Id
    variant: Annotated[Text, Field(validation_alias="model_name")]
    model_sku: Text
    quantity: Annotated[int | None, Field(validation_alias="model_quantity_purchased")]
    model_original_price: Amount
    model_discounted_price: Amount
    promotion_type: Text
    order_item_id: Id
    promotion_group_id: Id
    cancel_requested: Annotated[int | None, Field(validation_alias="cancel_requested_qty")]
    cancelled: Annotated[int | None, Field(validation_alias="cancelled_qty")]
    return_requested: Annotated[int | None, Field(validation_alias="return_requested_qty")]
    returned: Annotated[int | None, Field(validation_alias="returned_qty")]


class PackageItem(TypedDict, total=False):
    """One entry of a parcel's `item_list`."""

    item_id: Id
    model_id: Id
    model_quantity: int | None
    order_item_id: Id
    promotion_group_id: Id


class PackageRow(TypedDict, total=False):
    """One entry of `package_list`."""

    package_number: Id
    logistics_status: Text
    shipping_carrier: Text
    group_shipment_id: Id
    item_list: list[PackageItem] | None


class PaymentRow(TypedDict, total=False):
    """One entry of `payment_info` (Brazil)."""

    payment_method: Text
    transaction_id: Id
    payment_amount: Amount


class OrderRow(TypedDict, total=False):
    """One order of `get_order_detail` (API.md section 5)."""

    order_sn: Text
    order_status: Text
    region: Text
    currency: Text
    cod: bool | None
    create_time: Seconds
    update_time: Seconds
    pay_time: Seconds
    ship_by_date: Seconds
    pickup_done_time: Seconds
    return_request_due_date: Seconds
    total_amount: Amount
    estimated_shipping_fee: Amount
    actual_shipping_fee: Amount
    fulfillment_flag: Text
    can_full_cancel_order: bool | None
    can_partial_cancel_order: bool | None
    cancel_by: Text
    cancel_reason: Text
    buyer_cancel_reason: Text
    message_to_seller: Text
    note: Text
    buyer_user_id: Id
    buyer_username: Text
    recipient_address: Address | None
    payment_method: Text
    payment_info: list[PaymentRow] | None
    item_list: list[OrderItem] | None
    package_list: list[PackageRow] | None


class Negotiation(TypedDict, total=False):
    """`negotiation` of a return's detail."""

    negotiation_status: Text
    latest_solution: Text
    latest_offer_amount: Amount
    latest_offer_creator: Text
    offer_due_date: Seconds


class SellerProof(TypedDict, total=False):
    """`seller_proof` of a return's detail."""

    seller_proof_status: Text
    seller_evidence_deadline: Seconds


class SellerCompensation(TypedDict, total=False):
    """`seller_compensation` of a return's detail."""

    seller_compensation_status: Text
    seller_compensation_due_date: Seconds
    compensation_amount: Amount


class ReturnItem(TypedDict, total=False):
    """One entry of a return's `item`; ``amount`` is a quantity."""

    item_id: Id
    model_id: Id
    amount: int | None
    refund_amount: Amount


class ReturnRow(TypedDict, total=False):
    """One return, as list or detail give it (API.md section 8). Where the two differ, both shapes are taken."""

    return_sn: Text
    order_sn: Text
    status: Text
    reason: Text
    reassessed_request_reason: Text
    currency: Text
    refund_amount: Amount
    create_time: Seconds
    update_time: Seconds
    due_date: Seconds
    return_ship_due_date: Seconds
    return_seller_due_date: Seconds
    tracking_number: Text
    needs_logistics: bool | None
    return_solution: Id
    return_refund_type: Text
    return_refund_request_type: Id
    validation_type: Text
    dispute_reason: list[Id] | Id
    negotiation_status: Text
    seller_proof_status: Text
    seller_compensation_status: Text
    negotiation: Negotiation | Text
    seller_proof: SellerProof | Text
    seller_compensation: SellerCompensation | Text
    logistics_status: Text
    reverse_logistics_status: Text
    reverse_logistic_status: Text
    item: list[ReturnItem] | None


@cache
def order_rows() -> TypeAdapter[list[OrderRow]]:
    """Return the validator of a page of orders, built when first used."""
    return TypeAdapter(list[OrderRow])


@cache
def order_row() -> TypeAdapter[OrderRow]:
    """Return the validator of one order, built when first used."""
    return TypeAdapter(OrderRow)


@cache
def return_rows() -> TypeAdapter[list[ReturnRow]]:
    """Return the validator of a page of returns, built when first used."""
    return TypeAdapter(list[ReturnRow])


@cache
def envelope() -> TypeAdapter[Envelope]:
    """Return the validator that reads no more of an answer than its envelope, built when first used."""
    return TypeAdapter(Envelope)


def body_of(answer: Answer) -> dict[str, Any]:
    """Return the whole answer as a dict with exact numbers. Raises DataError when it is no JSON object."""
    body = decode(answer.body)
    if not isinstance(body, dict):
        raise DataError("Shopee's answer is JSON, but no object. Nothing was read; ask again.")
    return body


def content_of(answer: Answer, call: str) -> dict[str, Any]:
    """Return the ``response`` object of an answer. Raises DataError when there is none: nothing is not "no orders"."""
    content = body_of(answer).get("response")
    if not isinstance(content, dict):
        raise DataError(f"Shopee's answer to {call} has no `response` object. Nothing was read; ask again.")
    return content


def rows_of(content: dict[str, Any], key: str, call: str) -> list[Any]:
    """Return a list of the content, null as empty. Raises DataError when the key is missing or holds something else."""
    rows = content.get(key)
    if rows is None and key in content:
        return []
    if not isinstance(rows, list):
        raise DataError(f"Shopee's answer to {call} has no list `{key}`. Nothing was read; ask again.")
    return rows


def raw_bytes(row: Any) -> bytes:
    """Return the platform's words for one object. Numbers beyond 64 bits are kept as text rather than lost."""
    try:
        return encode(row)
    except DataError:
        return json.dumps(row, default=str).encode()


def text_of(content: Mapping[str, Any], key: str) -> str:
    """Return a text or a number of an answer as text; empty when missing, null or of another kind."""
    value = content.get(key)
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def fields_at_fault(fault: ValidationError) -> str:
    """Return which fields broke which rule, never their values: ``"pay_time: int_parsing; item_list.0: dict_type"``."""
    found = [
        f"{'.'.join(str(step) for step in error['loc']) or 'order'}: {error['type']}"
        for error in fault.errors(include_url=False, include_context=False, include_input=False)
    ]
    return "; ".join(dict.fromkeys(found))
