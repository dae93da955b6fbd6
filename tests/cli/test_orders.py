"""Pulling, looking at orders, and ending them, against a simulator's real HTTP."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from gateway.bootstrap import running
from gateway.orders.alerts import raise_alerts
from gateway.orders.quarantine import keep_bad
from gateway.ports import BadItem, Unmapped
from gateway.sync.gaps import record_gaps

pytestmark = pytest.mark.slow  # whole gateways, command by command

SG = "shopee-301000101"


def _fit(shopee, *, store: str = "301000101") -> str:
    """Return an order of the shop that waits for shipment, without a request on it."""
    fitting = [
        each
        for each in shopee.orders(phase="awaiting_shipment", store=store, status="READY_TO_SHIP")
        if each["cancellation"] is None
    ]
    if fitting:
        return min(each["id"] for each in fitting)
    return shopee.do("/orders", {"store": store, "phase": "awaiting_shipment"})["id"]


def test_sync_reads_every_order_and_once_more_changes_nothing(connected, shopee) -> None:
    first = connected.done("sync")
    truth = shopee.orders()
    listed = connected.done("orders", "list", "--limit", "1000")["orders"]
    assert {each["order_id"] for each in listed} == {each["id"] for each in truth}
    assert sum(each["report"]["changed"] for each in first) >= len(truth)
    assert sum(each["report"]["changed"] for each in connected.done("sync", "--once")) == 0
    assert all(each["read_to"] for each in connected.done("stores", "list"))


def test_sync_since_and_now_reach_the_same_orders(connected, shopee) -> None:
    two_months_ago = (datetime.now(UTC) - timedelta(days=60)).strftime("%Y-%m-%d")
    since = connected.done("sync", "--since", two_months_ago, "--store", SG)
    assert [each["store"] for each in since] == [SG]
    mine = {each["id"] for each in shopee.orders(store="301000101")}
    assert {each["order_id"] for each in connected.done("orders", "list")["orders"]} == mine
    new = shopee.do("/orders", {"store": "301000101", "phase": "awaiting_shipment"})["id"]
    connected.done("sync", "--now", "--store", SG)
    assert new in {each["order_id"] for each in connected.done("orders", "list")["orders"]}
    assert connected("sync", "--since", "2100-01-01").code == 2


def test_a_list_goes_on_where_the_last_one_ended(pulled, shopee) -> None:
    seen: list[str] = []
    after: list[str] = []
    for _ in range(20):
        page = pulled.done("orders", "list", "--limit", "7", *after)
        seen += [each["order_id"] for each in page["orders"]]
        if page["next"] is None:
            break
        after = ["--after", page["next"]]
    assert len(seen) == len(set(seen)) == len(shopee.orders())
    only = pulled.done("orders", "list", "--phase", "unpaid", "--limit", "1000")["orders"]
    assert {each["order_id"] for each in only} == {each["id"] for each in shopee.orders(phase="unpaid")}
    assert pulled("orders", "list", "--after", "nonsense").code == 2


def test_an_order_is_shown_whole_and_its_person_only_when_asked(pulled, shopee) -> None:
    order = _fit(shopee)
    truth = shopee.read(f"/orders/{order}")
    told = pulled.done("orders", "show", order)
    assert told["order"]["store"] == SG
    assert told["phase"] == "awaiting_shipment"
    assert [line["quantity"] for line in told["order"]["lines"]] == [line["quantity"] for line in truth["lines"]]
    assert [each["what"] for each in told["deadlines"]][:1] == ["ship"]
    assert told["order"]["recipient"] is None
    assert told["order"]["buyer"] is None
    personal = pulled.done("orders", "show", order, "--personal")
    name = personal["order"]["recipient"]["name"]
    assert name
    page = pulled("orders", "show", order)
    assert page.code == 0
    assert name not in page.out
    assert name in pulled("orders", "show", order, "--personal").out


def test_an_unknown_order_is_told(pulled) -> None:
    ended = pulled("orders", "show", "NOSUCHORDER")
    assert ended.code == 1
    assert "NOSUCHORDER" in ended.err
    told = pulled("orders", "show", "NOSUCHORDER", "--json")
    assert told.json["error"]["kind"] == "NotFound"
    assert told.json["error"]["exit_code"] == 1


def test_mode_observe_lets_nothing_out(pulled, shopee) -> None:
    ended = pulled("resolve", _fit(shopee), "--reason", "out_of_stock", "--yes")
    assert ended.code == 1
    assert f"gateway stores mode {SG} ask" in ended.err
    assert shopee.effects() == []


def test_mode_ask_needs_a_yes_and_then_ends_the_order_once(pulled, shopee) -> None:
    order = _fit(shopee)
    pulled.done("stores", "mode", SG, "ask")
    dry = pulled.done("resolve", order, "--reason", "out_of_stock", "--dry-run")
    assert dry["outcome"] == "dry_run"
    assert dry["decision"]["action"] == "close"
    assert dry["decision"]["because"]
    assert "stock" in " ".join(dry["attested"])
    asked = pulled("resolve", order, "--reason", "out_of_stock")
    assert asked.code == 3
    assert "--yes" in asked.err
    assert shopee.effects() == []
    done = pulled.done("resolve", order, "--reason", "out_of_stock", "--yes")
    assert done["outcome"] == "done"
    assert done["effect"]["state"] == "confirmed"
    assert [(each["operation"].replace("/", "."), each["order_id"]) for each in shopee.effects()] == [
        ("order.cancel_order", order)
    ]
    shown = pulled.done("orders", "show", order)
    assert shown["phase"] == "cancelled"
    assert [each["state"] for each in shown["effects"]] == ["confirmed"]
    assert {"intent", "decision", "effect_committed"} <= {each["what"] for each in shown["audit"]}
    assert pulled("orders", "show", order).code == 0
    again = pulled("resolve", order, "--reason", "out_of_stock", "--yes", "--json")
    assert again.json.get("outcome") == "nothing_to_do"
    assert len(shopee.effects()) == 1


def test_the_brake_holds_and_comes_off(pulled, shopee) -> None:
    order = _fit(shopee)
    pulled.done("stores", "mode", SG, "act")
    assert pulled.done("stop-effects", "--store", SG) == {"everywhere": False, "stores": [SG]}
    stopped = pulled("resolve", order, "--reason", "out_of_stock", "--yes")
    assert stopped.code == 1
    assert shopee.effects() == []
    assert {each["store"]["id"] for each in pulled.done("stores", "list") if each["effects_stopped"]} == {SG}
    assert pulled.done("stop-effects", "--store", SG, "--resume") == {"everywhere": False, "stores": []}
    assert pulled.done("resolve", order, "--reason", "out_of_stock", "--yes")["outcome"] == "done"


def test_what_the_rules_do_not_know_is_for_a_person(pulled, shopee) -> None:
    pulled.done("stores", "mode", SG, "act")
    ended = pulled("resolve", _fit(shopee), "--reason", "price_error", "--yes", "--json")
    assert ended.code == 3
    assert ended.json["outcome"] == "person"
    assert shopee.effects() == []


def test_quarantine_is_listed_and_retried(pulled, shopee) -> None:
    order = _fit(shopee)

    async def spoil() -> None:
        async with running(pulled.data) as context:
            bad = [BadItem(order, "item_list: missing", b"{}")]
            now = datetime.now(UTC)
            await context.database.write(lambda c: keep_bad(c, context.vault, SG, "orders", bad, now))

    asyncio.run(spoil())
    kept = pulled.done("quarantine", "list")
    assert [(each["store"], each["external_id"], each["reason"]) for each in kept] == [
        (SG, order, "item_list: missing")
    ]
    assert "item_list" in pulled("quarantine", "list").out
    assert {each["store"]: each["report"]["seen"] for each in pulled.done("quarantine", "retry")}[SG] == 1
    assert pulled.done("quarantine", "list", "--store", SG) == []


def test_words_nobody_knows_are_shown(pulled, shopee) -> None:
    order = _fit(shopee)
    heard = datetime.now(UTC)

    async def hear() -> None:
        async with running(pulled.data) as context:
            words = [Unmapped(order, "order_status", "TELEPORTED")] * 2
            await context.database.write(lambda c: raise_alerts(c, SG, words, heard))

    asyncio.run(hear())
    (alert,) = pulled.done("alerts")
    assert (alert["store"], alert["place"], alert["word"]) == (SG, "order_status", "TELEPORTED")
    assert (alert["times"], alert["example"]) == (2, order)
    assert "TELEPORTED" in pulled("alerts", "--store", SG).out
    assert "TELEPORTED" in {each["check"]: each for each in pulled.done("doctor")}["alerts"]["found"]


def test_what_second_looks_found_is_listed(pulled, shopee) -> None:
    order = _fit(shopee)
    found = datetime.now(UTC)

    async def lose() -> None:
        async with running(pulled.data) as context:
            await context.database.write(lambda c: record_gaps(c, SG, "orders", [order], found, found))

    assert "No change was missed" in pulled("gaps").out
    asyncio.run(lose())
    assert [(each["store"], each["stream"], each["external_id"]) for each in pulled.done("gaps")] == [
        (SG, "orders", order)
    ]
    assert order in pulled("gaps", "--store", SG).out
    checks = {each["check"]: each for each in pulled.done("doctor")}
    assert checks["missed changes"]["state"] == "warn"
    assert order in checks["missed changes"]["found"]


def test_a_second_look_is_asked_for(pulled) -> None:
    assert {each["report"]["gaps"] for each in pulled.done("sync", "--again")} == {0}
    assert pulled("sync", "--again", "--now").code == 2


def test_people_get_tables(pulled, shopee) -> None:
    for command, word in (
        (["orders", "list"], _fit(shopee)),
        (["stores", "list"], SG),
        (["stores", "check"], SG),
        (["apps", "list"], "demo"),
        (["sync"], SG),
        (["quarantine", "list"], "Nothing"),
        (["alerts"], "Every word"),
        (["doctor"], "demo"),
    ):
        ended = pulled(*command)
        assert ended.code == 0, command
        assert "{" not in ended.out
        assert word in ended.out


def test_backup_and_restore_bring_everything_back(pulled, tmp_path) -> None:
    before = pulled.done("orders", "list", "--limit", "1000")
    file = tmp_path / "kept.tar"
    told = pulled.done("backup", file)
    assert told["orders"] == len(before["orders"])
    assert "key" in told["reminder"]
    assert pulled("backup", file).code == 4
    assert pulled("restore", file).code == 4
    key = (pulled.data / "master.key").read_bytes()
    pulled.data = tmp_path / "restored"
    without = pulled("restore", file, "--json")
    assert without.code == 4
    assert without.json["key_fits"] is None
    (pulled.data / "master.key").write_bytes(key)
    (pulled.data / "master.key").chmod(0o600)
    assert pulled.done("restore", file, "--replace")["key_fits"] is True
    assert pulled.done("orders", "list", "--limit", "1000") == before
    damaged = tmp_path / "damaged.tar"
    damaged.write_bytes(file.read_bytes()[:5000])
    assert pulled("restore", damaged, "--replace").code == 2
