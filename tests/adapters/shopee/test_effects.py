"""Each act as the one call it becomes, and what a probe reads out of the state afterwards (API.md sections 5 to 8)."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from adapters.shopee import adapter
from gateway.errors import Conflict, InvalidRequest, NotFound, OutcomeUnknown
from gateway.ports import Act, Operation

ORDER = "260310AAAAAAA1"
RETURN = "2603100000000R1"
DETAIL = "order.get_order_detail"
RETURN_DETAIL = "returns.get_return_detail"


def act(operation: Operation, **fields: Any) -> Act:
    return Act(operation=operation, order_id=ORDER, key="k", **fields)


CASES: list[tuple[Act, str, dict[str, Any]]] = [
    (
        act(Operation.seller_close, reason="CUSTOMER_REQUEST"),
        "order.cancel_order",
        {"order_sn": ORDER, "cancel_reason": "CUSTOMER_REQUEST"},
    ),
    (
        act(
            Operation.seller_close,
            reason="OUT_OF_STOCK",
            lines=(("11:22:900:5", 1), ("11:22:11:0", 1), ("12:0:12:0#2", 1)),
        ),
        "order.cancel_order",
        {
            "order_sn": ORDER,
            "cancel_reason": "OUT_OF_STOCK",
            "item_list": [{"item_id": 11, "model_id": 22}, {"item_id": 12, "model_id": 0}],
        },
    ),
    (
        act(Operation.cancel_lines, reason="OUT_OF_STOCK", lines=(("11:22:900:5", 2),)),
        "order.cancel_order",
        {
            "order_sn": ORDER,
            "cancel_reason": "OUT_OF_STOCK",
            "partial_cancel_item_list": [
                {
                    "item_id": 11,
                    "model_id": 22,
                    "order_item_id": 900,
                    "promotion_group_id": 5,
                    "model_quantity": 2,
                }
            ],
        },
    ),
    (
        act(Operation.accept_cancellation, request_id=f"cancel:{ORDER}"),
        "order.handle_buyer_cancellation",
        {"order_sn": ORDER, "operation": "ACCEPT"},
    ),
    (
        act(Operation.reject_cancellation),
        "order.handle_buyer_cancellation",
        {"order_sn": ORDER, "operation": "REJECT"},
    ),
    (act(Operation.refund_return, request_id=RETURN), "returns.confirm", {"return_sn": RETURN}),
    (act(Operation.accept_offer, request_id=RETURN), "returns.accept_offer", {"return_sn": RETURN}),
    (
        act(
            Operation.offer_solution,
            request_id=RETURN,
            parameters={"proposed_solution": "RETURN_REFUND", "proposed_adjusted_refund_amount": "100.10"},
        ),
        "returns.offer",
        {"return_sn": RETURN, "proposed_solution": "RETURN_REFUND", "proposed_adjusted_refund_amount": 100.1},
    ),
    (
        act(Operation.offer_solution, request_id=RETURN, parameters={"proposed_solution": "REFUND"}),
        "returns.offer",
        {"return_sn": RETURN, "proposed_solution": "REFUND"},
    ),
    (
        act(
            Operation.open_dispute,
            request_id=RETURN,
            reason="50",
            parameters={
                "email": "seller@example.com",
                "dispute_text_reason": "it came back",
                "image_list": '[{"module_index":1,"requirement":"r","image_url":["https://e.example.com/1"]}]',
            },
        ),
        "returns.dispute",
        {
            "return_sn": RETURN,
            "email": "seller@example.com",
            "dispute_reason_id": 50,
            "dispute_text_reason": "it came back",
            "image_list": [{"module_index": 1, "requirement": "r", "image_url": ["https://e.example.com/1"]}],
        },
    ),
    (
        act(Operation.cancel_dispute, request_id=RETURN, parameters={"email": "seller@example.com"}),
        "returns.cancel_dispute",
        {"return_sn": RETURN, "email": "seller@example.com"},
    ),
    (
        act(Operation.set_note, parameters={"note": ""}),
        "order.set_note",
        {"order_sn": ORDER, "note": ""},
    ),
    (
        act(Operation.send_message, parameters={"to_id": "900100", "text": "hi"}),
        "sellerchat.send_message",
        {"to_id": 900100, "message_type": "text", "content": {"text": "hi"}},
    ),
    (  # what the gateway notes about a message is not sent along
        act(
            Operation.send_message,
            parameters={"to_id": "900100", "text": "hi", "purpose": "explain", "language": "ms", "since": "5"},
        ),
        "sellerchat.send_message",
        {"to_id": 900100, "message_type": "text", "content": {"text": "hi"}},
    ),
]


@pytest.mark.parametrize(("wanted", "operation", "body"), CASES)
async def test_an_act_is_one_write_call(
    wanted: Act, operation: str, body: dict[str, Any], paper: Any, rows: Any
) -> None:
    shop = paper({operation: [rows.wrapped({})]})
    assert await adapter.perform(shop, wanted) == "r-1"
    (call,) = shop.calls
    assert (call.operation, call.method, call.query) == (operation, "POST", ())
    assert call.path == f"/api/v2/{operation.replace('.', '/')}"
    assert (call.effect, call.scope, call.content_type) == (True, "store", "application/json")
    assert call.idempotent == ("yes" if wanted.operation is Operation.set_note else "no")
    assert orjson.loads(call.body) == body


async def test_amounts_go_out_with_all_their_digits(paper: Any, rows: Any) -> None:
    shop = paper({"returns.offer": [rows.wrapped({})]})
    terms = {"proposed_solution": "REFUND", "proposed_adjusted_refund_amount": "90071992547409.93"}
    await adapter.perform(shop, act(Operation.offer_solution, request_id=RETURN, parameters=terms))
    assert b'"proposed_adjusted_refund_amount":90071992547409.93' in shop.calls[0].body


async def test_out_of_stock_reads_the_items_when_none_are_named(paper: Any, rows: Any) -> None:
    order = rows.order(item_list=[rows.item(), rows.item(item_id=12, model_id=0)])
    script = {DETAIL: [rows.wrapped({"order_list": [order]})], "order.cancel_order": [rows.wrapped({})]}
    shop = paper(script)
    await adapter.perform(shop, act(Operation.seller_close, reason="OUT_OF_STOCK"))
    (write,) = shop.writes
    assert orjson.loads(write.body)["item_list"] == [{"item_id": 11, "model_id": 22}, {"item_id": 12, "model_id": 0}]


@pytest.mark.parametrize(
    "wanted",
    [
        act(Operation.seller_close, reason="BECAUSE"),
        act(Operation.seller_close),
        act(Operation.seller_close, reason="OUT_OF_STOCK", lines=(("11", 1),)),
        act(Operation.cancel_lines, reason="OUT_OF_STOCK"),
        act(Operation.cancel_lines, reason="OUT_OF_STOCK", lines=(("11:22:11:0", 0),)),
        act(Operation.cancel_lines, lines=(("11:22:11:0", 1),)),
        act(Operation.refund_return),
        act(Operation.offer_solution, request_id=RETURN),
        act(Operation.offer_solution, request_id=RETURN, parameters={"proposed_solution": "GIFT"}),
        *(
            act(
                Operation.offer_solution,
                request_id=RETURN,
                parameters={"proposed_solution": "REFUND", "proposed_adjusted_refund_amount": amount},
            )
            for amount in ("0", "-1", "NaN", "ten", "Infinity", "")
        ),
        act(Operation.open_dispute, request_id=RETURN, parameters={"dispute_reason_id": "41"}),
        act(Operation.open_dispute, request_id=RETURN, parameters={"email": "a@example.com", "dispute_reason_id": "x"}),
        act(
            Operation.open_dispute,
            request_id=RETURN,
            reason="41",
            parameters={"email": "a@example.com", "image_list": "{}"},
        ),
        act(Operation.cancel_dispute, request_id=RETURN),
        act(Operation.set_note),
        act(Operation.send_message, parameters={"to_id": "****", "text": "hi"}),
        act(Operation.send_message, parameters={"to_id": "9"}),
        act(Operation.upload_evidence, request_id=RETURN),
        act(Operation.approve_return, request_id=RETURN),
        act(Operation.list_orders),
    ],
)
async def test_what_an_act_lacks_is_told_before_anything_is_sent(wanted: Act, paper: Any) -> None:
    shop = paper({})
    with pytest.raises(InvalidRequest):
        await adapter.perform(shop, wanted)
    assert not shop.calls


async def test_the_platforms_refusal_comes_through(paper: Any) -> None:
    refusal = {"error": "order.error_limit", "message": "Can not cancel this order", "request_id": "r-9"}
    with pytest.raises(Conflict) as raised:
        await adapter.perform(
            paper({"order.cancel_order": [refusal]}), act(Operation.seller_close, reason="CUSTOMER_REQUEST")
        )
    assert (raised.value.code, raised.value.request_id) == ("order.error_limit", "r-9")


async def test_a_hidden_buyer_can_not_be_written_to(paper: Any, rows: Any) -> None:
    shop = paper({DETAIL: [rows.wrapped({"order_list": [rows.order(buyer_user_id="****")]})]})
    with pytest.raises(InvalidRequest, match="Seller Centre"):
        await adapter.perform(shop, act(Operation.send_message, parameters={"text": "hi"}))


# -- shipping --------------------------------------------------------------------------------------------------------

PARAMETERS = "logistics.get_shipping_parameter"
PICKUP = {
    "info_needed": {"pickup": ["address_id", "pickup_time_id"]},
    "pickup": {
        "address_list": [
            {"address_id": 1, "address_flag": [], "time_slot_list": None},
            {
                "address_id": 2,
                "address_flag": ["pickup_address"],
                "time_slot_list": [{"pickup_time_id": "t1"}, {"pickup_time_id": "t2"}],
            },
        ]
    },
    "dropoff": None,
}
DROPOFF = {"info_needed": {"dropoff": [], "pickup": ["address_id", "pickup_time_id"], "non_integrated": None}}
BRANCH = {"info_needed": {"dropoff": ["branch_id", "sender_real_name"]}}
OWN = {"info_needed": {"non_integrated": ["tracking_number"]}}


async def shipped(paper: Any, rows: Any, offered: Any, order: Any, **parameters: str) -> Any:
    shop = paper(
        {
            DETAIL: [rows.wrapped({"order_list": [order]})],
            PARAMETERS: [rows.wrapped(offered)],
            "logistics.ship_order": [{"error": "", "message": "", "request_id": "r-1"}],
            "logistics.update_shipping_order": [{"error": "", "message": "", "request_id": "r-1"}],
        }
    )
    await adapter.perform(shop, act(Operation.ship, parameters=parameters))
    (write,) = shop.writes
    return write.operation, orjson.loads(write.body)


@pytest.mark.parametrize(
    ("offered", "parameters", "chosen"),
    [
        (PICKUP, {}, {"pickup": {"address_id": 2, "pickup_time_id": "t1"}}),
        (PICKUP, {"pickup_time_id": "t2"}, {"pickup": {"address_id": 2, "pickup_time_id": "t2"}}),
        (DROPOFF, {}, {"dropoff": {}}),
        (DROPOFF, {"slug": "s"}, {"dropoff": {"slug": "s"}}),
        (
            BRANCH,
            {"branch_id": "7", "sender_real_name": "N"},
            {"dropoff": {"branch_id": 7, "sender_real_name": "N"}},
        ),
        (OWN, {"tracking_number": "TN"}, {"non_integrated": {"tracking_number": "TN"}}),
    ],
)
async def test_ways_of_shipping(
    offered: Any, parameters: dict[str, str], chosen: dict[str, Any], paper: Any, rows: Any
) -> None:
    operation, body = await shipped(paper, rows, offered, rows.order(), **parameters)
    assert (operation, body) == ("logistics.ship_order", {"order_sn": ORDER, **chosen})


@pytest.mark.parametrize(
    ("offered", "parameters"),
    [
        (PICKUP, {"address_id": "9"}),
        (PICKUP, {"address_id": "1"}),
        (PICKUP, {"method": "dropoff"}),
        (BRANCH, {}),
        (OWN, {}),
        ({"info_needed": None}, {}),
        ({}, {}),
    ],
)
async def test_a_way_that_can_not_be_filled_is_told(
    offered: Any, parameters: dict[str, str], paper: Any, rows: Any
) -> None:
    with pytest.raises(InvalidRequest):
        await shipped(paper, rows, offered, rows.order(), **parameters)


async def test_one_of_several_parcels_is_shipped(paper: Any, rows: Any) -> None:
    gone = rows.package(package_number="P1", logistics_status="LOGISTICS_PICKUP_DONE")
    order = rows.order(package_list=[gone, rows.package(package_number="P2")])
    _, body = await shipped(paper, rows, DROPOFF, order)
    assert body["package_number"] == "P2"
    both = rows.order(package_list=[rows.package(package_number="P1"), rows.package(package_number="P2")])
    with pytest.raises(InvalidRequest, match="package_number"):
        await shipped(paper, rows, DROPOFF, both)
    _, body = await shipped(paper, rows, DROPOFF, both, package_number="P1")
    assert body["package_number"] == "P1"


async def test_a_missed_pickup_is_updated(paper: Any, rows: Any) -> None:
    operation, body = await shipped(paper, rows, PICKUP, rows.order(order_status="RETRY_SHIP"))
    assert operation == "logistics.update_shipping_order"
    assert body == {"order_sn": ORDER, "pickup": {"address_id": 2, "pickup_time_id": "t1"}}
    with pytest.raises(InvalidRequest):
        await shipped(paper, rows, DROPOFF, rows.order(order_status="RETRY_SHIP"))


# -- probes ----------------------------------------------------------------------------------------------------------

LINES = (("11:22:11:0", 2),)
OF_ORDER: list[tuple[Operation, dict[str, Any], str]] = [
    (Operation.seller_close, {"order_status": "CANCELLED", "cancel_by": "seller"}, "applied"),
    (Operation.seller_close, {"order_status": "CANCELLED", "cancel_by": "SELLER"}, "applied"),
    (Operation.seller_close, {"order_status": "CANCELLED", "cancel_by": "buyer"}, "not_applied"),
    (Operation.seller_close, {"order_status": "CANCELLED", "cancel_by": "system"}, "not_applied"),
    (Operation.seller_close, {"order_status": "CANCELLED", "cancel_by": "Ops"}, "not_applied"),
    (Operation.seller_close, {"order_status": "CANCELLED", "cancel_by": ""}, "undecided"),
    (Operation.seller_close, {"order_status": "CANCELLED", "cancel_by": "robot"}, "undecided"),
    (Operation.seller_close, {}, "not_applied"),
    (Operation.seller_close, {"can_full_cancel_order": False}, "undecided"),
    (Operation.seller_close, {"order_status": "SHIPPED", "can_full_cancel_order": False}, "not_applied"),
    (Operation.seller_close, {"order_status": "PROCESSED", "can_full_cancel_order": False}, "not_applied"),
    (Operation.seller_close, {"order_status": "IN_CANCEL", "can_full_cancel_order": False}, "undecided"),
    (Operation.seller_close, {"order_status": "NEW", "can_full_cancel_order": ...}, "undecided"),
    (Operation.cancel_lines, {}, "not_applied"),
    (Operation.cancel_lines, {"cancelled_qty": 2}, "applied"),
    (Operation.cancel_lines, {"cancel_requested_qty": 1, "cancelled_qty": 1}, "applied"),
    (Operation.cancel_lines, {"cancelled_qty": 1}, "undecided"),
    (Operation.cancel_lines, {"item_list": []}, "undecided"),
    (Operation.cancel_lines, {"order_status": "CANCELLED", "cancel_by": "buyer", "cancelled_qty": 2}, "not_applied"),
    (Operation.cancel_lines, {"order_status": "CANCELLED", "cancel_by": "seller", "cancelled_qty": 2}, "applied"),
    (Operation.accept_cancellation, {"order_status": "CANCELLED", "cancel_by": "buyer"}, "applied"),
    (Operation.accept_cancellation, {"order_status": "CANCELLED", "cancel_by": "system"}, "not_applied"),
    (Operation.accept_cancellation, {"order_status": "CANCELLED", "cancel_by": ""}, "undecided"),
    (Operation.accept_cancellation, {"order_status": "IN_CANCEL"}, "not_applied"),
    (Operation.accept_cancellation, {"order_status": "PROCESSED"}, "not_applied"),
    (Operation.accept_cancellation, {"order_status": "NEW"}, "undecided"),
    (Operation.reject_cancellation, {"order_status": "IN_CANCEL"}, "not_applied"),
    (Operation.reject_cancellation, {"order_status": "READY_TO_SHIP"}, "applied"),
    (Operation.reject_cancellation, {"order_status": "CANCELLED"}, "not_applied"),
    (Operation.reject_cancellation, {"order_status": "NEW"}, "undecided"),
    (Operation.ship, {}, "not_applied"),
    (Operation.ship, {"logistics_status": "LOGISTICS_REQUEST_CREATED"}, "applied"),
    (Operation.ship, {"logistics_status": "LOGISTICS_PICKUP_DONE"}, "applied"),
    (Operation.ship, {"logistics_status": "LOGISTICS_PICKUP_RETRY"}, "undecided"),
    (Operation.ship, {"order_status": "CANCELLED", "logistics_status": "LOGISTICS_INVALID"}, "not_applied"),
    (Operation.ship, {"package_list": []}, "undecided"),
    (Operation.set_note, {"note": "wanted"}, "applied"),
    (Operation.set_note, {"note": "other"}, "not_applied"),
    (Operation.set_note, {"note": None}, "not_applied"),
    (Operation.set_note, {"note": ...}, "undecided"),
]


@pytest.mark.parametrize(("operation", "changes", "happened"), OF_ORDER)
async def test_probes_of_orders(
    operation: Operation, changes: dict[str, Any], happened: str, paper: Any, rows: Any
) -> None:
    of_item = {name: changes[name] for name in ("cancelled_qty", "cancel_requested_qty") if name in changes}
    of_parcel = {name: changes[name] for name in ("logistics_status",) if name in changes}
    plain = {name: value for name, value in changes.items() if name not in {*of_item, *of_parcel}}
    order = rows.order(**{"item_list": [rows.item(**of_item)], "package_list": [rows.package(**of_parcel)], **plain})
    shop = paper({DETAIL: [rows.wrapped({"order_list": [order]})]})
    finding = await adapter.probe(shop, act(operation, lines=LINES, parameters={"note": "wanted"}))
    assert finding.happened == happened
    assert finding.because
    assert not shop.writes


async def test_units_cancelled_before_the_act_do_not_count(paper: Any, rows: Any) -> None:
    order = rows.order(item_list=[rows.item(cancelled_qty=2, model_quantity_purchased=5)])
    shop = paper({DETAIL: [rows.wrapped({"order_list": [order]})]})
    before = {"before:11:22:11:0": "2"}
    finding = await adapter.probe(shop, act(Operation.cancel_lines, lines=LINES, parameters=before))
    assert finding.happened == "not_applied"


def flat(**changes: Any) -> dict[str, Any]:
    return {"negotiation_status": ..., "seller_compensation_status": ..., **changes}


def talk(status: str, solution: str = "REFUND", amount: Any = 12.5) -> dict[str, Any]:
    inside = {"negotiation_status": status, "latest_solution": solution, "latest_offer_amount": amount}
    return flat(negotiation=inside)


def claim(word: str) -> dict[str, Any]:
    return flat(seller_compensation={"seller_compensation_status": f"COMPENSATION_{word}"})


OF_RETURN: list[tuple[Operation, dict[str, Any], str]] = [
    (Operation.refund_return, {"status": "ACCEPTED"}, "applied"),
    (Operation.refund_return, {"status": "REFUND_PAID"}, "applied"),
    (Operation.refund_return, {"status": "REQUESTED"}, "not_applied"),
    (Operation.refund_return, {"status": "JUDGING"}, "not_applied"),
    (Operation.refund_return, {"status": "CANCELLED"}, "not_applied"),
    (Operation.refund_return, {"status": "CLOSED"}, "undecided"),
    (Operation.offer_solution, talk("PENDING_BUYER_RESPOND"), "applied"),
    (Operation.offer_solution, talk("PENDING_BUYER_RESPOND", amount=12), "not_applied"),
    (Operation.offer_solution, talk("PENDING_BUYER_RESPOND", "RETURN_REFUND"), "not_applied"),
    (Operation.offer_solution, talk("PENDING_RESPOND"), "not_applied"),
    (Operation.offer_solution, talk("TERMINATED"), "undecided"),
    (Operation.offer_solution, {"status": "CANCELLED", **talk("TERMINATED")}, "not_applied"),
    (Operation.accept_offer, talk("PENDING_RESPOND"), "not_applied"),
    (Operation.accept_offer, {"status": "ACCEPTED", **talk("TERMINATED")}, "applied"),
    (Operation.accept_offer, {"status": "PROCESSING", **talk("TERMINATED")}, "applied"),
    (Operation.accept_offer, {"status": "CLOSED", **talk("TERMINATED")}, "undecided"),
    (Operation.accept_offer, talk("PENDING_BUYER_RESPOND"), "undecided"),
    (Operation.open_dispute, {"status": "SELLER_DISPUTE"}, "applied"),
    (Operation.open_dispute, {"status": "JUDGING"}, "applied"),
    (Operation.open_dispute, {"status": "ACCEPTED", **claim("REQUESTED")}, "applied"),
    (Operation.open_dispute, {"status": "ACCEPTED", **claim("PENDING_REQUEST")}, "not_applied"),
    (Operation.open_dispute, {"status": "REQUESTED"}, "not_applied"),
    (Operation.open_dispute, {"status": "CLOSED"}, "undecided"),
    (Operation.cancel_dispute, {"status": "ACCEPTED", **claim("CANCELLED")}, "applied"),
    (Operation.cancel_dispute, {"status": "ACCEPTED", **claim("REQUESTED")}, "not_applied"),
    (Operation.cancel_dispute, {"status": "ACCEPTED", **claim("APPROVED")}, "not_applied"),
    (Operation.cancel_dispute, {"status": "ACCEPTED", **claim("NOT_REQUIRED")}, "undecided"),
]


@pytest.mark.parametrize(("operation", "changes", "happened"), OF_RETURN)
async def test_probes_of_returns(
    operation: Operation, changes: dict[str, Any], happened: str, paper: Any, rows: Any
) -> None:
    shop = paper({RETURN_DETAIL: [rows.wrapped(rows.returned(**changes))]})
    terms = {"proposed_solution": "REFUND", "proposed_adjusted_refund_amount": "12.50"}
    finding = await adapter.probe(shop, act(operation, request_id=RETURN, parameters=terms))
    assert finding.happened == happened
    assert "status" in finding.because or "offer" in finding.because
    assert dict(shop.calls[0].query) == {"return_sn": RETURN}


CHATS, MESSAGES = "sellerchat.get_conversation_list", "sellerchat.get_message"


@pytest.mark.parametrize(
    ("chats", "messages", "happened"),
    [
        ([], [], "not_applied"),
        ([{"to_id": 5, "conversation_id": "c5"}], [], "not_applied"),
        ([{"to_id": 900100, "conversation_id": "c1"}], [("hi", 1)], "applied"),
        ([{"to_id": 900100, "conversation_id": "c1"}], [("hi", 900100)], "not_applied"),
        ([{"to_id": 900100, "conversation_id": "c1"}], [("other", 1)], "not_applied"),
        ([{"to_id": 900100, "conversation_id": "c1"}], [("other", 1)] * 60, "undecided"),
        ([{"to_id": number, "conversation_id": "c"} for number in range(60)], [], "undecided"),
    ],
)
async def test_probe_of_a_message(chats: Any, messages: Any, happened: str, paper: Any, rows: Any) -> None:
    told = [{"content": {"text": text}, "from_id": sender, "created_timestamp": 5} for text, sender in messages]
    shop = paper({CHATS: [rows.wrapped({"conversations": chats})], MESSAGES: [rows.wrapped({"messages": told})]})
    message = act(Operation.send_message, parameters={"to_id": "900100", "text": "hi"})
    assert (await adapter.probe(shop, message)).happened == happened


async def test_what_the_platform_does_not_know_stays_undecided(paper: Any, rows: Any) -> None:
    shop = paper({DETAIL: [NotFound("no order", code="error_not_found")], RETURN_DETAIL: [NotFound("no return")]})
    close = await adapter.probe(shop, act(Operation.seller_close, reason="OUT_OF_STOCK"))
    refund = await adapter.probe(shop, act(Operation.refund_return, request_id=RETURN))
    assert (close.happened, refund.happened) == ("undecided", "undecided")
    empty = paper({DETAIL: [rows.wrapped({"order_list": []})]})
    assert (await adapter.probe(empty, act(Operation.seller_close))).happened == "undecided"


async def test_a_probe_that_fails_says_so(paper: Any) -> None:
    shop = paper({DETAIL: [OutcomeUnknown("lost")]})
    with pytest.raises(OutcomeUnknown):
        await adapter.probe(shop, act(Operation.seller_close))
    with pytest.raises(InvalidRequest):
        await adapter.probe(shop, act(Operation.upload_evidence))
