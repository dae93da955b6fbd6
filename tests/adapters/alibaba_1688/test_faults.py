"""Six envelopes, and numbers that mean another thing in each call (API.md sections 4, 5.4, 5.7, 7.1)."""

from __future__ import annotations

from typing import Any

import pytest

import gateway.errors as tree
from adapters.alibaba_1688 import adapter
from gateway.errors import Conflict, NotFound, OutcomeUnknown, RateLimited, Refused, StoreDisconnected
from gateway.ports import Answer, Call
from gateway.transport.json import encode

TRADE = "alibaba.trade."


def judge(operation: str, body: Any, status: int = 200, *, refreshable: bool = True) -> Any:
    call = Call(operation=operation, method="POST", path="/x", effect=True, refreshable=refreshable)
    return adapter.classify(call, Answer(status, {}, body if isinstance(body, bytes) else encode(body)))


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        (f"{TRADE}cancel", {"success": False, "errorCode": "ORDER_NOT_EXIST", "errorMessage": "订单不存在"}),
        (f"{TRADE}createRefund", {"result": {"success": False, "code": "5001", "message": "订单不存在"}}),
        (f"{TRADE}cancelRefund", {"result": {"success": False, "errorCode": "4005", "errorInfo": "x"}}),
        (f"{TRADE}refund.OpQueryOrderRefund", {"errorCode": "ORDER_NOT_EXIST", "errorMessage": "x"}),
        (
            f"{TRADE}refund.buyer.queryOrderRefundList",
            {"success": False, "errorCode": "ORDER_NOT_EXIST", "errorMsg": "没有"},
        ),
        (f"{TRADE}createCrossOrder", {"success": False, "code": "ORDER_NOT_EXIST", "message": "x"}),
        ("alibaba.alipay.url.get", {"success": False, "errorCode": "ORDER_NOT_EXIST", "erroMsg": "没有订单"}),
    ],
    ids=["E1", "E2", "E3", "E4", "E4 list", "E5", "E6"],
)
def test_each_envelope_is_read(operation: str, body: Any) -> None:
    error = judge(operation, body)
    assert type(error) is NotFound
    assert operation in str(error)


def test_the_message_of_each_envelope_is_told() -> None:
    for name in ("errorMessage", "errorMsg", "errorInfo", "erroMsg", "message", "extErrorMessage"):
        assert "货已发出" in str(judge("any.call", {"success": False, "errorCode": "X", name: "货已发出"}))


@pytest.mark.parametrize(
    ("operation", "code", "kind"),
    [
        ("createRefund", "5001", "NotFound"),
        ("createRefund", "5002", "Refused"),
        ("createRefund", "5003", "InvalidRequest"),
        ("createRefund", "5004", "Refused"),
        ("createRefund", "5005", "Refused"),
        ("createRefund", "5006", "Refused"),
        ("createRefund", "5010", "Conflict"),
        ("createRefund", "5011", "Refused"),
        ("createRefund", "5012", "InvalidRequest"),
        ("createRefund", "5013", "Refused"),
        ("createRefund", "5100", "Refused"),
        ("createRefund", "4123", "OutcomeUnknown"),  # internal: may be retried after a look-up
        ("refund.returnGoods", "4001", "TokenExpired"),
        ("refund.returnGoods", "4002", "InvalidRequest"),
        ("refund.returnGoods", "4003", "InvalidRequest"),
        ("refund.returnGoods", "4004", "Refused"),
        ("refund.returnGoods", "4005", "NotFound"),
        ("refund.returnGoods", "4006", "Refused"),
        ("refund.returnGoods", "4007", "Conflict"),
        ("refund.returnGoods", "4008", "NotFound"),
        ("refund.returnGoods", "5001", "OutcomeUnknown"),
        ("refund.returnGoods", "5002", "OutcomeUnknown"),
        ("refund.returnGoods", "5003", "OutcomeUnknown"),
        ("uploadRefundVoucher", "4000", "InvalidRequest"),
        ("get.sellerView", "400_3", "NotFound"),  # an order of the other side is none of this store's
        ("cancel", "400_3", "Refused"),
        ("cancel", "CLOSE_ORDER_TOO_FAST", "RateLimited"),
    ],
)
def test_a_number_means_what_its_call_says(operation: str, code: str, kind: str) -> None:
    error = judge(f"{TRADE}{operation}", {"result": {"success": False, "code": code, "message": "x"}})
    assert type(error) is getattr(tree, kind)


@pytest.mark.parametrize("code", ["5001", "5002"])
def test_a_downstream_sale_stops_a_shipment(code: str) -> None:
    told = {"success": False, "errorCode": code, "errorMessage": "x"}
    assert type(judge("alibaba.logistics.OpDeliverySendOrder.offline", told)) is Conflict


@pytest.mark.parametrize("word", ["false", False, "FALSE"])
def test_a_false_success_is_an_error_without_a_code(word: Any) -> None:
    assert isinstance(judge("any.call", {"success": word}), Refused)
    assert isinstance(judge("any.call", {"result": {"success": word}}), Refused)
    assert isinstance(judge("push.message.confirm", {"isSuccess": word}), Refused)


def test_success_is_taken_as_text_and_as_a_boolean() -> None:
    for word in ("true", True):
        assert judge(f"{TRADE}get.buyerView", {"success": word, "result": {}}) is None
        assert judge(f"{TRADE}cancel", {"success": word}) is None
    assert judge("order.relation.write", {"result": {"success": True, "code": "0", "message": ""}}) is None


@pytest.mark.parametrize("operation", ["cancel", "createRefund", "cancelRefund", "createCrossOrder"])
def test_a_write_that_does_not_say_success_is_not_one(operation: str) -> None:
    assert isinstance(judge(f"{TRADE}{operation}", {}), OutcomeUnknown)
    assert isinstance(judge(f"{TRADE}{operation}", {"result": {}}), OutcomeUnknown)


def test_a_purchase_whose_answer_names_an_order_may_have_been_made() -> None:
    told = {"success": False, "result": {"orderList": [{"orderId": "1", "success": True}]}}
    assert isinstance(judge(f"{TRADE}createCrossOrder", told), OutcomeUnknown)
    nothing = {"success": False, "code": "ALL_FAILED", "result": {"failedOfferList": [{"offerId": 1}]}}
    assert isinstance(judge(f"{TRADE}createCrossOrder", nothing), Refused)


def test_rate_limits_ask_to_wait() -> None:
    error = judge("any.read", {"error_code": "gw.QosAppFrequencyLimit", "error_message": "x"}, 400)
    assert isinstance(error, RateLimited)
    assert error.retry_after == 10


@pytest.mark.parametrize("body", [{"error": "invalid_grant", "error_description": "非法请求"}, {"error_code": "401"}])
def test_a_token_that_cannot_be_renewed_disconnects_the_account(body: Any) -> None:
    assert isinstance(judge("system.oauth2.getToken", body, 400, refreshable=False), StoreDisconnected)


def test_a_dead_token_of_a_call_that_cannot_refresh_disconnects() -> None:
    body = {"error_code": "401", "error_message": "Request need user authorized"}
    assert isinstance(judge("any.read", body, 401, refreshable=False), StoreDisconnected)
