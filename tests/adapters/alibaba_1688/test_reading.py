"""Edges of reading: amounts, instants, pages that shrink, a list that ignores its window; authorisation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from adapters.alibaba_1688 import adapter
from adapters.alibaba_1688.orders import map_order
from adapters.alibaba_1688.paging import Place, next_place, place_of
from adapters.alibaba_1688.refunds import subject_of
from adapters.alibaba_1688.values import Unmappable, fen, instant, line_id_of, yuan
from gateway.errors import DataError, InvalidRequest
from gateway.model.order import EndedBy, EndReason, Order, PaymentState
from gateway.model.store import AppSecret
from gateway.ports import Answer, Window
from gateway.transport.json import encode
from tests.adapters.alibaba_1688.contract.case import (
    APP,
    BUYER,
    LINE,
    MEMBER,
    REFUND,
    SELLER,
    item_row,
    order_row,
    refund_row,
)

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAY = Window(NOW - timedelta(days=1), NOW)
REFUND_LIST = "alibaba.trade.refund.queryOrderRefundList"


def read(row: dict[str, Any]) -> Order:
    batch = map_order(row, SELLER.connected.store, "-")
    assert not batch.bad, batch.bad
    return batch.orders[0]


def test_yuan_and_fen_stand_side_by_side() -> None:
    assert yuan("6.15", "CNY", "x") == fen("615", "CNY", "x") == 615
    assert (yuan(None, "CNY", "x"), fen("", "CNY", "x"), yuan("0", "CNY", "x")) == (None, None, 0)
    assert yuan("90071992547409.93", "CNY", "x") == 9007199254740993
    for broken in ("1.234", "x"):
        with pytest.raises(Unmappable, match="totalAmount"):
            yuan(broken, "CNY", "totalAmount")
    with pytest.raises(Unmappable, match="discount"):
        fen("1.5", "CNY", "discount")


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        ("20180801104333000+0800", datetime(2018, 8, 1, 2, 43, 33, tzinfo=UTC)),
        ("20170913231916000-0700", datetime(2017, 9, 14, 6, 19, 16, tzinfo=UTC)),
        ("20121222222222+0800", datetime(2012, 12, 22, 14, 22, 22, tzinfo=UTC)),
        ("20180801104333123+0800", datetime(2018, 8, 1, 2, 43, 33, 123000, tzinfo=UTC)),
        ("2018-05-30 19:34:27", datetime(2018, 5, 30, 11, 34, 27, tzinfo=UTC)),  # China's time, unsaid
        (" ", None),
        (None, None),
    ],
)
def test_instants_in_all_their_forms(told: str | None, meant: datetime | None) -> None:
    assert instant(told, "createTime") == meant


@pytest.mark.parametrize("broken", ["20181301104333000+0800", "yesterday", "20180801104333000", "1773144000000"])
def test_an_instant_that_is_none_names_its_field(broken: str) -> None:
    with pytest.raises(Unmappable, match=r"^createTime"):
        instant(broken, "createTime")


def test_a_lines_number_is_its_twin_or_its_snapshots() -> None:
    link = "https://trade.1688.com/order/offer_snapshot.htm?order_entry_id=58218860985545941"
    assert line_id_of({"subItemID": "58218860985545944", "subItemIDString": "58218860985545941"}) == "58218860985545941"
    assert line_id_of({"subItemID": "58218860985545944", "productSnapshotUrl": link}) == "58218860985545941"
    # the address of another line is no rounding of this number
    assert line_id_of({"subItemID": "77718860985545944", "productSnapshotUrl": link}) == "77718860985545944"
    assert line_id_of({"subItemID": "58218860985545944"}) == "58218860985545944"


def test_an_order_paid_on_delivery_or_by_credit_waits_for_no_money() -> None:
    assert read(order_row(tradeType="8", payTime=None)).payment is PaymentState.on_delivery
    row = order_row()
    row["tradeTerms"][0]["payStatus"] = "12"
    assert read(row).payment is PaymentState.on_credit


def test_an_order_nobody_paid_ends_by_time() -> None:
    order = read(order_row(status="cancel", payTime=None, closeOperateType="CLOSE_TRADE_BY_SYSTEM"))
    assert (order.ended_by, order.end_reason) == (EndedBy.platform, EndReason.unpaid)


def test_a_unit_price_finer_than_a_fen_is_none_and_the_order_goes_on() -> None:
    row = order_row()
    row["productItems"] = [item_row(price=Decimal("3.433"), quantity=3, itemAmount=Decimal("10.30"))]
    (line,) = read(row).lines
    assert (line.list_price_minor, line.unit_price_minor, line.paid_minor) == (None, None, 1030)


def test_an_order_without_its_number_is_set_aside() -> None:
    row = order_row(idOfStr=None, id=None)
    batch = map_order(row, SELLER.connected.store, "asked-for")
    assert [(bad.external_id, bad.reason) for bad in batch.bad] == [("asked-for", "baseInfo.id: missing")]


def test_a_supplier_is_told_to_who_buys_only() -> None:
    assert read(order_row()).supplier is None
    (order,) = map_order(order_row(), BUYER.connected.store, "-").orders
    assert order.supplier is not None
    assert (order.supplier.supplier_id, order.supplier.name) == (MEMBER, "Example Works")


# -- pages ---------------------------------------------------------------------------------------------------------


def test_a_page_goes_back_when_rows_have_left_the_list() -> None:
    assert next_place(Place(3, 100), 20, 100, first=1) == Place(4, 100)
    assert next_place(Place(3, 100), 20, 99, first=1) == Place(2, 99)  # one has left: the page before may hold news
    assert next_place(Place(5, 100), 20, 55, first=1) == Place(2, 55)
    assert next_place(Place(2, 100), 20, 10, first=1) == Place(1, 10)
    assert next_place(Place(1, 100), 7, 7, first=1) is None
    assert next_place(Place(5, 90), 10, 90, first=1) is None


def test_a_page_of_the_older_table_stays_there() -> None:
    token = str(Place(2, 41, old=True))
    assert place_of(token, first=1) == Place(2, 41, old=True)
    for broken in ("", "2", "new:x:", "older:1:2"):
        with pytest.raises(DataError):
            place_of(broken, first=1)


async def test_no_order_is_lost_when_one_before_it_changes_while_pages_are_read(paper: Any) -> None:
    """The list has 21 orders; after its first page the newest leaves the window, and the 21st moves up."""
    rows = [{"baseInfo": {"idOfStr": str(number)}} for number in range(1, 22)]
    name = "alibaba.trade.getSellerOrderList"
    shop = paper(
        "seller",
        named={
            name: [
                {"result": rows[:20], "totalRecord": 21},
                {"result": [], "totalRecord": 20},
                {"result": rows[1:], "totalRecord": 20},
                {"result": [], "totalRecord": 20},
                {"result": [], "totalRecord": 0},
            ]
        },
    )
    seen: set[str] = set()
    page: str | None = None
    while True:
        told = await adapter.list_orders(shop, DAY, page)
        seen |= set(told.ids)
        page = told.next_page
        if page is None:
            break
    assert seen == {str(number) for number in range(1, 22)}


async def test_refunds_beyond_the_window_are_left_out(paper: Any) -> None:
    """The seller's list may not know update times, and then gives all there is."""
    inside, outside = refund_row(), refund_row(refundId="TQ1", id=1, gmtModified="20260101000000000+0800")
    told = {"success": True, "result": {"opOrderRefundModels": [outside, inside], "totalCount": 2}}
    page = await adapter.list_after_sales(paper("seller", named={REFUND_LIST: told}), DAY, None)
    assert [one.request_id for one in page.after_sales] == [REFUND]


