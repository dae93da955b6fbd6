"""Section 5: the order list and the other order reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.mocks.shopee.conftest import Api, Start

DAY = 86_400


# -- the list -------------------------------------------------------------------------------------------------------


async def test_list_gives_order_sn_only_unless_asked(api: Api) -> None:
    order_sn = await api.order()
    assert [o["order_sn"] for o in await api.listed()] == [order_sn]
    assert all(o.keys() <= {"order_sn", "booking_sn"} for o in await api.listed())
    with_status = await api.listed(response_optional_fields="order_status")
    assert with_status[0]["order_status"] == "READY_TO_SHIP"


async def test_list_of_another_shop_is_its_own(api: Api) -> None:
    mine = await api.order()
    theirs = await api.order(store=api.stores[1]["shop_id"])
    assert [o["order_sn"] for o in await api.listed()] == [mine]
    assert [o["order_sn"] for o in await api.listed(api.stores[1])] == [theirs]


@pytest.mark.parametrize("page_size", [1, 3, 100])
async def test_pages_together_are_the_whole(start: Start, page_size: int) -> None:
    api = await start(orders=60)
    whole = [o["order_sn"] for o in await api.listed()]
    paged = [o["order_sn"] for o in await api.listed(page_size=page_size)]
    assert whole == paged
    assert len(set(whole)) == len(whole) > 5


async def test_last_page_says_so(api: Api) -> None:
    for _ in range(3):
        await api.order()
    now = await api.now()
    sent: dict[str, Any] = {
        "time_range_field": "create_time",
        "time_from": now - DAY,
        "time_to": now + 60,
        "page_size": 2,
        "cursor": "",
    }
    first = (await api.get("order/get_order_list", **sent)).ok
    assert first["more"] is True
    assert isinstance(first["next_cursor"], str)
    assert first["next_cursor"]
    last = (await api.get("order/get_order_list", **{**sent, "cursor": first["next_cursor"]})).ok
    assert (last["more"], last["next_cursor"], len(last["order_list"])) == (False, "", 1)


async def test_cursor_may_be_left_out_on_the_first_page(api: Api) -> None:
    await api.order()
    now = await api.now()
    page = await api.get(
        "order/get_order_list",
        time_range_field="create_time",
        time_from=now - 60,
        time_to=now + 60,
        page_size=10,
    )
    assert len(page.ok["order_list"]) == 1


@pytest.mark.parametrize("field", ["create_time", "update_time"])
async def test_inserts_while_paging_lose_and_repeat_nothing(api: Api, field: str) -> None:
    before = []
    for _ in range(7):
        before.append(await api.order())
        await api.advance("PT1M")
    now = await api.now()
    sent: dict[str, Any] = {
        "time_range_field": field,
        "time_from": now - DAY,
        "time_to": now + DAY,
        "page_size": 2,
        "cursor": "",
    }
    seen: list[str] = []
    while True:
        page = (await api.get("order/get_order_list", **sent)).ok
        seen += [o["order_sn"] for o in page["order_list"]]
        if not page["more"]:
            break
        sent["cursor"] = page["next_cursor"]
        if len(seen) < 8:
            await api.advance("PT1S")
            await api.order()
    assert [s for s in sorted(seen) if s in before] == sorted(before)


async def test_windows_by_create_and_by_update_time(api: Api) -> None:
    made = await api.now()
    order_sn = await api.order()
    await api.advance("PT3H")
    assert (await api.ship(order_sn)).error == ""
    changed = await api.now()
    assert (await api.detail(order_sn))["update_time"] == changed

    async def found(field: str, at: int) -> list[str]:
        page = await api.get(
            "order/get_order_list", time_range_field=field, time_from=at - 60, time_to=at + 60, page_size=10
        )
        return [o["order_sn"] for o in page.ok["order_list"]]

    assert await found("create_time", made) == [order_sn]
    assert await found("create_time", changed) == []
    assert await found("update_time", changed) == [order_sn]
    assert await found("update_time", made) == []


async def test_filter_by_status(api: Api) -> None:
    by_status = {
        "UNPAID": await api.order(phase="unpaid"),
        "READY_TO_SHIP": await api.order(phase="awaiting_shipment"),
        "PROCESSED": await api.order(phase="awaiting_collection"),
        "SHIPPED": await api.order(phase="in_transit"),
        "COMPLETED": await api.order(phase="completed"),
        "CANCELLED": await api.order(phase="cancelled"),
    }
    now = await api.now()
    for status, order_sn in by_status.items():
        page = await api.get(
            "order/get_order_list",
            time_range_field="update_time",
            time_from=now - 15 * DAY + 60,
            time_to=now + 60,
            page_size=100,
            order_status=status,
            response_optional_fields="order_status",
        )
        assert page.ok["order_list"] == [{"order_sn": order_sn, "order_status": status}]


async def test_pending_is_shown_only_when_asked(api: Api) -> None:
    order_sn = await api.order(phase="on_hold")
    asked = await api.listed(response_optional_fields="order_status", request_order_status_pending=True)
    assert [(o["order_sn"], o["order_status"]) for o in asked] == [(order_sn, "PENDING")]
    not_asked = await api.listed(response_optional_fields="order_status")
    assert all(o["order_status"] != "PENDING" for o in not_asked)
    detail = await api.detail(order_sn, pending=True)
    assert detail["order_status"] == "PENDING"
    assert set(detail["pending_terms"]) <= {"SYSTEM_PENDING", "KYC_PENDING", "ARRANGE_SHIPMENT_PENDING"}
    assert detail["pending_terms"]
    assert "pending_terms" not in await api.detail(order_sn)


# -- the other reads ------------------------------------------------------------------------------------------------


async def test_shipment_list_has_what_waits_for_the_seller(api: Api) -> None:
    ready = await api.order()
    for phase in ("unpaid", "awaiting_collection", "in_transit", "cancelled"):
        await api.order(phase=phase)
    page = (await api.get("order/get_shipment_list", page_size=100)).ok
    assert [o["order_sn"] for o in page["order_list"]] == [ready]
    assert page["order_list"][0]["package_number"]
    assert (page["more"], page["next_cursor"]) == (False, "")


@pytest.mark.parametrize(
    ("package_status", "phases"),
    [(0, {"ready", "arranged"}), (2, {"ready"}), (3, {"arranged"})],
    ids=["all", "to process", "processed"],
)
async def test_search_package_list(api: Api, package_status: int, phases: set[str]) -> None:
    made = {
        "ready": await api.order(phase="awaiting_shipment"),
        "arranged": await api.order(phase="awaiting_collection"),
    }
    answer = await api.post(
        "order/search_package_list",
        {"filter": {"package_status": package_status}, "pagination": {"page_size": 50, "cursor": ""}},
    )
    found = {p["order_sn"] for p in answer.ok["packages_list"]}
    assert found == {made[p] for p in phases}
    assert answer.ok["pagination"]["total_count"] == len(found)
    assert answer.ok["pagination"]["more"] is False


async def test_search_package_list_pages(api: Api) -> None:
    made = {await api.order() for _ in range(3)}
    body: dict[str, Any] = {"filter": {"package_status": 2}, "pagination": {"page_size": 2, "cursor": ""}}
    first = (await api.post("order/search_package_list", body)).ok
    assert first["pagination"]["more"] is True
    body["pagination"]["cursor"] = first["pagination"]["next_cursor"]
    last = (await api.post("order/search_package_list", body)).ok
    assert last["pagination"]["more"] is False
    assert {p["order_sn"] for p in first["packages_list"] + last["packages_list"]} == made


async def test_package_detail(api: Api) -> None:
    order_sn = await api.order()
    number = (await api.detail(order_sn, "package_list"))["package_list"][0]["package_number"]
    answer = (await api.get("order/get_package_detail", package_number_list=number)).ok
    package = next(v for v in answer.values() if isinstance(v, list))[0]
    assert package["package_number"] == number
    assert package["fulfillment_status"] == "LOGISTICS_READY"
    assert package["is_shipment_arranged"] is False
    assert package["tracking_number"] == ""
    assert package["can_full_cancel_order"] is True
    assert {"tag_id", "timestamp"} <= package["status_info_tag"].keys()
    assert package["status_info_tag"]["tag_id"] in range(6)


async def test_note(api: Api) -> None:
    order_sn = await api.order()
    assert (await api.post("order/set_note", {"order_sn": order_sn, "note": "ring twice"})).error == ""
    detail = await api.detail(order_sn, "note,note_update_time")
    assert (detail["note"], detail["note_update_time"]) == ("ring twice", await api.now())


async def test_split_and_unsplit(api: Api) -> None:
    order_sn = await api.order(
        lines=[
            {"sku": "A", "title": "Mug", "quantity": 1, "price": 10},
            {"sku": "B", "title": "Tea", "quantity": 1, "price": 5},
        ]
    )
    lines = await api.lines(order_sn)
    parcels = [
        {
            "item_list": [
                {
                    "item_id": i["item_id"],
                    "model_id": i["model_id"],
                    "order_item_id": i["order_item_id"],
                    "promotion_group_id": i["promotion_group_id"],
                    "model_quantity": i["model_quantity_purchased"],
                }
            ]
        }
        for i in lines
    ]
    assert (await api.post("order/split_order", {"order_sn": order_sn, "package_list": parcels})).error == ""
    detail = await api.detail(order_sn, "package_list,split_up")
    assert detail["split_up"] is True
    assert len(detail["package_list"]) == 2
    assert (await api.post("order/unsplit_order", {"order_sn": order_sn})).error == ""
    assert len((await api.detail(order_sn, "package_list"))["package_list"]) == 1
    six = {"order_sn": order_sn, "package_list": [parcels[0]] * 6}
    assert (await api.post("order/split_order", six)).error != "", "at most 5 parcels"
