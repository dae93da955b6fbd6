"""``gateway decide``: scenarios from files, and orders that are stored."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCENARIO = {
    "id": "first",
    "as_of": "2026-03-10T12:00:00+08:00",
    "store": {
        "platform": "xiaohongshu",
        "region": "CN",
        "currency": "CNY",
        "health": {"orders_in_window": 500, "counted_cancellations_in_window": 3},
    },
    "order": {"phase": "awaiting_shipment", "paid_at": "2026-03-10T11:00:00+08:00", "stock_available": False},
    "intent": {"reason": "out_of_stock"},
}
YAML = """\
id: first
as_of: 2026-03-10T12:00:00+08:00
store:
  platform: xiaohongshu
  region: CN
  currency: CNY
  health: {orders_in_window: 500, counted_cancellations_in_window: 3}
order:
  phase: awaiting_shipment
  paid_at: 2026-03-10T11:00:00+08:00
  stock_available: false
intent:
  reason: out_of_stock
"""
HEAVY = {"sqlalchemy", "aiohttp", "httpx", "apprise"}


@pytest.fixture
def asked(tmp_path: Path) -> Path:
    file = tmp_path / "scenario.json"
    file.write_text(json.dumps(SCENARIO, indent=1))
    return file


def as_a_process(*arguments: str, given: str = "", folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the command as `bootstrap.main` does, and tell on standard error which heavy modules it loaded."""
    script = f"""
import sys
from gateway.bootstrap import main
try:
    main()
finally:
    print("loaded", sorted({HEAVY!r} & set(sys.modules)), file=sys.stderr)
"""
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        input=given,
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )


def test_a_file_is_decided_without_a_data_folder(gateway, asked):
    told = gateway("decide", asked, "--json")
    assert told.code == 0
    assert not gateway.data.exists()
    assert told.json["path"] == "buyer_cancel"
    assert told.json["cost"]["total"] == {"amount": "21.00", "currency": "CNY"}
    assert [each["path"] for each in told.json["options"][:2]] == ["buyer_cancel", "seller_close"]
    assert list(told.json)[:4] == ["id", "rule_set", "path", "action"]


def test_yaml_and_json_give_the_same_bytes_again_and_again(gateway, asked, tmp_path):
    other = tmp_path / "scenario.yaml"
    other.write_text(YAML)
    first = gateway("decide", asked, "--json").out
    assert gateway("decide", other, "--json").out == first == gateway("decide", asked, "--json").out
    assert first.count("\n") == 1


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", ("Decision: the buyer's own cancellation", "Next step: send the buyer a message", "still missing")),
        ("zh", ("结论：由买家自己取消", "下一步：给买家发消息", "还缺", "XHS-59  可以邀请买家用优惠券取消")),
        ("ja", ("結論：購入者自身によるキャンセル", "次にすること：購入者にメッセージを送る", "足りないもの")),
    ],
)
def test_people_read_it_in_their_language(language, told, gateway, asked):
    page = gateway("decide", asked, "--lang", language).out
    for words in told:
        assert words in page
    assert "guide-000" in page
    assert "21.00 CNY" in page


def test_standard_input_is_read_and_nothing_heavy_is_loaded(tmp_path, asked):
    for given in (json.dumps(SCENARIO), YAML):
        ended = as_a_process("decide", "-", "--json", given=given, folder=tmp_path)
        assert ended.returncode == 0, ended.stderr
        assert json.loads(ended.stdout)["path"] == "buyer_cancel"
        assert ended.stderr.endswith("loaded []\n")
    ended = as_a_process("decide", "-", given=YAML.replace("CNY", "XYZ"), folder=tmp_path)
    assert ended.returncode == 2
    assert "standard input, line 6: store.currency: XYZ is not in the table of rates" in ended.stderr
    for arguments in (("decide", str(asked), "--lang", "ja"), ("rules", "list")):
        ended = as_a_process(*arguments, folder=tmp_path)
        assert ended.returncode == 0, ended.stderr
        assert ended.stderr.endswith("loaded []\n"), arguments


OWN_RULES = """\
xiaohongshu.invitation.allowed:
  values:
    2026-01-01: {value: false, source: own, tier: own-rule, published: 2026-01-01, seen: 2026-01-01}
"""


