"""SCENARIO.md's principles over the whole space of scenarios."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.policy.decide import decide
from gateway.policy.decision import canonical_bytes
from gateway.policy.parse import parse_scenario
from gateway.policy.scenario import Scenario
from gateway.policy.scenario import canonical_bytes as scenario_bytes

PHASES = ["unpaid", "on_hold", "awaiting_shipment", "awaiting_collection", "in_transit", "delivered", "completed",
          "cancelled", "closed", "unknown"]  # fmt: skip
REASONS = ["out_of_stock", "stock_damaged", "price_error", "unwilling", "malicious_order", "buyer_unreachable",
           "system_error", "buyer_asked", "undeliverable_area", "not_delivered", "quality_problem", "changed_mind",
           "force_majeure"]  # fmt: skip
PATHS = ["buyer_cancel", "seller_close", "refund", "return_refund", "fulfil", "wait"]
ACTIONS = {"accept_request", "close", "refund", "approve_return", "refund_returned", "request_refund", "ship",
           "send_message", "wait", "intercept_parcel", "collect_evidence", "contact_support", "open_dispute",
           "ask_person", "none"}  # fmt: skip
KEYS = ["id", "rule_set", "path", "action", "performed_by", "not_before", "act_by", "native_reason", "approval", "cost",
        "because", "explanation", "steps", "options", "refused"]  # fmt: skip
PURPOSES = ["explain", "offer_cancel", "second_notice", "final_notice"]
STORES = [("shopee", "MY", "MYR"), ("shopee", "TW", "TWD"), ("shopee", "VN", "VND"), ("shopee", "SG", "SGD"),
          ("shopee", "CL", "CNY"), ("tiktok_shop", "JP", "JPY"), ("tiktok_shop", "US", "USD"),
          ("xiaohongshu", "CN", "CNY"), ("alibaba_1688", "CN", "CNY")]  # fmt: skip

past = st.sampled_from(["2025-11-10T12:00:00Z", "2026-03-01T00:00:00Z", "2026-03-10T03:59:59Z"])
before = st.sampled_from([f"2026-03-{day}T{hour}:00Z" for day in ("08", "09") for hour in ("04:00", "10:00", "22:30")]
                         + ["2026-03-10T00:15:00Z", "2026-03-10T03:59:59Z", "2026-03-10T04:00:00Z"])  # fmt: skip
around = st.sampled_from(["0002-01-01T00:00:00Z", "2026-03-10T03:59:59Z", "2026-03-10T04:00:00Z",
                          "2026-03-10T04:00:01Z", "2026-03-20T00:00:00+14:00", "9998-12-31T23:59:59Z"])  # fmt: skip


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


@st.composite
def scenarios(draw: st.DrawFn, stores: list[tuple[str, str, str]] = STORES) -> dict[str, Any]:
    platform, region, currency = draw(st.sampled_from(stores))
    whole = st.integers(0, 10**15 - 1).map(str)
    money = whole.map(lambda amount: {"amount": amount, "currency": currency})
    request = st.fixed_dictionaries(
        {"kind": st.sampled_from(["cancellation", "refund", "return_refund"]), "opened_at": past},
        optional={"answer_by": maybe(around), "reason": maybe(st.sampled_from([*REASONS, "late_shipment", "other"]))},
    )
    order = st.fixed_dictionaries(
        {"phase": st.sampled_from(PHASES)},
        optional={
            "stock_available": st.booleans(),
            "return": st.sampled_from(["none", "requested", "agreed", "refused", "shipped_back", "received"]),
            "request": maybe(request),
            "ship_by": maybe(around),
            "auto_cancel_at": maybe(around),
            "sale_type": st.sampled_from(["in_stock", "presale"]),
            "placed_at": maybe(before),
            "paid_at": maybe(before),
            "latest_delivery_at": maybe(past | before),
            "cross_border": st.booleans(),
            "paid": money,
            "goods_cost": money,
            "outbound_shipping_cost": money,
            "return_shipping_cost": money,
            "interception": st.sampled_from(["none", "requested", "confirmed", "failed"]),
        },
    )
    message = st.fixed_dictionaries(
        {"at": before, "language": st.just("zh"), "purpose": st.sampled_from(PURPOSES)},
        optional={"announced_close_at": maybe(around | before)},
    )
    contact = st.fixed_dictionaries(
        {"reply": st.sampled_from(["none", "consents", "refuses", "asks_to_cancel"])},
        optional={"messages": st.lists(message, max_size=5), "replied_at": maybe(before)},
    )
    counts = st.integers(0, 60) | st.just(10**12)
    health = st.fixed_dictionaries(
        {},
        optional={
            "closes_this_month": st.integers(0, 4) | st.just(10**12),
            "credit_score": st.integers(55, 100) | st.just(10**12),
            "orders_in_window": counts,
            "counted_cancellations_in_window": counts,
            "penalty_points": st.integers(0, 9),
        },
    )
    return {
        "as_of": draw(st.sampled_from(["2026-03-10T04:00:00Z", "2026-03-10T12:00:00.5+08:00"])),
        **draw(st.fixed_dictionaries({}, optional={"known_by": around})),
        "store": {
            "platform": platform,
            "region": region,
            "currency": currency,
            "role": draw(st.sampled_from(["seller", "buyer"] if platform == "alibaba_1688" else ["seller"])),
            "health": draw(health),
        },
        "order": draw(order),
        "intent": {
            "reason": draw(st.sampled_from(REASONS)),
            "batch_size": draw(st.sampled_from([1, 2, 7, 10**12])),
        },
        "contact": draw(contact),
        "evidence": draw(st.lists(st.sampled_from(["chat", "problem", "order_detail", "parcel", "agreement"]))),
    }


@given(asked=scenarios())
def test_every_valid_scenario_is_decided_the_same_way_each_time(rules, asked):
    scenario = Scenario.model_validate(asked)
    once = canonical_bytes(decide(scenario, rules))
    assert canonical_bytes(decide(parse_scenario(json.dumps(asked), "x.json"), rules)) == once
    assert canonical_bytes(decide(parse_scenario(scenario_bytes(scenario).decode(), "x.json"), rules)) == once


@given(asked=scenarios())
def test_every_decision_is_whole_cited_and_lawful(rules, asked):
    answer = json.loads(canonical_bytes(decide(Scenario.model_validate(asked), rules)))
    assert list(answer) == KEYS
    assert answer["action"] in ACTIONS
    assert answer["performed_by"] in {"gateway", "person", "buyer", "platform"}
    assert answer["because"]
    assert answer["explanation"].count(".") in {1, 2}
    assert sorted(option["path"] for option in answer["options"]) == sorted(PATHS)
    lawful = [option for option in answer["options"] if option["allowed"]]
    assert answer["options"][: len(lawful)] == lawful
    totals = [float(option["cost"]["total"]["amount"]) for option in lawful]
    assert totals == sorted(totals)
    for option in answer["options"]:
        assert option["because"]
        assert (option["cost"] is None) is not option["allowed"]
        assert option["ready"] is (option["allowed"] and option["ready"])
        if not option["allowed"]:
            assert (option["earliest"], option["missing"]) == (None, [])
        if option["ready"]:
            assert option["missing"] == []
            assert option["earliest"] is not None
    if lawful:
        assert (answer["path"], answer["cost"]) == (lawful[0]["path"], lawful[0]["cost"])
        assert answer["steps"][0]["action"] == answer["action"]
    else:
        assert answer["path"] == "none"
        assert answer["action"] in {"ask_person", "none"}
        assert answer["cost"]["items"] == []
        assert answer["not_before"] is None
    by_api = answer["action"] == "close" and answer["performed_by"] == "gateway"
    assert (answer["native_reason"] is not None) is by_api


@given(asked=scenarios(stores=[("shopee", "MY", "MYR")]))
def test_the_stated_reason_is_always_the_true_one(rules, asked):
    answer = decide(Scenario.model_validate(asked), rules)
    truth = {
        "out_of_stock": "OUT_OF_STOCK",
        "stock_damaged": "OUT_OF_STOCK",
        "buyer_asked": "CUSTOMER_REQUEST",
        "undeliverable_area": "UNDELIVERABLE_AREA",
    }
    reason = asked["intent"]["reason"]
    if answer.native_reason is not None:
        assert answer.native_reason == truth[reason]
        assert not (reason == "out_of_stock" and asked["order"].get("stock_available", True))
        assert not (reason == "buyer_asked" and asked["contact"]["reply"] != "asks_to_cancel")


@given(asked=scenarios(stores=[("shopee", "MY", "MYR")]), more=st.sampled_from(["points", "room", "evidence", "price"]))
def test_better_facts_never_make_the_decision_dearer(rules, asked, more):
    worse = decide(Scenario.model_validate(asked), rules)
    health = asked["store"]["health"]
    if more == "points":
        health["penalty_points"] = 0
    elif more == "room":
        health["counted_cancellations_in_window"] = 0
    elif more == "evidence":
        asked["evidence"] = ["chat", "problem", "order_detail", "parcel", "agreement"]
    else:
        asked["store"]["valuation"] = {"counted_cancellation": "0", "penalty_point": "0", "rate_threshold": {"10": "0"}}
    better = decide(Scenario.model_validate(asked), rules)
    if worse.path != "none":
        assert better.path != "none"
        assert better.cost.total.amount <= worse.cost.total.amount


TIKTOK = "seller_cancel_reason_out_of_stock"
TRUTH = {
    "tiktok_shop": {
        "out_of_stock": TIKTOK,
        "stock_damaged": TIKTOK,
        "price_error": "seller_cancel_reason_wrong_price",
        "buyer_asked": "seller_cancel_paid_reason_buyer_requested_cancellation",
        "undeliverable_area": "seller_cancel_paid_reason_address_not_deliver",
        "malicious_order": "seller_cancel_order_reason_potential_fraud",
    },
    "alibaba_1688": dict.fromkeys(REASONS, "other")
    | dict.fromkeys(("out_of_stock", "stock_damaged"), "sellerGoodsLack")
    | dict.fromkeys(("buyer_asked", "changed_mind"), "buyerCancel"),
    "xiaohongshu": {},
}
OTHERS = [store for store in STORES if store[0] != "shopee"]


@given(asked=scenarios(stores=OTHERS))
def test_elsewhere_too_the_stated_reason_is_the_true_one(rules, asked):
    answer = decide(Scenario.model_validate(asked), rules)
    reason = asked["intent"]["reason"]
    if answer.native_reason is not None:
        assert answer.native_reason == TRUTH[asked["store"]["platform"]][reason]
    close = next(option for option in answer.options if option.path == "seller_close")
    reply = asked["contact"]["reply"]
    false = {
        "out_of_stock": asked["order"].get("stock_available", True),
        "buyer_asked": reply != "asks_to_cancel",
        "buyer_unreachable": reply != "none",
    }
    if false.get(reason) and asked["order"]["phase"] != "unpaid":
        assert not close.allowed
    if reason == "unwilling" and asked["store"]["platform"] == "tiktok_shop":
        assert not close.allowed


@given(asked=scenarios(stores=OTHERS), more=st.sampled_from(["evidence", "quota", "consents"]))
def test_elsewhere_too_better_facts_never_make_it_dearer(rules, asked, more):
    # to have no path is what costs most: then silence, which may end there, is never cheaper than consent
    asked["store"]["valuation"] = {"fallback_none": "100000000"}
    worse = decide(Scenario.model_validate(asked), rules)
    if more == "evidence":
        asked["evidence"] = ["chat", "problem", "order_detail", "parcel", "agreement"]
    elif more == "quota":
        asked["store"]["health"]["closes_this_month"] = 0
    elif asked["contact"]["reply"] == "none" and asked["intent"]["reason"] != "buyer_unreachable":
        asked["contact"] |= {"reply": "consents", "replied_at": asked["as_of"]}
    better = decide(Scenario.model_validate(asked), rules)
    if worse.path != "none":
        assert better.path != "none"
        assert better.cost.total.amount <= worse.cost.total.amount


@given(asked=scenarios())
def test_an_open_request_on_goods_that_are_here_is_the_cheapest_end(rules, asked):
    asked["order"] |= {"phase": "awaiting_shipment", "request": {"kind": "cancellation", "opened_at": asked["as_of"]}}
    asked["store"]["role"] = "seller"
    answer = decide(Scenario.model_validate(asked), rules)
    if answer.path != "none":
        assert (answer.path, answer.action, answer.approval) == ("buyer_cancel", "accept_request", ())
        assert {option.path for option in answer.options if option.allowed} <= {"buyer_cancel", "wait"}


def test_one_decision_byte_for_byte(rules, scenario):
    order = {"phase": "unpaid", "auto_cancel_at": "2026-03-11T00:00:00Z"}
    option = (
        '{{"path":"{path}","allowed":false,"ready":false,"earliest":null,"missing":[],"cost":null,'
        '"because":["no_rule_permits"]}}'
    )
    others = ",".join(option.format(path=path) for path in PATHS[:5])
    assert canonical_bytes(decide(scenario(order=order), rules)).decode() == (
        '{"id":"case-1","rule_set":"2026.11.3","path":"wait","action":"wait","performed_by":"platform",'
        '"not_before":"2026-03-11T08:00:00+08:00","act_by":"2026-03-11T08:00:00+08:00","native_reason":null,'
        '"approval":[],"cost":{"total":{"amount":"0.00","currency":"MYR"},"items":[]},"because":["SHP-31"],'
        '"explanation":"The buyer has not paid. Shopee cancels an unpaid order by itself, at no cost to the shop.",'
        '"steps":[{"action":"wait","until":"2026-03-11T08:00:00+08:00","for":["platform_cancellation"],'
        '"performed_by":"platform"}],"options":[{"path":"wait","allowed":true,"ready":true,'
        '"earliest":"2026-03-10T12:00:00+08:00","missing":[],'
        '"cost":{"total":{"amount":"0.00","currency":"MYR"},"items":[]},"because":["SHP-31"]},' + others + "],"
        '"refused":[]}'
    )


@pytest.mark.parametrize("hash_seed", ["0", "1", "2"])
def test_the_bytes_do_not_depend_on_the_process(hash_seed, scenario, rules):
    asked = scenario(intent={"reason": "buyer_asked"}, contact={"reply": "asks_to_cancel"}, evidence=["parcel"])
    code = (
        "import sys\n"
        "from gateway.policy.decide import decide\n"
        "from gateway.policy.decision import canonical_bytes\n"
        "from gateway.policy.parse import parse_scenario\n"
        "from gateway.policy.rule_set import load_rules\n"
        "sys.stdout.buffer.write(canonical_bytes(decide(parse_scenario(sys.stdin.read(), 'x.json'), load_rules())))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        input=scenario_bytes(asked),
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONHASHSEED": hash_seed},
        check=True,
    )
    assert run.stdout == canonical_bytes(decide(asked, rules))