async def test_a_refund_under_its_digits_is_the_same(paper: Any) -> None:
    name = "alibaba.trade.refund.OpQueryOrderRefund.sellerView"
    shop = paper("seller", named={name: {"result": {"opOrderRefundModelDetail": refund_row()}}})
    digits = await adapter.fetch_after_sale(shop, REFUND.removeprefix("TQ"))
    assert [one.request_id for one in digits.after_sales] == [REFUND]
    with pytest.raises(InvalidRequest):
        await adapter.fetch_after_sale(shop, "TQ12x")


# -- what a refund is about ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "moved", "asked", "goods", "expected"),
    [
        ("waitsellersend", "1", "refund", "", "refundWaitSellerSend"),
        ("waitbuyerreceive", "2", "refund", "", "refundWaitBuyerReceive"),
        ("waitbuyerreceive", "2", "refund", "received", "refundBuyerReceived"),
        ("waitbuyerreceive", "2", "return_refund", "", "refundBuyerReceived"),
        ("success", "3", "refund", "", "aftersaleBuyerReceived"),
        ("success", "3", "refund", "not_received", "aftersaleBuyerNotReceived"),
    ],
)
def test_where_the_goods_are(status: str, moved: str, asked: str, goods: str, expected: str) -> None:
    item = {"subItemIDString": LINE, "quantity": "2", "logisticsStatus": moved, "status": status}
    row: Any = {"baseInfo": {"status": status}, "productItems": [item]}
    assert subject_of(row, "1", (), asked, goods).goods_status == expected


