"""Shopee's signature and what its pushes say (API.md section 12). Bodies are composed here."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from adapters.shopee import adapter
from gateway.errors import BadSignature, DataError
from gateway.model.store import App, AppSecret
from gateway.ports import AuthorisationNews

KEY = "7a6b6c6d6e6f70717273747576777879616263646566676869"
URL = "https://gw.example.com/webhooks/shopee"
BODY = (
    b'{"data":{"items":[],"ordersn":"220810QSK8S7BX","status":"PROCESSED","completed_scenario":"",'
    b'"update_time":1660123127},"shop_id":727720655,"code":3,"timestamp":1660123127}'
)
SIGN = "4932aba04ba0d88605842797d2606f714a107ef180145047da5db0c743654801"
APP = App(id="demo", platform="shopee", key="2001887", base_url="http://127.0.0.1:1")


def test_the_published_vector() -> None:
    assert len(BODY) == 170
    adapter.verify(APP, AppSecret(sign_key="other", push_key=KEY), URL, {"Authorization": SIGN}, BODY)
    adapter.verify(APP, AppSecret(sign_key=KEY), URL, {"Authorization": SIGN}, BODY)


@pytest.mark.parametrize(
    ("key", "url", "headers", "body"),
    [
        ("x" + KEY, URL, {"Authorization": SIGN}, BODY),
        (KEY, URL + "/", {"Authorization": SIGN}, BODY),
        (KEY, URL, {"Authorization": SIGN}, BODY + b"\n"),
        (KEY, URL, {"Authorization": "f" * 64}, BODY),
        (KEY, URL, {}, BODY),
    ],
)
def test_anything_else_is_refused_and_names_no_key(key, url, headers, body) -> None:
    with pytest.raises(BadSignature) as refused:
        adapter.verify(APP, AppSecret(sign_key="s", push_key=key), url, headers, body)
    assert key not in str(refused.value)
    assert SIGN not in str(refused.value)


def test_the_acknowledgement_is_empty() -> None:
    answer = adapter.ack()
    assert (answer.status, answer.body, dict(answer.headers)) == (200, b"", {})


def test_an_order() -> None:
    (hint,) = adapter.read_pushes(BODY)
    assert (hint.kind, hint.shop, hint.orders, hint.requests) == ("3", "727720655", ("220810QSK8S7BX",), ())
    assert hint.changed_at == datetime(2022, 8, 10, 9, 18, 47, tzinfo=UTC)
    assert hint.authorisation is None


def push(code, data, **more) -> bytes:
    return json.dumps({"code": code, "shop_id": 7, "timestamp": 1760000000, "data": data, **more}).encode()


def test_a_return_names_the_order_and_the_request() -> None:
    change = {"update_field": "return_status", "old_value": "REQUESTED", "new_value": "ACCEPTED", "update_time": 5}
    (hint,) = adapter.read_pushes(push(29, {"order_sn": "A1", "return_sn": "R1", "updated_values": [change]}))
    assert (hint.orders, hint.requests) == (("A1",), ("R1",))


def test_events_are_told_apart_by_shop_code_subject_field_and_time() -> None:
    status = {"ordersn": "A1", "status": "PROCESSED", "update_time": 1760000000}
    others = [
        push(3, status),
        push(3, status | {"status": "SHIPPED"}),
        push(3, status | {"update_time": 1760000001}),
        push(3, status | {"ordersn": "A2"}),
        push(3, status, shop_id=8),
        push(30, {"ordersn": "A1", "package_number": "P", "fulfillment_status": "X", "update_time": 1760000000}),
        push(30, {"ordersn": "A1", "package_number": "P", "fulfillment_status": "Y", "update_time": 1760000000}),
        push(4, {"ordersn": "A1", "package_number": "P", "tracking_no": "T"}),
        push(5, {"news": "one"}),
        push(5, {"news": "two"}),
    ]
    ids = [hint.event_id for body in others for hint in adapter.read_pushes(body)]
    assert len(set(ids)) == len(others)
    again = json.dumps(json.loads(others[0]), indent=2).encode()
    assert adapter.read_pushes(again)[0].event_id == ids[0]


@pytest.mark.parametrize(
    ("code", "data", "news", "shops"),
    [
        (1, {"shop_id": 5, "success": 1}, AuthorisationNews.given, ["5"]),
        (1, {"shop_id_list": [5, 6], "success": 1}, AuthorisationNews.given, ["5", "6"]),
        (2, {"extra": "cancelled", "success": 1}, AuthorisationNews.ended, [None]),
        (12, {"shop_expire_soon": [5, 6], "expire_before": 1}, AuthorisationNews.ending, ["5", "6"]),
    ],
)
def test_authorisations(code, data, news, shops) -> None:
    body = json.dumps({"code": code, "partner_id": 1, "timestamp": 1760000000, "data": data}).encode()
    hints = adapter.read_pushes(body)
    assert [hint.shop for hint in hints] == shops
    assert {hint.authorisation for hint in hints} == {news}


def test_codes_and_ids_as_text() -> None:
    body = push("3", {"ordersn": "A1", "status": "SHIPPED", "update_time": "1760000000123"}, shop_id="7")
    (hint,) = adapter.read_pushes(body)
    assert (hint.kind, hint.shop, hint.orders) == ("3", "7", ("A1",))
    assert hint.changed_at == datetime(2025, 10, 9, 8, 53, 20, tzinfo=UTC)


@pytest.mark.parametrize("code", [0, 5, 10, 99, -1, None])
def test_what_names_nothing_to_read(code) -> None:
    (hint,) = adapter.read_pushes(push(code, {"ordersn": "A1"}))
    assert (hint.orders, hint.requests, hint.authorisation) == ((), (), None)


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b"\xff", b"3"])
def test_what_cannot_be_read(body) -> None:
    with pytest.raises(DataError):
        adapter.read_pushes(body)
