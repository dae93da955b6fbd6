"""The simulator's answers and pushes have the keys and types of the example payloads of the fact sheet.

The payloads are read where they lie and are no part of the project: a folder `shared` beside the project's own, or
the one named by ORDER_GATEWAY_SHARED. Without it the tests are skipped, unless ORDER_GATEWAY_REQUIRE_PAYLOADS is 1.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.mocks.tiktok_shop.conftest import Api, Receiver


def folder() -> Path | None:
    named = os.environ.get("ORDER_GATEWAY_SHARED")
    roots = [Path(named)] if named else [parent / "shared" for parent in Path(__file__).resolve().parents]
    places = [root / "platforms" / "tiktok_shop" / "examples" for root in roots]
    return next((place for place in places if place.is_dir()), None)


FOLDER = folder()
REQUIRED = os.environ.get("ORDER_GATEWAY_REQUIRE_PAYLOADS") == "1"
pytestmark = [
    pytest.mark.payloads,
    pytest.mark.skipif(
        FOLDER is None and not REQUIRED,
        reason="no folder `shared` beside the project: name it in ORDER_GATEWAY_SHARED",
    ),
]


def example(name: str) -> dict[str, Any]:
    assert FOLDER is not None, "ORDER_GATEWAY_REQUIRE_PAYLOADS=1, but there is no folder of example payloads"
    found = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    assert isinstance(found, dict)
    return found


def lacking(seen: Any, made: Any, where: str = "") -> set[str]:
    """What was seen and is not made: missing keys, and values of another JSON type."""
    if isinstance(seen, dict) and isinstance(made, dict):
        rows = {f"{where}.{key} is missing" for key in seen if key not in made}
        return rows.union(*(lacking(seen[key], made[key], f"{where}.{key}") for key in seen if key in made))
    if isinstance(seen, list) and isinstance(made, list):
        return lacking(seen[0], made[0], f"{where}[]") if seen and made else set()
    return set() if type(seen) is type(made) else {f"{where} is {type(made).__name__}, seen {type(seen).__name__}"}


async def test_tokens_and_shops(api: Api) -> None:
    code = api.credentials["auth_codes"][0]
    answer = await api.token("get", auth_code=code, grant_type="authorized_code")
    assert lacking(example("token_get_response"), answer.body) == set()
    answer = await api.get("authorization/shops")
    assert lacking(example("authorized_shops_response"), answer.body) == set()


async def test_order_search(api: Api) -> None:
    await api.order(lines=[{"sku": "A", "quantity": 2}])
    answer = await api.post("order/orders/search", {}, {"page_size": 10})
    assert lacking(example("order_search_response_jp_awaiting_shipment"), answer.body) == set()


async def test_order_detail(api: Api) -> None:
    order_id = await api.order(phase="delivered", shipping_type="TIKTOK")
    answer = await api.get("order/orders", {"ids": order_id})
    # fees that only the Indonesian market has
    fees = {f".data.orders[].{part}.buyer_service_fee is missing" for part in ("line_items[]", "payment")}
    assert lacking(example("order_detail_response_id_awaiting_collection"), answer.body) == fees


async def test_cancellations(api: Api) -> None:
    order_id = await api.order()
    request = example("cancel_order_request_full")
    answer = await api.post("return_refund/cancellations", {**request, "order_id": order_id})
    assert lacking(example("cancel_order_response"), answer.body) == set()
    answer = await api.post("return_refund/cancellations/search", {})
    for name in ("search_cancellations_response_vn_buyer_complete", "search_cancellations_response_vn_system_returned"):
        assert lacking(example(name), answer.body) == set()


async def test_the_official_partial_cancellation_is_refused(api: Api) -> None:
    body = {**example("cancel_order_request_partial"), "order_id": await api.order()}
    (await api.post("return_refund/cancellations", body)).refused(25001001)


async def test_answers_to_a_request(api: Api) -> None:
    _, cancel_id = await api.asked()
    answer = await api.get("return_refund/reject_reasons", {"return_or_cancel_id": cancel_id})
    assert lacking(example("reject_reasons_response"), answer.body) == set()
    sample = example("reject_cancellation_request")
    assert (await api.post(f"return_refund/cancellations/{cancel_id}/reject", sample)).ok == {}
    _, cancel_id = await api.asked()
    answer = await api.post(f"return_refund/cancellations/{cancel_id}/approve", {})
    assert lacking(example("approve_cancellation_response"), answer.body) == set()


async def test_returns(api: Api) -> None:
    assert (await api.post("return_refund/returns/search", {})).ok == example("search_returns_response_empty_page")[
        "data"
    ]
    order_id, return_id = await api.returned("buyer_requests_return")
    sample = example("approve_return_request_inconsistent")
    (await api.post(f"return_refund/returns/{return_id}/approve", sample)).refused(25020004)
    assert (await api.decide(return_id, "APPROVE_RETURN")).code == 0
    await api.act(order_id, "buyer_ships_return")
    answer = await api.post("return_refund/returns/search", {})
    assert lacking(example("search_returns_response_vn_quick_refund"), answer.body) == set()
    sample = example("reject_return_request_received_package")
    assert (await api.post(f"return_refund/returns/{return_id}/reject", sample)).ok == {}


async def test_the_official_refund_sample_fits_no_order_of_japan(api: Api) -> None:
    body = {**example("create_return_request"), "order_id": await api.order(phase="delivered")}
    (await api.post("return_refund/returns", body)).refused(25001001)


async def test_errors(api: Api) -> None:
    path = "/authorization/202309/shops"
    query = {**await api.query(path), "sign": "0" * 64}
    answer = await api.raw("GET", path, query, headers={"x-tts-access-token": api.store["access_token"]})
    seen = example("error_invalid_sign_response")
    assert (answer.code, answer.body["message"]) == (seen["code"], seen["message"])
    assert lacking(seen, answer.body) == set()
    answer = await api.cancel(await api.order(phase="unpaid"))
    seen = example("error_reason_mismatch_response")
    assert (answer.code, answer.body["message"]) == (seen["code"], seen["message"])
    order_id, _ = await api.asked()
    answer = await api.ship(order_id)
    seen = example("ship_package_blocked_response")
    assert (answer.code, answer.body["message"]) == (seen["code"], seen["message"])


async def test_pushes(api: Api, pushed: Receiver) -> None:
    order_id = await api.order(lines=[{"sku": "A"}, {"sku": "B"}])
    await api.act(order_id, "seller_splits")
    await api.act(order_id, "buyer_requests_cancellation")
    await api.act(order_id, "buyer_withdraws_request")
    await api.act(await api.order(phase="delivered"), "buyer_requests_refund")
    for kind, number, name in (
        (1, 1, "webhook_1_order_status_change"),
        (4, 1, "webhook_4_package_update_combine"),
        (11, 1, "webhook_11_cancellation_status_change"),
        (11, 2, "webhook_11_cancelled_spelling"),
        (12, 1, "webhook_12_return_status_change"),
    ):
        push = (await pushed.expect(kind, number))[number - 1].body
        seen = example(name)
        assert lacking(seen, push) == set()
        assert push.keys() == seen.keys()
        assert push["data"].keys() == seen["data"].keys()
