"""Section 9.3: messages that failed, read by page (confirmed apart) or by cursor (confirmed by reading)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.mocks.alibaba_1688.conftest import Api, Receiver

OPEN = "cn.alibaba.open"


@pytest.fixture
async def failed(api: Api, pushed: Receiver) -> Api:
    """Twenty-two messages that were never taken, of both accounts and several topics."""
    await api.store_act("platform_stops_deliveries")
    for n in range(22):
        await api.order(role="buyer" if n % 2 else "seller", store=(api.store, api.other)[n // 11]["member_id"])
    await api.store_act("platform_stops_deliveries", stopped=False)
    assert pushed.got == []
    return api


async def call(api: Api, name: str, **asked: object) -> Any:
    path = api.path(name, OPEN)
    return await api.raw(path, api.signed(path, asked))  # no user's token


async def test_pages_do_not_confirm(failed: Api) -> None:
    page = (await call(failed, "push.query.messageList", page=1, pageSize=20)).ok["pushMessagePage"]
    assert (len(page["datas"]), page["totalCount"]) == (20, 22)
    assert all({"msgId", "type", "userInfo", "data", "gmtBorn"} <= set(one) for one in page["datas"])
    assert (await call(failed, "push.query.messageList", page=2)).ok["pushMessagePage"]["datas"][1]
    again = (await call(failed, "push.query.messageList", page=1, pageSize=20)).ok["pushMessagePage"]
    assert again == page


async def test_confirming_shifts_the_pages(failed: Api) -> None:
    first = (await call(failed, "push.query.messageList")).ok["pushMessagePage"]["datas"]
    numbers = [one["msgId"] for one in first]
    assert (await call(failed, "push.message.confirm", msgIdList=numbers)).ok == {"isSuccess": True}
    page = (await call(failed, "push.query.messageList", page=2)).ok["pushMessagePage"]
    assert (page["datas"], page["totalCount"]) == ([], 2)
    rest = (await call(failed, "push.query.messageList", page=1)).ok["pushMessagePage"]["datas"]
    assert len(rest) == 2
    assert not {one["msgId"] for one in rest} & set(numbers)
    (await call(failed, "push.message.confirm")).gateway_refused("gw.ParamMissing")


async def test_the_cursor_confirms_by_reading(failed: Api) -> None:
    first = (await call(failed, "push.cursor.messageList", quantity=20)).ok["pushMessageList"]
    second = (await call(failed, "push.cursor.messageList", quantity=20)).ok["pushMessageList"]
    third = (await call(failed, "push.cursor.messageList")).ok["pushMessageList"]
    assert (len(first), len(second), len(third)) == (20, 2, 0)
    assert not {one["msgId"] for one in first} & {one["msgId"] for one in second}
    assert (await call(failed, "push.query.messageList")).ok["pushMessagePage"]["totalCount"] == 0


@pytest.mark.parametrize("size", [19, 201])
async def test_sizes_from_20_to_200(failed: Api, size: int) -> None:
    (await call(failed, "push.query.messageList", pageSize=size)).flat("PARAM_ERROR")
    (await call(failed, "push.cursor.messageList", quantity=size)).flat("PARAM_ERROR")
    assert (await call(failed, "push.query.messageList", pageSize=200)).ok["pushMessagePage"]["totalCount"] == 22


async def test_filters(failed: Api, date: Callable[[int], str]) -> None:
    async def total(**asked: object) -> int:
        return int((await call(failed, "push.query.messageList", **asked)).ok["pushMessagePage"]["totalCount"])

    now = await failed.now()
    assert await total(userInfo=failed.member) == 11
    assert await total(type="ORDER_PAY") == 11
    assert await total(type="ORDER_BUYER_VIEW_ORDER_PAY", userInfo=failed.other["member_id"]) == 6
    assert await total(createStartTime=date(now + 1)) == 0
    assert await total(createStartTime=date(now), createEndTime=date(now)) == 22


async def test_a_message_fails_after_its_last_try(api: Api, pushed: Receiver) -> None:
    pushed.status = 503
    await api.bought()
    await pushed.expect("ORDER_BUYER_VIEW_ORDER_PAY")
    await api.advance("PT2H29M")
    assert (await call(api, "push.query.messageList")).ok["pushMessagePage"]["totalCount"] == 0
    await api.advance("PT1M")
    (kept,) = (await call(api, "push.query.messageList")).ok["pushMessagePage"]["datas"]
    assert kept["msgId"] == pushed.got[0].message["msgId"]
    assert kept["data"] == pushed.got[0].message["data"]
