"""What a buyer is told: the right text in the right language from the order's own facts, or a clear no."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.cases.drafting import Draft, draft, message_act, next_message
from gateway.config import ContactSettings
from gateway.errors import DataError, NoRuleKnown, NotAllowed
from gateway.model.order import Closure, FulfillmentState, LineItem, Order, PaymentState
from gateway.model.store import Platform
from gateway.policy.decide import decide
from gateway.policy.message_guard import Occasion, check
from gateway.policy.message_guard_templates import Writing
from gateway.policy.parse import read_object
from gateway.policy.rule_set import load_rules
from gateway.policy.terms import Reason
from gateway.ports import Operation

RULES = load_rules()
NOW = datetime(2026, 3, 10, 4, 0, 30, tzinfo=UTC)  # 12:00:30 in Shanghai, 13:00:30 in Tokyo
STORES = {
    "xiaohongshu": ("CN", "CNY"),
    "alibaba_1688": ("CN", "CNY"),
    "shopee": ("MY", "MYR"),
    "tiktok_shop": ("JP", "JPY"),
}


def order(*titles: str, store: str = "s1") -> Order:
    lines = [
        LineItem(line_id=str(n), product_id="p", title=title, quantity=1) for n, title in enumerate(titles or ("杯子",))
    ]
    return Order(
        store=store,
        order_id="P7001",
        raw_status="READY",
        payment=PaymentState.paid,
        fulfillment=FulfillmentState.to_ship,
        closure=Closure.open,
        region="CN",
        currency="CNY",
        placed_at=NOW,
        updated_at=NOW,
        total_minor=1,
        lines=tuple(lines),
    )


def scenario(platform: str = "xiaohongshu", reason: str = "out_of_stock", region: str = "", **order_facts: Any) -> Any:
    home, currency = STORES[platform]
    facts = {"phase": "awaiting_shipment", "paid_at": "2026-03-10T08:00:00+08:00", "stock_available": False}
    valuation = order_facts.pop("valuation", {})
    return read_object(
        {
            "as_of": NOW.isoformat(),
            "store": {"platform": platform, "region": region or home, "currency": currency, "valuation": valuation},
            "order": facts | order_facts,
            "intent": {"reason": reason},
        }
    )


def written(purpose: str, asked: Any = None, titles: tuple[str, ...] = ("杯子",), **more: Any) -> Draft:
    return draft(order(*titles), asked or scenario(), Writing(purpose), rules=RULES, **more)


def test_the_first_message_of_an_invitation_tells_reason_goods_order_and_coupon() -> None:
    told = written("offer_cancel")
    assert told.text == (
        "亲，非常抱歉，因为商品缺货，杯子（订单P7001）暂时无法发出。为了不影响您的购物体验，建议您先申请退款，"
        "我们为您准备了5元优惠券作为补偿，下次购买时可以使用。"
    )
    assert (told.language, told.purpose, told.announced_close_at) == ("zh-CN", Writing.offer_cancel, None)


def test_the_coupon_is_worth_what_the_store_says_and_none_is_promised_that_there_is_not() -> None:
    assert "8.5元优惠券" in written("offer_cancel", scenario(valuation={"coupon": "8.5"})).text
    assert "满减券" in written("offer_cancel", settings=ContactSettings(coupon="满减券")).text
    without = written("offer_cancel", scenario(valuation={"coupon": "0"})).text
    assert "券" not in without
    assert "申请退款" in without


def test_a_phone_is_named_only_with_its_middle_digits_hidden() -> None:
    for given in ("13812345678", "138****5678"):
        told = written("second_notice", settings=ContactSettings(phone=given)).text
        assert "138****5678" in told
        assert "1234" not in told
    assert "拨打" not in written("second_notice").text, "a shop without a phone names none"


def test_a_final_notice_names_the_hour_an_hour_ahead_at_the_full_minute() -> None:
    told = written("final_notice")
    assert told.announced_close_at == datetime(2026, 3, 10, 5, 1, tzinfo=UTC)  # 12:00:30 + 1 h, never sooner
    assert "将于3月10日13:01关闭订单" in told.text
    exact = written("final_notice", at=datetime(2026, 3, 10, 16, 0, tzinfo=UTC))
    assert "2026-03-10 13:01" in written("final_notice", scenario(buyer_language="en")).text
    assert exact.announced_close_at == datetime(2026, 3, 10, 17, 0, tzinfo=UTC)
    assert "3月11日01:00" in exact.text, "in the store's own time zone, where it is the next day already"


@pytest.mark.parametrize(
    ("platform", "asked", "language", "words"),
    [
        ("tiktok_shop", {}, "ja", "注文番号P7001"),
        ("tiktok_shop", {"buyer_language": "en"}, "en", "order P7001"),
        ("shopee", {}, "ms", "pesanan P7001"),
        ("shopee", {"region": "TW"}, "zh-TW", "訂單P7001"),
        ("shopee", {"region": "VN"}, "vi", "đơn P7001"),
        ("shopee", {"buyer_language": "zh-CN"}, "zh-CN", "订单P7001"),
        ("alibaba_1688", {}, "zh-CN", "订单P7001"),
        ("xiaohongshu", {"buyer_language": "ja"}, "ja", "注文番号P7001"),
    ],
)
def test_the_buyer_reads_his_own_language(platform: str, asked: dict[str, str], language: str, words: str) -> None:
    told = written("explain", scenario(platform, **asked), titles=("Cup",))
    assert told.language == language
    assert words in told.text
    assert check(told.text, Occasion(platform=Platform(platform), language=language, reason=Reason.out_of_stock)) == ()


@pytest.mark.parametrize("platform", list(STORES))
@pytest.mark.parametrize("purpose", ["explain", "closed", "refunded", "confirm"])
def test_every_platform_has_the_texts_that_are_told_everywhere(platform: str, purpose: str) -> None:
    told = written(purpose, scenario(platform, ship_by="2026-03-12T23:59:00+08:00"))
    assert "P7001" in told.text


def test_an_apology_is_told_after_a_close_on_xiaohongshu_with_a_coupon_where_there_is_one() -> None:
    assert "5元优惠券" in written("apology").text
    assert "券" not in written("apology", scenario(valuation={"coupon": "0"})).text
    assert "クーポン" in written("apology", scenario(buyer_language="ja")).text
    with pytest.raises(NoRuleKnown, match="no text to apology"):
        written("apology", scenario("shopee"))


def test_only_xiaohongshu_buyers_are_invited_or_warned() -> None:
    for platform in ("shopee", "tiktok_shop", "alibaba_1688"):
        for purpose in ("offer_cancel", "second_notice", "final_notice"):
            with pytest.raises(NoRuleKnown):
                written(purpose, scenario(platform))


def test_who_cannot_be_told_the_reason_is_told_nothing() -> None:
    with pytest.raises(NotAllowed):
        written("offer_cancel", scenario(reason="system_error"))
    with pytest.raises(NoRuleKnown, match="unwilling"):
        written("explain", scenario(reason="unwilling"))
    with pytest.raises(NoRuleKnown, match="texts in 'ko'"):
        written("explain", scenario("tiktok_shop", buyer_language="ko"))
    with pytest.raises(DataError, match="ships_on"):
        written("confirm")


@pytest.mark.parametrize(
    ("titles", "words"),
    [
        (("杯子",), "您订购的杯子（"),
        (("杯子", "盘子", "盘子"), "您订购的杯子等3种商品（"),
        (("",), "您订购的商品（"),
        (("长" * 50,), f"您订购的{'长' * 39}…（"),
        (("不发货 立即退款 13812345678",), "您订购的商品（"),  # words that may not be written in any text
    ],
)
def test_goods_are_named_shortly_and_never_against_the_rules(titles: tuple[str, ...], words: str) -> None:
    assert words in written("explain", titles=titles).text


def test_the_plan_says_which_message_comes_next() -> None:
    step = next_message(decide(scenario(), RULES))
    assert step is not None
    assert (step.purpose, step.at) == ("offer_cancel", NOW)
    assert next_message(decide(scenario(phase="cancelled"), RULES)) is None


def test_the_act_of_a_message_holds_what_sending_and_looking_for_it_needs() -> None:
    told = written("final_notice")
    act = message_act(order(), told, NOW)
    assert act.operation is Operation.send_message
    assert act.parameters == {
        "text": told.text,
        "purpose": "final_notice",
        "language": "zh-CN",
        "since": str(int((NOW - timedelta(minutes=1)).timestamp())),
        "announced_close_at": "2026-03-10T05:01:00+00:00",
    }
    assert told.text not in repr(told)
    assert message_act(order(), told, NOW + timedelta(hours=6)).key != act.key
