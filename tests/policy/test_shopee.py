"""READINGS.md for Shopee: each rule on both sides of its edge. Figures are typed from VALUATION.md."""

from __future__ import annotations

import pytest

NOW = "2026-03-10T12:00:00+08:00"
PATHS = ["buyer_cancel", "seller_close", "refund", "return_refund", "fulfil", "wait"]
NOT_SHIPPED_REFUSALS = [
    {"what": "ask_buyer_to_cancel", "because": ["S7", "SHP-23"]},
    {"what": "refuse_to_ship", "because": ["SHP-02"]},
    {"what": "let_it_lapse", "because": ["SHP-19"]},
]


def request(kind="cancellation", **more):
    return {"kind": kind, "opened_at": "2026-03-10T10:00:00+08:00"} | more


def health(**counts):
    return {"health": {"orders_in_window": 60, "counted_cancellations_in_window": 5} | counts}


def option(decision, path):
    (found,) = [each for each in decision["options"] if each["path"] == path]
    return found


def items(decision):
    return [
        (each["kind"], each["quantity"], each["amount"]["amount"], each["rule"]) for each in decision["cost"]["items"]
    ]


def money(amount, currency="MYR"):
    return {"amount": amount, "currency": currency}


# the seller's own close


def test_out_of_stock_at_the_line_costs_one_counted_cancellation(decided):
    answer = decided()  # projected 6 of 60 is 10 %: not above the line
    assert (answer["path"], answer["action"], answer["performed_by"]) == ("seller_close", "close", "gateway")
    assert answer["native_reason"] == "OUT_OF_STOCK"
    assert answer["not_before"] == NOW
    assert answer["approval"] == []
    assert answer["cost"]["total"] == money("3.10")
    assert items(answer) == [("counted_cancellation", "1", "3.10", "SHP-16")]
    assert answer["steps"] == [{"action": "close", "at": NOW, "performed_by": "gateway"}]
    assert answer["rule_set"] == "2026.11.3"


def test_out_of_stock_above_the_line_costs_the_line_and_two_points(decided):
    answer = decided(store=health(counted_cancellations_in_window=6))  # 7 of 60 is 11.7 %
    assert items(answer) == [
        ("penalty_point", "2", "372.00", "SHP-06"),
        ("counted_cancellation", "1", "3.10", "SHP-16"),
        ("rate_threshold", "1", "1860.00", "SHP-04"),
    ]
    assert answer["cost"]["total"] == money("2235.10")
    assert answer["approval"] == ["rate_threshold"]
    assert answer["because"] == ["SHP-16", "SHP-04", "SHP-06"]


def test_the_stores_own_figures_and_currency_are_used(decided):
    valuation = {"counted_cancellation": "7.777", "penalty_point": "10", "rate_threshold": {"10": "20.005"}}
    answer = decided(store=health(counted_cancellations_in_window=6) | {"valuation": valuation})
    assert [each[2] for each in items(answer)] == ["20.00", "7.78", "20.00"]  # half-even: 20.005 -> 20.00
    assert answer["cost"]["total"] == money("47.78")


@pytest.mark.parametrize(("points", "allowed"), [(0, True), (3, True), (4, False), (5, False), (6, False), (9, False)])
def test_six_projected_points_are_a_hard_stop(decided, points, allowed):
    answer = decided(store=health(counted_cancellations_in_window=6, penalty_points=points))
    assert option(answer, "seller_close")["allowed"] is allowed
    if not allowed:
        assert option(answer, "seller_close")["because"] == ["SHP-14"]
        assert (answer["path"], answer["action"], answer["performed_by"]) == ("none", "ask_person", "person")
        assert answer["cost"] == {"total": money("0.00"), "items": []}
        assert answer["because"] == ["SHP-14"]
        assert answer["not_before"] is None


def test_points_stop_only_a_close_that_takes_points(decided):
    assert decided(store=health(penalty_points=9))["path"] == "seller_close"


