"""Acts that cannot be sent, and what is chosen for those that can; signatures, hosts and faults."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from adapters.tiktok_shop import adapter
from gateway.errors import (
    Conflict,
    DataError,
    InvalidRequest,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Refused,
    StoreDisconnected,
)
from gateway.model.store import App, AppSecret, Credential
from gateway.ports import Act, Answer, Call, Happened, Operation

NOW = datetime(2026, 3, 10, tzinfo=UTC)
APP = App(id="app-1", platform="tiktok_shop", key="29a39d", base_url="https://open-api.tiktokglobalshop.com")
SECRET = AppSecret(sign_key="e59af819cc")
MONEY = {"return_id": "404", "return_type": "REFUND", "return_status": "RETURN_OR_REFUND_REQUEST_PENDING"}


def act(operation: Operation, **fields: Any) -> Act:
    return Act(operation, "5764", "key-1", **fields)


def eligibility(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"aftersale.eligibility": {"sku_eligibility": [{"line_item_eligibility": list(rows)}]}}


@pytest.mark.parametrize(
    ("asked", "script"),
    [
        (act(Operation.seller_close), {}),
        (act(Operation.accept_cancellation), {}),
        (act(Operation.reject_cancellation, request_id="403"), {}),
        (act(Operation.accept_cancellation, request_id="../../x"), {}),
        (act(Operation.approve_return, request_id="404"), {"return.search": {"return_orders": [MONEY]}}),
        (act(Operation.refund_return), {}),
        (act(Operation.offer_solution, request_id="404", parameters={"solution": "return_refund"}), {}),
        (act(Operation.send_message), {}),
        (act(Operation.send_message, parameters={"text": "x" * 2001}), {}),
    ],
    ids=lambda value: str(value.operation) if isinstance(value, Act) else "",
)
async def test_what_lacks_something_is_not_sent(paper: Any, asked: Act, script: dict[str, Any]) -> None:
    shop = paper(script)
    with pytest.raises(InvalidRequest):
        await adapter.perform(shop, asked)
    assert shop.writes == []


@pytest.mark.parametrize("amount", ["", "0", "-1", "1.5", "NaN", "1e99999", "many"])
async def test_an_offer_is_an_exact_amount_above_nothing(paper: Any, amount: str) -> None:
    shop = paper({"return.search": {"return_orders": [MONEY]}})
    with pytest.raises(InvalidRequest):
        await adapter.perform(shop, act(Operation.offer_solution, request_id="404", parameters={"amount": amount}))
    assert shop.writes == []


async def test_an_order_that_cannot_be_cancelled_is_not_tried(paper: Any) -> None:
    shipped = {"request_type": "CANCEL", "eligible": False, "ineligible_code": 25001045, "ineligible_reason": "shipped"}
    shop = paper(eligibility(shipped))
    with pytest.raises(Conflict, match="shipped") as refused:
        await adapter.perform(shop, act(Operation.seller_close, reason="seller_cancel_reason_out_of_stock"))
    assert refused.value.code == "25001045"
    assert shop.writes == []


async def test_a_reason_without_its_like_is_not_replaced_by_another(paper: Any) -> None:
    names = ["seller_cancel_unpaid_reason_wrong_price"]
    shop = paper(eligibility({"request_type": "CANCEL", "eligible": True, "available_reason_names": names}))
    with pytest.raises(InvalidRequest, match="wrong_price"):
        await adapter.perform(shop, act(Operation.seller_close, reason="seller_cancel_reason_out_of_stock"))
    assert shop.writes == []


async def test_an_order_of_another_shop_is_not_cancelled_blindly(paper: Any) -> None:
    shop = paper({"aftersale.eligibility": {"code": 21008111, "message": "foreign", "request_id": "r-1"}})
    with pytest.raises(NotFound):
        await adapter.perform(shop, act(Operation.seller_close, reason="seller_cancel_reason_out_of_stock"))


async def test_more_than_can_be_refunded_is_not_asked_for(paper: Any) -> None:
    shop = paper({"refund.calculate": {"order_refund_amount": {"currency": "JPY", "refund_total": "1000"}}})
    refund = act(Operation.refund_return, reason="seller_package_lost", parameters={"amount": "1001"})
    with pytest.raises(Refused, match="1000"):
        await adapter.perform(shop, refund)
    assert shop.writes == []
    with pytest.raises(DataError):
        await adapter.perform(paper({"refund.calculate": {}}), refund)


async def test_units_that_are_not_there_are_not_refunded(paper: Any, row: Any, unit: Any) -> None:
    ended = unit("2", display_status="CANCELLED")
    shop = paper({"order.detail": {"orders": [row(line_items=[unit("1"), ended])]}})
    with pytest.raises(InvalidRequest, match="units"):
        await adapter.perform(shop, act(Operation.refund_return, reason="seller_package_lost", lines=(("100", 2),)))


async def test_one_of_several_parcels_must_be_named(paper: Any, row: Any, unit: Any) -> None:
    shop = paper({"order.detail": {"orders": [row(line_items=[unit("1"), unit("2", package_id="P2")])]}})
    parcel = {"tracking_number": "N", "carrier": "66"}
    with pytest.raises(InvalidRequest, match="package_id"):
        await adapter.perform(shop, act(Operation.ship, parameters=parcel))
    choices = await adapter.shipping_choices(shop, "5764")
    assert (list(choices.packages), list(choices.ways)) == (["P1", "P2"], [])
    assert [way.kind for way in (await adapter.shipping_choices(shop, "5764", "P2")).ways] == ["own_carrier"]


@pytest.mark.parametrize(
    ("shipping_type", "parameters", "fault"),
    [
        ("SELLER", {"tracking_number": "N"}, InvalidRequest),  # no carrier
        ("SELLER", {"way": "pickup", "tracking_number": "N", "carrier": "66"}, InvalidRequest),
        ("TIKTOK", {"way": "own_carrier", "tracking_number": "N", "carrier": "66"}, InvalidRequest),
        ("TIKTOK", {"way": "pickup", "slot_id": "soon"}, InvalidRequest),
        ("TIKTOK_DIGITAL", {}, InvalidRequest),
    ],
)
async def test_a_parcel_goes_a_way_that_is_offered(
    paper: Any, row: Any, shipping_type: str, parameters: dict[str, str], fault: type[Exception]
) -> None:
    shop = paper({"order.detail": {"orders": [row(shipping_type=shipping_type)]}})
    with pytest.raises(fault):
        await adapter.perform(shop, act(Operation.ship, parameters=parameters))
    assert shop.writes == []


async def test_the_buyer_of_a_held_order_cannot_be_written_to(paper: Any, row: Any) -> None:
    shop = paper({"order.detail": {"orders": [row(user_id=...)]}})
    with pytest.raises(InvalidRequest, match="buyer"):
        await adapter.perform(shop, act(Operation.send_message, parameters={"text": "hello"}))


async def test_a_message_is_its_words_alone(paper: Any, row: Any) -> None:
    script = {
        "order.detail": {"orders": [row()]},
        "chat.open": {"conversation_id": "c1"},
        "chat.send": {"message_id": "m1"},
    }
    shop = paper(script)
    noted = {"text": "hello", "purpose": "explain", "language": "ja", "since": "5", "announced_close_at": "2026-01-01"}
    await adapter.perform(shop, act(Operation.send_message, parameters=noted))
    assert shop.writes == [{"buyer_user_id": "7494"}, {"type": "TEXT", "content": '{"content":"hello"}'}]


async def test_only_words_of_ours_are_our_message(paper: Any, row: Any) -> None:
    def message(text: str, role: str, at: int) -> dict[str, Any]:
        return {"content": f'{{"content":"{text}"}}', "sender": {"role": role}, "create_time": at}

    told = [message("hello", "BUYER", 100), {"content": "no json"}, message("hello", "SHOP", 100)]
    script = {
        "order.detail": {"orders": [row()]},
        "chat.conversations": {"conversations": [{"id": "c1", "participants": [{"user_id": "7494"}]}]},
        "chat.messages": {"messages": told},
    }
    wanted = {"text": "hello", "since": "100"}
    assert (await adapter.probe(paper(script), act(Operation.send_message, parameters=wanted))).happened == "applied"
    later = act(Operation.send_message, parameters={**wanted, "since": "101"})
    assert (await adapter.probe(paper(script), later)).happened is Happened.not_applied
    script["chat.conversations"] = {"conversations": [{"id": "c1", "participants": [{"user_id": "1"}]}]}
    assert (await adapter.probe(paper(script), later)).because == "no conversation with the buyer"


async def test_what_the_platform_does_not_know_is_undecided(paper: Any) -> None:
    shop = paper({"return.search": {}})
    finding = await adapter.probe(shop, act(Operation.refund_return, request_id="404"))
    assert finding.happened is Happened.undecided


# -- signatures and hosts -----------------------------------------------------------------------------------------


def test_tokens_come_from_a_host_of_their_own() -> None:
    call = adapter.exchange_call(APP, {"code": "example-code"})
    signed = adapter.sign(call, APP, SECRET, None, None, NOW)
    assert signed.url.startswith("https://auth.tiktok-shops.com/api/v2/token/get?")
    query = parse_qs(urlsplit(signed.url).query)
    assert (query["auth_code"], query["grant_type"]) == (["example-code"], ["authorized_code"])
    assert "sign" not in query
    assert "e59af819cc" not in repr(signed)
    elsewhere = APP.model_copy(update={"base_url": "http://127.0.0.1:9102"})
    assert adapter.sign(call, elsewhere, SECRET, None, None, NOW).url.startswith("http://127.0.0.1:9102/api/v2/")


def test_the_consent_page_is_the_platforms() -> None:
    url = adapter.authorise_url(APP, SECRET, "https://gw.example.com/oauth", "st4te", NOW)
    assert url == "https://auth.tiktok-shops.com/oauth/authorize?app_key=29a39d&state=st4te"


def test_a_shop_without_its_cipher_is_not_called(paper: Any) -> None:
    call = Call(operation="any.read", method="GET", path="/order/202507/orders")
    bare = Credential(access_token="example-token", expires_at=NOW)
    with pytest.raises(StoreDisconnected, match="cipher"):
        adapter.sign(call, APP, SECRET, paper({}).store, bare, NOW)


def test_token_ends_are_instants_or_durations() -> None:
    def grant(end: Any) -> Any:
        told = {"access_token": "example-a", "refresh_token": "example-r", "access_token_expire_in": end}
        body = b'{"code":0,"data":' + str(told).replace("'", '"').encode() + b"}"
        call = adapter.exchange_call(APP, {"code": "example-code"})
        return adapter.read_grants(call, Answer(200, {}, body), NOW)[0].credential

    assert grant(1_773_748_800).expires_at == datetime.fromtimestamp(1_773_748_800, UTC)
    assert (grant(604_800).expires_at - NOW).days == 7
    assert (grant(0).expires_at - NOW).days == 7
    assert grant(604_800).refresh_expires_at is None


# -- faults ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["105001", "36009999", "25001001"])
def test_a_refused_token_call_means_a_person_must_authorise(code: str) -> None:
    call = adapter.exchange_call(APP, {"code": "example-code"})
    body = f'{{"code":{code},"message":"no"}}'.encode()
    error = adapter.classify(call, Answer(200, {}, body))
    assert type(error) is (InvalidRequest if code == "25001001" else StoreDisconnected)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, b'{"data":{}}', OutcomeUnknown),  # no code at all
        (200, b'{"code":0,"data"', OutcomeUnknown),
        (302, b'{"code":0}', OutcomeUnknown),
        (404, b'{"code":0}', Refused),
        (401, b'{"code":105002,"message":"Expired credentials"}', None),
        (503, b'{"code":0}', OutcomeUnknown),
        (429, b"", RateLimited),
        (200, b'{"code":45101004,"message":"quota"}', RateLimited),
    ],
)
def test_code_first_and_then_the_status(status: int, body: bytes, kind: type[Exception] | None) -> None:
    error = adapter.classify(Call(operation="any.read", method="GET", path="/x"), Answer(status, {}, body))
    assert type(error).__name__ == ("TokenExpired" if kind is None else kind.__name__)
    if body.startswith(b'{"code":45101004'):
        assert getattr(error, "retry_after", None) == 3600


async def test_an_act_tried_anew_with_another_reason_has_another_key(paper: Any) -> None:
    """A key answers with the first answer: the same key would repeat the refusal of the first reason."""

    async def key(reason: str) -> str:
        shop = paper({"cancellation.reject": {}})
        await adapter.perform(shop, act(Operation.reject_cancellation, request_id="403", reason=reason))
        return dict(shop.calls[-1].query)["idempotency_key"]

    assert await key("packed") == await key("packed")
    assert await key("packed") != await key("address")


async def test_the_buyer_of_a_conversation_is_found_by_the_id_orders_have(paper: Any) -> None:
    people = [
        {"role": "SHOP", "im_user_id": "72", "user_id": ""},
        {"role": "BUYER", "im_user_id": "71", "user_id": "7494"},
    ]
    chats = [{"id": "c0", "participants": None}, {"id": "c1", "participants": people}, "noise"]
    shop = paper({"chat.conversations": {"conversations": chats}})
    assert await adapter.chat_buyer(shop, "c1") == "7494"
    assert await adapter.chat_buyer(shop, "c0") is None
    assert await adapter.chat_buyer(shop, "c9") is None
    assert shop.writes == []
