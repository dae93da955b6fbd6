"""Decisions made again from what was stored with them: the same bytes, or the first difference named."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from gateway.bootstrap import running
from gateway.cases.effects import Recorded, record_decision, record_intent
from gateway.operations.context import Context, DataFolder
from gateway.operations.initialise import initialise
from gateway.operations.replaying import replay
from gateway.policy.decide import decide
from gateway.policy.decision import canonical_bytes as decision_bytes
from gateway.policy.rule_archive import packed, unpacked
from gateway.policy.rule_set import RuleSet, load_rules
from gateway.policy.scenario import Scenario
from gateway.policy.scenario import canonical_bytes as scenario_bytes
from gateway.policy.store_rules import rules_from
from gateway.storage.schema import decisions, rule_files
from tests.policy.test_cases import CASES

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
RULES = load_rules()


@pytest.fixture
async def gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Context]:
    """Return a gateway without stores."""
    monkeypatch.delenv("ORDER_GATEWAY_KEY", raising=False)
    folder = DataFolder(tmp_path / "data")
    await initialise(folder, os.environ)
    async with running(folder.path) as context:
        yield context


async def record(
    context: Context, scenario: Scenario, rules: RuleSet, *, made_with: RuleSet | None = None, order: str = "7", **more
) -> None:
    """Store a decision made with ``made_with``, saying that it was made with ``rules``."""
    decision = decision_bytes(decide(scenario, made_with or rules))
    recorded = Recorded(rules.version, scenario_bytes(scenario), decision, more.get("files", rules.archive))

    def write(c) -> None:
        at = more.get("at", NOW)
        intent = record_intent(c, "s", order, "out_of_stock", "test", at)
        record_decision(c, intent, "s", order, recorded, at)

    await context.database.write(write)


def changed(file: str, before: str, after: str, version: str = RULES.version) -> RuleSet:
    """Return this release's rules with one word of one file changed."""
    files = unpacked(RULES.archive)
    assert before in files[file]
    files[file] = files[file].replace(before, after, 1)
    files["rule_set.yaml"] = files["rule_set.yaml"].replace(RULES.version, version)
    return rules_from(packed(files))


def shopee_close(as_of: str) -> Scenario:
    """Return an order in Malaysia without stock, of a store whose next close brings it to 6 in 60."""
    return Scenario.model_validate(
        {
            "id": "7",
            "as_of": as_of,
            "store": {
                "platform": "shopee",
                "region": "MY",
                "currency": "MYR",
                "health": {"orders_in_window": 60, "counted_cancellations_in_window": 6},
            },
            "order": {"phase": "awaiting_shipment", "stock_available": False},
            "intent": {"reason": "out_of_stock"},
        }
    )


def test_an_archive_holds_every_file_and_gives_the_same_rules() -> None:
    folder = Path(__file__).parents[2] / "gateway" / "policy" / "rules"
    names = {file.relative_to(folder).as_posix() for file in folder.rglob("*.yaml")}
    files = unpacked(RULES.archive)
    assert files.keys() == names
    assert all(text == (folder / name).read_text(encoding="utf-8") for name, text in files.items())
    again = rules_from(RULES.archive)
    assert (again, again.archive) == (RULES, RULES.archive)


async def test_every_case_comes_out_the_same_from_what_is_stored(gateway) -> None:
    for number, case in enumerate(CASES):
        await record(gateway, case.scenario, RULES, order=str(number))
    replayed = await replay(gateway)
    assert (replayed.same, replayed.different, replayed.without_files) == (len(CASES), 0, 0)
    assert replayed.first is None
    kept = await gateway.database.read(lambda c: c.execute(select(rule_files.c.version)).scalars().all())
    assert kept == [RULES.version]  # the files stand there once


async def test_a_rule_that_begins_a_day_later_makes_the_replay_differ(gateway) -> None:
    scenario = shopee_close("2025-11-11T00:00:00+08:00")  # the very day the line came into force
    later = changed("shopee/rate.yaml", "2025-11-11: {value: 10,", "2025-11-12: {value: 10,")
    await record(gateway, scenario, RULES, order="right")
    await record(gateway, scenario, later, made_with=RULES, order="moved", at=NOW + timedelta(seconds=1))
    replayed = await replay(gateway)
    assert (replayed.same, replayed.different) == (1, 1)
    first = replayed.first
    assert (first.order_id, first.place, first.recorded, first.now) == ("moved", "path", "seller_close", "none")


async def test_a_decision_of_an_older_rule_set_is_replayed_with_its_own_files(gateway) -> None:
    scenario = shopee_close("2026-03-10T12:00:00+08:00")
    older = changed("shopee/rate.yaml", "{value: 10,", "{value: 20,", version="2025.12.1")
    with_older, with_ours = (decide(scenario, each) for each in (older, RULES))
    assert with_older.cost != with_ours.cost
    await record(gateway, scenario, older, order="old")
    await record(gateway, scenario, RULES, order="new")
    replayed = await replay(gateway)
    assert (replayed.same, replayed.different) == (2, 0)
    assert replayed.rule_sets == ("2025.12.1", RULES.version)


async def test_decisions_recorded_without_files_are_made_with_this_releases_or_counted(gateway) -> None:
    scenario = shopee_close("2026-03-10T12:00:00+08:00")
    await record(gateway, scenario, RULES, files=None)
    older = changed("shopee/rate.yaml", "{value: 10,", "{value: 20,", version="2025.12.1")
    await record(gateway, scenario, older, files=None)
    replayed = await replay(gateway)
    assert (replayed.same, replayed.different, replayed.without_files) == (1, 0, 1)


async def test_only_what_is_asked_for_is_made_again(gateway) -> None:
    scenario = shopee_close("2026-03-10T12:00:00+08:00")
    for number, order in enumerate(("a", "b", "b")):
        await record(gateway, scenario, RULES, order=order, at=NOW + timedelta(hours=number))
    assert (await replay(gateway, order="b")).same == 2
    assert (await replay(gateway, since=NOW + timedelta(hours=2))).same == 1
    assert (await replay(gateway, since=NOW, order="a")).same == 1


async def test_more_than_a_page_is_made_again_each_once(gateway) -> None:
    scenario = shopee_close("2026-03-10T12:00:00+08:00")
    await record(gateway, scenario, RULES)

    def copy(c) -> None:
        row = dict(c.execute(select(decisions)).mappings().one())
        c.execute(insert(decisions), [row | {"id": f"{number:05}"} for number in range(1_200)])

    await gateway.database.write(copy)
    assert (await replay(gateway)).same == 1_201


async def test_a_stored_scenario_or_decision_that_was_altered_is_named(gateway) -> None:
    scenario = shopee_close("2026-03-10T12:00:00+08:00")
    await record(gateway, scenario, RULES)
    cut = scenario_bytes(scenario)[:-1]
    await gateway.database.write(lambda c: c.execute(update(decisions).values(scenario=cut)))
    first = (await replay(gateway)).first
    assert first.place == "whole"
    assert "scenario of decision" in first.now
    spaced = decision_bytes(decide(scenario, RULES)).replace(b":", b": ", 1)
    await gateway.database.write(
        lambda c: c.execute(update(decisions).values(scenario=scenario_bytes(scenario), decision=spaced))
    )
    assert (await replay(gateway)).first.place == "spelling"


async def test_kept_rule_files_are_never_altered(gateway) -> None:
    await record(gateway, shopee_close("2026-03-10T12:00:00+08:00"), RULES)
    with pytest.raises(IntegrityError, match="append-only"):
        await gateway.database.write(lambda c: c.execute(update(rule_files).values(files=b"{}")))