@pytest.mark.parametrize(
    ("orders", "counted", "approval", "total"),
    [
        (19, 0, ["rate_unknown"], "3.10"),
        (19, 19, ["rate_unknown"], "3.10"),
        (0, 0, ["rate_unknown"], "3.10"),
        (20, 1, [], "3.10"),
        (20, 2, ["rate_threshold"], "2235.10"),
        (20, 30, ["rate_threshold"], "2235.10"),
    ],
)
def test_a_rate_needs_twenty_orders(decided, orders, counted, approval, total):
    answer = decided(store=health(orders_in_window=orders, counted_cancellations_in_window=counted))
    assert answer["approval"] == approval
    assert answer["cost"]["total"] == money(total)


@pytest.mark.parametrize(("batch", "total", "approval"), [(1, "3.10", []), (2, "2238.20", ["rate_threshold"])])
def test_a_batch_counts_each_order_and_crosses_the_line_once(decided, batch, total, approval):
    answer = decided(intent={"batch_size": batch})
    assert answer["cost"]["total"] == money(total)
    assert answer["approval"] == approval


def test_an_order_on_hold_is_answered_alone(decided):
    answer = decided(order={"phase": "on_hold"}, intent={"batch_size": 50})
    assert (answer["path"], answer["cost"]["total"], answer["approval"]) == ("seller_close", money("3.10"), [])


@pytest.mark.parametrize(
    ("phase", "allowed"), [("on_hold", True), ("awaiting_shipment", True), ("awaiting_collection", False)]
)
def test_a_close_is_possible_until_shipment_is_arranged(decided, phase, allowed):
    answer = decided(order={"phase": phase})
    assert option(answer, "seller_close")["allowed"] is allowed
    assert answer["path"] == ("seller_close" if allowed else "none")


@pytest.mark.parametrize(
    ("reason", "native"),
    [
        ("out_of_stock", "OUT_OF_STOCK"),
        ("stock_damaged", "OUT_OF_STOCK"),
        ("price_error", None),
        ("unwilling", None),
        ("malicious_order", None),
        ("buyer_unreachable", None),
        ("system_error", None),
        ("not_delivered", None),
        ("quality_problem", None),
        ("changed_mind", None),
        ("force_majeure", None),
    ],
)
def test_only_reasons_the_platform_knows_close_an_order(decided, reason, native):
    answer = decided(intent={"reason": reason})
    assert answer["native_reason"] == native
    assert answer["action"] == ("close" if native else "ask_person")


@pytest.mark.parametrize("reason", ["price_error", "unwilling"])
def test_no_honest_reason_exists_for_a_wish(decided, reason):
    without_stock = decided(intent={"reason": reason})
    assert without_stock["action"] == "ask_person"
    assert without_stock["because"] == ["SHP-17"]
    with_stock = decided(intent={"reason": reason}, order={"stock_available": True})
    assert (with_stock["path"], with_stock["action"], with_stock["performed_by"]) == ("fulfil", "ship", "person")


@pytest.mark.parametrize(("region", "currency", "allowed"), [
    ("TW", "TWD", True), ("MY", "MYR", True), ("SG", "SGD", False), ("VN", "VND", False),
])  # fmt: skip
def test_an_undeliverable_address_is_a_reason_in_two_regions(decided, region, currency, allowed):
    answer = decided(store={"region": region, "currency": currency}, intent={"reason": "undeliverable_area"})
    assert answer["native_reason"] == ("UNDELIVERABLE_AREA" if allowed else None)
    assert option(answer, "seller_close")["allowed"] is allowed


@pytest.mark.parametrize(("currency", "total"), [
    ("TWD", "22"), ("IDR", "11500"), ("VND", "17500"), ("JPY", "105"), ("THB", "23.00"), ("CNY", "5.00"),
    ("SGD", "0.90"), ("PHP", "40.00"), ("USD", "0.70"),
])  # fmt: skip
def test_five_cny_in_each_currency_rounded_half_even(decided, currency, total):
    assert decided(store={"currency": currency})["cost"]["total"] == money(total, currency)  # TWD 22.5 -> 22


