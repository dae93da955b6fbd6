"""Escrow, image upload and chat (API.md section 11)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mocks.shopee import chat
from mocks.shopee.calling import Call, Reply
from mocks.shopee.calls_disputes import image_url, keep_image
from mocks.shopee.errors import ApiError, required, wrong
from mocks.shopee.model import major

if TYPE_CHECKING:
    from mocks.shopee.calling import Context
    from mocks.shopee.model import Buyer, Conversation, Line, Order
    from mocks.shopee.params import Params

COMMISSION_PERCENT = 6
SERVICE_PERCENT = 2
TRANSACTION_PERCENT = 2
MAX_FILES = 9
KINDS = {
    "text": ("text",),
    "image": ("image_url",),
    "sticker": ("sticker_id", "sticker_package_id"),
    "item": ("item_id",),
    "order": ("order_sn",),
}
"""The message types and what the content of each must hold."""


def get_escrow_detail(ctx: Context, params: Params) -> Reply:
    """Tell what an order brings the seller; an estimate until it is COMPLETED."""
    order = ctx.order(params.text("order_sn"))
    returns = ctx.world.returns_of(order)
    refunded = sum(one.amount for one in returns if one.status == "ACCEPTED")
    cancelled = sum(line.price * line.cancelled for line in order.lines)
    left = max(0, order.goods_total - cancelled - refunded)
    fees = [left * percent // 100 for percent in (COMMISSION_PERCENT, SERVICE_PERCENT, TRANSACTION_PERCENT)]
    original = sum(line.original_price * line.quantity for line in order.lines)

    def money(minor: int) -> Any:
        return major(minor, order.currency)

    income = {
        "escrow_amount": money(left - sum(fees)),
        "buyer_total_amount": money(order.total),
        "order_original_price": money(original),
        "original_price": money(original),
        "order_selling_price": money(order.goods_total),
        "order_discounted_price": money(order.goods_total),
        "seller_discount": money(original - order.goods_total),
        "shopee_discount": money(0),
        "voucher_from_seller": money(0),
        "voucher_from_shopee": money(0),
        "coins": money(0),
        "buyer_paid_shipping_fee": money(order.shipping_fee),
        "actual_shipping_fee": money(order.shipping_fee if order.delivered else 0),
        "shopee_shipping_rebate": money(0),
        "commission_fee": money(fees[0]),
        "service_fee": money(fees[1]),
        "seller_transaction_fee": money(fees[2]),
        "cost_of_goods_sold": money(left),
        "seller_return_refund": money(-refunded),
        "drc_adjustable_refund": money(0),
        "reverse_shipping_fee": money(0),
        "items": [_escrow_item(order, line) for line in order.lines],
        "order_adjustment": [],
    }
    payment = {"buyer_payment_method": order.payment_method, "buyer_total_amount": money(order.total)}
    return Reply(
        {
            "order_sn": order.sn,
            "buyer_user_name": "****" if ctx.shop.masking == "whole" else order.buyer.username,
            "return_order_sn_list": [one.sn for one in returns],
            "order_income": income,
            "buyer_payment_info": payment,
        }
    )


def _escrow_item(order: Order, line: Line) -> dict[str, Any]:
    def money(minor: int) -> Any:
        return major(minor, order.currency)

    return {
        "item_id": line.item_id,
        "item_name": line.title,
        "item_sku": line.item_sku,
        "model_id": line.model_id,
        "model_name": line.variation,
        "model_sku": line.sku,
        "original_price": money(line.original_price * line.quantity),
        "selling_price": money(line.price * line.quantity),
        "discounted_price": money(line.price * line.quantity),
        "seller_discount": money((line.original_price - line.price) * line.quantity),
        "shopee_discount": money(0),
        "activity_type": "bundle_deal" if line.in_bundle else "",
        "activity_id": line.promotion_id,
        "is_main_item": line.main_item,
        "quantity_purchased": line.quantity,
    }


def media_space_upload_image(ctx: Context, _params: Params) -> Reply:
    """Keep images for the whole platform, fewer than nine at once."""
    images = [upload for upload in ctx.uploads if upload.field_name == "image"]
    if not images:
        raise required("image")
    if len(images) >= MAX_FILES:
        raise wrong("image must be less than 9.")
    rows = []
    for number, upload in enumerate(images):
        image_id = keep_image(ctx, upload)
        urls = [{"image_url_region": "SG", "image_url": image_url(ctx, image_id)}]
        rows.append({"id": number, "error": "", "message": "", "image_info": _stored(image_id, urls)})
    ctx.applied(None)
    return Reply({"image_info": rows[0]["image_info"], "image_info_list": rows})


def _stored(image_id: str, urls: list[dict[str, str]]) -> dict[str, Any]:
    return {"image_id": image_id, "image_url_list": urls}


def media_upload_image(ctx: Context, params: Params) -> Reply:
    """Keep images for one purpose: business 2, scene 1 is the proof of a return's shipping."""
    if (params.number("business"), params.number("scene")) != (2, 1):
        raise wrong("business and scene are invalid.")
    images = [upload for upload in ctx.uploads if upload.field_name == "images"]
    if not images:
        raise required("images")
    ids = [keep_image(ctx, upload) for upload in images]
    ctx.applied(None)
    return Reply({"image_list": [{"image_id": one, "image_url": image_url(ctx, one)} for one in ids]})


