"""What the doctor finds, and the small tables operations rest on."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.bootstrap import running
from gateway.errors import ConfigurationError, DataError, NotFound
from gateway.model.store import App, AppSecret
from gateway.operations.apps import add_app, checked_name, list_apps
from gateway.operations.backups import backup
from gateway.operations.connecting import Tokens, Wishes, add_store
from gateway.operations.doctor import Finding, Health, examine
from gateway.operations.initialise import initialise
from gateway.operations.orders import list_orders, store_of_order
from gateway.operations.packages import strangers
from gateway.operations.reach import reach
from gateway.operations.regions import locality_of
from gateway.operations.stopping import stop_effects
from gateway.operations.syncing import sync_once, sync_since
from gateway.orders.query import Query
from gateway.registry import adapter_for

SG = "shopee-301000101"


def _package(folder: Path, name: str) -> None:
    (folder / name).mkdir(parents=True)
    (folder / name / "__init__.py").touch()


def test_a_package_found_elsewhere_is_told(tmp_path) -> None:
    home, other = tmp_path / "home", tmp_path / "other"
    for name in ("ours_a", "ours_b"):
        _package(home, name)
    _package(other, "ours_b")
    path = [str(other), str(home)]
    assert strangers(("ours_a", "ours_b"), home, [str(home)]) == []
    assert strangers(("ours_a", "ours_b"), home, path) == [f"ours_b is found in {other}, not in {home}"]
    assert strangers(("ours_c",), home, path) == ["ours_c is not installed"]


def test_our_own_packages_are_no_strangers() -> None:
    assert strangers() == []


@pytest.mark.parametrize(
    ("region", "currency", "time_zone", "unknown"),
    [
        ("SG", "SGD", "Asia/Singapore", ()),
        ("TW", "TWD", "Asia/Taipei", ()),
        ("BR", "BRL", "America/Sao_Paulo", ()),
        ("CL", "CLP", "UTC", ("time zone",)),
        ("ZZ", "XXX", "UTC", ("currency", "time zone")),
    ],
)
def test_a_region_says_currency_and_zone_or_that_nobody_knows(region, currency, time_zone, unknown) -> None:
    found = locality_of(adapter_for("shopee").manifest, region)
    assert (found.currency, found.time_zone, found.unknown) == (currency, time_zone, unknown)


def test_a_persons_word_comes_first() -> None:
    found = locality_of(adapter_for("shopee").manifest, "ZZ", currency="USD", time_zone="Europe/Malta")
    assert (found.currency, found.time_zone, found.unknown) == ("USD", "Europe/Malta", ())


@pytest.mark.parametrize("name", ["", "a b", "a/b", "-a", "x" * 61, "ä"])
def test_names_that_break_commands_are_refused(name) -> None:
    with pytest.raises(DataError, match="cannot name the store"):
        checked_name(name, "store")


def _of(findings: list[Finding], check: str) -> Finding:
    return next(each for each in findings if each.check == check)


async def test_the_doctor_finds_nothing_wrong_with_a_sound_gateway(context) -> None:
    findings = await examine(context.folder, lambda: running(context.folder.path, read_only=True))
    assert {each.state for each in findings} == {Health.ok}
    assert f"pid {os.getpid()}" in _of(findings, "process").found
    assert "answers; clocks agree" in _of(findings, "platform (demo)").found


async def test_the_doctor_says_what_to_do(context) -> None:
    context.folder.path.chmod(0o755)
    await stop_effects(context, SG, active=True, by="test")
    findings = await examine(context.folder, lambda: running(context.folder.path, read_only=True))
    folder = _of(findings, "data folder")
    assert (folder.state, folder.do) == (Health.warn, f"run `chmod 700 {context.folder.path}`")
    effects = _of(findings, "effects")
    assert (effects.state, effects.found) == (Health.warn, f"stopped in {SG}")
    assert all(each.do for each in findings if each.state is not Health.ok)


async def test_the_doctor_tells_a_damaged_database(folder) -> None:
    await initialise(folder, os.environ)
    folder.database.write_bytes(b"SQLite format 3\0" + b"\0" * 8192)
    findings = await examine(folder, lambda: running(folder.path, read_only=True))
    assert _of(findings, "database").state is Health.fail
    assert "gateway restore" in _of(findings, "database").do + _of(findings, "database").found


async def test_a_clock_that_is_off_is_measured_against_the_platform(context) -> None:
    class Slow(type(context.clock)):  # type: ignore[misc]
        def now(self) -> datetime:
            return datetime.now(UTC) - timedelta(minutes=4)

    (reached,) = await reach(replace(context, clock=Slow()), [await _app(context)])
    assert reached.trouble == ""
    assert timedelta(minutes=-5) < reached.skew < timedelta(minutes=-3)


async def _app(context) -> App:
    return (await list_apps(context))[0]


async def test_a_host_that_is_gone_is_trouble(context) -> None:
    gone = (await _app(context)).model_copy(update={"base_url": "http://127.0.0.1:1"})
    (reached,) = await reach(context, [gone])
    assert reached.trouble == "no connection: ConnectionRefusedError"


async def test_a_second_gateway_is_refused(context) -> None:
    with pytest.raises(ConfigurationError, match="PostgreSQL"):
        async with running(context.folder.path):
            pass


async def test_pulls_report_each_store(context, shopee) -> None:
    done = await sync_once(context)
    assert len(done) == 5
    assert sum(each.report.seen for each in done) >= 10
    with pytest.raises(DataError, match="not in the past"):
        await sync_since(context, context.clock.now() + timedelta(days=1))
    with pytest.raises(NotFound, match=SG):
        await sync_once(context, ["nowhere"])


async def test_an_order_number_of_two_stores_needs_the_store(context) -> None:
    await sync_once(context)
    page = await list_orders(context, Query(stores=(SG,)))
    order = page.orders[0].order_id
    assert await context.database.read(lambda c: store_of_order(c, order, None)) == SG

    def copy(c) -> None:
        c.exec_driver_sql(
            "create temp table twin as select * from orders where order_id = ?",
            (order,),
        )
        c.exec_driver_sql("update twin set store = 'shopee-301000202'")
        c.exec_driver_sql("insert into orders select * from twin")

    await context.database.write(copy)
    with pytest.raises(DataError, match="--store"):
        await context.database.read(lambda c: store_of_order(c, order, None))


async def test_an_app_is_replaced_only_on_purpose(context) -> None:
    app = {"name": "demo", "platform": "shopee", "key": "2", "secret": AppSecret(sign_key="k")}
    with pytest.raises(DataError, match="--replace"):
        await add_app(context, **app)
    assert (await add_app(context, **app, replace=True)).key == "2"


async def test_a_shop_the_platform_does_not_list_needs_its_region(context) -> None:
    tokens = Tokens("a", "r", None)
    with pytest.raises(DataError, match="--region"):
        await add_store(context, "demo", "77", tokens, Wishes())
    (added,) = await add_store(context, "demo", "77", tokens, Wishes(region="sg", name="far"))
    assert (added.store.id, added.store.region, added.store.currency) == ("far", "SG", "SGD")


async def test_a_backup_is_made_while_the_gateway_runs(context, tmp_path) -> None:
    await sync_once(context)
    made = await backup(context, tmp_path / "kept.tar")
    assert made.orders == 10
    assert made.size == (tmp_path / "kept.tar").stat().st_size