def test_a_stores_own_rules_can_be_tried_on_a_scenario_and_a_batch(gateway, tmp_path, asked):
    own = tmp_path / "xhs-1.yaml"
    own.write_text(OWN_RULES)
    told = gateway("decide", asked, "--store-rules", own, "--json").json
    assert told["path"] == "seller_close"
    assert told["rule_set"].partition("+store.")[0] == gateway("decide", asked, "--json").json["rule_set"]
    assert "+store." in told["rule_set"]
    page = gateway("decide", asked, "--store-rules", own, "--lang", "zh").out
    assert "own，店铺自定的规则，店铺自己，2026-01-01，店铺自定的规则" in page
    batch = tmp_path / "cases.jsonl"
    batch.write_text((json.dumps(SCENARIO) + "\n") * 3)
    lines = gateway("decide", "--batch", batch, "--store-rules", own, "--json").out.splitlines()
    assert [json.loads(line) for line in lines] == [told] * 3
    own.write_text(OWN_RULES.replace("false", "no"))
    for options in ((asked,), ("--batch", batch)):
        refused = gateway("decide", *options, "--store-rules", own)
        assert refused.code == 4
        assert "xhs-1.yaml, line 3: 'no' is neither true nor false" in refused.err


def test_a_batch_gives_a_decision_a_line_in_the_same_order(gateway, tmp_path, asked):
    phases = ["awaiting_shipment", "unpaid", "cancelled", "unknown"] * 5
    lines = [
        json.dumps({**SCENARIO, "id": f"n{number}", "order": {**SCENARIO["order"], "phase": phase}})
        for number, phase in enumerate(phases)
    ]
    file = tmp_path / "cases.jsonl"
    file.write_text("\n".join([*lines[:3], "", *lines[3:]]) + "\n")
    told = gateway("decide", "--batch", file, "--json").out.splitlines()
    decisions = [json.loads(line) for line in told]
    assert [each["id"] for each in decisions] == [f"n{number}" for number in range(len(phases))]
    assert [each["path"] for each in decisions[:4]] == ["buyer_cancel", "wait", "none", "none"]
    single = gateway("decide", asked, "--json").out.replace('"first"', '"n0"')
    assert told[0] + "\n" == single
    brief = gateway("decide", "--batch", file, "--lang", "zh").out.splitlines()
    assert brief[0] == "n0: 由买家自己取消 | 21.00 CNY | 给买家发消息 (建议买家取消)"
    assert len(brief) == len(phases)


def test_a_malformed_line_ends_a_batch_after_what_was_decided(gateway, tmp_path):
    wrong = {**SCENARIO, "order": {**SCENARIO["order"], "phase": "gone"}}
    file = tmp_path / "cases.jsonl"
    file.write_text("\n".join(json.dumps(each) for each in (SCENARIO, wrong, SCENARIO)))
    ended = gateway("decide", "--batch", file, "--json")
    assert ended.code == 2
    first, last = ended.out.splitlines()
    assert json.loads(first)["id"] == "first"
    assert json.loads(last)["error"]["message"].startswith("cases.jsonl, line 2: order.phase: 'gone' is unknown")
    assert "cases.jsonl, line 2: order.phase: 'gone' is unknown; use one of 'unpaid'" in ended.err


@pytest.mark.slow
def test_a_large_batch_is_decided_by_every_core_in_the_same_order(tmp_path):
    lines = [json.dumps({**SCENARIO, "id": f"n{number}"}) for number in range(2600)]
    file = tmp_path / "cases.jsonl"
    file.write_text("\n".join([*lines, "{}", *lines]))
    ended = as_a_process("decide", "--batch", str(file), "--json", folder=tmp_path)
    assert ended.returncode == 2
    *told, last = ended.stdout.splitlines()
    assert [json.loads(line)["id"] for line in told] == [f"n{number}" for number in range(2600)]
    assert len({line.partition(",")[2] for line in told}) == 1
    assert json.loads(last)["error"]["message"] == "cases.jsonl, line 2601: as_of: is required: add it"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (YAML.replace("stock_", "stok_"), "s.yaml, line 11: order.stok_available: unknown field"),
        (YAML.replace("awaiting_shipment", "gone"), "s.yaml, line 9: order.phase: 'gone' is unknown; use one of"),
        (YAML.replace("T11:00:00+08:00", "T11:00:00"), "s.yaml, line 10: order.paid_at: has no offset"),
        (YAML + "intent: {reason: unwilling}\n", "s.yaml, line 14: intent"),
        ("- 1\n", "s.yaml, line 1: a scenario is one object"),
        ("{", "s.yaml, line "),
        ("", "s.yaml, line 1: "),
    ],
)
def test_a_malformed_scenario_is_told_with_file_line_and_field(text, told, gateway, tmp_path):
    file = tmp_path / "s.yaml"
    file.write_text(text)
    ended = gateway("decide", file)
    assert ended.code == 2
    assert told in ended.err
    assert ended.out == ""