def test_a_false_reason_closes_nothing_and_ships_instead(decided):
    answer = decided(order={"stock_available": True})
    assert option(answer, "seller_close")["because"] == ["SHP-23"]
    assert (answer["path"], answer["action"]) == ("fulfil", "ship")
    assert {"what": "false_reason", "because": ["SHP-23"]} in answer["refused"]


def test_a_damaged_stock_is_not_checked_against_the_stock(decided):
    answer = decided(order={"stock_available": True}, intent={"reason": "stock_damaged"})
    assert answer["action"] == "close"
    assert "false_reason" not in [each["what"] for each in answer["refused"]]


@pytest.mark.parametrize("reply", ["consents", "refuses", "asks_to_cancel"])
def test_a_buyer_who_answered_is_not_unreachable(decided, reply):
    answer = decided(intent={"reason": "buyer_unreachable"}, contact={"reply": reply})
    assert {"what": "false_reason", "because": ["SHP-23"]} in answer["refused"]
    silent = decided(intent={"reason": "buyer_unreachable"})
    assert "false_reason" not in [each["what"] for each in silent["refused"]]


def test_nobody_asks_refuses_or_lets_lapse_while_the_goods_are_here(decided):
    for phase in ("on_hold", "awaiting_shipment", "awaiting_collection"):
        assert decided(order={"phase": phase})["refused"] == NOT_SHIPPED_REFUSALS
        assert decided(order={"phase": phase, "request": request()})["refused"] == NOT_SHIPPED_REFUSALS
    assert decided(order={"phase": "in_transit"})["refused"] == []


# the buyer asked in chat


@pytest.mark.parametrize("reply", ["none", "consents", "refuses"])
def test_buyer_asked_needs_the_buyers_word(decided, reply):
    answer = decided(intent={"reason": "buyer_asked"}, contact={"reply": reply}, evidence=["chat"])
    assert answer["action"] == "ask_person"
    assert option(answer, "seller_close")["because"] == ["SHP-23"]
    assert {"what": "false_reason", "because": ["SHP-23"]} in answer["refused"]


def test_buyer_asked_with_the_chat_on_file_closes_uncounted(decided):
    asked = {"intent": {"reason": "buyer_asked"}, "contact": {"reply": "asks_to_cancel"}}
    answer = decided(**asked, store=health(orders_in_window=3, penalty_points=9), evidence=["chat", "problem"])
    assert (answer["action"], answer["native_reason"]) == ("close", "CUSTOMER_REQUEST")
    assert answer["cost"] == {"total": money("0.00"), "items": []}
    assert answer["approval"] == []


def test_buyer_asked_without_the_chat_first_collects_it(decided):
    answer = decided(intent={"reason": "buyer_asked"}, contact={"reply": "asks_to_cancel"}, evidence=["problem"])
    assert (answer["path"], answer["action"], answer["performed_by"]) == ("seller_close", "collect_evidence", "person")
    assert answer["not_before"] == NOW
    assert answer["native_reason"] is None
    close = option(answer, "seller_close")
    assert (close["allowed"], close["ready"], close["earliest"]) == (True, False, NOW)
    assert close["missing"] == ["evidence:chat"]
    assert [step["action"] for step in answer["steps"]] == ["collect_evidence", "close"]


# the buyer's open request


@pytest.mark.parametrize("kind", ["cancellation", "refund", "return_refund"])
@pytest.mark.parametrize("phase", ["on_hold", "awaiting_shipment", "awaiting_collection"])
@pytest.mark.parametrize("reason", ["out_of_stock", "unwilling", "buyer_asked"])
def test_an_open_request_is_accepted_while_the_goods_are_here(decided, kind, phase, reason):
    order = {"phase": phase, "request": request(kind), "stock_available": True}
    answer = decided(order=order, intent={"reason": reason, "batch_size": 9}, contact={"reply": "refuses"})
    assert (answer["path"], answer["action"], answer["performed_by"]) == ("buyer_cancel", "accept_request", "gateway")
    assert answer["cost"] == {"total": money("0.00"), "items": []}
    assert answer["because"] == ["SHP-28", "SHP-23"]
    assert answer["approval"] == []
    assert option(answer, "buyer_cancel")["ready"] is True
    assert [each["path"] for each in answer["options"] if each["allowed"]] == ["buyer_cancel"]
    assert option(answer, "seller_close")["because"] == ["SHP-23"]


