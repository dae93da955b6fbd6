"""Sections 9, 11 and 12 name no error codes of their own; the limits they state are refused with the common codes."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import aiohttp
import pytest

if TYPE_CHECKING:
    from tests.mocks.shopee.conftest import Api, Receiver

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF" + b"\x00" * 32


@pytest.mark.parametrize("status", [0, 3, "ongoing"])
async def test_punishment_status_that_is_none(api: Api, status: object) -> None:
    answer = await api.get("account_health/get_punishment_history", punishment_status=status, page_no=1, page_size=10)
    assert answer.error == "error_param"


async def test_metric_that_is_none(api: Api) -> None:
    answer = await api.get("account_health/get_metric_source_detail", metric_id=999, page_no=1, page_size=10)
    assert answer.error != ""


async def test_escrow_of_an_unknown_order(api: Api) -> None:
    answer = await api.get("payment/get_escrow_detail", order_sn="260101NOSUCHSN")
    assert answer.error.split(".")[-1] == "error_not_found"


@pytest.mark.parametrize("kind", ["video", "", "TEXT"])
async def test_message_type_that_is_none(api: Api, kind: str) -> None:
    answer = await api.post("sellerchat/send_message", {"to_id": 1, "message_type": kind, "content": {"text": "hello"}})
    assert answer.error != ""
    assert await api.effects("sellerchat/send_message") == []


async def test_chat_of_an_app_that_is_not_whitelisted(api: Api) -> None:
    await api.answers("error_api_permission", operation="sellerchat/*")
    answer = await api.get("sellerchat/get_conversation_list", direction="latest", type="all", page_size=10)
    answer.refused("error_api_permission")


async def test_media_upload_above_ten_megabytes(api: Api) -> None:
    form = aiohttp.FormData()
    form.add_field("image", BytesIO(JPEG + b"\x00" * (10 * 1024 * 1024)), filename="big.jpg", content_type="image/jpeg")
    assert (await api.public_post("media_space/upload_image", data=form)).error != ""


async def test_media_upload_of_nine_files(api: Api) -> None:
    form = aiohttp.FormData()
    for n in range(9):
        form.add_field("image", JPEG, filename=f"{n}.jpg", content_type="image/jpeg")
    assert (await api.public_post("media_space/upload_image", data=form)).error != ""


async def test_push_address_that_fails_its_test_post(api: Api, receiver: Receiver) -> None:
    receiver.status = 500
    answer = await api.public_post("push/set_app_push_config", {"callback_url": receiver.url})
    assert answer.error != ""
    assert receiver.got
    config = (await api.public_get("push/get_app_push_config")).ok
    assert config["callback_url"] != receiver.url


async def test_push_config_with_501_blocked_shops(api: Api, receiver: Receiver) -> None:
    answer = await api.public_post(
        "push/set_app_push_config",
        {"callback_url": receiver.url, "blocked_shop_id_list": list(range(1, 502))},
    )
    assert answer.error.split(".")[-1] == "error_param"


async def test_lost_messages_confirmed_beyond_what_was_given(api: Api) -> None:
    answer = await api.public_post("push/confirm_consumed_lost_push_message", {})
    answer.refused("error_param", "Wrong parameters, detail: last_message_id is a required field.")


async def test_the_public_calls_refuse_a_wrong_sign(api: Api) -> None:
    for call in ("push/get_lost_push_message", "push/get_app_push_config", "public/get_shops_by_partner"):
        path = f"/api/v2/{call}"
        query = {**await api.public_query(path), "sign": "0" * 64}
        (await api.raw("GET", path, query)).refused("error_sign", "Wrong sign.")