def test_wrong_usage(gateway, asked, tmp_path):
    assert gateway("decide").code == 2
    assert gateway("decide", asked, "--order", "1").code == 2
    assert gateway("decide", asked, "--reason", "out_of_stock").code == 2
    assert gateway("decide", asked, "--lang", "fr").code == 2
    assert gateway("decide", "--batch", asked, "--set", "order.phase=unpaid").code == 2
    assert gateway("decide", "--order", "1", "--batch").code == 2
    gone = gateway("decide", tmp_path / "gone.json")
    assert gone.code == 2
    assert "gone.json cannot be read (No such file or directory)" in gone.err
    binary = tmp_path / "b.json"
    binary.write_bytes(b'{\n"id": "\xff"}')
    assert "b.json, line 2: is not UTF-8 text" in gateway("decide", binary).err


def test_a_changed_fact_changes_the_path(gateway, asked):
    told = gateway.done("decide", asked, "--set", "order.stock_available=true", "--show-scenario")
    assert told["scenario"]["order"]["stock_available"] is True
    assert told["decision"]["path"] == "fulfil"
    page = gateway("decide", asked, "--set", "order.stock_available=true", "--show-scenario").out
    assert "Do not give this reason: the facts say otherwise" in page
    assert '"stock_available": true' in page
    wrong = gateway("decide", asked, "--set", "contact.reply=maybe")
    assert wrong.code == 2
    assert "--set contact.reply=maybe: 'maybe' is unknown; use one of 'none', 'consents'" in wrong.err


def test_a_stored_order_is_decided_and_its_facts_accounted_for(connected, shopee):
    pulled, store = connected, "shopee-301000101"
    number = str(shopee.do("/orders", {"store": "301000101", "phase": "awaiting_shipment"})["id"])
    pulled.done("sync")
    calls = len(shopee.effects())
    first = pulled.done("decide", "--order", number, "--store", store, "--reason", "out_of_stock", "--show-scenario")
    assert first["decision"]["id"] == number
    assert first["decision"]["path"] == "seller_close"
    assert first["decision"]["native_reason"] == "OUT_OF_STOCK"
    assert "order.stock_available" in first["facts"]["attested"]
    assert "order.goods_cost" in first["facts"]["defaulted"]
    assert "contact.messages" in first["facts"]["missing"]
    assert first["scenario"]["store"]["health"]["orders_in_window"] > 0
    assert first["scenario"]["order"]["phase"] == "awaiting_shipment"

    def again(*more: object) -> dict[str, object]:
        at = first["scenario"]["as_of"]
        return pulled.done("decide", "--order", number, "--reason", "out_of_stock", "--at", at, *more)

    assert again()["decision"] == first["decision"]
    changed = again("--set", "order.stock_available=true")
    assert changed["decision"]["path"] == "fulfil"
    assert changed["facts"]["changed"] == ["order.stock_available"]
    assert "order.stock_available" not in changed["facts"]["attested"]

    pulled.done("facts", "set", "goods_cost", "12", "--order", number)
    vouched = again()
    assert "order.goods_cost" in vouched["facts"]["attested"]
    assert "order.goods_cost" not in vouched["facts"]["defaulted"]
    assert len(shopee.effects()) == calls, "a question has no effect"
    assert pulled.done("orders", "show", number)["effects"] == []

    page = pulled("decide", "--order", number, "--reason", "out_of_stock", "--lang", "ja").out
    assert "結論：販売者が注文を終了する" in page
    assert "人が保証した事実：" in page
    assert f"gateway decide --order {number} --store {store} --reason out_of_stock --at " in page
    assert "--set order.stock_available=true" in page


def test_an_order_that_cannot_be_decided(pulled):
    number = pulled.done("orders", "list", "--phase", "awaiting_shipment")["orders"][0]["order_id"]
    assert pulled("decide", "--order", "nonsense", "--reason", "unwilling").code == 1
    assert pulled("decide", "--order", number, "--store", "nowhere", "--reason", "unwilling").code == 1
    early = pulled("decide", "--order", number, "--reason", "unwilling", "--at", "2020-01-01T00:00:00+08:00")
    assert early.code == 2
    assert "lies before something known of order" in early.err
    assert "(placed: 20" in early.err
    wrong = pulled("decide", "--order", number, "--reason", "unwilling", "--set", "order.phase=gone")
    assert wrong.code == 2
    assert "use one of 'unpaid'" in wrong.err
    assert pulled("decide", "--order", number, "--reason", "unwilling", "--at", "yesterday").code == 2


def test_without_a_reason_the_buyers_request_gives_it(connected, shopee):
    store = "301000101"
    plain = str(shopee.do("/orders", {"store": store, "phase": "awaiting_shipment"})["id"])
    asked = str(shopee.do("/orders", {"store": store, "phase": "awaiting_shipment"})["id"])
    shopee.do(f"/orders/{asked}/acts", {"act": "buyer_requests_cancellation"})
    connected.done("sync")
    told = connected.done("decide", "--order", asked)
    assert told["decision"]["action"] == "accept_request"
    none = connected("decide", "--order", plain)
    assert none.code == 2
    assert "Say the true reason with --reason, one of: out_of_stock" in none.err
