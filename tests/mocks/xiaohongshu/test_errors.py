"""Section 11: every code the sheet knows, the texts of those it does not, and the envelopes of section 1."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from mocks.xiaohongshu.gate import Limits

if TYPE_CHECKING:
    from tests.mocks.xiaohongshu.conftest import Api


async def test_success_is_0(api: Api) -> None:
    answer = await api.call("common.getExpressCompanyList")
    assert answer.body.keys() == {"error_code", "success", "data"}
    assert answer.ok["expressCompanyInfos"]


async def test_success_is_200_on_the_newer_generation(api: Api) -> None:
    answer = await api.call("common.checkForbiddenKeyword", text="这瓶防脱发洗发水")
    assert answer.body == {
        "msg": "ok", "code": 200, "success": True, "data": {"forbiddenKeywords": ["防脱发", "防脱"]}
    }  # fmt: skip


async def test_minus_9013_is_throttling_of_a_method(api: Api) -> None:
    await api.app_act("set_rate_limit", dimension="method", per_second=2, burst=2)
    for _ in range(2):
        assert (await api.call("common.getExpressCompanyList")).ok
    throttled = await api.call("common.getExpressCompanyList")
    assert throttled.body == {"error_code": -9013, "error_msg": "触发Method维度的限流", "success": False}
    assert (await api.call("common.getAddressRecord", pageIndex=1, pageSize=10)).ok
    await api.advance("PT1S")
    assert (await api.call("common.getExpressCompanyList")).ok


async def test_the_app_has_a_limit_of_its_own(api: Api) -> None:
    await api.app_act("set_rate_limit", per_second=3)
    for store in (api.stores[0], api.other, api.stores[0]):
        assert (await api.call("common.getExpressCompanyList", store)).ok
    (await api.call("common.getAddressRecord", pageIndex=1, pageSize=10)).refused(None, "限流")


async def test_the_published_limits_are_100_a_second_for_an_app_and_200_for_a_method(api: Api) -> None:
    """Section 10; a standing clock never refills a bucket, so both are set to the published figures by hand."""
    assert (await api.app_act("set_rate_limit", per_second=100, burst=100))["burst"] == 100
    told = await asyncio.gather(*(api.call("common.getExpressCompanyList") for _ in range(110)))
    assert [one.body["success"] for one in told].count(True) == 100
    await api.advance("PT0.5S")
    told = await asyncio.gather(*(api.call("common.getExpressCompanyList") for _ in range(60)))
    assert [one.body["success"] for one in told].count(True) == 50
    limits = Limits()
    assert (limits.app.per_second, limits.method.per_second) == (100, 200)


async def test_401_is_an_unknown_app(api: Api) -> None:
    fields = await api.system("order.getOrderList", appId="f" * 20)
    answer = await api.raw({**fields, "accessToken": api.stores[0]["access_token"]})
    assert answer.body == {"error_code": 401, "error_msg": "应用不存在", "success": False}


async def test_minus_2000400_is_wrong_parameters(api: Api) -> None:
    (await api.call("order.getOrderList")).refused(-2000400, "请求参数错误")
    (await api.call("order.getOrderDetail")).refused(-2000400, "请求参数错误", "orderId")


async def test_minus_2000701_and_2000702_are_per_row_when_decrypting(api: Api) -> None:
    order_id = await api.order()
    hidden = await api.sealed(order_id)
    row = {"dataTag": order_id, "encryptedData": hidden["receiverPhone"]}
    await api.app_act("set_decrypt_quota", rows=1)
    ask: dict[str, Any] = {"baseInfos": [row, row], "actionType": "1", "appUserId": "u1"}
    first, second = (await api.ok("data.batchDecrypt", **ask))["dataInfoList"]
    assert (first["errorCode"], bool(first["decryptedData"])) == (0, True)
    assert (second["errorCode"], second["decryptedData"]) == (-2000701, "")
    await api.app_act("set_decrypt_quota", down=True)
    rows = (await api.ok("data.batchDecrypt", **ask))["dataInfoList"]
    assert {one["errorCode"] for one in rows} == {-2000702}


async def test_minus_1010001_is_a_merchant_that_can_not_be_read(api: Api) -> None:
    await api.store_act("set_seller_trouble")
    (await api.call("common.getExpressCompanyList")).refused(-1010001, "获取商家信息出错")
    assert (await api.call("common.getExpressCompanyList", api.other)).ok
    await api.store_act("set_seller_trouble", on=False)
    assert (await api.call("common.getExpressCompanyList")).ok


@pytest.mark.parametrize("code", [-1009001, -1009003, -1009005, 50209])
async def test_errors_no_call_here_brings_about_come_by_fault(api: Api, code: int) -> None:
    fault = {"operation": "common.*", "fault": "platform_error", "code": str(code), "message": "类目错误", "times": 1}
    await api.faults(fault)
    (await api.call("common.getExpressCompanyList")).refused(code, "类目错误")
    assert (await api.call("common.getExpressCompanyList")).ok


async def test_missing_permission_says_so(api: Api) -> None:
    await api.app_act("restrict_calls", operations="afterSale.*")
    (await api.call("afterSale.getAfterSaleInfo", returnsId="R1")).refused(None, "权限")
    await api.app_act("restrict_calls")
    (await api.call("afterSale.getAfterSaleInfo", returnsId="R1")).refused(None, "售后单不存在")


async def test_codes_of_the_unpublished_kinds_may_be_set(api: Api) -> None:
    await api.app_act("set_error", name="sign", code=-77, text="签名不对")
    fields = {**await api.system("common.getExpressCompanyList"), "sign": "x"}
    (await api.raw(fields)).refused(-77, "签名不对")
    table = await api.app_act("set_error")
    assert table["rate_method"] == {"code": -9013, "text": "触发Method维度的限流"}
    status, _ = await api.control("POST", "/acts", {"act": "set_error", "name": "nobody", "code": 1})
    assert status == 400


async def test_code_and_msg_in_place_of_error_code(api: Api) -> None:
    await api.app_act("set_envelope", style="code_msg")
    fine = await api.call("common.getExpressCompanyList")
    assert (fine.body["code"], fine.body["success"], "error_code" in fine.body) == (0, True, False)
    bad = await api.call("order.getOrderDetail", orderId="P1")
    assert bad.http == 200
    assert bad.body["success"] is False
    assert bad.body["code"] not in {0, 200}
    assert "订单" in bad.body["msg"]


async def test_a_second_envelope_around_after_sales(api: Api) -> None:
    await api.app_act("set_envelope", style="two_level")
    order_id = await api.order()
    told = await api.ok("afterSale.listAfterSaleInfos", pageNo=1, pageSize=5, orderId=order_id)
    assert (told["success"], told["code"], told["data"]["totalCount"]) == (True, 0, 0)
    bad = await api.call("afterSale.getAfterSaleInfo", returnsId="R1")
    assert (bad.body["success"], bad.body["error_code"]) == (True, 0)
    assert bad.body["data"]["success"] is False
    assert bad.body["data"]["code"] not in {0, 200}
    assert (await api.call("order.getOrderDetail", orderId=order_id)).ok["orderId"] == order_id


async def test_success_and_code_may_contradict_each_other(api: Api) -> None:
    await api.app_act("set_envelope", style="contradicting")
    bad = await api.call("order.getOrderDetail", orderId="P1")
    assert bad.body["success"] is True
    assert bad.body["error_code"] not in {0, 200}
    assert bad.body["error_code"] == bad.body["code"]


async def test_only_post_reaches_the_one_url(api: Api) -> None:
    async with api.http.get(api.base_url + "/ark/open_api/v3/common_controller") as answer:
        assert answer.status == 405
    async with api.http.post(api.base_url + "/ark/open_api/v0/packages") as answer:
        assert answer.status == 404
