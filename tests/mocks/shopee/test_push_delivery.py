"""Section 12: retries, lost messages, and the faults of a delivery."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.mocks.shopee.conftest import Api, Receiver


def unwrapped(message: dict[str, Any]) -> dict[str, Any]:
    """The push's own data: the lost list may nest the whole stored push a second time under `data`."""
    data = message["data"]
    assert isinstance(data, dict)
    inner = data.get("data")
    return inner if isinstance(inner, dict) else data


async def lost(api: Api) -> dict[str, Any]:
    return (await api.public_get("push/get_lost_push_message")).ok


# -- who takes it ---------------------------------------------------------------------------------------------------


async def attempts_of(api: Api, code: int) -> list[dict[str, Any]]:
    return [a for a in await api.push_attempts() if str(a["kind"]) == str(code)]


@pytest.mark.parametrize("bad", ["status", "body"])
async def test_ladder_of_300_1800_10800_seconds(api: Api, pushed: Receiver, bad: str) -> None:
    """A status that is not 2xx, and by the guide's text a body too, count as not delivered."""
    order_sn = await api.order(phase="unpaid")
    await pushed.forget_the_making_of(order_sn)
    await api.advance("PT1M")
    pushed.got.clear()
    pushed.status, pushed.text = (503, "") if bad == "status" else (200, "ok")
    await api.act(order_sn, "buyer_pays")
    await pushed.expect(3, 1, order_sn)
    for n, wait in enumerate((300, 1800, 10_800), start=1):
        await api.advance(f"PT{wait - 1}S")
        assert len(pushed.of(3, order_sn)) == n
        await api.advance("PT1S")
        await pushed.expect(3, n + 1, order_sn)
    await api.advance("P1D")
    assert len(pushed.of(3, order_sn)) == 4, "three retries, then the message is lost"
    assert len({d.raw for d in pushed.of(3, order_sn)}) == 1, "the same bytes each time"
    sent = pushed.of(3, order_sn)[0].raw.decode()
    tried = [a for a in await attempts_of(api, 3) if a["body"] == sent]
    assert [a["attempt"] for a in tried] == [1, 2, 3, 4]
    assert [b["at"] - a["at"] for a, b in pairwise(tried)] == [300, 1800, 10_800]
    assert {a["status"] for a in tried} == {pushed.status}


async def test_a_retry_that_is_taken_ends_the_ladder(api: Api, pushed: Receiver) -> None:
    order_sn = await api.order(phase="unpaid")
    await pushed.forget_the_making_of(order_sn)
    pushed.status = 500
    await api.act(order_sn, "buyer_pays")
    await pushed.expect(3, 1, order_sn)
    pushed.status = 204
    await api.advance("PT5M1S")
    await pushed.expect(3, 2, order_sn)
    await api.advance("P1D")
    assert len(pushed.of(3, order_sn)) == 2
    assert (await lost(api))["push_message_list"] == []


async def test_lost_messages_can_be_read_and_confirmed(api: Api, pushed: Receiver) -> None:
    order_sn = await api.order(phase="unpaid")
    await pushed.forget_the_making_of(order_sn)
    pushed.status = 500
    await api.act(order_sn, "buyer_pays")
    await pushed.expect(3, 1, order_sn)
    assert (await lost(api))["push_message_list"] == [], "not lost while it is still tried"
    await api.advance("PT4H")
    await pushed.expect(3, 4, order_sn)
    page = await lost(api)
    assert page["has_next_page"] is False
    told = [m for m in page["push_message_list"] if m["code"] == 3]
    assert [(m["shop_id"], unwrapped(m)["ordersn"]) for m in told] == [(api.store["shop_id"], order_sn)]
    assert told[0]["timestamp"]
    assert (await lost(api))["push_message_list"] == page["push_message_list"], "reading does not consume"
    answer = await api.public_post(
        "push/confirm_consumed_lost_push_message", {"last_message_id": page["last_message_id"]}
    )
    assert answer.error == ""
    assert (await lost(api))["push_message_list"] == []


