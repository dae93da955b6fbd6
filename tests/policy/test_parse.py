"""Reading scenarios: two notations, one meaning; every error has a place."""

from __future__ import annotations

import json

import pytest

from gateway.policy.parse import ScenarioError, parse_batch, parse_scenario, read_batch, read_scenario
from gateway.policy.scenario import canonical_bytes

YAML = """\
# one case
id: 12
as_of: 2026-03-10T12:00:00+08:00
store:
  platform: tiktok_shop
  region: NO
  currency: JPY
  health: {orders_in_window: 40}
order:
  phase: awaiting_shipment
  buyer_language: no
  stock_available: false
  request: null
  ship_by: ~
  paid: {amount: 1200, currency: JPY}
intent: {reason: out_of_stock, batch_size: 3}
"""


def test_yaml_scalars_stay_what_was_written():
    asked = parse_scenario(YAML, "case.yaml")
    assert (asked.id, asked.store.region, asked.order.buyer_language) == ("12", "NO", "no")
    assert type(asked.id) is str
    assert asked.order.stock_available is False
    assert (asked.order.request, asked.order.ship_by) == (None, None)
    assert (asked.intent.batch_size, asked.store.health.orders_in_window) == (3, 40)
    assert str(asked.order.paid.amount) == "1200"


def test_json_and_yaml_of_one_question_are_equal(scenario_dict):
    text = json.dumps(scenario_dict())
    assert parse_scenario(text, "case.json") == parse_scenario(text, "case.yaml") == parse_scenario(text, "stdin")
    assert parse_scenario(YAML, "stdin") == parse_scenario(YAML, "case.yml")


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (YAML.replace("phase: awaiting_shipment", "phase: gone"), 10, "order.phase: 'gone' is unknown"),
        (YAML.replace("orders_in_window: 40", "orders_in_window: many"), 8, "store.health.orders_in_window: "),
        (YAML.replace("stock_available: false", "stock_available: no"), 12, "order.stock_available: "),
        (YAML.replace("batch_size: 3", "batch_size: '3'"), 16, "intent.batch_size: "),
        (YAML + "intent: {reason: unwilling}\n", 17, "intent: written twice (first in line 16)"),
        (YAML + "evidence: &a [chat]\n", 17, "anchors and aliases are not used here"),
        (YAML + "support_ticket: !!str x\n", 17, "tags (!...) are not used here"),
        (YAML + "evidence: [chat\n", 18, "not readable as YAML"),
        (YAML + "id2: \x07\n", 17, "control character"),
        (YAML + "? [a]\n: b\n", 17, "a key must be plain text"),
        (YAML + "---\n" + YAML, 1, "one document is expected here, 2 were found"),
        ("- 1\n", 1, "a scenario is one object"),
        ("[" * 3000, 1, "nested too deeply"),
        ("", 1, "one document is expected here, 0 were found"),
    ],
)
def test_malformed_yaml_names_its_line(text, line, message):
    with pytest.raises(ScenarioError) as caught:
        parse_scenario(text, "case.yaml")
    assert message in str(caught.value)
    assert (caught.value.file, caught.value.line) == ("case.yaml", line)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ('{"id": "a",\n "id": "b"}', 2, "id: written twice"),
        ('{"id": "a"\n "as_of": "b"}', 2, "a comma or } is expected"),
        ('{"id"\n: tru}', 2, "no JSON value stands here"),
        ('{"id" "a"}', 1, "a colon is expected after 'id'"),
        ("{\n'id': 1}", 2, "a key in double quotes is expected here"),
        ('{"id": "a",}', 1, "a key in double quotes is expected here"),
        ('{"id": "a"}\n{}', 2, "something follows after the end"),
        ('{"id": "a\nb"}', 1, "not readable as JSON"),
        ('{"id": "\\x"}', 1, "not readable as JSON"),
        ('{"id": NaN}', 1, "no JSON value stands here"),
        ('{"id": 01}', 1, "a comma or } is expected"),
        ("[" * 3000, 1, "nested too deeply"),
        ("[1,\n2]", 1, "a scenario is one object"),
        ("", 1, "no JSON value stands here"),
    ],
)
def test_malformed_json_names_its_line(text, line, message):
    with pytest.raises(ScenarioError) as caught:
        parse_scenario(text, "case.json")
    assert message in str(caught.value)
    assert (caught.value.file, caught.value.line) == ("case.json", line)