@pytest.mark.parametrize(
    ("as_of", "act_by"),
    [
        ("2026-03-10T10:00:00+08:00", "2026-03-11T10:00:00+08:00"),
        ("2026-03-11T09:59:59+08:00", "2026-03-11T10:00:00+08:00"),
        ("2026-03-11T10:00:00+08:00", "2026-03-11T10:00:00+08:00"),
        ("2026-03-11T10:00:01+08:00", "2026-03-12T00:00:00+08:00"),  # passed: the next bound is ship_by
        ("2026-03-12T00:00:01+08:00", "2026-03-12T00:00:00+08:00"),  # all passed: the latest of them
    ],
)
def test_without_a_platform_deadline_the_answer_is_due_24_hours_after_opening(decided, as_of, act_by):
    answer = decided(as_of=as_of, order={"request": request(), "ship_by": "2026-03-12T00:00:00+08:00"})
    assert answer["act_by"] == act_by
    assert answer["action"] == "accept_request"


def test_the_platforms_own_deadline_wins(decided):
    answer = decided(order={"request": request(answer_by="2026-03-12T10:00:00+08:00")})
    assert answer["act_by"] == "2026-03-12T10:00:00+08:00"


def test_a_return_under_way_counts_as_a_request(decided):
    answer = decided(order={"return": "requested"})
    assert answer["action"] == "accept_request"
    assert answer["act_by"] is None


# shipping after all


@pytest.mark.parametrize(
    ("paid", "total", "approval"),
    [
        ("200.00", "0.00", []),
        ("150.00", "0.00", []),
        ("149.99", "0.01", []),
        ("88.00", "62.00", []),  # 62 MYR is 100 CNY: not above
        ("87.99", "62.01", ["loss_order"]),
    ],
)
def test_shipping_at_a_loss(decided, paid, total, approval):
    order = {
        "stock_available": True,
        "paid": money(paid),
        "goods_cost": money("140.00"),
        "outbound_shipping_cost": money("10.00"),
        "ship_by": "2026-03-11T00:00:00+08:00",
    }
    answer = decided(order=order, intent={"reason": "price_error"})
    assert (answer["path"], answer["action"], answer["performed_by"]) == ("fulfil", "ship", "person")
    assert answer["cost"]["total"] == money(total)
    assert answer["approval"] == approval
    assert answer["act_by"] == "2026-03-11T00:00:00+08:00"


def test_a_batch_ships_at_every_orders_loss_and_the_approval_looks_at_one(decided):
    order = {"stock_available": True, "paid": money("1.00"), "goods_cost": money("21.00")}
    answer = decided(order=order, intent={"reason": "unwilling", "batch_size": 10})
    assert items(answer) == [("loss", "10", "200.00", None)]
    assert answer["approval"] == []


@pytest.mark.parametrize(
    ("changes", "allowed"),
    [
        ({}, True),
        ({"order": {"phase": "awaiting_collection"}}, True),
        ({"order": {"phase": "on_hold"}}, False),
        ({"order": {"stock_available": False}}, False),
        ({"contact": {"reply": "asks_to_cancel"}}, False),
        ({"contact": {"reply": "consents"}}, True),
        ({"order": {"request": request()}}, False),
        ({"intent": {"reason": "force_majeure"}}, True),
        ({"intent": {"reason": "changed_mind"}}, False),
        ({"intent": {"reason": "system_error"}}, False),
    ],
)
def test_when_an_order_may_be_shipped_after_all(decided, changes, allowed):
    base = {"order": {"stock_available": True}, "intent": {"reason": "unwilling"}}
    answer = decided(**{key: base.get(key, {}) | changes.get(key, {}) for key in base.keys() | changes.keys()})
    assert option(answer, "fulfil")["allowed"] is allowed


