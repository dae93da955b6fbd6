"""Ciphertext is stored, masks are shown, and clear words go nowhere but into the recipient."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.xiaohongshu import adapter
from adapters.xiaohongshu.personal import search_indexes
from gateway.errors import DataError, InvalidRequest, NotFound, OutcomeUnknown, Refused
from gateway.model.order import Order
from gateway.transport.json import decode
from tests.adapters.xiaohongshu.contract.rows import (
    DETAIL,
    MASK,
    OPEN,
    ORDER,
    RECEIVERS,
    SEALED,
    masks,
    order_answers,
    order_row,
    receiver_row,
    wrapped,
)


def script(row: dict[str, Any], **changes: Any) -> dict[str, list[Any]]:
    return {name: [answer] for name, answer in {**order_answers(row), **changes}.items()}


async def read(shop: Any) -> Order:
    batch = await adapter.fetch_orders(shop, [ORDER])
    assert (list(batch.bad), list(batch.unmapped)) == ([], [])
    return batch.orders[0]


async def test_a_waiting_order_shows_masks_and_keeps_ciphertext(paper: Any) -> None:
    order = await read(paper(script(order_row())))
    assert order.recipient is not None
    assert (order.recipient.name, order.recipient.phone) == ("E**", "138****5550")
    assert order.recipient.encrypted == {
        "name": SEALED["receiverName"],
        "phone": SEALED["receiverPhone"],
        "full_address": SEALED["receiverAddress"],
    }
    assert order.recipient.masked == {"name", "phone", "full_address"}
    assert not any(name.startswith("recipient.") for name in order.absent)


@pytest.mark.parametrize("status", [1, 2, 3, 5, 6, 7, 8, 9, 10])
async def test_only_an_order_that_waits_is_asked_about(paper: Any, status: int) -> None:
    shop = paper(script(order_row(orderStatus=status)))
    order = await read(shop)
    assert shop.asked == [DETAIL]
    assert {"recipient.name", "recipient.phone", "recipient.full_address", "recipient.encrypted"} <= order.absent
    assert order.recipient is not None
    assert order.recipient.city == "Example City"


async def test_an_exchange_is_asked_for_as_one(paper: Any) -> None:
    shop = paper(script(order_row(orderType=5)))
    await read(shop)
    assert decode(shop.calls[1].body)["isReturn"] is True


@pytest.mark.parametrize(
    "receivers",
    [
        {"error_code": -9, "error_msg": "应用没有该接口的权限", "success": False},
        {"error_code": -1, "error_msg": "no", "success": False},
        wrapped(None),
        wrapped({"receiverInfos": [receiver_row(matched=False)]}),
        wrapped({"receiverInfos": [{"orderId": []}]}),
    ],
    ids=["no permission", "refused", "null", "address changed", "broken"],
)
async def test_an_order_is_worth_more_than_its_receiver(paper: Any, receivers: Any) -> None:
    order = await read(paper(script(order_row(), **{RECEIVERS: receivers})))
    assert order.recipient is not None
    assert order.recipient.encrypted == {}
    assert "recipient.encrypted" in order.absent


async def test_without_masks_the_ciphertext_is_kept(paper: Any) -> None:
    refused = {"error_code": -1, "error_msg": "no", "success": False}
    order = await read(paper(script(order_row(), **{MASK: refused})))
    assert order.recipient is not None
    assert (order.recipient.name, len(order.recipient.encrypted)) == ("", 3)
    assert "name" in order.recipient.masked


async def test_one_field_is_opened_and_the_others_stay_hidden(paper: Any) -> None:
    shop = paper(script(order_row()))
    order = await read(shop)
    clear = await adapter.open_recipient(shop, order, ["name"])
    assert (clear.name, clear.phone) == ("Example Person", "138****5550")
    assert clear.masked == {"phone", "full_address"}
    sent = decode(shop.calls[-1].body)
    assert sent["baseInfos"] == [{"dataTag": ORDER, "encryptedData": SEALED["receiverName"]}]
    assert (sent["actionType"], sent["appUserId"]) == ("1", "shop-1")
    assert not shop.calls[-1].effect


def answer(**row: Any) -> Any:
    return wrapped({"dataInfoList": [{"encryptedData": SEALED["receiverPhone"], **row}]})


async def test_a_virtual_number_comes_with_its_extension(paper: Any) -> None:
    told = answer(decryptedData="", virtualNumberFlag=True, virtualPhoneNumber="555-0100", virtualExtendNumber="42")
    shop = paper(script(order_row(), **{OPEN: told}))
    assert (await adapter.open_recipient(shop, await read(shop), ["phone"])).phone == "555-0100-42"


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ({"errorCode": -2000701, "errorMsg": "解密额度已用完"}, Refused),
        ({"errorCode": -2000702, "errorMsg": "x"}, OutcomeUnknown),
        ({"errorCode": 0, "decryptedData": ""}, DataError),
    ],
)
async def test_one_item_refused_is_an_error(paper: Any, row: Any, kind: type[Exception]) -> None:
    shop = paper(script(order_row(), **{OPEN: answer(**row)}))
    order = await read(shop)
    with pytest.raises(kind) as told:
        await adapter.open_recipient(shop, order, ["phone"])
    assert SEALED["receiverPhone"] not in str(told.value)


async def test_what_cannot_be_opened_is_told_unsent(paper: Any) -> None:
    shop = paper(script(order_row(orderStatus=6)))
    order = await read(shop)
    with pytest.raises(InvalidRequest):
        await adapter.open_recipient(shop, order, ["city"])
    with pytest.raises(NotFound):
        await adapter.open_recipient(shop, order, ["name"])
    assert shop.asked == [DETAIL]


async def test_masks_of_many_orders_go_a_hundred_at_a_time(paper: Any) -> None:
    ids = [f"P{n:018d}" for n in range(40)]
    shop = paper(
        {
            DETAIL: [wrapped(order_row(orderId=order_id)) for order_id in ids],
            RECEIVERS: [wrapped({"receiverInfos": [receiver_row(orderId=order_id) for order_id in ids]})],
            MASK: [masks(ids[0])],
        }
    )
    await adapter.fetch_orders(shop, ids)
    sizes = [len(decode(call.body)["baseInfos"]) for call in shop.calls if call.operation == MASK]
    assert sizes == [100, 20]
    assert shop.asked.count(RECEIVERS) == 1


async def test_search_indexes(paper: Any) -> None:
    rows = [{"plainText": "555-0100", "searchIndex": "idx2"}, {"plainText": "Example", "searchIndex": "idx1"}]
    shop = paper({"data.batchIndex": [wrapped({"indexInfoList": rows})]})
    assert await search_indexes(shop, [("name", "Example"), ("phone", "555-0100"), ("name", "x")]) == [
        "idx1",
        "idx2",
        "",
    ]
    assert decode(shop.calls[0].body)["indexBaseInfoList"][0] == {"plainText": "Example", "type": 2}
    with pytest.raises(InvalidRequest):
        await search_indexes(shop, [("city", "x")])
