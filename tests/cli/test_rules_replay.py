"""``gateway rules replay``: exit code 1 and the first difference, when a decision comes out otherwise."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from gateway.policy.decide import decide
from gateway.policy.decision import canonical_bytes as decision_bytes
from gateway.policy.rule_set import load_rules
from gateway.policy.scenario import canonical_bytes as scenario_bytes
from tests.policy.test_cases import CASES


def test_the_first_difference_is_shown_and_ends_in_exit_code_1(made) -> None:
    scenario, rules = CASES[0].scenario, load_rules()
    decided = decision_bytes(decide(scenario, rules))
    other = decided.replace(b'"rule_set":"', b'"rule_set":"0', 1)
    (database,) = made.data.glob("*.db")
    insert = "insert into decisions values (?, 'i', 's', ?, ?, ?, ?, ?, null)"
    with closing(sqlite3.connect(database)) as connection, connection:
        for number, decision in ((1, decided), (2, other)):
            row = (f"d{number}", f"order-{number}", number, rules.version, scenario_bytes(scenario), decision)
            connection.execute(insert, row)
    ended = made("rules", "replay")
    assert ended.code == 1
    assert "order-2 of s" in ended.out
    shown = made("rules", "replay", "--json").json
    assert (shown["same"], shown["different"], shown["first"]["place"]) == (1, 1, "rule_set")
    assert (shown["first"]["recorded"], shown["first"]["now"]) == (f"0{rules.version}", rules.version)
    assert made("rules", "replay", "--order", "order-1").code == 0
    assert made("rules", "replay", "--since", "2026-01-01").code == 0


def test_what_the_gateway_decided_is_made_again_from_what_it_kept(pulled, shopee) -> None:
    order = str(shopee.do("/orders", {"store": "301000101", "phase": "awaiting_shipment"})["id"])
    pulled.done("stores", "mode", "shopee-301000101", "act")
    pulled("resolve", order, "--store", "shopee-301000101", "--reason", "out_of_stock", "--yes")
    replayed = pulled.done("rules", "replay", "--order", order)
    assert replayed["same"] >= 1
    assert (replayed["different"], replayed["first"]) == (0, None)
    (database,) = pulled.data.glob("*.db")
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("select version from rule_files").fetchall() == [(load_rules().version,)]
        assert connection.execute("select count(*) from decisions where rule_files is null").fetchone() == (0,)
