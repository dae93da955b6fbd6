"""Section 11: messages to buyers, pictures, and what an order brings in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

if TYPE_CHECKING:
    from tests.mocks.shopee.conftest import Api, Receiver

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF" + b"\x00" * 32

CONTENTS: dict[str, dict[str, Any]] = {
    "text": {"text": "Your order is late by a day."},
    "image": {"image_url": "https://example.com/a.jpg"},
    "sticker": {"sticker_id": "1", "sticker_package_id": "2"},
    "item": {"item_id": 7},
    "order": {"order_sn": ""},
}


async def buyer_of(api: Api, order_sn: str) -> int:
    return int((await api.detail(order_sn, "buyer_user_id"))["buyer_user_id"])


@pytest.mark.parametrize("kind", CONTENTS)
async def test_send_message(api: Api, kind: str) -> None:
    order_sn = await api.order()
    buyer = await buyer_of(api, order_sn)
    content = {**CONTENTS[kind], **({"order_sn": order_sn} if kind == "order" else {})}
    if kind == "item":
        content["item_id"] = (await api.lines(order_sn))[0]["item_id"]
    sent = (await api.post("sellerchat/send_message", {"to_id": buyer, "message_type": kind, "content": content})).ok
    assert (sent["to_id"], sent["message_type"]) == (buyer, kind)
    assert sent["content"] == content
    assert {"message_id", "conversation_id", "created_timestamp"} <= sent.keys()
    assert len(await api.effects("sellerchat/send_message")) == 1


async def test_conversation_is_readable(api: Api) -> None:
    order_sn = await api.order()
    buyer = await buyer_of(api, order_sn)
    body = {"to_id": buyer, "message_type": "text", "content": {"text": "May we send the blue one?"}}
    conversation = (await api.post("sellerchat/send_message", body)).ok["conversation_id"]
    await api.act(order_sn, "buyer_replies", text="Yes, gladly")
    read = (await api.get("sellerchat/get_message", conversation_id=conversation, offset=0, page_size=25)).ok
    messages = next(v for v in read.values() if isinstance(v, list))
    texts = {m["content"]["text"] for m in messages}
    assert texts == {"May we send the blue one?", "Yes, gladly"}
    listed = (await api.get("sellerchat/get_conversation_list", direction="latest", type="all", page_size=25)).ok
    conversations = next(v for v in listed.values() if isinstance(v, list))
    assert [str(c["conversation_id"]) for c in conversations] == [str(conversation)]
    one = (await api.get("sellerchat/get_one_conversation", conversation_id=conversation)).ok
    assert str(one["conversation_id"]) == str(conversation)


async def test_a_reply_is_pushed(api: Api, pushed: Receiver) -> None:
    order_sn = await api.order()
    buyer = await buyer_of(api, order_sn)
    await api.act(order_sn, "buyer_replies", text="Where is my parcel?")
    (push,) = await pushed.expect(10, 1)
    data = push.body["data"]
    assert data["type"] == "message"
    assert data["content"]["content"]["text"] == "Where is my parcel?"
    assert data["content"]["from_id"] == buyer
    assert {"message_id", "to_id", "message_type", "conversation_id"} <= data["content"].keys()


async def test_media_space_upload_takes_a_public_sign(api: Api) -> None:
    form = aiohttp.FormData()
    form.add_field("image", JPEG, filename="a.jpg", content_type="image/jpeg")
    picture = (await api.public_post("media_space/upload_image", data=form)).ok["image_info"]
    assert picture["image_id"]
    assert {"image_url_region", "image_url"} <= picture["image_url_list"][0].keys()


async def test_media_upload_for_return_shipping_proof(api: Api) -> None:
    form = aiohttp.FormData()
    form.add_field("business", "2")
    form.add_field("scene", "1")
    form.add_field("images", JPEG, filename="a.jpg", content_type="image/jpeg")
    answer = await api.public_post("media/upload_image", data=form)
    pictures = answer.ok["image_list"]
    assert len(pictures) == 1
    assert {"image_id", "image_url"} <= pictures[0].keys()


async def test_escrow(api: Api) -> None:
    order_sn = await api.order(phase="completed", lines=[{"sku": "A", "title": "Mug", "quantity": 2, "price": 10}])
    found = (await api.get("payment/get_escrow_detail", order_sn=order_sn)).ok
    assert found["order_sn"] == order_sn
    assert found["return_order_sn_list"] == []
    income = found["order_income"]
    assert {
        "escrow_amount", "buyer_total_amount", "order_original_price", "order_selling_price", "seller_discount",
        "shopee_discount", "voucher_from_seller", "voucher_from_shopee", "coins", "buyer_paid_shipping_fee",
        "actual_shipping_fee", "shopee_shipping_rebate", "commission_fee", "service_fee", "seller_transaction_fee",
        "cost_of_goods_sold", "seller_return_refund", "drc_adjustable_refund", "reverse_shipping_fee", "items",
        "order_adjustment",
    } <= income.keys()  # fmt: skip
    assert income["buyer_total_amount"] == (await api.detail(order_sn, "total_amount"))["total_amount"]
    assert income["escrow_amount"] <= income["buyer_total_amount"]
    assert len(income["items"]) == 1


async def test_escrow_names_the_returns_and_the_refund(api: Api) -> None:
    order_sn, return_sn = await api.returned("buyer_requests_refund")
    assert (await api.post("returns/confirm", {"return_sn": return_sn})).error == ""
    refund = (await api.return_detail(return_sn))["refund_amount"]
    found = (await api.get("payment/get_escrow_detail", order_sn=order_sn)).ok
    assert found["return_order_sn_list"] == [return_sn]
    assert abs(found["order_income"]["seller_return_refund"]) == refund