def send_message(ctx: Context, params: Params) -> Reply:
    """Let the shop write to one of its buyers; not in TW."""
    if ctx.shop.region == "TW":
        raise ApiError("error_permission", "The shop's region is not supported.")
    to = params.number("to_id")
    kind = params.choice("message_type", KINDS)
    content = params.inner("content")
    if content is None:
        raise required("content")
    for name in KINDS[kind]:
        if content.values.get(name) in (None, ""):
            raise required(f"content.{name}")
    buyer = _buyer(ctx, to)
    if buyer is None:
        raise ApiError("error_param", "Wrong parameters, detail: to_id is invalid.")
    talk = chat.conversation(ctx.world, ctx.shop, buyer)
    talk.unread = 0
    message = chat.add(ctx.world, talk, from_buyer=False, message_type=kind, content=dict(content.values))
    order_sn = content.values.get("order_sn")
    ctx.applied(order_sn if isinstance(order_sn, str) else _last_order(ctx, to))
    return Reply({name: value for name, value in message.items() if name != "from_id"})


def _buyer(ctx: Context, user_id: int) -> Buyer | None:
    for order in ctx.world.orders.values():
        if order.shop_id == ctx.shop.shop_id and order.buyer.user_id == user_id:
            return order.buyer
    return None


def _last_order(ctx: Context, user_id: int) -> str | None:
    orders = [one for one in ctx.world.orders.values() if one.buyer.user_id == user_id]
    return max(orders, key=lambda one: one.created).sn if orders else None


def _talks(ctx: Context) -> list[Conversation]:
    own = [one for one in ctx.world.chats.values() if one.shop_id == ctx.shop.shop_id and one.messages]
    return sorted(own, key=lambda one: int(one.messages[-1]["created_timestamp"]), reverse=True)


def _summary(talk: Conversation) -> dict[str, Any]:
    last = talk.messages[-1]
    return {
        "conversation_id": talk.conversation_id,
        "to_id": talk.buyer.user_id,
        "to_name": talk.buyer.username,
        "shop_id": talk.shop_id,
        "unread_count": talk.unread,
        "pinned": False,
        "latest_message_id": last["message_id"],
        "latest_message_type": last["message_type"],
        "latest_message_content": last["content"],
        "latest_message_from_id": last["from_id"],
        "last_message_timestamp": last["created_timestamp"] * 1_000_000_000,
    }


def get_conversation_list(ctx: Context, params: Params) -> Reply:
    """List the shop's chats, newest first: all, unread or pinned."""
    direction = params.choice("direction", ("latest", "older"))
    kind = params.choice("type", ("all", "unread", "pinned"))
    size = params.page_size(60, default=25)
    talks = [one for one in _talks(ctx) if kind == "all" or (kind == "unread" and one.unread)]
    if direction == "older":
        before = params.number("next_timestamp_nano")
        talks = [one for one in talks if one.messages[-1]["created_timestamp"] * 1_000_000_000 < before]
    page = talks[:size]
    last = _summary(page[-1])["last_message_timestamp"] if page else 0
    cursor = {"next_message_time_nano": str(last), "conversation_id": page[-1].conversation_id if page else ""}
    paged = {"page_size": size, "next_cursor": cursor, "more": len(talks) > size}
    return Reply({"page_result": paged, "conversations": [_summary(one) for one in page]})


def _talk(ctx: Context, params: Params) -> Conversation:
    wanted = str(params.values.get("conversation_id") or "")
    if not wanted:
        raise required("conversation_id")
    for one in _talks(ctx):
        if one.conversation_id == wanted:
            return one
    raise ApiError("error_not_found", "Wrong parameters, detail: the conversation is not found.")


def get_message(ctx: Context, params: Params) -> Reply:
    """Give a chat's messages, newest first; `offset` is the message id to go on from."""
    talk = _talk(ctx, params)
    size = params.page_size(60, default=25)
    offset = str(params.values.get("offset") or "")
    messages = list(reversed(talk.messages))
    ids = [one["message_id"] for one in messages]
    start = ids.index(offset) + 1 if offset in ids else 0
    page = messages[start : start + size]
    more = len(messages) > start + size
    return Reply(
        {"messages": page, "page_result": {"next_offset": page[-1]["message_id"] if more else "", "page_size": size}}
    )


def get_one_conversation(ctx: Context, params: Params) -> Reply:
    """Give one chat's summary."""
    return Reply(_summary(_talk(ctx, params)))


CALLS = {
    "payment/get_escrow_detail": Call("GET", "shop", get_escrow_detail),
    "media_space/upload_image": Call("POST", "public", media_space_upload_image),
    "media/upload_image": Call("POST", "public", media_upload_image),
    "sellerchat/send_message": Call("POST", "shop", send_message),
    "sellerchat/get_conversation_list": Call("GET", "shop", get_conversation_list),
    "sellerchat/get_message": Call("GET", "shop", get_message),
    "sellerchat/get_one_conversation": Call("GET", "shop", get_one_conversation),
}