# unpaid, ended, unknown


@pytest.mark.parametrize("changes", [{}, {"request": request()}, {"return": "agreed"}])
def test_an_unpaid_order_is_left_to_the_platform(decided, changes):
    ends = "2026-03-12T00:00:00+08:00"
    answer = decided(order={"phase": "unpaid", "auto_cancel_at": ends} | changes, intent={"batch_size": 5})
    assert (answer["path"], answer["action"], answer["performed_by"]) == ("wait", "wait", "platform")
    assert (answer["not_before"], answer["act_by"]) == (ends, ends)
    assert answer["cost"]["total"] == money("0.00")
    assert answer["because"] == ["SHP-31"]
    assert option(answer, "wait")["ready"] is True
    assert option(answer, "wait")["earliest"] == NOW
    assert answer["refused"] == []


def test_an_unpaid_order_without_a_known_end(decided):
    assert decided(order={"phase": "unpaid"})["not_before"] is None
    passed = decided(order={"phase": "unpaid", "auto_cancel_at": "2026-03-10T11:59:59+08:00"})
    assert (passed["not_before"], passed["act_by"]) == (None, "2026-03-10T11:59:59+08:00")


@pytest.mark.parametrize("phase", ["cancelled", "closed", "completed"])
def test_nothing_is_left_to_do_for_an_ended_order(decided, phase):
    order = {"phase": phase} if phase == "completed" else {"phase": phase, "request": request()}
    answer = decided(order=order)
    assert (answer["path"], answer["action"], answer["cost"]["total"]) == ("none", "none", money("0.00"))
    assert [each["path"] for each in answer["options"]] == PATHS
    assert not any(each["allowed"] for each in answer["options"])
    assert answer["steps"] == []


def test_an_unknown_phase_is_never_permission(decided):
    for changes in ({}, {"request": request()}, {"stock_available": True}):
        answer = decided(order={"phase": "unknown"} | changes)
        assert (answer["path"], answer["action"], answer["performed_by"]) == ("none", "ask_person", "person")
        assert all(each["because"] == ["no_rule_permits"] for each in answer["options"])


# goods that have left

COSTS = {
    "goods_cost": money("40.00"),
    "outbound_shipping_cost": money("5.00"),
    "return_shipping_cost": money("6.00"),
}


@pytest.mark.parametrize("phase", ["in_transit", "delivered", "completed"])
def test_a_refund_request_on_shipped_goods(decided, phase):
    answer = decided(order=COSTS | {"phase": phase, "request": request("refund")})
    assert (answer["path"], answer["action"], answer["performed_by"]) == ("refund", "accept_request", "gateway")
    assert items(answer) == [("goods", "1", "40.00", None), ("shipping", "1", "5.00", None)]
    assert answer["approval"] == ["goods_lost"]
    assert answer["act_by"] is None  # Shopee gives no deadline of its own for shipped goods
    assert option(answer, "return_refund")["allowed"] is False


def test_a_refund_that_loses_nothing_needs_no_approval(decided):
    answer = decided(order={"phase": "delivered", "request": request("refund")})
    assert (answer["action"], answer["approval"]) == ("accept_request", [])


@pytest.mark.parametrize(
    ("state", "action", "performer", "ready", "not_before"),
    [
        ("none", "approve_return", "gateway", True, NOW),
        ("requested", "approve_return", "gateway", True, NOW),
        ("agreed", "wait", "gateway", False, None),
        ("shipped_back", "wait", "gateway", False, None),
        ("received", "refund_returned", "gateway", True, NOW),
        ("refused", "ask_person", "person", False, NOW),
    ],
)
def test_on_a_return_the_money_follows_the_goods(decided, state, action, performer, ready, not_before):
    answer = decided(order=COSTS | {"phase": "delivered", "request": request("return_refund"), "return": state})
    assert (answer["path"], answer["action"], answer["performed_by"]) == ("return_refund", action, performer)
    assert items(answer) == [("shipping", "2", "11.00", None)]
    assert option(answer, "return_refund")["ready"] is ready
    assert answer["not_before"] == not_before
    assert answer["approval"] == []
    refused = [] if state == "received" else [{"what": "refund_before_return", "because": ["READING-3"]}]
    assert answer["refused"] == refused
    assert option(answer, "refund")["cost"]["total"] == money("45.00")