def test_lines_that_have_left_and_lines_that_have_not_are_asked_for_apart() -> None:
    items = [
        {"subItemIDString": "1", "quantity": "1", "logisticsStatus": "1"},
        {"subItemIDString": "2", "quantity": "1", "logisticsStatus": "2"},
    ]
    row: Any = {"baseInfo": {"status": "waitsellersend"}, "productItems": items}
    with pytest.raises(InvalidRequest, match="apart"):
        subject_of(row, "1", (), "refund", "")
    assert subject_of(row, "1", (("2", 1),), "refund", "").goods_status == "refundWaitBuyerReceive"
    with pytest.raises(InvalidRequest, match="no such lines"):
        subject_of(row, "1", (("3", 1),), "refund", "")


# -- authorisation -------------------------------------------------------------------------------------------------


def test_the_link_leads_to_the_host_where_people_sign_in() -> None:
    home = "https://gw.example.com/oauth/alibaba_1688/callback"
    for base, host in (
        ("https://gw.open.1688.com", "https://auth.1688.com"),
        ("http://127.0.0.1:9104", "http://127.0.0.1:9104"),
    ):
        app = APP.model_copy(update={"base_url": base})
        url = adapter.authorise_url(app, AppSecret(sign_key="k"), home, "st4te", NOW)
        assert url.startswith(f"{host}/oauth/authorize?")
        told = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert told == {"client_id": "1000000", "site": "1688", "redirect_uri": home, "state": "st4te"}


def test_a_refresh_keeps_the_refresh_token_unless_there_is_a_new_one() -> None:
    connected = SELLER.connected
    call = adapter.refresh_call(APP, connected.store, connected.credential)
    (kept,) = adapter.read_grants(call, Answer(200, {}, encode({"access_token": "a", "expires_in": "36000"})), NOW)
    assert (kept.external_id, kept.credential.refresh_token) == ("", connected.credential.refresh_token)
    fresh = {"access_token": "a", "refresh_token": "new", "memberId": MEMBER}
    (new,) = adapter.read_grants(call, Answer(200, {}, encode(fresh)), NOW)
    assert (new.external_id, new.credential.refresh_token) == (MEMBER, "new")
    assert new.credential.expires_at == NOW + timedelta(hours=10)


def test_an_authorisation_says_whose_it_is() -> None:
    call = adapter.exchange_call(APP, {"code": "c"})
    with pytest.raises(DataError, match="whose"):
        adapter.read_grants(call, Answer(200, {}, encode({"access_token": "a"})), NOW)
    with pytest.raises(DataError, match="code"):
        adapter.exchange_call(APP, {"state": "x"})


def test_the_secret_travels_with_token_calls_only_and_the_file_unsigned() -> None:
    connected = SELLER.connected
    call = adapter.refresh_call(APP, connected.store, connected.credential)
    signed = adapter.sign(call, APP, connected.secret, None, None, NOW)
    assert signed.url == f"{APP.base_url}/openapi/http/1/system.oauth2/getToken/{APP.key}"
    told = parse_qs((signed.body or b"").decode())
    assert told["client_secret"] == ["test123"]
    assert "_aop_signature" not in told