async def test_lost_messages_are_given_a_hundred_at_a_time_oldest_first(api: Api, pushed: Receiver) -> None:
    pushed.status = 500
    made = []
    for _ in range(51):
        order_sn = await api.order(phase="unpaid")
        await api.act(order_sn, "buyer_pays")
        await api.act(order_sn, "seller_ships")
        made.append(order_sn)
    await api.advance("PT4H")
    page = await lost(api)
    assert (len(page["push_message_list"]), page["has_next_page"]) == (100, True)
    stamps = [m["timestamp"] for m in page["push_message_list"]]
    assert stamps == sorted(stamps)
    answer = await api.public_post(
        "push/confirm_consumed_lost_push_message", {"last_message_id": page["last_message_id"]}
    )
    assert answer.error == ""
    rest = await lost(api)
    assert rest["push_message_list"]
    assert rest["push_message_list"][0] not in page["push_message_list"]


async def test_lost_messages_are_kept_three_days(api: Api, pushed: Receiver) -> None:
    order_sn = await api.order(phase="unpaid")
    await pushed.forget_the_making_of(order_sn)
    pushed.status = 500
    await api.act(order_sn, "buyer_pays")
    await pushed.expect(3, 1, order_sn)
    await api.advance("PT4H")
    assert [m for m in (await lost(api))["push_message_list"] if unwrapped(m).get("ordersn") == order_sn]
    pushed.status = 200
    await api.advance("P3D")
    assert not [m for m in (await lost(api))["push_message_list"] if unwrapped(m).get("ordersn") == order_sn]


async def test_webchat_is_tried_after_1_2_3_seconds(api: Api, pushed: Receiver) -> None:
    order_sn = await api.order()
    await pushed.forget_the_making_of(order_sn)
    pushed.status = 500
    await api.act(order_sn, "buyer_replies", text="Hello?")
    await pushed.expect(10, 1)
    for n, wait in enumerate((1, 2, 3), start=1):
        assert len(pushed.of(10)) == n
        await api.advance(f"PT{wait}S")
        await pushed.expect(10, n + 1)
    await api.advance("PT1M")
    assert len(pushed.of(10)) == 4


# -- faults of the delivery -----------------------------------------------------------------------------------------


async def test_duplicate(api: Api, pushed: Receiver) -> None:
    order_sn = await api.order(phase="unpaid")
    await pushed.forget_the_making_of(order_sn)
    await api.faults({"operation": "push/3", "fault": "push_duplicate", "times": 1})
    await api.act(order_sn, "buyer_pays")
    first, second = await pushed.expect(3, 2, order_sn)
    assert first.raw == second.raw


async def test_drop(api: Api, pushed: Receiver) -> None:
    order_sn = await api.order(phase="unpaid")
    await pushed.forget_the_making_of(order_sn)
    await api.faults({"operation": "push/3", "fault": "push_drop", "times": 1})
    await api.act(order_sn, "buyer_pays")
    await api.advance("P1D")
    assert all(d.body["data"]["status"] != "READY_TO_SHIP" for d in pushed.of(3, order_sn))


async def test_delay(api: Api, pushed: Receiver) -> None:
    order_sn = await api.order(phase="unpaid")
    await pushed.forget_the_making_of(order_sn)
    await api.faults({"operation": "push/3", "fault": "push_delay", "times": 1, "seconds": 900})
    await api.act(order_sn, "buyer_pays")
    sent_at = await api.now()
    await api.advance("PT14M")
    assert pushed.of(3, order_sn) == []
    await api.advance("PT2M")
    (push,) = await pushed.expect(3, 1, order_sn)
    assert push.body["timestamp"] == sent_at


async def test_reorder(api: Api, pushed: Receiver) -> None:
    order_sn = await api.order()
    await pushed.forget_the_making_of(order_sn)
    await api.faults({"operation": "push/3", "fault": "push_reorder", "times": 1})
    await api.act(order_sn, "buyer_requests_cancellation", reason="Others")
    await api.advance("PT10S")
    await api.act(order_sn, "buyer_withdraws_request")
    await pushed.expect(3, 2, order_sn)
    assert [d.body["data"]["status"] for d in pushed.of(3, order_sn)] == ["READY_TO_SHIP", "IN_CANCEL"]
    stamps = [d.body["data"]["update_time"] for d in pushed.of(3, order_sn)]
    assert stamps[0] > stamps[1], "a client can tell by update_time"
