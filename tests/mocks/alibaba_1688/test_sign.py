"""Section 2: the signature, on the sheet's vectors and over the wire."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.mocks.alibaba_1688.conftest import Api

    Sign = Callable[[str, str, Mapping[str, str]], str]

KEY, SECRET = "1000000", "test123"
V2_PATH = f"param2/1/com.alibaba.trade/alibaba.trade.getBuyerOrderList/{KEY}"
V3_PATH = f"param2/1/com.alibaba.trade/alibaba.trade.cancel/{KEY}"
V2 = {
    "_aop_timestamp": "1767225600000",
    "access_token": "tok-buyer-1",
    "modifyStartTime": "20260101000000000+0800",
    "orderStatus": "waitbuyerpay",
    "page": "1",
    "pageSize": "20",
}
V3 = {
    "_aop_timestamp": "1767225600000",
    "access_token": "tok-buyer-1",
    "cancelReason": "other",
    "remark": "取消订单",
    "tradeID": "202711458975969812",
    "webSite": "1688",
}
V4 = (
    '{"msgId":53210001,"gmtBorn":1527680067000,"data":{"orderId":167539019420540000,"currentStatus":"cancel",'
    '"msgSendTime":"2018-05-30 19:34:27","buyerMemberId":"b2b-665170100","sellerMemberId":"b2b-1676547900b7bb3"},'
    '"userInfo":"b2b-665170100","type":"ORDER_BUYER_VIEW_ORDER_SELLER_CLOSE"}'
)


@pytest.mark.parametrize(
    ("path", "params", "expected"),
    [
        (f"param2/1/system/currentTime/{KEY}", {"a": "1", "b": "2"}, "33E54F4F7B989E3E0E912D3FBD2F1A03CA7CCE88"),
        (V2_PATH, V2, "B0FA7DEB0DD96270E786F93BF47CE7EF501ED1A5"),
        (V3_PATH, V3, "455113AB1A73B41CA08F753A0CE56AAE91194726"),
        ("", {"message": V4}, "6A48B74A7DDFE13F80022ECE2EE7A5A5311827E6"),
    ],
    ids=["V1", "V2", "V3", "V4"],
)
def test_our_own_signing_gives_the_sheets_vectors(sign: Sign, path: str, params: dict[str, str], expected: str) -> None:
    assert sign(SECRET, path, params) == expected


async def test_v1_is_accepted_as_printed(api: Api) -> None:
    await api.store_act("set_app", app_key=KEY, app_secret=SECRET)
    printed = {"a": "1", "b": "2", "_aop_signature": "33E54F4F7B989E3E0E912D3FBD2F1A03CA7CCE88"}
    for method in ("POST", "GET"):
        reply = await api.raw(f"param2/1/system/currentTime/{KEY}", printed, method)
        assert reply.http == 200
        assert "error_code" not in reply.body


@pytest.mark.parametrize(
    ("path", "params", "signature"),
    [
        (V2_PATH, V2, "B0FA7DEB0DD96270E786F93BF47CE7EF501ED1A5"),
        (V3_PATH, V3, "455113AB1A73B41CA08F753A0CE56AAE91194726"),
    ],
    ids=["V2", "V3"],
)
async def test_v2_and_v3_pass_the_signature_and_fail_later(
    api: Api, path: str, params: dict[str, str], signature: str
) -> None:
    """Their timestamp is of January 2026, which is refused only after the signature was found right."""
    await api.store_act("set_app", app_key=KEY, app_secret=SECRET)
    (await api.raw(path, {**params, "_aop_signature": signature})).gateway_refused("gw.TimestampInvalid")
    (await api.raw(path, {**params, "_aop_signature": signature[::-1]})).gateway_refused("gw.SignatureInvalid")


async def test_every_parameter_takes_part_and_its_exact_bytes(api: Api, sign: Sign) -> None:
    path = api.path("alibaba.trade.getBuyerOrderList")
    params = api.signed(path, {"page": 1, "productName": "杯子 a&b=c+%"}, api.store["access_token"])
    assert (await api.raw(path, params)).ok["totalRecord"] == 0
    for name in ("page", "access_token"):
        changed = {**params, name: params[name] + "0"}
        (await api.raw(path, changed)).gateway_refused("gw.SignatureInvalid")
    (await api.raw(path, {**params, "pageSize": "5"})).gateway_refused("gw.SignatureInvalid")


async def test_a_json_value_signed_with_its_line_feed_is_accepted(api: Api) -> None:
    """One library appends a line feed to JSON values and signs it."""
    path = api.path("alibaba.trade.getBuyerOrderList")
    ids: Any = json.dumps([1, 2]) + "\n"
    assert (await api.raw(path, api.signed(path, {"orderIds": ids}, api.store["access_token"]))).ok["result"] == []


async def test_both_readings_of_sorting_are_accepted(api: Api) -> None:
    """`page` sorts before `pageSize` by key; joined, `pagez` would sort after `pageSize20`."""
    import hashlib  # noqa: PLC0415 - only this test signs the other way
    import hmac  # noqa: PLC0415

    path = api.path("alibaba.trade.getBuyerOrderList")
    params = {"access_token": str(api.store["access_token"]), "out": "z1", "outOrderId": "20"}
    joined = sorted(key + value for key, value in params.items())
    by_key = [key + params[key] for key in sorted(params)]
    assert joined != by_key
    for texts in (joined, by_key):
        made = hmac.new(api.secret.encode(), (path + "".join(texts)).encode(), hashlib.sha1).hexdigest().upper()
        assert (await api.raw(path, {**params, "_aop_signature": made})).ok["totalRecord"] == 0
