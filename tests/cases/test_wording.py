"""Before words are sent to a buyer the platform's rules about texts are asked, whoever ordered the effect."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.cases.effects import EffectState
from gateway.cases.left_calls import take_over_interrupted
from gateway.cases.road import Wanted
from gateway.cases.wording import objection_to_words
from gateway.model.store import Store
from gateway.policy.terms import Reason
from gateway.ports import Act, Operation

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
FINE = "We are very sorry: the mug is out of stock, so we have cancelled the order on our side."
ASKS = "Sorry, the mug is out of stock. Please c a n c e l the order."
UNTRUE = "We are very sorry: the parcel is late as our system had an error, the system error is being looked at."


def message(text: str, **parameters: str) -> Act:
    return Act(Operation.send_message, "o1", "s1:o1:send_message", parameters={"text": text, **parameters})


async def committed(desk: Any, act: Act) -> tuple[Any, Any, Any]:
    """Commit to a message as any part of the gateway would; return the road, the effect and the connection."""
    desk.platform.put("o1", desk.clock.now() - timedelta(hours=2))
    await desk.pull().changes()
    road = desk.resolver()._road
    connection = await road.open("s1")
    found = await road.decide(connection, "o1", Reason.out_of_stock)
    wanted = Wanted(Reason.out_of_stock.value, "anna")
    return road, await road.commit(found, act, wanted, (), connection.store), connection


@pytest.mark.parametrize(("text", "sent"), [(FINE, True), (ASKS, False), (UNTRUE, False)])
async def test_only_words_that_may_be_sent_reach_the_platform(desk: Any, text: str, sent: bool) -> None:
    road, effect, connection = await committed(desk, message(text))
    effect, _ = await road.carry(effect, connection)
    assert effect.state is (EffectState.confirmed if sent else EffectState.not_applied)
    assert [each.operation for each in desk.platform.performed] == [Operation.send_message] * sent
    if not sent:
        assert "may not be sent to the buyer" in effect.because
        assert text not in effect.because


async def test_due_work_asks_too(desk: Any) -> None:
    road, effect, _ = await committed(desk, message(ASKS))
    await desk.database.write(lambda c: take_over_interrupted(c, desk.clock.now()))

    async def stands(*_: Any) -> None:
        return None

    assert await road.advance(effect.id, stands) is None
    assert desk.platform.performed == []


def _objection(
    text: str,
    platform: str = "tiktok_shop",
    region: str = "JP",
    now: datetime = NOW,
    wish: str = "ship",
    **parameters: str,
) -> str | None:
    store = Store(
        id="s1",
        app="a1",
        platform=platform,
        external_id="1",
        region=region,
        currency="JPY",
        time_zone="Asia/Tokyo",
    )
    return objection_to_words(message(text, **parameters), store, wish, now)


def test_the_buyers_language_is_the_regions_unless_the_act_says_another() -> None:
    assert _objection("本日発送しました。ありがとうございます。") is None
    assert "TTJ-04" in str(_objection("Your parcel has left our warehouse today."))
    assert _objection("Your parcel has left our warehouse today.", language="en") is None


def test_purpose_and_reason_are_looked_at() -> None:
    notice = "因商品缺货,我们将于11月23日18时关闭订单。"
    assert _objection(notice, "xiaohongshu", "CN") is None
    assert "XHS-34" in str(_objection(notice, "xiaohongshu", "CN", purpose="final_notice"))
    assert "XHS-20" in str(_objection(notice, "xiaohongshu", "CN", wish="price_error"))


def test_a_rule_counts_from_midnight_of_the_store_on() -> None:
    midnight = datetime(2025, 10, 27, 15, tzinfo=UTC)  # 28 October 00:00 in Tokyo
    asks = "アプリからキャンセルしてください。"
    assert "TTJ-06" in str(_objection(asks, now=midnight))
    assert _objection(asks, now=midnight - timedelta(seconds=1)) is None


def test_an_act_without_words_for_the_buyer_is_none_of_its_business() -> None:
    store = Store(
        id="s1", app="a1", platform="shopee", external_id="1", region="SG", currency="SGD", time_zone="Asia/Singapore"
    )
    note = Act(Operation.set_note, "o1", "k", parameters={"note": "please cancel", "text": "please cancel"})
    assert objection_to_words(note, store, "ship", NOW) is None
