"""SCENARIO.md: the question's defaults, its malformed forms, and its one spelling."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from gateway.model.order import Phase
from gateway.model.store import Platform
from gateway.policy.amount import Amount
from gateway.policy.parse import ScenarioError, parse_scenario
from gateway.policy.scenario import Intent, OrderFacts, Scenario, StoreFacts, canonical_bytes
from gateway.policy.terms import Reason, ReturnState

MESSAGE = {"at": "2026-03-10T11:00:00+08:00", "language": "ms", "purpose": "explain"}
MYR = {"amount": "1.00", "currency": "MYR"}
REQUEST = {"kind": "refund", "opened_at": "2026-03-10T11:00:00+08:00"}
LATER = "2026-03-10T12:00:01+08:00"


def test_every_default_is_written_out(scenario_dict):
    minimal = scenario_dict(store={"health": {}}, order={"phase": "unpaid"})
    del minimal["id"]
    minimal["store"]["health"] = {}
    minimal["order"] = {"phase": "unpaid"}
    assert canonical_bytes(Scenario.model_validate(minimal)) == (
        b'{"id":null,"as_of":"2026-03-10T12:00:00+08:00","known_by":"2026-03-10T12:00:00+08:00",'
        b'"store":{"platform":"shopee","region":"MY","role":"seller","currency":"MYR",'
        b'"time_zone":"Asia/Kuala_Lumpur","health":{"closes_this_month":0,"credit_score":100,"penalty_points":0,'
        b'"orders_in_window":0,"counted_cancellations_in_window":0},"valuation":{}},'
        b'"order":{"phase":"unpaid","sale_type":"in_stock","placed_at":null,"paid_at":null,"ship_by":null,'
        b'"shipped_at":null,"latest_delivery_at":null,"delivered_at":null,"auto_cancel_at":null,'
        b'"cross_border":false,"paid":{"amount":"0.00","currency":"MYR"},'
        b'"goods_cost":{"amount":"0.00","currency":"MYR"},'
        b'"outbound_shipping_cost":{"amount":"0.00","currency":"MYR"},'
        b'"return_shipping_cost":{"amount":"0.00","currency":"MYR"},"stock_available":true,"interception":"none",'
        b'"return":"none","request":null,"buyer_language":"ms"},'
        b'"intent":{"reason":"out_of_stock","batch_size":1},'
        b'"contact":{"messages":[],"reply":"none","replied_at":null},"evidence":[],"support_ticket":null}'
    )


def test_equal_questions_have_equal_bytes(scenario_dict):
    first = scenario_dict(
        as_of="2026-03-10T04:00:00.900000Z",
        evidence=["parcel", "chat", "chat"],
        order={"paid": {"amount": "10", "currency": "MYR"}},
        store={"valuation": {"rate_threshold": {"10": "90.50", "2": "1"}, "coupon": "3.0"}},
        contact={"messages": [MESSAGE, MESSAGE | {"at": "2026-03-10T10:00:00+08:00", "purpose": "offer_cancel"}]},
    )
    second = scenario_dict(
        evidence=["chat", "parcel"],
        order={"paid": {"amount": "10.00", "currency": "MYR"}},
        store={"valuation": {"coupon": "3", "rate_threshold": {"2": "1.00", "10": "90.5"}}},
        contact={"messages": [MESSAGE | {"at": "2026-03-10T02:00:00Z", "purpose": "offer_cancel"}, MESSAGE]},
    )
    one, two = Scenario.model_validate(first), Scenario.model_validate(second)
    assert one == two
    assert canonical_bytes(one) == canonical_bytes(two)
    written = json.loads(canonical_bytes(one))
    assert written["store"]["valuation"] == {"rate_threshold": {"2": "1", "10": "90.5"}, "coupon": "3"}
    assert [message["purpose"] for message in written["contact"]["messages"]] == ["offer_cancel", "explain"]
    assert written["as_of"] == "2026-03-10T12:00:00+08:00"


def test_the_spelling_reads_back_as_the_same_question(scenario):
    asked = scenario(
        order={"request": REQUEST, "return": "agreed", "paid_at": "2026-03-01T00:00:00Z"},
        contact={"messages": [MESSAGE], "reply": "consents", "replied_at": "2026-03-10T12:00:00+08:00"},
        store={"valuation": {"credit_band": {"80": "900"}, "rate": "0.5"}},
        evidence=["chat"],
        support_ticket="T-1",
    )
    again = parse_scenario(canonical_bytes(asked).decode(), "again.json")
    assert again == asked
    assert canonical_bytes(again) == canonical_bytes(asked)


@pytest.mark.parametrize(
    ("platform", "region", "zone"),
    [
        ("xiaohongshu", "CN", "Asia/Shanghai"),
        ("alibaba_1688", "CN", "Asia/Shanghai"),
        ("tiktok_shop", "JP", "Asia/Tokyo"),
        ("shopee", "SG", "Asia/Singapore"),
        ("shopee", "MY", "Asia/Kuala_Lumpur"),
        ("shopee", "TW", "Asia/Taipei"),
        ("shopee", "TH", "Asia/Bangkok"),
        ("shopee", "VN", "Asia/Ho_Chi_Minh"),
        ("shopee", "PH", "Asia/Manila"),
        ("shopee", "ID", "Asia/Jakarta"),
        ("shopee", "BR", "America/Sao_Paulo"),
        ("shopee", "MX", "America/Mexico_City"),
        ("shopee", "CL", "UTC"),
    ],
)
def test_the_time_zone_defaults_to_the_platforms(platform, region, zone):
    store = StoreFacts.model_validate({"platform": platform, "region": region, "currency": "CNY"})
    assert store.time_zone == zone


def test_a_scenario_can_be_built_in_code_with_the_same_defaults():
    built = Scenario(
        as_of=datetime(2026, 3, 10, 4, 0, 0, 5, tzinfo=UTC),
        store=StoreFacts(platform=Platform.shopee, region="TW", currency="TWD"),
        order=OrderFacts(phase=Phase.in_transit, return_state=ReturnState.agreed),
        intent=Intent(reason=Reason.changed_mind),
    )
    assert built.order.paid == Amount(amount="0", currency="TWD")
    assert built.order.buyer_language == "zh-TW"
    assert built.as_of == built.known_by == datetime(2026, 3, 10, 4, tzinfo=UTC)


MALFORMED = [
    ({"as_of": "2026-03-10T12:00:00"}, "as_of", "has no offset"),
    ({"as_of": "2026-03-10"}, "as_of", "ISO 8601"),
    ({"as_of": "2026-02-30T00:00:00Z"}, "as_of", "ISO 8601"),
    ({"as_of": 1773115200}, "as_of", "ISO 8601"),
    ({"as_of": "9999-12-31T00:00:00Z"}, "as_of", "outside the years"),
    ({"as_of": "0001-01-01T00:00:00+14:00"}, "as_of", "outside the years"),
    ({"as_of": "9999-12-31T23:00:00-10:00"}, "as_of", "outside the years"),
    ({"known_by": "2026-03-10T12:00:00"}, "known_by", "has no offset"),
    ({"order": {"ship_by": "2026-03-10T12:00:00"}}, "order.ship_by", "has no offset"),
    ({"id": 7}, "id", "string"),
    ({"note": "x"}, "note", "unknown field"),
    ({"store": {"colour": "red"}}, "store.colour", "unknown field"),
    ({"store": {"health": {"score": 1}}}, "store.health.score", "unknown field"),
    ({"order": {"return_state": "none"}}, "order.return_state", "unknown field"),
    ({"order": {"request": REQUEST | {"who": "x"}}}, "order.request.who", "unknown field"),
    ({"store": {"platform": "shoppe"}}, "store.platform", "'shoppe' is unknown; use one of"),
    ({"store": {"region": "Malaysia"}}, "store.region", "two capital letters"),
    ({"store": {"currency": "myr"}}, "store.currency", "three capital letters"),
    ({"store": {"currency": "BRL"}}, "store.currency", "valuation.rate"),
    ({"store": {"time_zone": "Asia/Nowhere"}}, "store.time_zone", "IANA"),
    ({"store": {"time_zone": "../etc/passwd"}}, "store.time_zone", "IANA"),
    ({"store": {"time_zone": "Asia"}}, "store.time_zone", "IANA"),
    ({"store": {"role": "buyer"}}, "store.role", "alibaba_1688 only"),
    ({"store": {"health": {"penalty_points": -1}}}, "store.health.penalty_points", "greater than or equal to 0"),
    ({"store": {"health": {"orders_in_window": "3"}}}, "store.health.orders_in_window", "integer"),
    ({"store": {"health": {"orders_in_window": 1.5}}}, "store.health.orders_in_window", "integer"),
    ({"store": {"health": {"closes_this_month": True}}}, "store.health.closes_this_month", "integer"),
    ({"store": {"valuation": {"quota": "1"}}}, "store.valuation.quota", "unknown field"),
    ({"store": {"valuation": {"goods": "1"}}}, "store.valuation.goods", "unknown field"),
    ({"store": {"valuation": {"coupon": 5}}}, "store.valuation.coupon", "decimal text"),
    ({"store": {"valuation": {"coupon": "-5"}}}, "store.valuation.coupon", "negative"),
    ({"store": {"valuation": {"p_silent": "1.01"}}}, "store.valuation.p_silent", "probability"),
    ({"store": {"valuation": {"rate": "0"}}}, "store.valuation.rate", "above zero"),
    ({"store": {"valuation": {"credit_band": {"75": "1"}}}}, "store.valuation.credit_band.75", "no such credit band"),
    ({"store": {"valuation": {"rate_threshold": {"3": "1"}}}}, "store.valuation.rate_threshold.3", "no such rate line"),
    ({"order": {"phase": "shipped"}}, "order.phase", "'shipped' is unknown"),
    ({"order": {"sale_type": "later"}}, "order.sale_type", "unknown"),
    ({"order": {"interception": "maybe"}}, "order.interception", "unknown"),
    ({"order": {"return": "lost"}}, "order.return", "unknown"),
    ({"order": {"stock_available": "yes"}}, "order.stock_available", "boolean"),
    ({"order": {"cross_border": 1}}, "order.cross_border", "boolean"),
    ({"order": {"buyer_language": "ms MY"}}, "order.buyer_language", "BCP 47"),
    ({"order": {"request": {"kind": "exchange", "opened_at": LATER}}}, "order.request.kind", "unknown"),
    ({"order": {"request": REQUEST | {"reason": "bored"}}}, "order.request.reason", "unknown"),
    ({"order": {"request": {"kind": "refund"}}}, "order.request.opened_at", "is required"),
    ({"order": {"paid": MYR | {"currency": "SGD"}}}, "order.paid.currency", "convert the amount to MYR"),
    ({"order": {"goods_cost": MYR | {"currency": "XXX"}}}, "order.goods_cost.currency", "convert the amount to MYR"),
    ({"order": {"paid": MYR | {"amount": "-1.00"}}}, "order.paid.amount", "negative"),
    ({"order": {"paid": MYR | {"amount": "1.001"}}}, "order.paid", "too many decimals"),
    ({"order": {"paid": MYR | {"amount": 1.5}}}, "order.paid.amount", "decimal text"),
    ({"order": {"paid": MYR | {"amount": 1}}}, "order.paid.amount", "decimal text"),
    ({"order": {"paid": MYR | {"amount": "1e3"}}}, "order.paid.amount", "decimal text"),
    ({"order": {"paid": MYR | {"amount": "\u0661"}}}, "order.paid.amount", "decimal text"),
    ({"order": {"paid": MYR | {"amount": "NaN"}}}, "order.paid.amount", "decimal text"),
    ({"order": {"paid": None}}, "order.paid", "valid"),
    ({"intent": {"reason": "bored"}}, "intent.reason", "'bored' is unknown; use one of 'out_of_stock'"),
    ({"intent": {"batch_size": 0}}, "intent.batch_size", "greater than or equal to 1"),
    ({"intent": None}, "intent", "valid"),
    ({"contact": {"reply": "perhaps"}}, "contact.reply", "unknown"),
    ({"contact": {"messages": [MESSAGE, MESSAGE | {"purpose": "bye"}]}}, "contact.messages.1.purpose", "unknown"),
    ({"contact": {"messages": [{"at": LATER}]}}, "contact.messages.0.language", "is required"),
    ({"evidence": ["photo"]}, "evidence.0", "unknown"),
    ({"order": {"placed_at": LATER}}, "order.placed_at", "after as_of"),
    ({"order": {"paid_at": LATER}}, "order.paid_at", "after as_of"),
    ({"order": {"shipped_at": LATER}}, "order.shipped_at", "after as_of"),
    ({"order": {"delivered_at": LATER}}, "order.delivered_at", "after as_of"),
    ({"order": {"request": REQUEST | {"opened_at": LATER}}}, "order.request.opened_at", "after as_of"),
    ({"contact": {"messages": [MESSAGE | {"at": LATER}, MESSAGE]}}, "contact.messages.0.at", "after as_of"),
    ({"contact": {"replied_at": LATER}}, "contact.replied_at", "after as_of"),
]


@pytest.mark.parametrize(("changes", "field", "problem"), MALFORMED, ids=lambda value: str(value)[:70])
def test_malformed_scenarios_name_file_line_field_and_fix(scenario_dict, changes, field, problem):
    text = json.dumps(scenario_dict(**changes), indent=1)
    with pytest.raises(ScenarioError) as caught:
        parse_scenario(text, "case.json")
    assert caught.value.field == field
    assert problem in str(caught.value)
    assert str(caught.value).startswith(f"case.json, line {caught.value.line}: {field}: ")


@pytest.mark.parametrize("missing", ["as_of", "store", "order", "intent"])
def test_a_required_part_that_is_missing_is_named(scenario_dict, missing):
    asked = scenario_dict()
    del asked[missing]
    with pytest.raises(ScenarioError, match=f"{missing}: is required: add it"):
        parse_scenario(json.dumps(asked), "case.json")


@pytest.mark.parametrize(("currency", "amount", "good"), [
    ("JPY", "100", True), ("JPY", "100.0", False), ("VND", "1.5", False), ("IDR", "7", True), ("IDR", "7.00", False),
    ("TWD", "9", True), ("TWD", "9.5", False), ("CNY", "9.50", True), ("CNY", "9.505", False), ("USD", "9.5", True),
])  # fmt: skip
def test_each_currency_has_its_decimals(scenario_dict, currency, amount, good):
    asked = scenario_dict(store={"currency": currency}, order={"paid": {"amount": amount, "currency": currency}})
    if good:
        assert str(Scenario.model_validate(asked).order.paid.amount) == amount
    else:
        with pytest.raises(ValidationError, match="too many decimals"):
            Scenario.model_validate(asked)


def test_a_currency_outside_the_table_is_fine_with_the_stores_own_rate(scenario):
    assert scenario(store={"region": "BR", "currency": "BRL", "valuation": {"rate": "0.75"}}).store.currency == "BRL"


def test_events_at_the_very_instant_are_not_in_the_future(scenario):
    at = "2026-03-10T12:00:00+08:00"
    asked = scenario(order={"placed_at": at, "request": REQUEST | {"opened_at": at}}, contact={"replied_at": at})
    assert asked.order.placed_at == asked.as_of


def test_deadlines_and_known_by_may_lie_on_either_side(scenario):
    for at in ("2020-01-01T00:00:00Z", "2030-01-01T00:00:00Z"):
        asked = scenario(known_by=at, order={"ship_by": at, "auto_cancel_at": at, "latest_delivery_at": at})
        assert asked.order.ship_by == asked.known_by


def test_a_scenario_cannot_be_changed(scenario):
    asked = scenario()
    with pytest.raises(ValidationError):
        asked.support_ticket = "T-2"


def test_a_buyer_exists_on_1688(scenario):
    asked = scenario(store={"platform": "alibaba_1688", "region": "CN", "currency": "CNY", "role": "buyer"})
    assert asked.store.role == "buyer"
