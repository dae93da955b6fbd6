"""The commands of a shop's day, over a simulator's real HTTP: ship, accept, reject, offer, facts, today."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

pytestmark = pytest.mark.slow  # a simulated shop for each test

SG, SHOP = "shopee-301000101", "301000101"
EVIDENCE = "evidence:1=https://img.example.com/a.jpg"


@pytest.fixture
def day(pulled):
    """Return the command over a gateway that may act in one shop."""
    pulled.done("stores", "mode", SG, "act")
    return pulled


def _make(shopee, **wish) -> str:
    return shopee.do("/orders", {"store": SHOP, "phase": "awaiting_shipment", **wish})["id"]


def _asked(shopee, act: str, phase: str, **details) -> str:
    order = _make(shopee, phase=phase)
    shopee.do(f"/orders/{order}/acts", {"act": act, **details})
    return order


def _return(shopee, order: str) -> dict:
    return shopee.read(f"/orders/{order}")["returns"][0]


def _writes(shopee, order: str) -> list[str]:
    return [each["operation"] for each in shopee.effects() if each["order_id"] == order]


def test_a_choice_that_is_open_is_shown_and_then_taken(day, shopee) -> None:
    order = _make(shopee)
    day.done("sync", "--store", SG)
    open_way = day("ship", order, "--json")
    assert (open_way.code, open_way.json["outcome"]) == (3, "person")
    ways = {way["kind"]: way for way in open_way.json["choices"]["ways"]}
    assert set(ways) == {"pickup", "dropoff"}
    place = ways["pickup"]["places"][0]
    page = day("ship", order)
    assert page.code == 3
    assert place["address_id"] in page.out
    open_slot = day("ship", order, "--pickup", place["address_id"], "--json")
    assert (open_slot.code, "--slot" in open_slot.json["words"]) == (3, True)
    assert day("ship", order, "--pickup", "9").code == 2
    assert day("ship", order, "--pickup", place["address_id"], "--slot", "9").code == 2
    assert day("ship", order, "--package", "nothing", "--dropoff").code == 1
    assert day("ship", order, "--pickup", "1", "--dropoff").code == 2
    assert day("ship", order, "--slot", "1").code == 2
    assert day("ship", order, "--dropoff", "--with", "nonsense").code == 2
    assert _writes(shopee, order) == []
    slot = place["slots"][1][0]
    done = day.done("ship", order, "--pickup", place["address_id"], "--slot", slot)
    assert (done["outcome"], done["path"], done["needs"]) == ("done", "fulfil", [])
    assert done["effect"]["act"]["parameters"] == {
        "way": "pickup",
        "address_id": place["address_id"],
        "slot_id": slot,
    }
    assert _writes(shopee, order) == ["logistics/ship_order"]
    assert day.done("orders", "show", order)["phase"] == "awaiting_collection"
    again = day("ship", order, "--dropoff")
    assert again.code == 1
    assert "awaiting_collection" in again.err


def test_a_dry_run_ships_nothing(day, shopee) -> None:
    order = _make(shopee)
    told = day.done("ship", order, "--store", SG, "--dropoff", "--dry-run")
    assert (told["outcome"], told["decision"]["path"]) == ("dry_run", "fulfil")
    assert _writes(shopee, order) == []


def test_a_number_that_no_call_sets_is_said_plainly(day, shopee) -> None:
    order = _make(shopee, phase="in_transit")
    ended = day("tracking", "set", order, "TN1", "--store", SG)
    assert ended.code == 1
    assert "Shopee has no call" in ended.err
    assert "gateway ship ORDER --tracking" in ended.err


def test_a_cancellation_is_accepted_by_the_orders_number(day, shopee) -> None:
    order = _asked(shopee, "buyer_requests_cancellation", "awaiting_shipment")
    day.done("sync", "--store", SG)
    assert day("ship", order, "--dropoff").code == 1
    done = day.done("accept", order)
    assert (done["outcome"], done["request_id"], done["cost"]["total"]["amount"]) == ("done", f"cancel:{order}", "0.00")
    assert shopee.read(f"/orders/{order}")["ended"]["by"] == "buyer"
    gone = day("accept", order)
    assert gone.code == 1
    assert "gateway today" in gone.err


def test_a_rejection_says_what_it_may_cost_and_takes_no_reason(day, shopee) -> None:
    order = _asked(shopee, "buyer_requests_cancellation", "awaiting_shipment")
    day.done("sync", "--store", SG)
    asked = day("reject", f"cancel:{order}")
    assert asked.code == 3
    for word in ("SHP-18", "SHP-29", "SGD", "accept_request", "--yes"):
        assert word in asked.err
    assert day("reject", order, "--reason", "41", "--yes").code == 2
    assert _writes(shopee, order) == []
    dry = day.done("reject", order, "--dry-run")
    assert dry["needs"] == ["rejection"]
    assert dry["rules"][:2] == ["SHP-18", "SHP-29"]
    done = day.done("reject", order, "--yes")
    assert done["effect"]["act"]["operation"] == "reject_cancellation"
    assert shopee.read(f"/orders/{order}")["status"] == "READY_TO_SHIP"
    assert day.done("ship", order, "--dropoff")["outcome"] == "done"


def test_a_return_is_refunded_or_disputed_with_a_reason_of_the_platform(day, shopee) -> None:
    order = _asked(shopee, "buyer_requests_return", "delivered")
    return_sn = _return(shopee, order)["return_sn"]
    day.done("sync", "--store", SG)
    reasons = day("reject", return_sn, "--json")
    assert reasons.code == 3
    known = {each["reason_id"]: each for each in reasons.json["reasons"]}
    assert "50" in known
    page = day("reject", return_sn)
    assert page.code == 3
    assert known["50"]["title"] in page.out
    wrong = day("reject", return_sn, "--reason", "999")
    assert wrong.code == 2
    assert "50" in wrong.err
    lacking = day("reject", return_sn, "--reason", "50", "--yes")
    assert lacking.code == 2
    assert "--with email=" in lacking.err
    given = ("--reason", "50", "--with", "email=shop@example.com", "--with", EVIDENCE)
    assert day("reject", return_sn, *given, "--with", "colour=red", "--yes").code == 2
    assert day("reject", return_sn, *given).code == 3
    done = day.done("reject", return_sn, *given, "--yes")
    assert (done["outcome"], done["effect"]["act"]["reason"]) == ("done", "50")
    assert _return(shopee, order)["status"] in {"SELLER_DISPUTE", "JUDGING"}
    assert _writes(shopee, order) == ["returns/dispute"]
    assert day("accept", return_sn, "--yes").code == 1


def test_money_goes_back_before_the_goods_only_with_a_yes_and_never_against_the_rules(day, shopee) -> None:
    order = _asked(shopee, "buyer_requests_return", "delivered")
    return_sn = _return(shopee, order)["return_sn"]
    day.done("sync", "--store", SG)
    unknown = day("accept", return_sn)
    assert unknown.code == 3
    assert "gateway facts set goods_cost" in unknown.err
    day.done("facts", "set", "goods_cost", "40", "--order", order)
    day.done("facts", "set", "return_shipping_cost", "2.5", "--order", order)
    forbidden = day("accept", return_sn, "--yes", "--json")
    assert (forbidden.code, forbidden.json["error"]["kind"]) == (1, "NotAllowed")
    assert "READING-3" in forbidden.err
    assert _writes(shopee, order) == []
    day.done("facts", "set", "return_shipping_cost", "60", "--order", order)
    done = day.done("accept", return_sn, "--yes")
    assert (done["outcome"], done["path"], done["cost"]["total"]["amount"]) == ("done", "refund", "40.00")
    assert _return(shopee, order)["status"] == "ACCEPTED"


def test_another_end_of_a_return_is_offered_and_the_buyers_offer_taken(day, shopee) -> None:
    order = _asked(shopee, "buyer_requests_return", "delivered")
    return_sn = _return(shopee, order)["return_sn"]
    day.done("sync", "--store", SG)
    assert day("offer", return_sn, "nothing", "--yes").code == 2
    assert day("offer", return_sn, "refund").code == 3
    assert day.done("offer", return_sn, "refund", "--amount", "1.00", "--yes")["outcome"] == "done"
    assert _return(shopee, order)["negotiation_status"] == "PENDING_BUYER_RESPOND"
    other = _asked(shopee, "buyer_requests_return", "delivered")
    shopee.do(f"/orders/{other}/acts", {"act": "buyer_offers", "solution": "REFUND", "amount": "1.00"})
    day.done("sync", "--store", SG)
    assert day.done("accept", _return(shopee, other)["return_sn"], "--offer", "--yes")["outcome"] == "done"
    assert _writes(shopee, other) == ["returns/accept_offer"]


def test_modes_and_the_brake_hold(day, shopee) -> None:
    order = _make(shopee)
    day.done("stop-effects", "--store", SG)
    assert day("ship", order, "--store", SG, "--dropoff", "--yes").code == 1
    day.done("stop-effects", "--store", SG, "--resume")
    day.done("stores", "mode", SG, "observe")
    assert day("ship", order, "--store", SG, "--dropoff", "--yes").code == 1
    day.done("stores", "mode", SG, "ask")
    assert day("ship", order, "--store", SG, "--dropoff").code == 3
    assert _writes(shopee, order) == []
    assert day.done("ship", order, "--store", SG, "--dropoff", "--yes")["outcome"] == "done"


def test_a_lost_answer_is_settled(day, shopee) -> None:
    order = _make(shopee)
    shopee.do("/faults", [{"operation": "*ship_order", "fault": "timeout_after", "times": 1}])
    done = day.done("ship", order, "--store", SG, "--dropoff")
    assert (done["outcome"], done["effect"]["attempts"]) == ("done", 1)
    assert "probe" in done["words"]
    assert _writes(shopee, order) == ["logistics/ship_order"]


def test_unknown_names_are_told(day) -> None:
    for arguments in (
        ("ship", "NOSUCH"),
        ("accept", "NOSUCH"),
        ("reject", "NOSUCH"),
        ("offer", "NOSUCH", "refund"),
        ("tracking", "set", "NOSUCH", "1"),
    ):
        ended = day(*arguments)
        assert ended.code == 1, arguments
        assert "NOSUCH" in ended.err


def test_facts_are_set_listed_and_replaced(pulled, shopee) -> None:
    order = min(each["id"] for each in shopee.orders(store=SHOP))
    first = pulled.done("facts", "set", "goods_cost", "12.5", "--order", order)
    assert (first["value"], first["store"], first["order_id"]) == ("12.50 SGD", SG, order)
    pulled.done("facts", "set", "goods_cost", "13 SGD", "--order", order)
    pulled.done("facts", "set", "stock_available", "FALSE", "--sku", "S1", "--store", SG)
    listed = pulled.done("facts", "list")
    assert [(each["fact"]["name"], each["fact"]["value"]) for each in listed] == [
        ("stock_available", "false"),
        ("goods_cost", "13.00 SGD"),
    ]
    everything = pulled.done("facts", "list", "--order", order, "--all")
    assert [each["in_force"] for each in everything] == [True, False]
    assert "13.00 SGD" in pulled("facts", "list").out
    assert pulled.done("facts", "list", "--name", "score") == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("goods_cost", "twelve", "--store", SG), "12.50 SGD"),
        (("goods_cost", "12.345", "--store", SG), "12.50"),
        (("goods_cost", "12 MYR", "--store", SG), "SGD"),
        (("stock_available", "maybe", "--store", SG), "true, false"),
        (("interception", "perhaps", "--store", SG), "confirmed"),
        (("return_state", "received", "--store", SG), "name it"),
        (("score", "high", "--store", SG), "98"),
        (("goods_cost", "1"), "name one of"),
        (("goods_cost", "1", "--order", "NOSUCH"), "NOSUCH"),
        (("goods_cost", "1", "--store", "nowhere"), "nowhere"),
        (("colour", "red", "--store", SG), "colour"),
    ],
)
def test_a_fact_that_can_not_be_read_is_told(pulled, arguments, words) -> None:
    ended = pulled("facts", "set", *arguments)
    assert ended.code == 2
    assert words in ended.err
    assert pulled.done("facts", "list") == []


def test_a_file_of_facts_is_taken_whole(pulled, shopee, tmp_path) -> None:
    order = min(each["id"] for each in shopee.orders(store=SHOP))
    file = tmp_path / "facts.csv"
    file.write_text(
        f"\ufeffname,value,order,sku,store\ngoods_cost,12.50,{order},,\n\ngoods_cost,7,,S1,\n"
        f'stock_available,false,,"S,2",{SG}\n'
    )
    assert len(pulled.done("facts", "import", file, "--store", SG)["facts"]) == 3
    listed = {(each["fact"]["order_id"], each["fact"]["sku"]): each["fact"] for each in pulled.done("facts", "list")}
    assert listed[(order, None)]["value"] == "12.50 SGD"
    assert listed[(None, "S1")]["store"] == SG
    assert listed[(None, "S,2")]["value"] == "false"


def test_one_wrong_line_keeps_the_whole_file_out_and_every_mistake_is_told(pulled, tmp_path) -> None:
    file = tmp_path / "facts.csv"
    file.write_text(
        f"name,value,store,order\ngoods_cost,12.50,{SG},\ncolour,red,{SG},\ngoods_cost,much,{SG},\n"
        f"goods_cost,1,nowhere,\ngoods_cost,1,,\ngoods_cost,1,,NOSUCH\ngoods_cost,1\n"
    )
    ended = pulled("facts", "import", file)
    assert ended.code == 2
    for place, words in (
        ("line 3, column name", "colour"),
        ("line 4, column value", "12.50"),
        ("line 5, column store", "nowhere"),
        ("line 6, column store", "name one of"),
        ("line 7, column order", "NOSUCH"),
        ("line 8, column -", "2 cells"),
    ):
        assert any(place in line and words in line for line in ended.err.splitlines()), (place, ended.err)
    assert "line 2" not in ended.err
    assert "Nothing was imported" in ended.err
    assert pulled.done("facts", "list") == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"name,price\ngoods_cost,1\n", "line 1, column price"),
        (b"name\ngoods_cost\n", "line 1, column value"),
        (b'name,value\ngoods_cost,"1\n', "quotes"),
        (b"name,value\ngoods_cost,\xff\n", "UTF-8"),
    ],
)
def test_a_file_that_is_no_such_csv_is_told(pulled, tmp_path, content, words) -> None:
    file = tmp_path / "facts.csv"
    file.write_bytes(content)
    ended = pulled("facts", "import", file, "--store", SG)
    assert ended.code == 2
    assert words in ended.err
    assert pulled("facts", "import", tmp_path / "none.csv").code == 2


def test_today_lists_what_is_due_the_nearest_deadline_first(connected, shopee) -> None:
    soon = datetime.now(UTC) + timedelta(hours=2)
    order = _make(shopee, ship_by=soon.isoformat())
    asked = _asked(shopee, "buyer_requests_cancellation", "awaiting_shipment")
    returned = _asked(shopee, "buyer_requests_return", "delivered")
    return_sn = _return(shopee, returned)["return_sn"]
    connected.done("sync")
    told = connected.done("today", "--store", SG, "--limit", "1000")
    deadlines = [each["by"] for each in told["due"] if each["by"] is not None]
    assert deadlines == sorted(deadlines)
    assert [each["by"] for each in told["due"]] == [None] * (len(told["due"]) - len(deadlines)) + deadlines
    by_subject = {each["subject"]: each for each in told["due"]}
    assert (by_subject[order]["kind"], by_subject[order]["passed"]) == ("ship", False)
    answer = by_subject[f"cancel:{asked}"]
    assert (answer["kind"], answer["order_id"]) == ("answer", asked)
    opened = datetime.fromtimestamp(shopee.read(f"/orders/{asked}")["cancellation"]["opened_at"], UTC)
    assert datetime.fromisoformat(answer["by"]) == opened + timedelta(hours=24), "SHP-27"
    assert asked not in by_subject, "answered first, shipped afterwards"
    assert {each["kind"] for each in told["due"] if each["subject"] == return_sn} == {"answer", "evidence"}
    (mine,) = told["stores"]
    assert mine["waiting"]["ship"] == sum(each["kind"] == "ship" for each in told["due"])
    assert mine["passed"] == sum(each["passed"] for each in told["due"])
    short = connected.done("today", "--limit", "1")
    assert (len(short["due"]), short["in_all"] > 1) == (1, True)
    page = connected("today", "--limit", "1")
    assert page.code == 0
    assert "--limit shows them" in page.out
    assert connected("today", "--store", "nowhere").code == 1


def test_today_is_empty_without_stores(made) -> None:
    assert made.done("today")["due"] == []
    assert "Nothing is due" in made("today").out
