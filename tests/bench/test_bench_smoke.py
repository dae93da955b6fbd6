"""What the bench measures is the same work on both sides, and all of it is stored. Nothing is timed here."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from gateway.model.order import Order
from tests.bench import cases, deciding, normalise, ours, payload, receiver, search
from tests.bench.processes import canned_server
from tests.bench.textbook_models import without_money

pytestmark = pytest.mark.slow  # nobody but `make bench` uses it


def test_an_order_is_as_large_as_the_measurements_say() -> None:
    sizes = [len(payload.rendered(i)) for i in range(400)]
    assert 3_200 <= sum(sizes) / len(sizes) <= 3_400
    assert all(len(payload.order(i)["item_list"]) == 2 for i in range(400))


def test_both_layouts_give_the_same_canonical_orders() -> None:
    for body in normalise.pages(8):  # 400 orders: every status in every market
        batch = normalise.ours(body)
        assert not batch.bad
        assert not batch.unmapped
        assert len(batch.orders) == 50
        theirs = [without_money(order.model_dump()) for order in normalise.theirs_bare(body)]
        assert list(batch.orders) == [Order.model_validate(fields) for fields in theirs]
        assert [orjson.loads(raw.body)["order_sn"] for raw in batch.raws] == [one.order_id for one in batch.orders]
        assert all(raw.body in body for raw in batch.raws)
        whole = normalise.theirs(body)
        assert [without_money(order.model_dump()) for order, _ in whole] == theirs
        assert [orjson.loads(raw) for _, raw in whole] == [orjson.loads(raw.body) for raw in batch.raws]


@pytest.mark.parametrize("road", ["whole", "shopee"])
async def test_the_canned_pull_stores_every_order(road: str, tmp_path: Path) -> None:
    with canned_server(200, 0.0) as url:
        took = await ours.pull(url, tmp_path, 200, road)
    assert (took.orders, took.changed) == (200, 200)
    await ours.check(tmp_path, 200, road)


async def test_the_check_notices_an_order_that_is_missing(tmp_path: Path) -> None:
    with canned_server(200, 0.0) as url:
        await ours.pull(url, tmp_path, 200, "whole")
    with pytest.raises(AssertionError, match="rows in orders"):
        await ours.check(tmp_path, 250, "whole")


def test_a_span_ends_after_the_orders_it_names() -> None:
    assert payload.first_after(payload.updated_at(0)) == 1
    assert payload.first_after(payload.updated_at(49)) == 50
    assert payload.first_after(datetime(2020, 1, 1, tzinfo=UTC)) == 0


@pytest.mark.parametrize("kind", ["bare", "ours"])
def test_both_receivers_take_every_push(kind: str) -> None:
    assert 450 <= len(receiver.push(1)) <= 500
    with receiver.server(kind) as server:
        load = server.load(200)
    assert load.cpu > 0
    assert load.per_second > 0


def test_every_search_of_the_bench_finds_orders(tmp_path: Path) -> None:
    found = {each.name: each.found for each in search.all_of(tmp_path / "gateway.db", 3_000, 2)}
    few = {name for name, orders in found.items() if not orders}
    assert few <= {"title, in none", "store, tiny", "phase, rare", "store and phase, by nearest deadline"}
    assert found["number, whole"] == 1


def test_both_roads_to_a_decision_are_measured(tmp_path: Path) -> None:
    api, command = deciding.through_the_api(600, 1), deciding.through_the_command(600, 1, tmp_path)
    assert len({scenario.store.platform for scenario in deciding.scenarios(600)}) == 4
    assert api.rounds[0] > 0
    assert command.rounds[0] > 0
    assert [len(each.rounds) for each in deciding.without_text(40, 2)] == [2, 2]


def test_verdicts_are_counted_over_as_many_scenarios_of_each_platform() -> None:
    asked = Counter(scenario.store.platform.value for scenario in deciding.of_each_platform(400))
    assert asked == dict.fromkeys(("xiaohongshu", "alibaba_1688", "shopee", "tiktok_shop"), 100)


@pytest.mark.parametrize("with_call", [False, True])
async def test_every_turn_of_the_bench_is_written(tmp_path: Path, with_call: bool) -> None:
    with canned_server(1, 0.0) as canned:
        took = await cases.take_turns(f"sqlite:///{tmp_path}/gateway.db", tmp_path, canned, 20, with_call=with_call)
    assert took.turns == 20
    assert 0 < took.cpu <= 4 * took.wall


async def test_the_cases_that_wait_are_like_those_that_were_opened(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/gateway.db"
    await cases.prepare(url, tmp_path, 70)
    waiting = await cases.wait_with(url, tmp_path, 3)
    assert (waiting.cases, waiting.poll > 0, waiting.grown > 1) == (70, True, True)
