"""The adapter through the production transport against the simulator, over real HTTP on loopback."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from adapters.shopee import adapter
from gateway.errors import Conflict, MissingScope, NotFound, OutcomeUnknown, StoreDisconnected
from gateway.model.after_sale import DisputeState, GoodsState, RefundState, RequestKind, RequestState
from gateway.model.order import Closure, EndedBy, EndReason, FulfillmentState, Order, PaymentState
from gateway.ports import Act, Happened, Operation, Window


def act(operation: Operation, order_id: str, **fields: Any) -> Act:
    return Act(operation=operation, order_id=order_id, key=f"k:{order_id}", **fields)


async def all_ids(simulated: Any, days: int = 60) -> list[str]:
    ids: list[str] = []
    end = simulated.clock.now()
    for step in range(days // 15 + 1):
        window = Window(end - timedelta(days=15 * (step + 1)), end - timedelta(days=15 * step))
        page: str | None = None
        while True:
            found = await adapter.list_orders(simulated.channel, window, page)
            ids += found.ids
            page = found.next_page
            if page is None:
                break
    return list(dict.fromkeys(ids))


async def one(simulated: Any, order_id: str) -> Order:
    batch = await adapter.fetch_orders(simulated.channel, [order_id])
    assert not batch.bad
    return batch.orders[0]


async def compare(simulated: Any) -> None:
    told = await simulated.get("/orders?limit=1000")
    rows = told["orders"] if isinstance(told, dict) else told
    truth = {row["id"]: row for row in rows if row["store"] == simulated.channel.store.external_id}
    ids = await all_ids(simulated)
    assert len(ids) > 4
    assert set(truth) == set(ids)
    orders: dict[str, Order] = {}
    for start in range(0, len(ids), 50):
        batch = await adapter.fetch_orders(simulated.channel, ids[start : start + 50])
        assert (list(batch.bad), list(batch.missing), list(batch.unmapped)) == ([], [], [])
        assert [raw.external_id for raw in batch.raws] == [order.order_id for order in batch.orders]
        orders |= {order.order_id: order for order in batch.orders}
    assert set(orders) == set(truth)
    for order_id, order in orders.items():
        check(order, truth[order_id])


def amount(minor: int | None, currency: str) -> Decimal | None:
    return None if minor is None else Decimal(minor).scaleb(0 if currency == "VND" else -2)


def told_amount(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def seconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp())


def check(order: Order, truth: Any) -> None:
    assert order.raw_status == truth["status"]
    assert (order.region, order.currency) == (truth["region"], truth["currency"])
    times = truth["times"]
    assert seconds(order.placed_at) == times["created"]
    assert seconds(order.updated_at) == times["updated"]
    assert seconds(order.paid_at) == times["paid"]
    assert seconds(order.ship_by) == times["ship_by"]
    assert seconds(order.shipped_at) == times["pickup_done"]
    paid = "paid" if times["paid"] else "on_delivery" if truth["cod"] else "unpaid"
    assert order.payment == paid
    assert amount(order.total_minor, order.currency) == told_amount(truth["money"]["total"])
    lines = {line.line_id: line for line in order.lines}
    assert len(lines) == len(truth["lines"])
    for row in truth["lines"]:
        line = lines[":".join(row[part] for part in ("item_id", "model_id", "order_item_id", "promotion_group_id"))]
        assert (line.title, line.sku) == (row["title"], row["sku"])
        told = [row[name] for name in ("quantity", "cancel_requested", "cancelled", "return_requested", "returned")]
        assert [
            line.quantity,
            line.cancel_requested,
            line.cancelled,
            line.return_requested,
            line.returned,
        ] == told
        assert amount(line.unit_price_minor, order.currency) == told_amount(row["price"])
    packages = {package.package_id: package for package in order.packages}
    assert {number: (one.raw_status, one.tracking_number) for number, one in packages.items()} == {
        row["number"]: (row["status"], row["tracking_number"] or "") for row in truth["packages"]
    }
    assert any(request.state is RequestState.open for request in order.requests) == (truth["cancellation"] is not None)
    if truth["ended"] is None:
        assert (order.ended_by, order.end_reason) == (None, None)
    else:
        by = {"buyer": "buyer", "seller": "seller", "system": "platform", "Ops": "platform"}[truth["ended"]["by"]]
        assert (order.ended_by, order.end_reason_raw) == (by, truth["ended"]["reason"])


async def test_orders_of_singapore(simulated: Any) -> None:
    await compare(simulated)


async def test_orders_of_vietnam(simulated_vietnam: Any) -> None:
    await compare(simulated_vietnam)


async def test_the_list_is_paged_by_cursor_and_complete(simulated: Any) -> None:
    made = {await simulated.make() for _ in range(130)}
    now = simulated.clock.now()
    window = Window(now - timedelta(days=1), now + timedelta(minutes=1))
    first = await adapter.list_orders(simulated.channel, window, None)
    assert (len(first.ids), first.next_page is None) == (100, False)
    second = await adapter.list_orders(simulated.channel, window, first.next_page)
    assert second.next_page is None
    assert made <= {*first.ids, *second.ids}
    assert not set(first.ids) & set(second.ids)


async def test_the_widest_window_is_taken(simulated: Any) -> None:
    end = simulated.clock.now()
    await adapter.list_orders(simulated.channel, Window(end - adapter.manifest.limits.order_window, end), None)
    await adapter.list_after_sales(simulated.channel, Window(end - timedelta(days=15), end), None)


async def test_unknown_orders_among_known_ones_are_named(simulated: Any) -> None:
    known = [await simulated.make() for _ in range(3)]
    batch = await adapter.fetch_orders(simulated.channel, [known[0], "000000XXXXXXXX", known[1], known[2]])
    assert [order.order_id for order in batch.orders] == known
    assert list(batch.missing) == ["000000XXXXXXXX"]


async def test_buyers_are_masked_in_vietnam_only(simulated: Any, simulated_vietnam: Any) -> None:
    clear = await one(simulated, await simulated.make())
    hidden = await one(simulated_vietnam, await simulated_vietnam.make())
    assert clear.recipient is not None
    assert hidden.recipient is not None
    assert clear.recipient.masked == frozenset()
    assert {"name", "phone"} <= hidden.recipient.masked


async def test_a_bundle_has_lines_of_their_own_without_price(simulated: Any) -> None:
    order_id = await simulated.make(bundle=True)
    order = await one(simulated, order_id)
    check(order, await simulated.truth(order_id))
    bundled = [line for line in order.lines if line.platform_ids["promotion_group_id"] != "0"]
    assert bundled
    assert {line.unit_price_minor for line in bundled} == {None}
    assert sum(each.quantity for package in order.packages for each in package.lines) == sum(
        line.quantity for line in order.lines
    )


# -- cancellation ------------------------------------------------------------------------------------------------


async def test_a_buyers_request_is_seen_accepted_and_settled(simulated: Any) -> None:
    order_id = await simulated.make()
    await simulated.act(order_id, "buyer_requests_cancellation", reason="Found Cheaper Elsewhere")
    order = await one(simulated, order_id)
    (request,) = order.requests
    assert (order.fulfillment, order.closure) == (FulfillmentState.to_ship, Closure.open)
    assert (request.request_id, request.kind, request.state) == (
        f"cancel:{order_id}",
        RequestKind.cancellation,
        RequestState.open,
    )
    accept = act(Operation.accept_cancellation, order_id, request_id=request.request_id)
    before = await adapter.probe(simulated.channel, accept)
    assert before.happened is Happened.not_applied
    assert await adapter.perform(simulated.channel, accept)
    assert (await adapter.probe(simulated.channel, accept)).happened is Happened.applied
    ended = await one(simulated, order_id)
    assert (ended.closure, ended.ended_by, ended.end_reason) == (
        Closure.cancelled,
        EndedBy.buyer,
        EndReason.buyer_asked,
    )
    with pytest.raises(Conflict):
        await adapter.perform(simulated.channel, accept)


async def test_a_request_is_rejected_and_the_order_goes_on(simulated: Any) -> None:
    order_id = await simulated.make()
    await simulated.act(order_id, "buyer_requests_cancellation", reason="Others")
    reject = act(Operation.reject_cancellation, order_id)
    assert (await adapter.probe(simulated.channel, reject)).happened is Happened.not_applied
    await adapter.perform(simulated.channel, reject)
    assert (await adapter.probe(simulated.channel, reject)).happened is Happened.applied
    order = await one(simulated, order_id)
    assert (order.raw_status, order.requests) == ("READY_TO_SHIP", ())


async def test_a_withdrawn_request_is_not_an_accepted_one(simulated: Any) -> None:
    order_id = await simulated.make()
    await simulated.act(order_id, "buyer_requests_cancellation", reason="Others")
    await simulated.act(order_id, "buyer_withdraws_request")
    finding = await adapter.probe(simulated.channel, act(Operation.accept_cancellation, order_id))
    assert finding.happened is Happened.not_applied
    assert "READY_TO_SHIP" in finding.because


async def test_out_of_stock_ends_the_whole_order_once(simulated: Any) -> None:
    order_id = await simulated.make()
    order = await one(simulated, order_id)
    lines = tuple((line.line_id, line.quantity) for line in order.lines)
    close = act(Operation.seller_close, order_id, reason="OUT_OF_STOCK", lines=lines)
    assert (await adapter.probe(simulated.channel, close)).happened is Happened.not_applied
    await adapter.perform(simulated.channel, close)
    assert (await adapter.probe(simulated.channel, close)).happened is Happened.applied
    ended = await one(simulated, order_id)
    assert (ended.ended_by, ended.end_reason, ended.end_reason_raw) == (
        EndedBy.seller,
        EndReason.out_of_stock,
        "Out of Stock",
    )
    with pytest.raises(Conflict) as second:
        await adapter.perform(simulated.channel, close)
    assert second.value.code == "order.error_limit"
    assert [row["order_id"] for row in await effects_of(simulated)].count(order_id) == 1


async def effects_of(simulated: Any) -> list[Any]:
    told = await simulated.get("/effects")
    return list(told["effects"] if isinstance(told, dict) else told)


async def test_out_of_stock_without_lines_names_every_item(simulated: Any) -> None:
    order_id = await simulated.make()
    await adapter.perform(simulated.channel, act(Operation.seller_close, order_id, reason="OUT_OF_STOCK"))
    assert (await one(simulated, order_id)).closure is Closure.cancelled


async def test_an_order_the_buyer_ended_is_no_close_of_ours(simulated: Any) -> None:
    order_id = await simulated.make()
    await simulated.act(order_id, "buyer_cancels", reason="Others")
    finding = await adapter.probe(simulated.channel, act(Operation.seller_close, order_id, reason="OUT_OF_STOCK"))
    assert finding.happened is Happened.not_applied
    assert finding.because.startswith("ended by buyer")


@pytest.mark.parametrize(("fault", "happened"), [("timeout_before", "not_applied"), ("timeout_after", "applied")])
async def test_a_lost_answer_is_settled_by_a_probe(simulated: Any, fault: str, happened: str) -> None:
    order_id = await simulated.make()
    await simulated.post("/faults", [{"operation": "cancel_order", "fault": fault, "times": 1, "ms": 10}])
    close = act(Operation.seller_close, order_id, reason="CUSTOMER_REQUEST")
    with pytest.raises(OutcomeUnknown):
        await adapter.perform(simulated.channel, close)
    assert (await adapter.probe(simulated.channel, close)).happened == happened


async def test_some_units_are_cancelled_by_line(simulated: Any) -> None:
    lines = [{"sku": "A", "title": "A", "quantity": 3, "price": "5.00"}, {"sku": "B", "title": "B", "quantity": 1}]
    order_id = await simulated.make(lines=lines)
    order = await one(simulated, order_id)
    assert order.can_cancel_lines is True
    first = next(line for line in order.lines if line.sku == "A")
    cancel = act(Operation.cancel_lines, order_id, reason="OUT_OF_STOCK", lines=((first.line_id, 2),))
    assert (await adapter.probe(simulated.channel, cancel)).happened is Happened.not_applied
    await adapter.perform(simulated.channel, cancel)
    assert (await adapter.probe(simulated.channel, cancel)).happened is Happened.applied
    after = await one(simulated, order_id)
    assert {line.sku: line.cancelled for line in after.lines} == {"A": 2, "B": 0}
    assert after.closure is Closure.open


# -- shipping, notes, chat -----------------------------------------------------------------------------------------


async def test_an_order_is_shipped_with_one_write(simulated: Any) -> None:
    order_id = await simulated.make()
    ship = act(Operation.ship, order_id)
    assert (await adapter.probe(simulated.channel, ship)).happened is Happened.not_applied
    await adapter.perform(simulated.channel, ship)
    assert (await adapter.probe(simulated.channel, ship)).happened is Happened.applied
    order = await one(simulated, order_id)
    assert (order.raw_status, order.fulfillment) == ("PROCESSED", FulfillmentState.arranged)
    assert order.packages[0].tracking_number != ""
    assert [row["operation"] for row in await effects_of(simulated)] == ["logistics/ship_order"]
    with pytest.raises(Conflict):
        await adapter.perform(simulated.channel, ship)


async def test_a_missed_pickup_is_arranged_again(simulated: Any) -> None:
    order_id = await simulated.make()
    await adapter.perform(simulated.channel, act(Operation.ship, order_id, parameters={"method": "pickup"}))
    await simulated.act(order_id, "carrier_misses_pickup")
    assert (await one(simulated, order_id)).fulfillment is FulfillmentState.to_ship
    again = act(Operation.ship, order_id, parameters={"method": "pickup"})
    await adapter.perform(simulated.channel, again)
    assert (await adapter.probe(simulated.channel, again)).happened is Happened.applied


async def test_a_note_is_set(simulated: Any) -> None:
    order_id = await simulated.make()
    note = act(Operation.set_note, order_id, parameters={"note": "call 客户 first"})
    assert (await adapter.probe(simulated.channel, note)).happened is Happened.not_applied
    await adapter.perform(simulated.channel, note)
    assert (await adapter.probe(simulated.channel, note)).happened is Happened.applied
    assert (await one(simulated, order_id)).note == "call 客户 first"


async def test_a_message_reaches_the_buyer(simulated: Any) -> None:
    order_id = await simulated.make()
    message = act(Operation.send_message, order_id, parameters={"text": "Out of stock, sorry."})
    assert (await adapter.probe(simulated.channel, message)).happened is Happened.not_applied
    await adapter.perform(simulated.channel, message)
    assert (await adapter.probe(simulated.channel, message)).happened is Happened.applied
    later = {"text": "Out of stock, sorry.", "since": str(int(simulated.clock.now().timestamp()) + 60)}
    finding = await adapter.probe(simulated.channel, act(Operation.send_message, order_id, parameters=later))
    assert finding.happened is Happened.not_applied


# -- returns ---------------------------------------------------------------------------------------------------


async def asked_back(simulated: Any, **details: Any) -> tuple[str, str]:
    order_id = await simulated.make(phase="delivered")
    wish = {"reason": "ITEM_DAMAGED", **details}
    kind = wish.pop("act", "buyer_requests_return")
    truth = await simulated.act(order_id, kind, **wish)
    return order_id, truth["returns"][0]["return_sn"]


async def returned(simulated: Any, return_sn: str) -> Any:
    page = await adapter.fetch_after_sale(simulated.channel, return_sn)
    assert not page.bad
    assert not page.unmapped
    return page.after_sales[0]


async def test_returns_are_listed_and_read_whole(simulated: Any) -> None:
    order_id, return_sn = await asked_back(simulated)
    now = simulated.clock.now()
    listed: dict[str, Any] = {}
    page: str | None = None
    while True:
        found = await adapter.list_after_sales(simulated.channel, Window(now - timedelta(days=1), now), page)
        assert not found.bad
        assert not found.unmapped
        listed |= {one.request_id: one for one in found.after_sales}
        page = found.next_page
        if page is None:
            break
    whole = await returned(simulated, return_sn)
    told = (await simulated.truth(order_id))["returns"][0]
    for request in (listed[return_sn], whole):
        assert (request.order_id, request.kind, request.state) == (
            order_id,
            RequestKind.return_refund,
            RequestState.open,
        )
        assert seconds(request.answer_by) == told["due_date"]
        assert amount(request.refund_minor, request.currency) == Decimal(told["refund_amount"])
    assert whole.goods is GoodsState.not_returning


async def test_a_refund_is_confirmed(simulated: Any) -> None:
    _, return_sn = await asked_back(simulated, act="buyer_requests_refund")
    refund = act(Operation.refund_return, "-", request_id=return_sn)
    assert (await adapter.probe(simulated.channel, refund)).happened is Happened.not_applied
    await adapter.perform(simulated.channel, refund)
    assert (await adapter.probe(simulated.channel, refund)).happened is Happened.applied
    request = await returned(simulated, return_sn)
    assert (request.state, request.refund) == (RequestState.agreed, RefundState.pending)
    with pytest.raises(Conflict):
        await adapter.perform(simulated.channel, refund)


async def test_an_offer_is_put_on_the_table(simulated: Any) -> None:
    _, return_sn = await asked_back(simulated)
    terms = {"proposed_solution": "REFUND", "proposed_adjusted_refund_amount": "1.25"}
    offer = act(Operation.offer_solution, "-", request_id=return_sn, parameters=terms)
    assert (await adapter.probe(simulated.channel, offer)).happened is not Happened.applied
    await adapter.perform(simulated.channel, offer)
    assert (await adapter.probe(simulated.channel, offer)).happened is Happened.applied
    other = {**terms, "proposed_adjusted_refund_amount": "2"}
    changed = act(Operation.offer_solution, "-", request_id=return_sn, parameters=other)
    assert (await adapter.probe(simulated.channel, changed)).happened is Happened.not_applied


async def test_a_buyers_offer_is_accepted(simulated: Any) -> None:
    order_id, return_sn = await asked_back(simulated)
    accept = act(Operation.accept_offer, order_id, request_id=return_sn)
    await simulated.act(order_id, "buyer_offers", solution="REFUND", amount="1.50")
    assert (await adapter.probe(simulated.channel, accept)).happened is Happened.not_applied
    await adapter.perform(simulated.channel, accept)
    assert (await adapter.probe(simulated.channel, accept)).happened is Happened.applied


async def test_a_dispute_is_opened_and_a_claim_cancelled(simulated: Any) -> None:
    _, return_sn = await asked_back(simulated, act="buyer_requests_refund")
    evidence = '[{"module_index": 1, "requirement": "parcel", "image_url": ["https://cf.example.com/a.jpg"]}]'
    terms = {"email": "seller@example.com", "dispute_reason_id": "41", "image_list": evidence}
    dispute = act(Operation.open_dispute, "-", request_id=return_sn, parameters=terms)
    assert (await adapter.probe(simulated.channel, dispute)).happened is Happened.not_applied
    await adapter.perform(simulated.channel, dispute)
    assert (await adapter.probe(simulated.channel, dispute)).happened is Happened.applied
    assert (await returned(simulated, return_sn)).dispute in {DisputeState.opened, DisputeState.judging}

    _, claimed = await asked_back(simulated, act="buyer_requests_refund")
    await adapter.perform(simulated.channel, act(Operation.refund_return, "-", request_id=claimed))
    claim = act(Operation.open_dispute, "-", request_id=claimed, parameters=terms)
    await adapter.perform(simulated.channel, claim)
    assert (await adapter.probe(simulated.channel, claim)).happened is Happened.applied
    drop = act(Operation.cancel_dispute, "-", request_id=claimed, parameters={"email": "seller@example.com"})
    assert (await adapter.probe(simulated.channel, drop)).happened is Happened.not_applied
    await adapter.perform(simulated.channel, drop)
    assert (await adapter.probe(simulated.channel, drop)).happened is Happened.applied


# -- authorisation, errors, health ------------------------------------------------------------------------------------


async def test_a_code_becomes_tokens_and_tokens_are_renewed(simulated: Any) -> None:
    code = (await simulated.get("/credentials"))["auth_codes"][0]
    shop_id = simulated.channel.store.external_id
    call = adapter.exchange_call(simulated.app, {"code": code, "shop_id": shop_id})
    answer = await simulated.app_channel.send(call)
    (grant,) = adapter.read_grants(call, answer, simulated.clock.now())
    assert grant.external_id == shop_id
    simulated.credentials["shop-1"] = grant.credential
    await simulated.make()
    await simulated.later("PT5H")  # the access token is dead now
    assert await all_ids(simulated, 15)
    assert simulated.credentials["shop-1"].access_token != grant.credential.access_token
    with pytest.raises(StoreDisconnected):
        await simulated.app_channel.send(call)  # a code works once


async def test_one_code_of_a_main_account_opens_every_shop(simulated: Any) -> None:
    told = await simulated.get("/credentials")
    call = adapter.exchange_call(
        simulated.app, {"code": told["auth_codes"][0], "main_account_id": str(told["main_account_id"])}
    )
    grants = adapter.read_grants(call, await simulated.app_channel.send(call), simulated.clock.now())
    assert {grant.external_id for grant in grants} == {str(one["shop_id"]) for one in told["stores"]}


async def test_the_authorisation_link_opens_and_carries_the_state_home(simulated: Any) -> None:
    url = adapter.authorise_url(
        simulated.app, simulated.secret, "http://127.0.0.1:1/oauth/shopee/callback?x=1", "st4te", simulated.clock.now()
    )
    page = await simulated.client.get(url)
    assert page.status_code == 200
    done = await simulated.client.post(url, data={"who": simulated.channel.store.external_id})
    assert done.status_code == 302
    home = done.headers["location"]
    assert home.startswith("http://127.0.0.1:1/oauth/shopee/callback?")
    query = dict(part.split("=") for part in home.partition("?")[2].split("&"))
    assert (query["x"], query["state"], query["shop_id"]) == ("1", "st4te", simulated.channel.store.external_id)
    call = adapter.exchange_call(simulated.app, query)
    assert adapter.read_grants(call, await simulated.app_channel.send(call), simulated.clock.now())


async def test_the_apps_shops_are_described(simulated: Any) -> None:
    shops = await adapter.describe_shops(simulated.app_channel)
    assert {shop.region for shop in shops} == {"SG", "MY", "VN", "TW", "BR"}
    assert simulated.channel.store.external_id in {shop.external_id for shop in shops}


async def test_a_revoked_shop_is_disconnected(simulated: Any) -> None:
    store = int(simulated.channel.store.external_id)
    await simulated.post("/acts", {"act": "seller_revokes_authorization", "store": store})
    with pytest.raises(StoreDisconnected):
        await adapter.fetch_orders(simulated.channel, ["260310AAAAAAA1"])


async def test_a_missing_permission_is_told(simulated: Any) -> None:
    await simulated.post("/acts", {"act": "restrict_calls", "operations": "order/*", "code": "error_api_permission"})
    with pytest.raises(MissingScope):
        await adapter.fetch_orders(simulated.channel, ["260310AAAAAAA1"])


async def test_an_unknown_return_is_an_empty_page(simulated: Any) -> None:
    page = await adapter.fetch_after_sale(simulated.channel, "260310000000000")
    assert list(page.after_sales) == []
    with pytest.raises(NotFound):
        await adapter.perform(simulated.channel, act(Operation.refund_return, "-", request_id="260310000000000"))


async def test_tracking_numbers_that_are_refused_leave_the_order_readable(simulated: Any) -> None:
    order_id = await simulated.make(phase="in_transit")
    assert (await one(simulated, order_id)).packages[0].tracking_number != ""
    fault = {"operation": "get_package_detail", "fault": "platform_error", "code": "error_permission"}
    await simulated.post("/faults", [fault])
    order = await one(simulated, order_id)
    assert order.packages[0].tracking_number == ""
    assert "packages.tracking_number" in order.absent


@pytest.mark.parametrize("fault", ["html_body", "truncated_json", "http_500"])
async def test_unusable_answers_to_a_write_are_unknown(simulated: Any, fault: str) -> None:
    order_id = await simulated.make()
    await simulated.post("/faults", [{"operation": "set_note", "fault": fault}])
    with pytest.raises(OutcomeUnknown):
        await adapter.perform(simulated.channel, act(Operation.set_note, order_id, parameters={"note": "n"}))


async def test_health_is_the_platforms_own(simulated: Any) -> None:
    store = int(simulated.channel.store.external_id)
    before = await adapter.read_health(simulated.channel)
    for points in (1, 2):
        body = {"act": "platform_issues_points", "store": store, "points": points, "violation_type": 5}
        await simulated.post("/acts", body)
    after = await adapter.read_health(simulated.channel)
    assert before.penalty_points is not None
    assert after.penalty_points == before.penalty_points + 3
    rate = next(metric for metric in after.metrics if metric.metric_id == "3")
    assert (rate.name, rate.target, rate.unit) == ("non_fulfillment_rate", "< 10", "percent")


async def test_cash_on_delivery_needs_no_payment(simulated_vietnam: Any) -> None:
    order = await one(simulated_vietnam, await simulated_vietnam.make(cod=True))
    assert (order.payment, order.paid_at) == (PaymentState.on_delivery, None)


def test_clock_is_the_simulators(simulated: Any) -> None:
    assert simulated.clock.now() == datetime(2026, 11, 22, tzinfo=UTC)