@pytest.mark.parametrize("field", ["id", "support_ticket"])
def test_half_a_character_is_refused(scenario_dict, field):
    text = json.dumps(scenario_dict(**{field: "\ud800"}))
    with pytest.raises(ScenarioError, match=f"{field}: holds half of a character"):
        parse_scenario(text, "case.json")


def test_json_strings_are_read_as_json_reads_them(scenario_dict):
    text = json.dumps(scenario_dict(id='😀 "é"\t/')).replace("\\t/", "\\t\\/")
    assert parse_scenario("\t" + text, "case.json").id == '😀 "é"\t/'


def test_the_line_of_a_wrong_field_is_its_own(scenario_dict):
    text = json.dumps(scenario_dict(order={"phase": "gone"}), indent=2)
    line = next(n for n, each in enumerate(text.splitlines(), 1) if '"phase"' in each)
    with pytest.raises(ScenarioError, match=rf"^c\.json, line {line}: order\.phase: 'gone' is unknown"):
        parse_scenario(text, "c.json")


def test_a_batch_keeps_order_and_skips_blank_lines(scenario_dict):
    text = "\n".join([json.dumps(scenario_dict(id="b")), "", json.dumps(scenario_dict(id="a")), " "])
    assert [asked.id for asked in parse_batch(text, "cases.jsonl")] == ["b", "a"]


def test_a_bad_line_of_a_batch_is_named_after_the_good_ones(scenario_dict):
    lines = [scenario_dict(), scenario_dict(order={"phase": "gone"})]
    batch = parse_batch("\n".join(json.dumps(each) for each in lines), "cases.jsonl")
    assert next(batch).id == "case-1"
    with pytest.raises(ScenarioError, match=r"^cases\.jsonl, line 2: order\.phase: "):
        next(batch)


def test_a_broken_line_of_a_batch_is_named(scenario_dict):
    text = json.dumps(scenario_dict()) + "\n\n{"
    with pytest.raises(ScenarioError, match=r"^cases\.jsonl, line 3: a key in double quotes"):
        list(parse_batch(text, "cases.jsonl"))


def test_files_are_read_with_or_without_a_byte_order_mark(tmp_path, scenario_dict):
    file = tmp_path / "case.json"
    file.write_text(json.dumps(scenario_dict()), encoding="utf-8-sig")
    assert read_scenario(file).id == "case-1"
    lines = tmp_path / "cases.jsonl"
    lines.write_text(json.dumps(scenario_dict()) + "\r\n", encoding="utf-8")
    assert [asked.id for asked in read_batch(lines)] == ["case-1"]


def test_a_file_that_is_not_utf8_is_named(tmp_path):
    file = tmp_path / "case.json"
    file.write_bytes(b'{\n"id": "\xff"}')
    with pytest.raises(ScenarioError, match=r"^case\.json, line 2: is not UTF-8 text"):
        read_scenario(file)


ODD = [
    '{"id": "a", "id": "a", REST',
    '{"id": NaN, REST',
    '{"id": 1e999, REST',
    '{"id": 1, REST',
    '{"known_by": 5, REST',
    '{"id": "\\ud800", REST',
    '{"id": "a\tb", REST',
    '{"evidence": ["chat",], REST',
    '{"evidence": "chat", REST',
    '{"support_ticket": true, REST',
    "\ufeff{REST",
    '{"more": ' + "[" * 60 + "]" * 60 + ", REST",
    '{"more": ' + "[" * 5000 + "]" * 5000 + ", REST",
    "{REST 1",
    '{"id": 12345678901234567890, REST',
]


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_the_quick_reader_of_lines_accepts_nothing_the_careful_one_refuses(odd, scenario_dict):
    """A line that is sound is read by the C reader alone; what it refuses, the careful one explains."""
    whole = scenario_dict()
    del whole["id"]
    rest = json.dumps(whole)[1:]
    line = odd.replace("REST", rest)
    with pytest.raises(ScenarioError):
        parse_scenario(line, "case.json")
    with pytest.raises(ScenarioError, match=r"^cases\.jsonl, line 1: "):
        list(parse_batch(line, "cases.jsonl"))
    assert list(parse_batch("{" + rest, "cases.jsonl")) == [parse_scenario("{" + rest, "case.json")]


def test_odd_characters_are_written_as_json_writes_them(scenario):
    odd = "".join(chr(code) for code in range(1, 32)) + '\x7f"\\/\x85\u2028é😀'
    assert json.dumps(odd, ensure_ascii=False).encode() in canonical_bytes(scenario(id=odd))
