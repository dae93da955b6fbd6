"""Signs of malicious orders (XHS-02, 03, 04): what raises them, what never does, and that nothing stands in clear."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError

from gateway.model.order import Order, Recipient
from gateway.model.store import Store
from gateway.orders.buyer_marks import buyer_trace
from gateway.orders.store import erase_person, upsert_orders
from gateway.orders.suspects import (
    Sign,
    clear,
    is_incomplete,
    judge_opened_phone,
    mark,
    measures_of,
    phone_digits,
    repeats,
    standing_signs,
)
from gateway.policy.rule_set import load_rules
from gateway.ports import OrderBatch, RawItem
from gateway.storage.moments import to_micros
from gateway.storage.schema import buyer_marks, metadata, order_signs, repeat_traces

RULES = load_rules()
SHOP = Store(
    id="xhs",
    app="a",
    platform="xiaohongshu",
    external_id="1",
    region="CN",
    currency="CNY",
    time_zone="Asia/Shanghai",
)
WHOLE = {"name": "Nobody", "phone": "13800000000", "state": "Nowhere", "city": "Notown", "full_address": "Lane 7"}


@pytest.mark.parametrize(
    ("phone", "digits"),
    [
        ("13800000000", 11),
        ("1380000000", 10),
        ("138000000000", 12),
        ("+86 138 0000 0000", 11),
        ("+86-1380000000", 10),
        ("8613800000000", 11),
        ("138****0000", 11),
        ("86-138****0000", 11),
        ("852-612****4567", None),
        ("138-0000-0000", 11),
        ("138*****0000", 12),
        ("13800000000转1234", None),  # a virtual number
        ("13800000000,1234", None),
        ("+81 90 0000 0000", None),
        ("", None),
    ],
)
def test_how_many_digits_a_phone_has(phone: str, digits: int | None) -> None:
    assert phone_digits(Recipient(phone=phone)) == digits


@pytest.mark.parametrize(
    ("change", "absent", "incomplete"),
    [
        ({}, (), False),
        ({"full_address": "  "}, (), True),
        ({"city": ""}, (), True),
        ({"state": ""}, (), True),
        ({"district": ""}, (), False),  # some cities have none
        ({"full_address": "", "masked": frozenset({"full_address"})}, (), False),
        ({"full_address": "", "encrypted": {"full_address": "#x#"}}, (), False),
        ({"full_address": ""}, ("recipient.full_address",), False),
    ],
)
def test_an_address_is_incomplete_only_when_that_was_told(
    change: dict[str, Any], absent: tuple[str, ...], incomplete: bool
) -> None:
    assert is_incomplete(Recipient.model_validate({**WHOLE, **change}), absent) is incomplete


NOON = datetime.fromisoformat("2026-03-14T12:00:00+00:00")
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("minutes", "found"),
    [
        ([0, 30, 60], {0, 1, 2}),  # the hour's own end belongs to it
        ([0, 30, 61], set()),
        ([0, 0], set()),
        ([0, 59, 61, 62], {1, 2, 3}),
    ],
)
def test_three_orders_within_an_hour_repeat_each_other(minutes: list[int], found: set[int]) -> None:
    placed = [(NOON + timedelta(minutes=at), str(number)) for number, at in enumerate(minutes)]
    assert repeats(placed, 3, HOUR) == {str(each) for each in found}


@given(st.lists(st.integers(0, 300), max_size=8))
def test_the_orders_found_are_those_with_two_others_within_an_hour(minutes: list[int]) -> None:
    placed = [(NOON + timedelta(minutes=at), str(number)) for number, at in enumerate(minutes)]
    expected = {
        str(number)
        for number, mine in enumerate(minutes)
        if any(sum(start <= other <= start + 60 for other in minutes) >= 3 and start <= mine <= start + 60
               for start in minutes)
    }  # fmt: skip
    assert repeats(placed, 3, HOUR) == expected


def test_only_platforms_whose_rules_say_so_and_only_since_they_do() -> None:
    assert measures_of(SHOP, RULES, NOON) is not None
    for platform in ("shopee", "tiktok_shop", "alibaba_1688", "other"):
        assert measures_of(SHOP.model_copy(update={"platform": platform}), RULES, NOON) is None
    first = datetime.fromisoformat("2025-01-01T00:00:00+08:00")
    assert measures_of(SHOP, RULES, first) is not None
    assert measures_of(SHOP, RULES, first - timedelta(seconds=1)) is None
    none_at_all = replace(RULES, advice={})
    assert measures_of(SHOP, none_at_all, NOON) is None


@pytest.fixture
def shop(database: Any, vault: Any, make_order: Any, now: datetime) -> Any:
    async def put(*orders: Order) -> list[tuple[str, Sign]]:
        def act(c: Any) -> None:
            batch = OrderBatch(list(orders), [RawItem(order.order_id, b"{}") for order in orders], [])
            changed = upsert_orders(c, vault, batch, now).changed
            mark(c, vault, SHOP, RULES, changed, now)

        await database.write(act)
        signs = await database.read(lambda c: standing_signs(c, ["xhs"]))
        return [(each.order_id, each.sign) for each in signs]

    def order(order_id: str, second: int = 0, **fields: Any) -> Order:
        told = {
            "store": "xhs",
            "order_id": order_id,
            "recipient": WHOLE,
            "placed_at": now - timedelta(hours=2) + timedelta(minutes=int(fields.pop("minute", 0))),
            "buyer": {"buyer_id": "b7"},
            "region": "CN",
            "currency": "CNY",
        }
        made: Order = make_order(second, **{**told, **fields})
        return made

    return put, order


async def test_signs_are_raised_once_and_lifted_when_they_no_longer_hold(shop: Any, database: Any) -> None:
    put, order = shop
    wrong = order("1", recipient={**WHOLE, "phone": "1380", "city": ""})
    assert await put(wrong) == [("1", Sign.incomplete_address), ("1", Sign.phone_digits)]
    assert await put(order("1", 1, recipient={**WHOLE, "phone": "1381", "city": ""})) == [
        ("1", Sign.incomplete_address),
        ("1", Sign.phone_digits),
    ]
    assert await put(order("1", 2, recipient={**WHOLE, "city": ""})) == [("1", Sign.incomplete_address)]
    assert await put(order("1", 3)) == []
    rows = await database.read(lambda c: c.execute(select(order_signs.c.sign, order_signs.c.raised)).all())
    assert sorted(tuple(row) for row in rows) == [
        ("incomplete_address", False),
        ("incomplete_address", True),
        ("phone_digits", False),
        ("phone_digits", True),
    ]
    with pytest.raises(IntegrityError, match="append-only"):
        await database.write(lambda c: c.execute(text("update order_signs set raised = false")))
    with pytest.raises(IntegrityError, match="append-only"):
        await database.write(lambda c: c.execute(text("delete from order_signs")))


async def test_the_third_order_of_the_same_article_marks_all_that_have_not_left(shop: Any) -> None:
    put, order = shop
    cup = ({"line_id": "1", "product_id": "cup", "variant_id": "red", "quantity": 1},)
    other = ({"line_id": "1", "product_id": "cup", "variant_id": "blue", "quantity": 1},)
    gone = {"fulfillment": "shipped", "shipped_at": order("x").placed_at}
    assert await put(order("1", lines=cup, **gone)) == []
    assert await put(order("2", lines=cup, minute=30), order("other", lines=other, minute=31)) == []
    assert await put(order("stranger", lines=cup, minute=40, buyer={"buyer_id": "b8"})) == []
    assert await put(order("late", lines=cup, minute=91)) == []
    assert await put(order("3", lines=cup, minute=60)) == [
        ("2", Sign.repeated),
        ("3", Sign.repeated),
    ]


async def test_orders_of_a_listed_buyer_are_held_until_the_buyer_is_cleared(
    shop: Any, database: Any, vault: Any, now: datetime
) -> None:
    put, make = shop

    def order(number: str, second: int = 0, **facts: Any) -> Order:
        line = {"line_id": "1", "product_id": number, "quantity": 1}  # each another article: none repeats another
        made: Order = make(number, second, lines=(line,), **facts)
        return made

    assert await put(order("1"), order("stranger", buyer={"buyer_id": "b8"})) == []

    async def say(raised: bool) -> None:
        row = {"store": "xhs", "trace": buyer_trace(vault, order("1")), "mark": "malicious", "raised": raised}
        named = {"order_id": "1", "by": "mei", "at": to_micros(now)}
        await database.write(lambda c: c.execute(insert(buyer_marks), row | named))

    await say(raised=True)
    assert await put(order("2"), order("3", buyer={"buyer_id": "b8"}), order("4", fulfillment="shipped")) == [
        ("2", Sign.listed_buyer)
    ]
    assert await put(order("hidden", buyer=None)) == [("2", Sign.listed_buyer)]
    (standing,) = await database.read(lambda c: standing_signs(c, ["xhs"]))
    assert "on the list" in standing.words
    assert standing.rule == "XHS-74"
    await say(raised=False)
    assert await put(order("2", 1), order("5")) == []


async def test_goods_that_have_left_are_not_looked_at(shop: Any) -> None:
    put, order = shop
    assert await put(order("1", recipient={**WHOLE, "phone": "1"}, fulfillment="shipped")) == []


async def test_neither_buyer_nor_phone_stands_in_clear_and_traces_go_with_the_person(shop: Any, database: Any) -> None:
    put, order = shop
    await put(order("1", buyer={"buyer_id": "buyer-canary-77"}, recipient={**WHOLE, "phone": "555canary"}))
    dumped = repr(await database.read(lambda c: [c.execute(select(each)).all() for each in metadata.sorted_tables]))
    assert "xhs" in dumped
    assert "canary" not in dumped
    assert b"buyer-canary-77".hex() not in dumped.lower()
    traces = select(repeat_traces.c.trace)
    assert len(await database.read(lambda c: c.execute(traces).all())) == 1
    await database.write(lambda c: erase_person(c, "xhs", "1"))
    assert await database.read(lambda c: c.execute(traces).all()) == []
    await put(order("1", 5, buyer={"buyer_id": "buyer-canary-77"}))
    assert await database.read(lambda c: c.execute(traces).all()) == []


async def test_what_a_person_cleared_is_not_raised_again(shop: Any, database: Any, now: datetime) -> None:
    put, order = shop
    wrong = {**WHOLE, "phone": "1380", "city": ""}
    await put(order("1", recipient=wrong), order("2", recipient=wrong))
    lifted = await database.write(lambda c: clear(c, "xhs", "1", [Sign.phone_digits], "Ann", now))
    assert [(each.order_id, each.sign) for each in lifted] == [("1", Sign.phone_digits)]
    left = [("1", Sign.incomplete_address), ("2", Sign.incomplete_address), ("2", Sign.phone_digits)]
    assert await put(order("1", 1, recipient=wrong), order("2", 1, recipient=wrong)) == left
    assert await database.write(lambda c: clear(c, "xhs", "1", [Sign.phone_digits], "Ann", now)) == []
    assert len(await database.write(lambda c: clear(c, "xhs", "2", [], "Ann", now))) == 2
    assert await put(order("2", 2, recipient=wrong)) == left[:1]
    told = await database.read(lambda c: c.execute(select(order_signs.c.by).where(~order_signs.c.raised)).all())
    assert {row.by for row in told} == {"Ann"}


async def test_a_sealed_phone_is_judged_once_it_is_opened(shop: Any, database: Any, now: datetime) -> None:
    put, order = shop
    hidden = {**WHOLE, "phone": "", "masked": ["phone"]}
    assert await put(order("1", recipient=hidden), order("2", recipient=hidden)) == []

    async def opened(order_id: str, phone: str) -> list[Sign]:
        clear_one = Recipient.model_validate({**WHOLE, "phone": phone})
        judged = await database.write(lambda c: judge_opened_phone(c, SHOP, RULES, order_id, clear_one, "Ann", now))
        return [each.sign for each in judged]

    assert await opened("1", "1380013") == [Sign.phone_digits]
    assert await opened("2", "13800138000") == []
    assert await opened("2", "555-0100-42-x") == []  # a virtual number: its digits tell nothing
    # the next reading shows as little as the one before, and lifts nothing
    assert await put(order("1", 1, recipient=hidden)) == [("1", Sign.phone_digits)]
    assert await opened("1", "13800138000") == []
    assert await opened("1", "1380013") == []  # lifted by a person, it stays so
    assert await put(order("3", recipient=hidden, fulfillment="shipped", buyer={"buyer_id": "b9"})) == []
    assert await opened("3", "1380013") == []
