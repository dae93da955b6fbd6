"""``gateway rules``: what the rules say, since when, and who says so."""

from __future__ import annotations

import json


def test_every_rule_is_listed_with_its_source_and_what_uses_it(gateway):
    told = {each["id"]: each for each in gateway.done("rules", "list")}
    assert not gateway.data.exists()
    assert len([rule for rule in told if rule.startswith("XHS-")]) == 103
    assert told["XHS-12"] == {
        "id": "XHS-12",
        "title": "Free closes of a store in a calendar month",
        "used_by": "decisions",
        "sources": ["guide-000"],
        "since": "2025-01-01",
        "facts": ["xiaohongshu.quota.closes_per_month"],
    }
    assert told["XHS-18"]["used_by"] == "ledger"
    assert told["SHP-16"]["since"] == "2025-11-11"
    assert all(each["sources"] and each["title"] for each in told.values())
    table = gateway("rules", "list").out
    assert "XHS-103" in table
    assert "TTJ-06" in table


def test_the_list_is_narrowed(gateway):
    told = gateway.done("rules", "list", "--platform", "shopee", "--used-by", "decisions")
    assert "SHP-16" in {each["id"] for each in told}
    assert not [each for each in told if each["id"].startswith(("XHS-", "TTJ-", "1688-"))]
    guard = gateway.done("rules", "list", "--used-by", "message_guard", "--platform", "xiaohongshu")
    assert {each["used_by"] for each in guard} == {"message_guard"}
    assert gateway("rules", "list", "--platform", "amazon").code == 2
    assert "use one of decisions, after_close" in gateway("rules", "list", "--used-by", "nobody").err


def test_one_rule_is_shown_with_its_values_and_sources(gateway):
    told = gateway.done("rules", "show", "xhs-56")
    (window,) = [fact for fact in told["facts"] if fact["name"] == "xiaohongshu.free_window.in_stock"]
    (value,) = window["values"]
    assert value["value"] == {"hours": 4, "inclusive": True}
    assert (value["in_force"], value["source"], value["tier"]) == ("2025-01-01", "guide-000", "secondary")
    assert value["span"].startswith("paragraph")
    assert told["sources"][0]["title"] == "Closing an order as a seller on Xiaohongshu"
    assert "hours: 4, inclusive: yes" in gateway("rules", "show", "XHS-56").out
    advice = gateway.done("rules", "show", "XHS-04")
    assert advice["advice"]["numbers"] == {"orders": 3, "within_hours": 1}
    assert advice["use"] == "signs that hold an order back"
    assert "within hours" in gateway("rules", "show", "XHS-04").out
    unknown = gateway("rules", "show", "XHS-999")
    assert unknown.code == 1
    assert "There is no rule XHS-999" in unknown.err


def test_the_values_of_a_day(gateway):
    def names(day: str, *more: str) -> set[str]:
        return {each["name"].split(".")[0] for each in gateway.done("rules", "at", day, *more)["facts"]}

    assert names("2024-12-31") == set()
    assert names("2025-01-01") == {"xiaohongshu", "shared"}
    assert names("2025-04-13") == {"xiaohongshu", "shared"}
    assert names("2025-04-14") == {"xiaohongshu", "shared", "alibaba_1688"}
    assert names("2025-11-11", "--platform", "shopee") == {"shopee"}
    before = gateway.done("rules", "at", "2025-11-10", "--platform", "shopee")
    assert before["facts"] == before["advice"] == []
    assert "No value is in force on 2025-11-10." in gateway("rules", "at", "2025-11-10", "--platform", "shopee").out
    assert "xiaohongshu.quota.closes_per_month" in gateway("rules", "at", "2026-01-01").out
    assert gateway("rules", "at", "today").code == 2


OWN = """\
xiaohongshu.free_window.in_stock:
  values:
    2026-02-01:
      {value: {hours: 3, inclusive: true}, source: own, tier: own-rule, published: 2026-01-15, seen: 2026-01-15}
"""


def test_a_stores_own_values_are_shown_with_their_source(gateway):
    (gateway.data / "rules").mkdir(parents=True)
    file = gateway.data / "rules" / "xhs-1.yaml"
    file.write_text(OWN, encoding="utf-8")
    told = gateway.done("rules", "show", "XHS-56", "--store", "xhs-1")
    (window,) = [fact for fact in told["facts"] if fact["name"] == "xiaohongshu.free_window.in_stock"]
    assert [(each["value"]["hours"], each["source"]) for each in window["values"]] == [(4, "guide-000"), (3, "own")]
    assert told["sources"][-1]["title"] == "The store's own rules"
    assert told["rule_set"].startswith("2026.11.3+store.")
    assert "own-rule" in gateway("rules", "show", "XHS-56", "--store", "xhs-1").out

    def window_on(day: str, *more: str) -> dict:
        facts = {each["name"]: each for each in gateway.done("rules", "at", day, *more)["facts"]}
        return facts["xiaohongshu.free_window.in_stock"]

    assert window_on("2026-02-01", "--store", "xhs-1")["source"] == "own"
    assert window_on("2026-01-31", "--store", "xhs-1")["value"]["hours"] == 4
    assert window_on("2026-02-01")["value"]["hours"] == 4
    assert window_on("2026-02-01")["overlay"] == "at_most"
    changes = gateway.done("rules", "diff", "2026-01-31", "2026-02-01", "--store", "xhs-1")["changes"]
    assert [(each["name"], each["after"]["value"]["hours"]) for each in changes] == [
        ("xiaohongshu.free_window.in_stock", 3)
    ]
    file.write_text(OWN.replace("hours: 3", "hours: 5"), encoding="utf-8")
    refused = gateway("rules", "show", "XHS-56", "--store", "xhs-1")
    assert refused.code == 4
    assert "rules/xhs-1.yaml, line 4: xiaohongshu.free_window.in_stock: would loosen the rule" in refused.err
    assert "no-such.yaml, line 1: cannot be read" in gateway("rules", "show", "XHS-56", "--store", "no-such").err


def test_what_differs_between_two_days(gateway):
    told = gateway.done("rules", "diff", "2025-11-10", "2025-11-11")
    found = {each["name"]: each for each in told["changes"]}
    assert {name.split(".")[0] for name in found} == {"shopee"}
    assert found["shopee.rate.line_percent"]["before"] is None
    assert found["shopee.rate.line_percent"]["after"]["value"] == 10
    assert found["shopee.rate.line_percent"]["after"]["source"] == "guide-003"
    back = gateway.done("rules", "diff", "2025-11-11", "2025-11-10", "--platform", "shopee")
    assert {each["name"] for each in back["changes"]} == found.keys()
    assert all(each["after"] is None for each in back["changes"])
    assert json.loads(gateway("rules", "diff", "2025-11-11", "2026-11-11", "--json").out)["changes"] == []
    assert "Nothing differs between the two days." in gateway("rules", "diff", "2026-01-01", "2026-01-02").out
    assert "not in force" in gateway("rules", "diff", "2025-11-10", "2025-11-11").out
