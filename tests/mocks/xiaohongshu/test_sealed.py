"""Section 4.4 and 7: ciphertext, decrypting, masking, indexing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.mocks.xiaohongshu.conftest import Api

BUYER = {
    "name": "测试买家",
    "phone": "00012345678",
    "address": "示例路12号3室",
    "province": "浙江省",
    "city": "杭州市",
    "district": "西湖区",
}
FIELDS = {"receiverName": BUYER["name"], "receiverPhone": BUYER["phone"], "receiverAddress": BUYER["address"]}


def asking(order_id: str, *texts: str, **changed: Any) -> dict[str, Any]:
    rows = [{"dataTag": order_id, "encryptedData": text} for text in texts]
    return {"baseInfos": rows, "actionType": "1", "appUserId": "operator-1", **changed}


async def test_the_receiver_comes_as_ciphertext_and_is_opened_row_by_row(api: Api) -> None:
    order_id = await api.order(buyer=BUYER)
    told = await api.sealed(order_id)
    assert told["matched"] is True
    assert (told["receiverProvinceName"], told["receiverCityName"]) == ("浙江省", "杭州市")
    for name, plain in FIELDS.items():
        assert plain not in told[name]
    rows = (await api.ok("data.batchDecrypt", **asking(order_id, *(told[name] for name in FIELDS))))["dataInfoList"]
    assert [row["decryptedData"] for row in rows] == list(FIELDS.values())
    assert {row["errorCode"] for row in rows} == {0}
    assert [row["dataTag"] for row in rows] == [order_id] * 3
    assert {row["virtualNumberFlag"] for row in rows} == {False}


async def test_masks(api: Api) -> None:
    order_id = await api.order(buyer=BUYER)
    told = await api.sealed(order_id)
    asked = asking(order_id, *(told[name] for name in FIELDS))
    rows = (await api.ok("data.batchDesensitise", **asked))["desensitiseInfoList"]
    assert [row["desensitisedData"] for row in rows] == ["测***", "000****5678", "**路****号**"]
    buyer = {**BUYER, "phone": "86-00012345678"}
    other = await api.order(buyer=buyer)
    row = await api.ok("data.batchDesensitise", **asking(other, (await api.sealed(other))["receiverPhone"]))
    assert row["desensitiseInfoList"][0]["desensitisedData"] == "86-000****5678"


async def test_the_index_is_a_stable_part_of_every_ciphertext(api: Api) -> None:
    orders = [await api.order(buyer=BUYER) for _ in range(2)]
    phones = [(await api.sealed(one))["receiverPhone"] for one in orders]
    assert phones[0] != phones[1]
    rows = [{"plainText": BUYER["phone"], "type": 3}, {"plainText": BUYER["name"], "type": 2}]
    found = (await api.ok("data.batchIndex", indexBaseInfoList=rows))["indexInfoList"]
    assert [one["plainText"] for one in found] == [BUYER["phone"], BUYER["name"]]
    assert all(found[0]["searchIndex"] in phone for phone in phones)
    assert found[1]["searchIndex"] not in phones[0]
    part = await api.ok("data.batchIndex", indexBaseInfoList=[{"plainText": "0001234", "type": 3}])
    assert part["indexInfoList"][0]["searchIndex"] not in phones[0]
    (await api.call("data.batchIndex", indexBaseInfoList=[{"plainText": "x", "type": 6}])).refused(-2000400)
    (await api.call("data.batchIndex", indexBaseInfoList=[])).refused(-2000400)


async def test_the_same_order_gives_the_same_ciphertext(api: Api) -> None:
    order_id = await api.order()
    assert await api.sealed(order_id) == await api.sealed(order_id)


async def test_an_after_sale_id_may_be_the_tag(api: Api) -> None:
    order_id, returns_id = await api.asked("buyer_requests_cancellation")
    phone = (await api.sealed(order_id))["receiverPhone"]
    [row] = (await api.ok("data.batchDecrypt", **asking(returns_id, phone)))["dataInfoList"]
    assert row["errorCode"] == 0
    assert row["decryptedData"].startswith("000")


async def test_a_ciphertext_of_another_order_or_shop_is_refused_by_its_row(api: Api) -> None:
    order_id, other = await api.order(), await api.order()
    phone = (await api.sealed(order_id))["receiverPhone"]
    for tag, text in ((other, phone), (order_id, "nonsense"), ("P1", phone)):
        [row] = (await api.ok("data.batchDecrypt", **asking(tag, text)))["dataInfoList"]
        assert row["errorCode"] not in {0, -2000701, -2000702}
        assert row["decryptedData"] == ""
    answer = (await api.call("data.batchDecrypt", api.other, **asking(order_id, phone))).ok
    assert answer["dataInfoList"][0]["decryptedData"] == ""


async def test_what_the_call_asks_for(api: Api) -> None:
    order_id = await api.order()
    phone = (await api.sealed(order_id))["receiverPhone"]
    for method in ("data.batchDecrypt", "data.batchDesensitise"):
        (await api.call(method, **asking(order_id))).refused(-2000400, "baseInfos")
        (await api.call(method, **asking(order_id, phone, actionType="9"))).refused(-2000400, "actionType")
        (await api.call(method, **asking(order_id, phone, appUserId=""))).refused(-2000400, "appUserId")
        assert (await api.call(method, **asking(order_id, *[phone] * 100))).ok
        (await api.call(method, **asking(order_id, *[phone] * 101))).refused(-2000400)


async def test_receivers_only_while_the_order_waits_for_shipping(api: Api) -> None:
    for phase in ("unpaid", "on_hold", "in_transit", "completed", "cancelled"):
        order_id = await api.order(phase=phase)
        query = {"orderId": order_id, "openAddressId": (await api.detail(order_id))["openAddressId"]}
        assert await api.ok("order.getOrderReceiverInfo", receiverQueries=[query], isReturn=False) is None


async def test_a_changed_address_no_longer_matches(api: Api) -> None:
    order_id = await api.order(buyer=BUYER)
    before = (await api.detail(order_id))["openAddressId"]
    old = await api.sealed(order_id)
    await api.act(order_id, "buyer_changes_address", address="新址路9号")
    query = {"orderId": order_id, "openAddressId": before}
    told = await api.ok("order.getOrderReceiverInfo", receiverQueries=[query], isReturn=False)
    [row] = told["receiverInfos"]
    assert (row["matched"], row["receiverAddress"], row["receiverPhone"]) == (False, "", "")
    fresh = await api.sealed(order_id)
    assert fresh["matched"] is True
    assert fresh["receiverAddress"] != old["receiverAddress"]
    [plain] = (await api.ok("data.batchDecrypt", **asking(order_id, fresh["receiverAddress"])))["dataInfoList"]
    assert plain["decryptedData"] == "新址路9号"
    assert "MODIFIED_ADDR" in (await api.detail(order_id))["orderTagList"]


async def test_the_receiver_call_asks_for_its_fields(api: Api) -> None:
    order_id = await api.order()
    query = {"orderId": order_id, "openAddressId": (await api.detail(order_id))["openAddressId"]}
    (await api.call("order.getOrderReceiverInfo", receiverQueries=[query])).refused(-2000400, "isReturn")
    (await api.call("order.getOrderReceiverInfo", isReturn=False)).refused(-2000400, "receiverQueries")
    foreign = await api.order(store=api.other["seller_id"])
    bad = [query, {**query, "orderId": foreign}]
    (await api.call("order.getOrderReceiverInfo", receiverQueries=bad, isReturn=False)).refused(None, "订单不存在")
