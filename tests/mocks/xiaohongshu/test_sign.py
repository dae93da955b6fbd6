"""Section 2 and section 9: signatures of calls and pushes, with the sheet's vectors; the checks around them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mocks.xiaohongshu import gate

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.mocks.xiaohongshu.conftest import Api, Receiver

VECTORS = [
    ("order.getOrderList", "test_app_id_0001", "1700000000", "test_secret_0001", "e58fd2997cf44de2d07774f5ad26d255"),
    ("oauth.getAccessToken", "test_app_id_0001", "1700000000", "test_secret_0001", "5d132706d2f469d29765c451851c0074"),
    (
        "afterSale.auditReturns",
        "test_app_id_0001",
        "1700000001",
        "test_secret_0001",
        "7a661470e3b7e99090fad5cb1995eba8",
    ),
    ("product.createItem", "21d6748be8de0", "1612518379", "429aa3aee9ef9e4a858210", "1e039e3cd6e0d895e59133029602297e"),
]
PUSH_VECTORS = [
    (
        "/open_api/msg",
        {"canshu": "test", "app-key": "xhs", "timestamp": "1625475843"},
        "9a539709cafc1efc9ef05838be468a28",
        "a7b7430de338783293443133ab9b9357",
    ),
    (
        "/webhooks/xiaohongshu",
        {"app-key": "test_app_id_0001", "timestamp": "1700000000"},
        "test_secret_0001",
        "e439d861a15738ff3ab0d2b5cc1602f5",
    ),
    (
        "/webhooks/xiaohongshu",
        {"app-key": "test_app_id_0001", "timestamp": "1700000000", "shop": "s1"},
        "test_secret_0001",
        "492b7de7ed96e2e2dd5aabafe3c369a7",
    ),
]


@pytest.mark.parametrize(("method", "app_id", "timestamp", "secret", "right"), VECTORS)
def test_vectors_of_calls(
    sign: Callable[..., str], method: str, app_id: str, timestamp: str, secret: str, right: str
) -> None:
    assert sign(method, app_id, timestamp, "2.0", secret) == right
    assert gate.sign_of(method, app_id, timestamp, "2.0", secret) == right


@pytest.mark.parametrize(("path", "params", "secret", "right"), PUSH_VECTORS)
def test_vectors_of_pushes(
    push_sign: Callable[..., str], path: str, params: dict[str, str], secret: str, right: str
) -> None:
    assert push_sign(path, params, secret) == right
    assert gate.push_sign_of(path, params, secret) == right


async def test_the_timestamp_may_be_text_or_number(api: Api) -> None:
    now = await api.now()
    for timestamp in (str(now), now):
        fields = await api.system("order.getOrderList", timestamp=timestamp)
        token = api.stores[0]["access_token"]
        answer = await api.raw({**fields, "accessToken": token, "startTime": now - 9, "endTime": now, "timeType": 1})
        assert answer.ok["total"] == 0


async def test_a_wrong_or_missing_sign_is_refused(api: Api) -> None:
    fields = {**await api.system("common.getExpressCompanyList"), "accessToken": api.stores[0]["access_token"]}
    assert (await api.raw(fields)).ok["expressCompanyInfos"]
    (await api.raw({**fields, "sign": "0" * 32})).refused(None, "sign")
    (await api.raw({**fields, "sign": fields["sign"].upper()})).refused(None, "sign")
    (await api.raw({k: v for k, v in fields.items() if k != "sign"})).refused(None, "sign")


async def test_another_methods_sign_does_not_fit(api: Api) -> None:
    fields = {**await api.system("common.getExpressCompanyList"), "accessToken": api.stores[0]["access_token"]}
    (await api.raw({**fields, "method": "common.getAddressRecord"})).refused(None, "签名")


@pytest.mark.parametrize(("skew", "fine"), [(600, True), (-600, True), (601, False), (-601, False)])
async def test_the_timestamp_may_be_ten_minutes_off(api: Api, skew: int, fine: bool) -> None:
    fields = await api.system("common.getExpressCompanyList", timestamp=str(await api.now() + skew))
    answer = await api.raw({**fields, "accessToken": api.stores[0]["access_token"]})
    if fine:
        assert answer.ok
    else:
        answer.refused(None, "timestamp")


async def test_business_fields_and_the_token_are_not_signed(api: Api) -> None:
    fields = await api.system("common.getAddressRecord")
    for size in (1, 7):
        for store in api.stores:
            body = {**fields, "accessToken": store["access_token"], "pageIndex": 1, "pageSize": size}
            assert (await api.raw(body)).ok["total"] >= 1


@pytest.mark.parametrize("missing", ["method", "appId", "timestamp", "version"])
async def test_every_system_field_is_asked_for(api: Api, missing: str) -> None:
    fields: dict[str, Any] = {**await api.system("common.getExpressCompanyList")}
    del fields[missing]
    (await api.raw({**fields, "accessToken": api.stores[0]["access_token"]})).refused(-2000400, missing)


async def test_method_names_are_case_sensitive_and_retired_ones_are_gone(api: Api) -> None:
    for method in ("order.getorderlist", "package.getCancelApplyList", "package.auditCancelApply", "order.cancel"):
        (await api.call(method)).refused(None, "method")


async def test_a_body_that_is_no_object_is_refused(api: Api) -> None:
    (await api.raw(b"[1]")).refused(-2000400)
    (await api.raw(b"{nope")).refused(-2000400)


async def test_pushes_are_signed_over_path_and_query_with_the_headers(
    api: Api, pushed: Receiver, push_sign: Callable[..., str]
) -> None:
    await api.order()
    await pushed.wait(lambda: bool(pushed.got))
    one = pushed.got[0]
    assert one.headers["app-key"] == api.app_id
    assert one.headers["timestamp"] == str(await api.now())
    params = {"app-key": one.headers["app-key"], "timestamp": one.headers["timestamp"], **one.query}
    assert one.query == {"shop": "s1"}
    assert one.headers["sign"] == push_sign(one.path, params, api.secret)
