"""Section 4.1: every gateway error, its envelope, and the order of the checks. Section 4.3: limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.mocks.alibaba_1688.conftest import Api

LIST = "alibaba.trade.getBuyerOrderList"


async def test_app_key_not_found(api: Api) -> None:
    path = f"param2/1/com.alibaba.trade/{LIST}/9999999"
    (await api.raw(path, api.signed(path, {}, api.store["access_token"]))).gateway_refused("gw.AppKeyNotFound")


async def test_signature_invalid(api: Api) -> None:
    sent = api.signed(api.path(LIST), {}, api.store["access_token"])
    wrong = await api.raw(api.path(LIST), {**sent, "_aop_signature": "0" * 40})
    wrong.gateway_refused("gw.SignatureInvalid", "Invalid signature")


async def test_signature_missing(api: Api) -> None:
    """A name the sheet marks UNVERIFIED; that an unsigned call is refused is not."""
    (await api.raw(api.path(LIST), {"page": "1"})).gateway_refused("gw.SignatureMissing")


@pytest.mark.parametrize("off", [-600_001, 600_001])
async def test_a_timestamp_ten_minutes_off_is_refused(api: Api, off: int) -> None:
    now = await api.now() * 1000
    (await api.call(LIST, {"_aop_timestamp": now + off})).gateway_refused("gw.TimestampInvalid")
    inside = off // abs(off) * 600_000
    assert (await api.call(LIST, {"_aop_timestamp": now + inside})).ok
    assert (await api.call(LIST)).ok  # it may be left out


@pytest.mark.parametrize(
    "path", ["param2/1/com.alibaba.trade/no.such.api", "param2/2/com.alibaba.trade/alibaba.trade.getBuyerOrderList"]
)
async def test_api_unsupported(api: Api, path: str) -> None:
    whole = f"{path}/{api.app_key}"
    (await api.raw(whole, api.signed(whole, {}, api.store["access_token"]))).gateway_refused("gw.APIUnsupported")


async def test_acl_decline(api: Api) -> None:
    await api.store_act("restrict_calls", operations="alibaba.trade.get*")
    (await api.call(LIST)).gateway_refused("gw.APIACLDecline", "AppKey is not allowed(acl)")
    assert (await api.call("alibaba.trade.refund.buyer.queryOrderRefundList")).ok
    await api.store_act("restrict_calls")
    assert (await api.call(LIST)).ok


@pytest.mark.parametrize("missing", ["webSite", "tradeID", "cancelReason"])
async def test_param_missing(api: Api, missing: str) -> None:
    asked = {"webSite": "1688", "tradeID": 1, "cancelReason": "other"}
    del asked[missing]
    (await api.call("alibaba.trade.cancel", asked)).gateway_refused("gw.ParamMissing")


async def test_frequency_limit(api: Api) -> None:
    await api.store_act("set_rate_limit", per_second=2, burst=2)
    assert (await api.call(LIST)).ok
    assert (await api.call(LIST)).ok
    limited = await api.call(LIST)
    limited.gateway_refused("gw.QosAppFrequencyLimit", "App call exceeds limited frequency")
    assert (await api.call("alibaba.trade.getSellerOrderList")).ok  # the limit is per app and API
    (await api.call(LIST, who=api.other)).gateway_refused("gw.QosAppFrequencyLimit")  # not per account
    await api.advance("PT1S")
    assert (await api.call(LIST)).ok


@pytest.mark.parametrize("token", [None, "", "wrong", "expired"])
async def test_401_without_a_living_token(api: Api, token: str | None) -> None:
    if token == "expired":
        await api.store_act("expire_tokens")
        token = str(api.store["access_token"])
    refused = await api.raw(api.path(LIST), api.signed(api.path(LIST), {}, token))
    refused.gateway_refused("401", "Request need user authorized")


async def test_an_api_that_needs_no_user_ignores_a_wrong_token(api: Api) -> None:
    for name, namespace in (("currentTime", "system"), ("push.query.messageList", "cn.alibaba.open")):
        path = api.path(name, namespace)
        assert (await api.raw(path, api.signed(path, {}, "wrong"))).http == 200


async def test_the_checks_come_in_this_order(api: Api) -> None:
    """App key and signature, then token, then permission, then parameters (seen live)."""
    await api.store_act("restrict_calls", operations="alibaba.trade.cancel")
    cancel = "alibaba.trade.cancel"
    path = api.path(cancel)
    bad_key = path.replace(api.app_key, "1")
    (await api.raw(bad_key, {})).gateway_refused("gw.AppKeyNotFound")
    (await api.raw(path, {**api.signed(path, {}, "wrong"), "x": "y"})).gateway_refused("gw.SignatureInvalid")
    (await api.raw(path, api.signed(path, {}, "wrong"))).gateway_refused("401")
    (await api.call(cancel)).gateway_refused("gw.APIACLDecline")
    await api.store_act("restrict_calls")
    (await api.call(cancel)).gateway_refused("gw.ParamMissing")


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        (LIST, {"page": "one"}),
        (LIST, {"createStartTime": "yesterday"}),
        (LIST, {"orderIds": "{"}),
        (LIST, {"isHis": "perhaps"}),
        ("alibaba.trade.cancel", {"webSite": "alibaba", "tradeID": 1, "cancelReason": "other"}),
        ("alibaba.trade.cancel", {"webSite": "1688", "tradeID": 1, "cancelReason": "boredom"}),
    ],
)
async def test_parameters_that_can_not_be_read(api: Api, name: str, asked: dict[str, Any]) -> None:
    (await api.call(name, asked)).gateway_refused("400")


async def test_get_with_a_query_string_is_accepted(api: Api) -> None:
    sent = api.signed(api.path(LIST), {"page": 1}, api.store["access_token"])
    assert (await api.raw(api.path(LIST), sent, "GET")).ok["totalRecord"] == 0


async def test_the_largest_pages(api: Api) -> None:
    """Seller's list 20; the buyer's is not stated, 50 is used in public; refunds 20."""
    assert (await api.call("alibaba.trade.getSellerOrderList", {"pageSize": 20})).ok
    (await api.call("alibaba.trade.getSellerOrderList", {"pageSize": 21})).flat("PARAM_ERROR")
    assert (await api.call(LIST, {"pageSize": 50})).ok
    (await api.call(LIST, {"pageSize": 51})).flat("PARAM_ERROR")
    (await api.call(LIST, {"page": 0})).flat("PARAM_ERROR")
    refunds = "alibaba.trade.refund.buyer.queryOrderRefundList"
    assert (await api.call(refunds, {"pageSize": 20})).ok
    (await api.call(refunds, {"pageSize": 21})).query_list("PARAM_ERROR")