def test_goods_not_worth_their_way_back_stay_with_the_buyer(decided):
    order = COSTS | {"phase": "delivered", "request": request("return_refund"), "goods_cost": money("5.99")}
    answer = decided(order=order)
    assert (answer["path"], answer["approval"]) == ("refund", ["goods_lost"])
    assert answer["refused"] == []
    even = decided(order=order | {"goods_cost": money("6.00")})
    assert even["path"] == "refund"  # a tie: the refund ends sooner


def test_a_return_under_way_outweighs_the_requests_own_word(decided):
    answer = decided(order=COSTS | {"phase": "delivered", "request": request("refund"), "return": "shipped_back"})
    assert (answer["path"], answer["action"]) == ("return_refund", "wait")
    answer = decided(order=COSTS | {"phase": "delivered", "return": "shipped_back"})
    assert (answer["path"], answer["action"]) == ("return_refund", "wait")
    answer = decided(order=COSTS | {"phase": "completed", "return": "shipped_back"})
    assert answer["action"] == "none"


@pytest.mark.parametrize("phase", ["in_transit", "delivered"])
def test_shipped_goods_are_a_persons_matter_otherwise(decided, phase):
    assert decided(order={"phase": phase})["action"] == "ask_person"
    answer = decided(order={"phase": phase, "request": request("cancellation")})
    assert (answer["path"], answer["action"], answer["because"]) == ("none", "ask_person", ["no_rule_permits"])


# when the rules hold


@pytest.mark.parametrize(
    ("as_of", "known_by", "path"),
    [
        ("2025-11-11T00:00:00+08:00", None, "seller_close"),
        ("2025-11-10T23:59:59+08:00", None, "none"),
        ("2026-03-10T12:00:00+08:00", "2025-11-10T23:59:59+08:00", "none"),
        ("2026-03-10T12:00:00+08:00", "2025-11-11T00:00:00+08:00", "seller_close"),
        ("2025-11-10T23:59:59+08:00", "2026-03-10T12:00:00+08:00", "none"),
    ],
)
def test_the_rules_hold_from_their_date_in_the_stores_zone(decided, as_of, known_by, path):
    answer = decided(as_of=as_of, known_by=known_by or as_of, order={"ship_by": "2026-04-01T00:00:00Z"})
    assert answer["path"] == path
    if path == "none":
        assert answer["action"] == "ask_person"
        assert all(each["because"] == ["no_rule_permits"] for each in answer["options"])
        assert (answer["act_by"], answer["refused"]) == (None, [])
    else:
        assert answer["act_by"] == "2026-04-01T08:00:00+08:00"


def test_the_date_begins_at_midnight_of_the_store_not_of_the_platform(decided):
    brazil = {"region": "BR", "currency": "BRL", "valuation": {"rate": "0.75"}}
    assert decided(as_of="2025-11-11T02:59:59Z", store=brazil)["path"] == "none"
    assert decided(as_of="2025-11-11T03:00:00Z", store=brazil)["path"] == "seller_close"


@pytest.mark.parametrize(
    ("platform", "region"),
    [("tiktok_shop", "US"), ("tiktok_shop", "CN")],
)
def test_platforms_without_rules_yet_are_a_persons_matter(decided, platform, region):
    answer = decided(store={"platform": platform, "region": region, "currency": "CNY"}, order={"request": request()})
    assert (answer["path"], answer["action"], answer["performed_by"]) == ("none", "ask_person", "person")
    assert [each["path"] for each in answer["options"]] == PATHS
    assert all(each["because"] == ["no_rule_permits"] and not each["allowed"] for each in answer["options"])
    assert answer["act_by"] is None
