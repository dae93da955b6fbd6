"""TikTok Shop's answers as the adapter reads them: only the fields that are mapped, every one of them optional.

Fields that do not apply are often missing rather than null; unknown ones are skipped. Amounts and ids are text.
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
Number = Annotated[str, Field(coerce_numbers_to_str=True)] | None
Seconds = int | None
Flag = bool | None


class Envelope(TypedDict, total=False):
    """What every answer carries beside its content. Types are open: broken envelopes must be readable too."""

    code: Any
    message: Any
    request_id: Any


class District(TypedDict, total=False):
    """One level of an address, L0 the country."""

    address_level: Text
    address_name: Text


class Address(TypedDict, total=False):
    """`recipient_address` of an order. Values may be masked with asterisks."""

    name: Text
    first_name_local_script: Text
    last_name_local_script: Text
    phone_number: Text
    full_address: Text
    postal_code: Text
    region_code: Text
    district_info: list[District] | None


class Unit(TypedDict, total=False):
    """One entry of `line_items`: one piece, for there is no quantity."""

    id: Number
    sku_id: Number
    product_id: Number
    product_name: Text
    sku_name: Text
    seller_sku: Text
    original_price: Number
    sale_price: Number
    currency: Text
    display_status: Text
    cancel_user: Text
    cancel_reason: Text
    package_id: Number
    package_status: Text
    shipping_provider_id: Number
    shipping_provider_name: Text
    tracking_number: Number
    is_gift: Flag


class Paid(TypedDict, total=False):
    """`payment` of an order."""

    currency: Text
    total_amount: Number
    shipping_fee: Number


class Ref(TypedDict, total=False):
    """An entry of `packages`."""

    id: Number


class OrderRow(TypedDict, total=False):
    """One order (section 3.4), the same in the list and in the detail."""

    id: Number
    user_id: Number
    status: Text
    order_type: Text
    buyer_message: Text
    seller_note: Text
    is_cod: Flag
    is_on_hold_order: Flag
    is_buyer_request_cancel: Flag
    is_sample_order: Flag
    replaced_order_id: Number
    exchange_source_order_id: Number
    cancel_reason: Text
    cancellation_initiator: Text
    create_time: Seconds
    update_time: Seconds
    paid_time: Seconds
    rts_time: Seconds
    collection_time: Seconds
    delivery_time: Seconds
    cancel_time: Seconds
    request_cancel_time: Seconds
    release_date: Seconds
    rts_sla_time: Seconds
    tts_sla_time: Seconds
    delivery_sla_time: Seconds
    cancel_order_sla_time: Seconds
    shipping_due_time: Seconds
    collection_due_time: Seconds
    delivery_due_time: Seconds
    fulfillment_type: Text
    shipping_type: Text
    delivery_type: Text
    delivery_option_id: Number
    shipping_provider_id: Number
    tracking_number: Number
    warehouse_id: Number
    split_or_combine_tag: Text
    payment_method_name: Text
    payment: Paid | None
    packages: list[Ref] | None
    recipient_address: Address | None
    line_items: list[Unit] | None


class NextAction(TypedDict, total=False):
    """An entry of `seller_next_action_response`: what the seller may do, and until when."""

    action: Text
    deadline: Seconds


class Refund(TypedDict, total=False):
    """`refund_amount`, of a request or of one of its lines."""

    currency: Text
    refund_total: Number


class Offer(TypedDict, total=False):
    """`partial_refund` of a return."""

    currency: Text
    amount: Number


class RequestUnit(TypedDict, total=False):
    """An entry of `cancel_line_items` or `return_line_items`: one piece."""

    order_line_item_id: Number
    sku_id: Number
    refund_amount: Refund | None


class RequestRow(TypedDict, total=False):
    """A cancellation (section 4.2) or a return (section 5.2)."""

    cancel_id: Number
    return_id: Number
    order_id: Number
    cancel_type: Text
    return_type: Text
    cancel_status: Text
    return_status: Text
    arbitration_status: Text
    role: Text
    cancel_reason: Text
    cancel_reason_text: Text
    return_reason: Text
    return_reason_text: Text
    shipment_type: Text
    handover_method: Text
    return_method: Text
    return_tracking_number: Text
    return_provider_name: Text
    can_buyer_keep_item: Flag
    is_quick_refund: Flag
    should_replenish_stock: Flag
    buyer_rejected_partial_refund: Flag
    pre_return_id: Number
    next_return_id: Number
    seller_proposed_return_type: Text
    partial_refund: Offer | None
    create_time: Seconds
    update_time: Seconds
    seller_next_action_response: list[NextAction] | None
    refund_amount: Refund | None
    cancel_line_items: list[RequestUnit] | None
    return_line_items: list[RequestUnit] | None


@cache
def order_row() -> TypeAdapter[OrderRow]:
    """Return the validator of one order, built when first used."""
    return TypeAdapter(OrderRow)


@cache
def request_row() -> TypeAdapter[RequestRow]:
    """Return the validator of one cancellation or return, built when first used."""
    return TypeAdapter(RequestRow)


@cache
def envelope() -> TypeAdapter[Envelope]:
    """Return the validator that reads no more of an answer than its envelope, built when first used."""
    return TypeAdapter(Envelope)


def content_of(answer: Answer, call: str) -> dict[str, Any]:
    """Return the ``data`` of an answer, empty when it is missing. Raises DataError when it is something else."""
    body = decode(answer.body)
    content = body.get("data") if isinstance(body, dict) else body
    if content is None and isinstance(body, dict):
        return {}
    if not isinstance(content, dict):
        raise DataError(f"TikTok Shop's answer to {call} has no object `data`. Nothing was read; ask again.")
    return content


def rows_of(content: Mapping[str, Any], key: str, call: str) -> list[Any]:
    """Return a list of the content; empty when left out or null, as on empty pages. Raises DataError otherwise."""
    rows = content.get(key)
    if rows is None:
        return []
    if not isinstance(rows, list):
        raise DataError(f"`{key}` in TikTok Shop's answer to {call} is no list. Nothing was read; ask again.")
    return rows


def reference_of(answer: Answer) -> str:
    """Return the request id of an answer, which the platform's support asks for."""
    body = decode(answer.body)
    return text_of(body, "request_id") if isinstance(body, dict) else ""


def raw_bytes(row: Any) -> bytes:
    """Return the platform's words for one object. Numbers beyond 64 bits are kept as text rather than lost."""
    try:
        return encode(row)
    except DataError:
        return json.dumps(row, default=str).encode()


def text_of(content: Mapping[str, Any], key: str) -> str:
    """Return a text or a whole number as text; empty when missing, null or of another kind."""
    value = content.get(key)
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def fields_at_fault(fault: ValidationError) -> str:
    """Return which fields broke which rule, never their values."""
    found = [
        f"{'.'.join(str(step) for step in error['loc']) or 'object'}: {error['type']}"
        for error in fault.errors(include_url=False, include_context=False, include_input=False)
    ]
    return "; ".join(dict.fromkeys(found))
