"""Every error code of API.md, typed here from the sheet, and the class of the error tree it must become."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.shopee import adapter
from gateway.errors import (
    Conflict,
    GatewayError,
    InvalidRequest,
    MissingScope,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Refused,
    StoreDisconnected,
    TokenExpired,
)
from gateway.ports import Answer, Call

READ = Call(operation="order.get_order_detail", method="GET", path="/api/v2/order/get_order_detail")
WRITE = Call(
    operation="order.cancel_order", method="POST", path="/api/v2/order/cancel_order", effect=True, idempotent="no"
)
TOKEN_CALL = Call(
    operation="auth.access_token.get",
    method="POST",
    path="/api/v2/auth/access_token/get",
    scope="app",
    refreshable=False,
)

CODES: list[tuple[str, str, type[GatewayError]]] = [
    # section 4, the gateway of the platform
    ("error_sign", "Wrong sign.", StoreDisconnected),
    ("error_auth", "Invalid access_token.", TokenExpired),
    ("error_auth", "Invalid partner_id or shopid.", StoreDisconnected),
    ("error_auth", "partner_id is invalid", StoreDisconnected),
    ("error_auth", "No permission to current api.", MissingScope),
    ("error_auth", "The App is deleted...", StoreDisconnected),
    ("error_auth", "System error, please try again later.", OutcomeUnknown),
    ("error_auth", "Invalid code", StoreDisconnected),
    ("error_auth", "Invalid refresh_token.", StoreDisconnected),
    ("invalid_acceess_token", "Invalid access_token, please have a check.", TokenExpired),
    ("invalid_access_token", "Invalid access_token, please have a check.", TokenExpired),
    ("invalid_partner_id", "Invalid partner_id, please have a check.", StoreDisconnected),
    ("partner_shop_no_link", "Invalid partner_id or shop_id, please have a check.", StoreDisconnected),
    ("shop_no_linked", "Partner and shop has no linked.", StoreDisconnected),
    ("shop_banned", "The shop account has been banned.", StoreDisconnected),
    ("error_kyc_auth", "", StoreDisconnected),
    ("error_param", "There is no sign in query.", InvalidRequest),
    ("error_param", "Invalid timestamp", InvalidRequest),
    ("error_param", "Timestamp is expired.", InvalidRequest),
    ("error_param", "Invalid partner_id.", InvalidRequest),
    ("error_param", "shop_id is invalid, should be an integer between 0 and 4294967295.", InvalidRequest),
    (
        "error_param",
        "Permission denied. This API is currently offline or the request path is incorrect.",
        InvalidRequest,
    ),
    ("error_partner_key_expired", "", StoreDisconnected),
    ("error_api_permission", "", MissingScope),
    ("error_ashop_api_permission", "", MissingScope),
    ("error_api_call_restricted", "", MissingScope),
    ("error_rate_limit", "Too many requests. You have reached the rate limit.", RateLimited),
    ("error_limit", "", RateLimited),
    ("api_suspended", "", InvalidRequest),
    ("source_ip_undeclared", "Request Source IP (203.0.113.9) is undeclared.", MissingScope),
    # section 4, business errors of most pages, with and without prefix
    ("error_not_found", "Wrong parameters, detail: the order is not found.", NotFound),
    ("error_param", "Wrong parameters, detail: page_size must be 100 or less.", InvalidRequest),
    ("error_permission", "", MissingScope),
    ("error_server", "System error. Please try again later.", OutcomeUnknown),
    ("error_network", "", OutcomeUnknown),
    ("error_data", "", InvalidRequest),
    ("error_shop", "shopid is invalid", StoreDisconnected),
    ("common.error_auth", "Invalid access_token.", TokenExpired),
    ("common.invalid_shop", "", StoreDisconnected),
    ("SERVER_ERROR", "invalid metrics id", InvalidRequest),
    ("SERVER_ERROR", "", OutcomeUnknown),
    # section 3, tokens
    ("invalid_code", "", StoreDisconnected),
    ("invalid_shop_id", "", StoreDisconnected),
    ("invalid_main_acount_id", "", StoreDisconnected),
    ("refresh_token_expired", "", StoreDisconnected),
    ("error_shop_refresh_token", "", StoreDisconnected),
    ("error_merchant_refresh_token", "", StoreDisconnected),
    ("shop_access_expired", "", StoreDisconnected),
    ("merchant_no_linked", "", StoreDisconnected),
    ("merchant_access_expired", "", StoreDisconnected),
    # sections 5 and 6
    ("order.order_list_invalid_time", "Start time must be earlier than end time and diff in 15days.", InvalidRequest),
    ("order.error_limit", "Can not cancel this order", Conflict),
    ("order.error_param", "You can not cancel warehouse order.", Refused),
    ("order. error_param", "You can not cancel warehouse order.", Refused),
    ("order. error_param", "order_sn is a required field.", InvalidRequest),
    ("order.error_permission", "Please link shop and partner on seller center first.", StoreDisconnected),
    ("order.cancel_order_invalid_status", "The order status should be IN_CANCEL.", Conflict),
    ("order.order_status_invalid", "The order status should be IN_CANCEL.", Conflict),
    ("logistics.cancel_forder_failed", "", Refused),
    # section 7
    ("logistics.error_param", "The order status is not ready to ship.", Conflict),
    ("logistics.error_param", "Order has been shipped.", Conflict),
    ("logistics.error_param", "The address_id is invalid.", InvalidRequest),
    ("logistics.error_order_state", "", Conflict),
    ("error_status", "The order has been cancelled.", Conflict),
    # section 8
    ("error_param", "Return SN or ID is invalid.", NotFound),
    ("error_data", "The return you queried doesn't exist", NotFound),
    ("error_return_status", "The return status cannot support this action", Conflict),
    ("error_negotiation_status", "", Conflict),
    ("error_no_buyer_offer", "", Conflict),
    ("error_ongoing_dispute", "", Conflict),
    ("err_data", "Cannot accept your own offer.", Refused),
    ("error_validation", "", Refused),
    ("error_return_request_type", "", Refused),
    ("rraoc_refund_not_allowed", "", Refused),
    ("returnsn.illegal", "", Conflict),
    ("returns.return_not_found", "Return not found", NotFound),
    ("dispute.request.param.error", "", InvalidRequest),
    ("dispute.request.param.error", "The return_sn you requested was not queried, please check it", NotFound),
    ("dispute.cancel.ineligible", "", Conflict),
    ("returns.dispute_is_dry_run", "", Refused),
    ("proof.overdue", "", Refused),
    ("no.proof", "", InvalidRequest),
    ("number.error", "", InvalidRequest),
    ("format.unsupport", "", InvalidRequest),
    ("format.unsupported", "Not Support Url", InvalidRequest),
    ("image.upload.fail", "", Refused),
]


def judged(code: Any, message: Any = "", call: Call = READ, status: int = 200, **extra: Any) -> GatewayError | None:
    body = orjson.dumps({"error": code, "message": message, "request_id": "req-77", **extra})
    return adapter.classify(call, Answer(status, {}, body))


@pytest.mark.parametrize(("code", "message", "kind"), CODES)
@pytest.mark.parametrize("status", [200, 403])
def test_each_documented_code_has_its_class(code: str, message: str, kind: type[GatewayError], status: int) -> None:
    error = judged(code, message, status=status)
    assert type(error) is kind
    text = str(error)
    assert code in text or isinstance(error, RateLimited)
    assert READ.operation in text
    assert "req-77" in text or getattr(error, "request_id", "") == "req-77" or isinstance(error, RateLimited)
    if hasattr(error, "request_id"):
        assert (error.code, error.request_id) == (code, "req-77")
    assert "not in the error table" not in text
    assert len(text) > 40


@pytest.mark.parametrize("code", ["  error_sign ", "ERROR_SIGN", "shop . error_sign", "shop.error_sign"])
def test_blanks_case_and_prefixes_do_not_matter(code: str) -> None:
    assert type(judged(code)) is StoreDisconnected


def test_a_limit_of_another_module_is_not_taken_for_the_daily_total() -> None:
    assert type(judged("logistics.error_limit")) is Refused


def test_an_unknown_code_is_a_refusal() -> None:
    error = judged("error_brand_new", "No such luck", call=WRITE)
    assert type(error) is Refused
    assert (error.code, error.request_id) == ("error_brand_new", "req-77")
    assert "not in the error table" in str(error)


@pytest.mark.parametrize("code", ["", " ", "-", None, "\t"])
@pytest.mark.parametrize("message", ["", " ", "success", "-"])
def test_empty_codes_are_success(code: Any, message: str) -> None:
    assert judged(code, message, response={}) is None


def test_a_code_beside_content_is_an_error() -> None:
    error = judged("common.error_auth", "Invalid access_token.", response={"booking_list": []}, warning="string[]")
    assert type(error) is TokenExpired


def test_the_estimate_without_envelope_is_a_success() -> None:
    call = Call(operation="order.get_estimate_cancel_value", method="POST", path="/x")
    assert adapter.classify(call, Answer(200, {}, b'{"cancel_value_price": "1000"}')) is None


@pytest.mark.parametrize("body", [b"{}", b'{"hello": 1}', b"[]", b"null", b"1"])
def test_json_that_is_not_shopees_is_no_success_of_a_write(body: bytes) -> None:
    assert type(adapter.classify(WRITE, Answer(200, {}, body))) is OutcomeUnknown


@pytest.mark.parametrize("call", [READ, WRITE])
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b'{"error":"","response":{}}'),
        (502, b"<html>bad gateway</html>"),
        (503, b""),
        (200, b"<html>login</html>"),
        (200, b""),
        (200, b'{"error":"","request_id":"r","response":{"update_time":16'),
        (200, b"\xff\xfe"),
        (302, b'{"error": ""}'),
        (404, b"<html>no</html>"),
    ],
)
def test_unusable_answers_leave_the_outcome_unknown(call: Call, status: int, body: bytes) -> None:
    assert type(adapter.classify(call, Answer(status, {}, body))) is OutcomeUnknown


@pytest.mark.parametrize(
    ("headers", "wait"),
    [({"Retry-After": "7"}, 7), ({"retry-after": " 12 "}, 12), ({}, None), ({"Retry-After": "soon"}, None)],
)
def test_rate_limits_carry_the_wait(headers: dict[str, str], wait: int | None) -> None:
    by_status = adapter.classify(WRITE, Answer(429, headers, b"slow down"))
    by_code = adapter.classify(WRITE, Answer(200, headers, b'{"error":"error_rate_limit","request_id":"r"}'))
    for error in (by_status, by_code):
        assert isinstance(error, RateLimited)
        assert error.retry_after == wait


def test_the_daily_total_waits_long() -> None:
    error = judged("error_limit")
    assert isinstance(error, RateLimited)
    assert error.retry_after == 3600
    assert "00:00 UTC+8" in str(error)


def test_a_client_error_without_code_is_a_refusal() -> None:
    error = adapter.classify(WRITE, Answer(404, {}, b'{"error": "", "request_id": "r"}'))
    assert type(error) is Refused
    assert error.code == "http_404"


@pytest.mark.parametrize("code", ["invalid_acceess_token", "error_auth"])
def test_a_token_call_that_finds_its_token_dead_disconnects(code: str) -> None:
    assert type(judged(code, "Invalid access_token.", call=TOKEN_CALL)) is StoreDisconnected


def test_secrets_and_phones_in_a_message_are_hidden() -> None:
    error = judged("error_brand_new", "phone +65 9123 4567, access_token=59777174636562737266615546704c6d")
    assert "4567" not in str(error)
    assert "5977" not in str(error)


@given(st.binary(max_size=300), st.integers(100, 599))
def test_any_bytes_are_classified(body: bytes, status: int) -> None:
    error = adapter.classify(WRITE, Answer(status, {}, body))
    assert error is None or isinstance(error, GatewayError)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.fixed_dictionaries({}, optional={"error": JSON, "message": JSON, "request_id": JSON, "response": JSON}))
def test_any_envelope_is_classified(body: Any) -> None:
    import json  # noqa: PLC0415 - orjson refuses the numbers this draws

    error = adapter.classify(WRITE, Answer(200, {}, json.dumps(body).encode()))
    assert error is None or isinstance(error, GatewayError)
    if str(body.get("error") or "").strip() not in {"", "-"}:
        assert error is not None


PAGE = b'{"order_sn":"A","note":"\\"error\\":\\"error_sign\\""},{"order_sn":"B","items":[{"n":1}]}'


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"error":"","message":"","request_id":"r","response":{"order_list":[' + PAGE + b"]}}", None),
        (b'{"response":{"order_list":[' + PAGE + b']},"request_id":"r","message":"","error":""}', None),
        # the code counts wherever it stands: before the list, behind it, between two lists
        (b'{"error":"error_sign","request_id":"r","response":{"order_list":[' + PAGE + b"]}}", StoreDisconnected),
        (b'{"response":{"order_list":[' + PAGE + b']},"request_id":"r","error":"error_sign"}', StoreDisconnected),
        (
            b'{"response":{"order_list":[' + PAGE + b']},"error":"error_sign","request_id":"r","warning":{"of":[{}]}}',
            StoreDisconnected,
        ),
        # cut off within an order, behind one, and behind the list
        (b'{"error":"","request_id":"r","response":{"order_list":[' + PAGE, OutcomeUnknown),
        (b'{"error":"","request_id":"r","response":{"order_list":[' + PAGE[:-9], OutcomeUnknown),
        (b'{"error":"","request_id":"r","response":{"order_list":[' + PAGE + b"]}", OutcomeUnknown),
    ],
)
def test_the_envelope_of_a_page_of_orders(body: bytes, expected: type[GatewayError] | None) -> None:
    failure = adapter.classify(READ, Answer(200, {}, body))
    assert (None if failure is None else type(failure)) is expected
